package kernel

import "math"

// MaxPool computes the maxima of the windows of x in y. The padding is -Inf;
// a NaN in a window makes its maximum NaN.
func MaxPool(y, x []float32, s PoolShape) {
	j := newJob()
	j.dst, j.a, j.pool = y, x, s
	j.poolRows(s.N*s.OutH(), s.KH*s.W*s.C, maxPoolRows)
}

// maxPoolRows computes output rows [lo,hi), counted over all images.
func maxPoolRows(j *job, lo, hi, _ int) {
	s := &j.pool
	oh, ow, size := s.OutH(), s.OutW(), s.H*s.W*s.C
	for ; lo < hi; lo++ {
		x, y := j.a[lo/oh*size:][:size], j.dst[lo*ow*s.C:][:ow*s.C]
		for q := 0; q < ow; {
			w := s.windows(lo%oh, q)
			maxWindows(y[q*s.C:], x, w, s)
			q += w.n
		}
	}
}

// maxWindows computes the maxima of a run of windows of the image x.
func maxWindows(y, x []float32, w windows, s *PoolShape) {
	c, i := s.C, 0
	if w.kh <= 0 || w.kw <= 0 {
		y := y[:w.n*c]
		for i := range y {
			y[i] = float32(math.Inf(-1))
		}
		return
	}
	if i = w.vectorised(c); i > 0 {
		maxPoolAVX2(&y[0], &x[w.at], i, c, s.StrideW*c, s.W*c, w.kh, w.kw)
	}
	for ; i < w.n; i++ {
		out := y[i*c:][:c]
		at := w.at + i*s.StrideW*c
		copy(out, x[at:])
		for h := range w.kh {
			for k := range w.kw {
				for i, v := range x[at+(h*s.W+k)*c:][:c] {
					if v > out[i] || v != v {
						out[i] = v
					}
				}
			}
		}
	}
}

// MaxPoolBackward overwrites dx with the gradient for dy, which goes to the
// first position of each window, in row-major order, that holds its maximum y;
// a window with NaN passes it to its last NaN, as PyTorch does.
func MaxPoolBackward(dx, x, y, dy []float32, s PoolShape) {
	j := newJob()
	j.dst, j.a, j.b, j.c, j.pool = dx, x, y, dy, s
	j.poolGrad(maxGradWindows)
}

// maxGradWindows is a windowGrad.
func maxGradWindows(j *job, dx []float32, image, _, _, at int, w windows, add bool) {
	s := &j.pool
	c, i, x, y, dy := s.C, 0, j.a[image:], j.b[at:], j.c[at:]
	if i = w.vectorisedGrad(s, add); i > 0 {
		grad := maxPoolGradAVX2
		if add {
			grad = maxPoolGradAddAVX2
		}
		grad(&dx[w.at], &x[w.at], &y[0], &dy[0], i, c, s.StrideW*c, s.W*c, w.kh, w.kw)
	}
	for ; i < w.n; i++ {
		at := w.at + i*s.StrideW*c
		if !add {
			for h := range w.kh {
				clear(dx[at+h*s.W*c:][:w.kw*c])
			}
		}
		for k, m := range y[i*c:][:c] {
			if p := firstMax(x[at+k:], m, w, s); p >= 0 {
				dx[at+k+p] += dy[i*c+k]
			}
		}
	}
}

// firstMax returns the offset of the value that produced the maximum m.
func firstMax(x []float32, m float32, w windows, s *PoolShape) int {
	at := -1
	for h := range w.kh {
		p := h * s.W * s.C
		for range w.kw {
			v := x[p]
			if v == m {
				return p
			}
			if v != v {
				at = p
			}
			p += s.C
		}
	}
	return at
}
