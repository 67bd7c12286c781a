// Package pooling takes maxima and means of windows of images [N,H,W,C], channels
// last, and their gradients.
package pooling

import (
	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// Shape describes pooling windows over x [N,H,W,C]. Ceil selects PyTorch's ceil
// mode: a last partial window counts if it starts inside the input or its leading
// padding.
type Shape struct {
	N, H, W, C, KH, KW, StrideH, StrideW, PadH, PadW int

	Ceil bool
}

// OutH is the output height.
func (s Shape) OutH() int { return outSize(s.H, s.KH, s.StrideH, s.PadH, s.Ceil) }

// OutW is the output width.
func (s Shape) OutW() int { return outSize(s.W, s.KW, s.StrideW, s.PadW, s.Ceil) }

func outSize(in, k, stride, pad int, ceil bool) int {
	space := in + 2*pad - k // for the window to move in
	switch {
	case ceil && space > -stride:
		// Rounding up leaves a window even if less than a stride is missing.
		n := (space+stride-1)/stride + 1
		if space >= 0 && (n-1)*stride >= in+pad {
			n--
		}
		return n
	case space < 0:
		return 0
	}
	return space/stride + 1
}

// window returns the inputs [lo,hi) of window i on one axis.
func window(i, in, k, stride, pad int) (lo, hi int) {
	start := i*stride - pad
	return max(start, 0), min(start+k, in)
}

// windows is a run of windows of one output row that cover equally many positions.
type windows struct {
	n      int // windows
	kh, kw int // positions of one, not positive where it lies in the padding
	at     int // where the first one starts in the image
}

// windows returns the longest run that starts with window q of output row r.
func (s *Shape) windows(r, q int) windows {
	h0, h1 := window(r, s.H, s.KH, s.StrideH, s.PadH)
	w0, w1 := window(q, s.W, s.KW, s.StrideW, s.PadW)
	w := windows{n: 1, kh: h1 - h0, kw: w1 - w0, at: (h0*s.W + w0) * s.C}
	if w.kw == s.KW {
		whole := (s.W+s.PadW-s.KW)/s.StrideW + 1 // windows that end in the input
		w.n = min(whole, s.OutW()) - q
	}
	return w
}

func (w windows) empty() bool { return w.kh <= 0 || w.kw <= 0 }

// vectorised returns the number of windows of the run that the assembly can compute. With
// fewer than eight channels it reads and writes beyond them, into values that the following
// windows of the run compute again, so it cannot compute the last ones.
func (w windows) vectorised(c int) int {
	switch {
	case !simd.AVX2:
		return 0
	case c >= 8:
		return w.n
	}
	return max(0, w.n*c-8+c) / max(c, 1)
}

// vectorisedGrad returns the number of windows of the run that the assembly can compute
// backward. With fewer than eight channels it would add to values beyond them that belong
// to no later window, or write into a gap.
func (w windows) vectorisedGrad(s *Shape, add bool) int {
	if s.C < 8 && (add || s.StrideW > s.KW) {
		return 0
	}
	return w.vectorised(s.C)
}

// pass is a pass over all windows, forward or backward.
type pass struct {
	Shape
	x, y, dy, dx []float32
	padded       bool // padding counts in the divisor of a mean

	// op does a run of windows that starts with window q of row r of an image. The
	// image starts at x in the input, the first window at y in the output. Backward
	// it writes the gradient, or adds it.
	op func(p *pass, x, r, q, y int, w windows, add bool)
}

var passes parallel.Loop[pass]

// rows shares out n items of the given number of values each.
func (p *pass) rows(n, values int, body func(p *pass, lo, hi, task int)) {
	passes.Do(n, max(1, parallel.Chunk/2/max(values, 1)), *p, body)
}

// forward computes y.
func (p *pass) forward() {
	oh := p.OutH()
	p.rows(p.N*oh, p.KH*p.W*p.C, func(p *pass, lo, hi, _ int) {
		for oh := p.OutH(); lo < hi; lo++ {
			p.row(lo/oh, lo%oh, false)
		}
	})
}

// backward overwrites dx with the gradient.
func (p *pass) backward() {
	oh := p.OutH()
	if oh > 0 && p.OutW() > 0 && p.PadH == 0 && p.PadW == 0 && p.StrideH >= p.KH && p.StrideW >= p.KW {
		p.rows(p.N*oh, p.StrideH*p.W*p.C, (*pass).gradRows)
		return
	}
	// Windows overlap, so a task owns whole images.
	p.rows(p.N, p.H*p.W*p.C, func(p *pass, lo, hi, _ int) {
		size := p.H * p.W * p.C
		clear(p.dx[lo*size : hi*size])
		for ; lo < hi; lo++ {
			for r := range p.OutH() {
				p.row(lo, r, true)
			}
		}
	})
}

// gradRows computes dx for the windows of output rows [lo,hi), counted over all
// images, which do not overlap. A task owns the input rows from its windows to the
// next ones and writes every value once.
func (p *pass) gradRows(lo, hi, _ int) {
	oh, width := p.OutH(), p.W*p.C
	_, covered := window(p.OutW()-1, p.W, p.KW, p.StrideW, 0)
	if p.StrideW > p.KW {
		covered = 0 // gaps between the windows
	}
	for ; lo < hi; lo++ {
		n, r := lo/oh, lo%oh
		dx := p.dx[n*p.H*width:][:p.H*width]
		h0, h1 := window(r, p.H, p.KH, p.StrideH, 0)
		end := p.H
		if r < oh-1 {
			end = h0 + p.StrideH
		}
		clear(dx[h1*width : end*width])
		for h := h0; h < h1; h++ {
			clear(dx[h*width+covered*p.C : (h+1)*width])
		}
		p.row(n, r, false)
	}
}

// row runs op over the windows of row r of image n.
func (p *pass) row(n, r int, add bool) {
	ow, out := p.OutW(), (n*p.OutH()+r)*p.OutW()
	for q := 0; q < ow; {
		w := p.windows(r, q)
		p.op(p, n*p.H*p.W*p.C, r, q, (out+q)*p.C, w, add)
		q += w.n
	}
}
