package kernel

// PoolShape describes pooling windows over x [N,H,W,C]. Ceil selects PyTorch's
// ceil mode: a last partial window counts if it starts inside the input or its
// leading padding.
type PoolShape struct {
	N, H, W, C, KH, KW, StrideH, StrideW, PadH, PadW int

	Ceil bool
}

// OutH is the output height.
func (s PoolShape) OutH() int { return poolSize(s.H, s.KH, s.StrideH, s.PadH, s.Ceil) }

// OutW is the output width.
func (s PoolShape) OutW() int { return poolSize(s.W, s.KW, s.StrideW, s.PadW, s.Ceil) }

func poolSize(in, k, stride, pad int, ceil bool) int {
	if !ceil {
		return outSize(in, k, stride, pad)
	}
	if in+2*pad < k {
		// Rounding up still leaves one window if less than a stride is missing.
		if k-in-2*pad >= stride {
			return 0
		}
		return 1
	}
	n := (in+2*pad-k+stride-1)/stride + 1
	if (n-1)*stride >= in+pad {
		n--
	}
	return n
}

// window returns the inputs [lo,hi) of window i on one axis.
func window(i, in, k, stride, pad int) (lo, hi int) {
	start := i*stride - pad
	return max(start, 0), min(start+k, in)
}

// divisor is the number of positions window i on one axis counts: those in the
// input, or, with padding included, those in the padded input.
func divisor(i, in, k, stride, pad int, padded bool) int {
	lo, hi := window(i, in, k, stride, pad)
	if padded {
		lo = i*stride - pad
		hi = min(lo+k, in+pad)
	}
	return max(hi-lo, 0)
}

// poolRows runs op for every output row (forward) of the shape.
func (j *job) poolRows(rows int, op func(j *job, lo, hi, task int)) {
	j.each(rows, 1, op)
	j.release()
}

// AvgPool averages the windows of x into y. Positions in the padding add zero;
// they count in the divisor only with countIncludePad.
func AvgPool(y, x []float32, s PoolShape, countIncludePad bool) {
	j := newJob()
	j.dst, j.a, j.pool, j.flag = y, x, s, countIncludePad
	j.poolRows(s.N*s.OutH(), avgPoolRow)
}

func avgPoolRow(j *job, task, _, _ int) {
	s := &j.pool
	oh, ow, c := s.OutH(), s.OutW(), s.C
	n, r := task/oh, task%oh
	h0, h1 := window(r, s.H, s.KH, s.StrideH, s.PadH)
	for q := range ow {
		w0, w1 := window(q, s.W, s.KW, s.StrideW, s.PadW)
		out := j.dst[(task*ow+q)*c:][:c]
		clear(out)
		for h := h0; h < h1; h++ {
			for w := w0; w < w1; w++ {
				addSlice(out, out, j.a[((n*s.H+h)*s.W+w)*c:])
			}
		}
		scaleSlice(out, out, 1/float32(j.area(r, q)))
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
	j.dst, j.a, j.pool, j.flag = dx, dy, s, countIncludePad
	j.poolRows(s.N*s.H, avgPoolGradRow)
}

// avgPoolGradRow gathers one input row from all windows that cover it.
func avgPoolGradRow(j *job, task, _, _ int) {
	s := &j.pool
	oh, ow, c := s.OutH(), s.OutW(), s.C
	n, h := task/s.H, task%s.H
	row := j.dst[task*s.W*c:][:s.W*c]
	clear(row)
	for r := max(0, (h+s.PadH-s.KH)/s.StrideH); r < oh && r*s.StrideH-s.PadH <= h; r++ {
		if r*s.StrideH-s.PadH+s.KH <= h {
			continue
		}
		for q := range ow {
			f := 1 / float32(j.area(r, q))
			dy := j.a[((n*oh+r)*ow+q)*c:][:c]
			w0, w1 := window(q, s.W, s.KW, s.StrideW, s.PadW)
			for w := w0; w < w1; w++ {
				d := row[w*c:][:c]
				for i, v := range dy {
					d[i] += v * f
				}
			}
		}
	}
}

// GlobalAvgPool averages x [n,hw,c] over hw into y [n,c].
func GlobalAvgPool(y, x []float32, n, hw, c int) {
	AvgPool(y[:n*c], x[:n*hw*c], PoolShape{N: n, H: 1, W: hw, C: c, KH: 1, KW: hw, StrideH: 1, StrideW: 1}, false)
}

// GlobalAvgPoolBackward spreads dy [n,c] over dx [n,hw,c].
func GlobalAvgPoolBackward(dx, dy []float32, n, hw, c int) {
	j := newJob()
	j.dst, j.a, j.cols, j.s = dx[:n*hw*c], dy[:n*c], hw, 1/float32(max(hw, 1))
	j.each(n, 1, func(j *job, i, _, _ int) {
		c := len(j.a) / j.rows
		d := j.dst[i*j.cols*c:][:j.cols*c]
		for ; len(d) > 0; d = d[c:] {
			scaleSlice(d[:c], j.a[i*c:], j.s)
		}
	})
	j.release()
}
