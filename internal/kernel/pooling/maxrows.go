package pooling

import (
	"math"

	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// Maxima of windows that overlap are separable: the maxima across the columns of an input row
// serve all windows that the row belongs to. Vectors pass over neighbouring windows and channels
// alike, so few channels are no slower than many.

// byRows reports whether maxRows computes the maxima. Shapes without windows have no rows.
func (p *pass) byRows() bool {
	overlap := p.StrideH < p.KH || p.StrideW < p.KW
	return simd.AVX2 && overlap && max(p.DilationH, 1) == 1 && max(p.DilationW, 1) == 1 && (p.C >= lanes || p.StrideW == 1)
}

const lanes = 8

var maxScratch parallel.Scratch[float32]

// maxRows computes the output rows [lo,hi), counted over all images.
func (p *pass) maxRows(lo, hi, _ int) {
	oh, ow := p.oh, p.ow
	width := ow * p.C
	scratch := maxScratch.Get(p.KH * width)
	defer maxScratch.Put(scratch)
	ring := func(h int) []float32 { return (*scratch)[h%p.KH*width:][:width] } // maxima across input row h
	image, next, undefined := -1, 0, 0                                         // rows before next are in the ring; NaN lies before undefined
	for ; lo < hi; lo++ {
		n, r := lo/oh, lo%oh
		if n != image {
			image, next, undefined = n, 0, 0
		}
		x := p.x[n*p.H*p.W*p.C:]
		h0, kh := p.rows().window(r)
		for next = max(next, h0); next < h0+kh; next++ {
			if p.across(ring(next), x[next*p.W*p.C:][:p.W*p.C]) {
				undefined = next + 1
			}
		}
		if undefined > h0 || kh <= 0 {
			p.row(n, r, false) // keeps NaN
			continue
		}
		y := p.y[lo*width:][:width]
		first := ring(h0)
		for h := h0; h == h0 || h < h0+kh-1; h += 2 {
			maxOfThree(y, first, ring(min(h+1, h0+kh-1)), ring(min(h+2, h0+kh-1)), 1, width, 0)
			first = y
		}
	}
}

// across computes the maxima of the windows of one input row, and reports whether it meets NaN,
// which it may lose.
func (p *pass) across(y, row []float32) (nan bool) {
	c, ow, columns := p.C, p.ow, p.columns()
	for q := 0; q < ow; {
		w0, kw := columns.window(q)
		n, width, step := 1, c, p.StrideW*c
		if kw == p.KW {
			n = min((p.W+p.PadW-kw)/p.StrideW+1, ow) - q // windows that end in the input
		}
		out := y[q*c:][:n*c]
		q += n
		if kw <= 0 {
			for i := range out {
				out[i] = float32(math.Inf(-1))
			}
			continue
		}
		if p.StrideW == 1 {
			n, width = 1, n*c
		}
		x := row[w0*c:]
		nan = maxOfThree(out, x, x[min(1, kw-1)*c:], x[min(2, kw-1)*c:], n, width, step) || nan
		for k := 3; k < kw; k++ {
			x := x[k*c:]
			for i := range n {
				o := out[i*width:]
				nan = maxOfThree(o, o, x[i*step:], x[i*step:], 1, width, 0) || nan
			}
		}
	}
	return nan
}

// maxOfThree computes the maxima of n rows of width values of a, b and c, which are step values
// apart there; dst is contiguous, and may be a if n is 1. It reports whether it meets NaN, which
// it may lose.
func maxOfThree(dst, a, b, c []float32, n, width, step int) (nan bool) {
	if width >= lanes && (&dst[0] != &a[0] || width%lanes == 0) {
		return maxOfThreeAVX2(&dst[0], &a[0], &b[0], &c[0], n, width, step)
	}
	for i := range n {
		for j := range width {
			u, v, w := a[i*step+j], b[i*step+j], c[i*step+j]
			nan = nan || u != u || v != v || w != w
			if v > u {
				u = v
			}
			if w > u {
				u = w
			}
			dst[i*width+j] = u
		}
	}
	return nan
}
