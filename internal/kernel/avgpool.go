package kernel

// AvgPool averages the windows of x into y. Positions in the padding add zero;
// they count in the divisor only with countIncludePad.
func AvgPool(y, x []float32, s PoolShape, countIncludePad bool) {
	j := newJob()
	j.dst, j.a, j.pool, j.flag = y, x, s, countIncludePad
	j.poolRows(s.N*s.OutH(), s.KH*s.W*s.C, avgPoolRows)
}

// avgPoolRows computes output rows [lo,hi), counted over all images.
func avgPoolRows(j *job, lo, hi, _ int) {
	s := &j.pool
	oh, ow, size := s.OutH(), s.OutW(), s.H*s.W*s.C
	for ; lo < hi; lo++ {
		x, y := j.a[lo/oh*size:][:size], j.dst[lo*ow*s.C:][:ow*s.C]
		for q := 0; q < ow; {
			w := s.windows(lo%oh, q)
			avgWindows(y[q*s.C:], x, w, s, 1/float32(j.area(lo%oh, q)))
			q += w.n
		}
	}
}

// avgWindows computes the sums of a run of windows of the image x, times f.
func avgWindows(y, x []float32, w windows, s *PoolShape, f float32) {
	c, i := s.C, 0
	if w.kh <= 0 || w.kw <= 0 {
		clear(y[:w.n*c])
		return
	}
	if i = w.vectorised(c); i > 0 {
		avgPoolAVX2(&y[0], &x[w.at], i, c, s.StrideW*c, s.W*c, w.kh, w.kw, f)
	}
	for ; i < w.n; i++ {
		out := y[i*c:][:c]
		clear(out)
		for h := range w.kh {
			row := x[w.at+(i*s.StrideW+h*s.W)*c:]
			for k := range w.kw {
				for i, v := range row[k*c:][:c] {
					out[i] += v
				}
			}
		}
		for i := range out {
			out[i] *= f
		}
	}
}

// area is the divisor of one average window.
func (j *job) area(r, q int) int {
	s := &j.pool
	return max(1, divisor(r, s.H, s.KH, s.StrideH, s.PadH, j.flag)*divisor(q, s.W, s.KW, s.StrideW, s.PadW, j.flag))
}

// AvgPoolBackward overwrites dx with the gradient for dy.
func AvgPoolBackward(dx, dy []float32, s PoolShape, countIncludePad bool) {
	j := newJob()
	j.dst, j.c, j.pool, j.flag = dx, dy, s, countIncludePad
	j.poolGrad(avgGradWindows)
}

// avgGradWindows is a windowGrad.
func avgGradWindows(j *job, dx []float32, _, r, q, at int, w windows, add bool) {
	s := &j.pool
	c, i, dy, f := s.C, 0, j.c[at:], 1/float32(j.area(r, q))
	if i = w.vectorisedGrad(s, add); i > 0 {
		grad := avgPoolGradAVX2
		if add {
			grad = avgPoolGradAddAVX2
		}
		grad(&dx[w.at], &dy[0], i, c, s.StrideW*c, s.W*c, w.kh, w.kw, f)
	}
	for ; i < w.n; i++ {
		dy := dy[i*c:][:c]
		for h := range w.kh {
			row := dx[w.at+(i*s.StrideW+h*s.W)*c:][:w.kw*c]
			if !add {
				clear(row)
			}
			for ; len(row) > 0; row = row[c:] {
				for k, v := range dy {
					row[k] += v * f
				}
			}
		}
	}
}

// GlobalAvgPool averages x [n,hw,c] over hw into y [n,c].
func GlobalAvgPool(y, x []float32, n, hw, c int) {
	AvgPool(y[:n*c], x[:n*hw*c], globalWindow(n, hw, c), false)
}

// GlobalAvgPoolBackward spreads dy [n,c] over dx [n,hw,c].
func GlobalAvgPoolBackward(dx, dy []float32, n, hw, c int) {
	AvgPoolBackward(dx[:n*hw*c], dy[:n*c], globalWindow(n, hw, c), false)
}

func globalWindow(n, hw, c int) PoolShape {
	return PoolShape{N: n, H: 1, W: hw, C: c, KH: 1, KW: hw, StrideH: 1, StrideW: max(hw, 1)}
}
