package pooling

import (
	"math"

	"pare/internal/simd"
)

// Max computes the maxima of the windows of x in y. The padding is -Inf; a NaN in a
// window makes its maximum NaN.
func Max(y, x []float32, s Shape) {
	p := newPass(s)
	p.x, p.y, p.op = x, y, (*pass).max
	if p.squares() {
		p.share(p.N*p.oh, p.KH*p.W*p.C, (*pass).maxSquares)
		return
	}
	if p.byRows() {
		p.share(p.N*p.oh, p.KH*p.W*p.C, (*pass).maxRows)
		return
	}
	p.forward()
}

// squares reports whether all windows are whole squares of four positions side by side.
func (p *pass) squares() bool {
	whole := func(a axis) bool {
		return a.k == 2 && a.dilation == 1 && a.pad == 0 && (a.out(p.Ceil)-1)*a.stride+2 <= a.in
	}
	return simd.AVX2 && p.C >= lanes && whole(p.rows()) && whole(p.columns()) && p.OutH() > 0 && p.OutW() > 0
}

// maxSquares computes the output rows [lo,hi), counted over all images, of squares.
func (p *pass) maxSquares(lo, hi, _ int) {
	oh, ow, width := p.oh, p.ow, p.W*p.C
	for simd.AVX2 && lo < hi { // a constant elsewhere, where there is no assembly to link
		n, r := lo/oh, lo%oh
		rows := min(oh-r, hi-lo)
		maxSquareAVX2(&p.y[lo*ow*p.C], &p.x[(n*p.H+r*p.StrideH)*width], ow, p.C, p.StrideW*p.C, width, rows, p.StrideH*width)
		lo += rows
	}
}

func (s *pass) max(image, _, _, at int, w windows, _ bool) {
	c, i, x, y := s.C, 0, s.x[image:], s.y[at:]
	if w.empty() {
		y = y[:w.n*c]
		for i := range y {
			y[i] = float32(math.Inf(-1))
		}
		return
	}
	switch i = w.vectorised(c); {
	case !simd.AVX2 || i <= 0:
		i = 0
	case w.kh == 2 && w.kw == 2:
		maxSquareAVX2(&y[0], &x[w.at], i, c, w.step, w.ld, 1, 0)
	default:
		maxAVX2(&y[0], &x[w.at], i, c, w.step, w.ld, w.kh, w.kw)
	}
	for ; i < w.n; i++ {
		out := y[i*c:][:c]
		at := w.at + i*w.step
		copy(out, x[at:])
		for h := range w.kh {
			for k := range w.kw {
				for i, v := range x[at+h*w.ld+k*w.next:][:c] {
					if v > out[i] || v != v {
						out[i] = v
					}
				}
			}
		}
	}
}

// MaxBackward overwrites dx with the gradient for dy, which goes to the first
// position of each window, in row-major order, that holds its maximum y; a window
// with NaN passes it to its last NaN, as PyTorch does.
func MaxBackward(dx, x, y, dy []float32, s Shape) {
	p := newPass(s)
	p.x, p.y, p.dy, p.dx, p.op = x, y, dy, dx, (*pass).maxGrad
	p.backward()
}

func (s *pass) maxGrad(image, _, _, at int, w windows, add bool) {
	if w.empty() {
		return
	}
	c, i, dx, x, y, dy := s.C, 0, s.dx[image:], s.x[image:], s.y[at:], s.dy[at:]
	if i = w.vectorisedGrad(&s.Shape, add); simd.AVX2 && i > 0 {
		grad := maxGradAVX2
		if add {
			grad = maxGradAddAVX2
		}
		grad(&dx[w.at], &x[w.at], &y[0], &dy[0], i, c, w.step, w.ld, w.kh, w.kw)
	}
	for ; i < w.n; i++ {
		at := w.at + i*w.step
		if !add {
			for h := range w.kh {
				clear(dx[at+h*w.ld:][:w.kw*c])
			}
		}
		for k, m := range y[i*c:][:c] {
			if p := s.first(x[at+k:], m, w); p >= 0 {
				dx[at+k+p] += dy[i*c+k]
			}
		}
	}
}

// first returns the offset of the value that produced the maximum m.
func (s *pass) first(x []float32, m float32, w windows) int {
	at := -1
	for h := range w.kh {
		p := h * w.ld
		for range w.kw {
			v := x[p]
			if v == m {
				return p
			}
			if v != v {
				at = p
			}
			p += w.next
		}
	}
	return at
}
