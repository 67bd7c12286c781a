package kernel

import "math"

// MaxPool computes the maxima of the windows of x in y. The padding is -Inf;
// a NaN in a window makes its maximum NaN.
func MaxPool(y, x []float32, s PoolShape) {
	j := newJob()
	j.dst, j.a, j.pool = y, x, s
	j.poolRows(s.N*s.OutH(), maxPoolRow)
}

func maxPoolRow(j *job, task, _, _ int) {
	s := &j.pool
	oh, ow, c := s.OutH(), s.OutW(), s.C
	n, r := task/oh, task%oh
	h0, h1 := window(r, s.H, s.KH, s.StrideH, s.PadH)
	for q := range ow {
		w0, w1 := window(q, s.W, s.KW, s.StrideW, s.PadW)
		out := j.dst[(task*ow+q)*c:][:c]
		first := true
		for h := h0; h < h1; h++ {
			for w := w0; w < w1; w++ {
				x := j.a[((n*s.H+h)*s.W+w)*c:][:c]
				if first {
					copy(out, x)
					first = false
					continue
				}
				maxSlice(out, x)
			}
		}
		if first {
			for i := range out {
				out[i] = float32(math.Inf(-1))
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
	// Windows overlap, so a task owns a whole image.
	j.poolRows(s.N, maxPoolGradImage)
}

func maxPoolGradImage(j *job, n, _, _ int) {
	s := &j.pool
	oh, ow, c := s.OutH(), s.OutW(), s.C
	size := s.H * s.W * c
	x, dx := j.a[n*size:][:size], j.dst[n*size:][:size]
	clear(dx)
	for r := range oh {
		h0, h1 := window(r, s.H, s.KH, s.StrideH, s.PadH)
		for q := range ow {
			w0, w1 := window(q, s.W, s.KW, s.StrideW, s.PadW)
			at := ((n*oh+r)*ow + q) * c
			y, dy := j.b[at:][:c], j.c[at:][:c]
			for i, m := range y {
				if p := firstMax(x[i:], m, h0, h1, w0, w1, s.W, c); p >= 0 {
					dx[p+i] += dy[i]
				}
			}
		}
	}
}

// firstMax returns the offset of the value that produced the maximum m.
func firstMax(x []float32, m float32, h0, h1, w0, w1, width, c int) int {
	at := -1
	for h := h0; h < h1; h++ {
		p := (h*width + w0) * c
		for w := w0; w < w1; w++ {
			v := x[p]
			if v == m {
				return p
			}
			if v != v {
				at = p
			}
			p += c
		}
	}
	return at
}
