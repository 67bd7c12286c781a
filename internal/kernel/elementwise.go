package kernel

// Add computes dst = a + b elementwise; dst may be one of them.
func Add(dst, a, b []float32) {
	j := newJob()
	j.dst, j.a, j.b = dst, a[:len(dst)], b[:len(dst)]
	j.flat(func(j *job, lo, hi, _ int) { addSlice(j.dst[lo:hi], j.a[lo:hi], j.b[lo:hi]) })
}

// AddTo computes dst += a.
func AddTo(dst, a []float32) { Add(dst, dst, a) }

// Mul computes dst = a · b elementwise.
func Mul(dst, a, b []float32) {
	j := newJob()
	j.dst, j.a, j.b = dst, a[:len(dst)], b[:len(dst)]
	j.flat(func(j *job, lo, hi, _ int) { mulSlice(j.dst[lo:hi], j.a[lo:hi], j.b[lo:hi]) })
}

// Scale computes dst = s · a.
func Scale(dst, a []float32, s float32) {
	j := newJob()
	j.dst, j.a, j.s = dst, a[:len(dst)], s
	j.flat(func(j *job, lo, hi, _ int) { scaleSlice(j.dst[lo:hi], j.a[lo:hi], j.s) })
}

// ReLU computes dst = max(x, 0); NaN stays NaN.
func ReLU(dst, x []float32) {
	j := newJob()
	j.dst, j.a = dst, x[:len(dst)]
	j.flat(func(j *job, lo, hi, _ int) { reluSlice(j.dst[lo:hi], j.a[lo:hi]) })
}

// ReLUBackward computes dx = dy where the output y is positive, else zero.
func ReLUBackward(dx, y, dy []float32) {
	j := newJob()
	j.dst, j.a, j.b = dx, y[:len(dx)], dy[:len(dx)]
	j.flat(func(j *job, lo, hi, _ int) { reluGradSlice(j.dst[lo:hi], j.a[lo:hi], j.b[lo:hi]) })
}

// Map computes dst = f(x) elementwise; f must be safe for concurrent use.
func Map(dst, x []float32, f func(float32) float32) {
	j := newJob()
	j.dst, j.a, j.f = dst, x[:len(dst)], f
	j.flat(func(j *job, lo, hi, _ int) {
		d, x, f := j.dst[lo:hi], j.a[lo:hi], j.f
		for i, v := range x {
			d[i] = f(v)
		}
	})
}

// MapGrad computes dx = dy · df(x) elementwise.
func MapGrad(dx, x, dy []float32, df func(float32) float32) {
	j := newJob()
	j.dst, j.a, j.b, j.f = dx, x[:len(dx)], dy[:len(dx)], df
	j.flat(func(j *job, lo, hi, _ int) {
		d, x, g, f := j.dst[lo:hi], j.a[lo:hi], j.b[lo:hi], j.f
		for i, v := range x {
			d[i] = g[i] * f(v)
		}
	})
}

// ScaleChannels computes dst[r,c] = x[r,c] · g[c].
func ScaleChannels(dst, x, g []float32, rows, c int) {
	j := newJob()
	j.dst, j.a, j.b, j.cols = dst[:rows*c], x[:rows*c], g[:c], c
	j.each(rows, rowStep(c), func(j *job, lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			mulSlice(j.dst[r*j.cols:(r+1)*j.cols], j.a[r*j.cols:(r+1)*j.cols], j.b)
		}
	})
	j.release()
}
