// Package pooling takes maxima and means of windows of images [N,H,W,C], channels
// last, and their gradients.
package pooling

import (
	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// Shape describes pooling windows over x [N,H,W,C]. The positions of a window are
// DilationH and DilationW apart; 0 is 1. PadH rows of padding lie above the image and
// PadH+MoreH below it, PadW columns before it and PadW+MoreW behind it. Ceil selects
// PyTorch's ceil mode: a last partial window counts if it starts inside the input or its
// leading padding.
type Shape struct {
	N, H, W, C, KH, KW, StrideH, StrideW, PadH, PadW int

	DilationH, DilationW, MoreH, MoreW int

	Ceil bool
}

// axis is the geometry of windows on one axis.
type axis struct{ in, k, stride, dilation, pad, end int }

func (s *Shape) rows() axis {
	return axis{s.H, s.KH, s.StrideH, max(s.DilationH, 1), s.PadH, s.PadH + s.MoreH}
}

func (s *Shape) columns() axis {
	return axis{s.W, s.KW, s.StrideW, max(s.DilationW, 1), s.PadW, s.PadW + s.MoreW}
}

// OutH is the output height.
func (s Shape) OutH() int { return s.rows().out(s.Ceil) }

// OutW is the output width.
func (s Shape) OutW() int { return s.columns().out(s.Ceil) }

// span is the number of positions from the first to the last one of a window.
func (a axis) span() int { return (a.k-1)*a.dilation + 1 }

func (a axis) out(ceil bool) int {
	space := a.in + a.pad + a.end - a.span() // for the window to move in
	switch {
	case ceil && space > -a.stride:
		// Rounding up leaves a window even if less than a stride is missing.
		n := (space+a.stride-1)/a.stride + 1
		if space >= 0 && (n-1)*a.stride >= a.in+a.pad {
			n--
		}
		return n
	case space < 0:
		return 0
	}
	return space/a.stride + 1
}

// window returns the first input of window i, and the number of its positions in the
// input; it is not positive where the window lies in the padding.
func (a axis) window(i int) (first, n int) {
	first = i*a.stride - a.pad
	before := 0 // positions in front of the input
	if first < 0 {
		before = (a.dilation - 1 - first) / a.dilation
	}
	n = a.k - before
	first += before * a.dilation
	if over := first + (n-1)*a.dilation - a.in + 1; over > 0 {
		n -= (over + a.dilation - 1) / a.dilation
	}
	return first, n
}

// Windows calls window for each window of an image, in order, with the places of its values among
// the positions of the image and their factor in the mean, where padding counts in the divisor with
// padded. The slice is valid during the call.
func (s Shape) Windows(padded bool, window func(out int, of []int, factor float64)) {
	rows, columns := s.rows(), s.columns()
	var of []int
	for r := range s.OutH() {
		for q := range s.OutW() {
			of = of[:0]
			h0, kh := rows.window(r)
			w0, kw := columns.window(q)
			for h := range max(kh, 0) {
				for w := range max(kw, 0) {
					of = append(of, (h0+h*rows.dilation)*s.W+w0+w*columns.dilation)
				}
			}
			window(r*s.OutW()+q, of, 1/float64(max(1, rows.divisor(r, padded)*columns.divisor(q, padded))))
		}
	}
}

// windows is a run of windows of one output row that cover equally many positions.
type windows struct {
	n      int // windows
	kh, kw int // positions of one, not positive where it lies in the padding
	at     int // where the first one starts in the image
	// distances in the image: of windows, of the rows and of the columns of a window
	step, ld, next int
}

// windows returns the longest run that starts with window q of output row r, given the number of
// windows of a row.
func (s *Shape) windows(r, q, all int) windows {
	rows, columns := s.rows(), s.columns()
	h0, kh := rows.window(r)
	w0, kw := columns.window(q)
	w := windows{n: 1, kh: kh, kw: kw, at: (h0*s.W + w0) * s.C,
		step: s.StrideW * s.C, ld: rows.dilation * s.W * s.C, next: columns.dilation * s.C}
	if w.kw == s.KW {
		whole := (s.W+s.PadW-columns.span())/s.StrideW + 1 // windows that end in the input
		w.n = min(whole, all) - q
	}
	return w
}

func (w windows) empty() bool { return w.kh <= 0 || w.kw <= 0 }

// vectorised returns the number of windows of the run that the assembly can compute. With
// fewer than eight channels it reads and writes beyond them, into values that the following
// windows of the run compute again, so it cannot compute the last ones.
func (w windows) vectorised(c int) int {
	switch {
	case !simd.AVX2, w.next != c:
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
	oh, ow       int // size of the output, which takes divisions
	x, y, dy, dx []float32
	padded       bool // padding counts in the divisor of a mean

	// op does a run of windows that starts with window q of row r of an image. The
	// image starts at x in the input, the first window at y in the output. Backward
	// it writes the gradient, or adds it.
	op func(p *pass, x, r, q, y int, w windows, add bool)
}

var passes parallel.Loop[pass]

func newPass(s Shape) pass { return pass{Shape: s, oh: s.OutH(), ow: s.OutW()} }

// share shares out n items of the given number of values each.
func (p *pass) share(n, values int, body func(p *pass, lo, hi, task int)) {
	passes.Do(n, max(1, parallel.Chunk/2/max(values, 1)), *p, body)
}

// forward computes y.
func (p *pass) forward() {
	p.share(p.N*p.oh, p.KH*p.W*p.C, func(p *pass, lo, hi, _ int) {
		for ; lo < hi; lo++ {
			p.row(lo/p.oh, lo%p.oh, false)
		}
	})
}

// backward overwrites dx with the gradient.
func (p *pass) backward() {
	if p.oh > 0 && p.ow > 0 && p.rows().apart() && p.columns().apart() {
		p.share(p.N*p.oh, p.StrideH*p.W*p.C, (*pass).gradRows)
		return
	}
	// Windows overlap, so a task owns whole images.
	p.share(p.N, p.H*p.W*p.C, func(p *pass, lo, hi, _ int) {
		size := p.H * p.W * p.C
		clear(p.dx[lo*size : hi*size])
		for ; lo < hi; lo++ {
			for r := range p.oh {
				p.row(lo, r, true)
			}
		}
	})
}

// apart reports whether windows without gaps lie side by side from the first input on.
func (a axis) apart() bool { return a.dilation == 1 && a.pad == 0 && a.end == 0 && a.stride >= a.k }

// gradRows computes dx for the windows of output rows [lo,hi), counted over all
// images, which do not overlap. A task owns the input rows from its windows to the
// next ones and writes every value once.
func (p *pass) gradRows(lo, hi, _ int) {
	oh, width := p.oh, p.W*p.C
	w0, kw := p.columns().window(p.ow - 1)
	covered := w0 + kw
	if p.StrideW > p.KW {
		covered = 0 // gaps between the windows
	}
	for ; lo < hi; lo++ {
		n, r := lo/oh, lo%oh
		dx := p.dx[n*p.H*width:][:p.H*width]
		h0, kh := p.rows().window(r)
		h1 := h0 + kh
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
	out := (n*p.oh + r) * p.ow
	for q := 0; q < p.ow; {
		w := p.windows(r, q, p.ow)
		p.op(p, n*p.H*p.W*p.C, r, q, (out+q)*p.C, w, add)
		q += w.n
	}
}
