package pooling

import "pare/internal/simd"

// Mean averages the windows of x into y. Positions in the padding add zero; they
// count in the divisor only with countIncludePad.
func Mean(y, x []float32, s Shape, countIncludePad bool) {
	p := newPass(s)
	p.x, p.y, p.padded, p.op = x, y, countIncludePad, (*pass).mean
	p.forward()
}

func (s *pass) mean(image, r, q, at int, w windows, _ bool) {
	c, i, x, y := s.C, 0, s.x[image:], s.y[at:]
	if w.empty() {
		clear(y[:w.n*c])
		return
	}
	f := s.weight(r, q)
	if i = w.vectorised(c); simd.AVX2 && i > 0 {
		meanAVX2(&y[0], &x[w.at], i, c, w.step, w.ld, w.kh, w.kw, f)
	}
	for ; i < w.n; i++ {
		out := y[i*c:][:c]
		clear(out)
		for h := range w.kh {
			row := x[w.at+i*w.step+h*w.ld:]
			for k := range w.kw {
				for i, v := range row[k*w.next:][:c] {
					out[i] += v
				}
			}
		}
		for i := range out {
			out[i] *= f
		}
	}
}

// weight is the factor of each value of window q of output row r.
func (s *pass) weight(r, q int) float32 {
	return 1 / float32(max(1, s.rows().divisor(r, s.padded)*s.columns().divisor(q, s.padded)))
}

// divisor is the number of positions window i counts: those in the input, or those in
// the padded input.
func (a axis) divisor(i int, padded bool) int {
	if padded {
		a.in += a.pad + a.end
		a.pad = 0
	}
	_, n := a.window(i)
	return max(n, 0)
}

// MeanBackward overwrites dx with the gradient for dy.
func MeanBackward(dx, dy []float32, s Shape, countIncludePad bool) {
	p := newPass(s)
	p.dy, p.dx, p.padded, p.op = dy, dx, countIncludePad, (*pass).meanGrad
	p.backward()
}

func (s *pass) meanGrad(image, r, q, at int, w windows, add bool) {
	if w.empty() {
		return
	}
	c, i, dx, dy, f := s.C, 0, s.dx[image:], s.dy[at:], s.weight(r, q)
	if i = w.vectorisedGrad(&s.Shape, add); simd.AVX2 && i > 0 {
		grad := meanGradAVX2
		if add {
			grad = meanGradAddAVX2
		}
		grad(&dx[w.at], &dy[0], i, c, w.step, w.ld, w.kh, w.kw, f)
	}
	for ; i < w.n; i++ {
		dy := dy[i*c:][:c]
		for h := range w.kh {
			row := dx[w.at+i*w.step+h*w.ld:]
			if !add {
				clear(row[:w.kw*c])
			}
			for k := range w.kw {
				row := row[k*w.next:][:c]
				for k, v := range dy {
					row[k] += v * f
				}
			}
		}
	}
}

// GlobalMean averages x [n,hw,c] over hw into y [n,c].
func GlobalMean(y, x []float32, n, hw, c int) { Mean(y[:n*c], x[:n*hw*c], global(n, hw, c), false) }

// GlobalMeanBackward spreads dy [n,c] over dx [n,hw,c].
func GlobalMeanBackward(dx, dy []float32, n, hw, c int) {
	MeanBackward(dx[:n*hw*c], dy[:n*c], global(n, hw, c), false)
}

// global is the one window that covers an image.
func global(n, hw, c int) Shape {
	return Shape{N: n, H: 1, W: hw, C: c, KH: 1, KW: hw, StrideH: 1, StrideW: max(hw, 1)}
}
