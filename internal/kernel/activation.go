package kernel

// The elementwise functions of this file agree with exact arithmetic to about
// three units in the last place over the whole range of float32. Subnormal
// results may be zero. NaN stays NaN, and at ±Inf the result is the limit,
// which is 0 for GELU and SiLU at -Inf. dst may be x, and dx may be any input.

// mapping is a function of one value: n values in assembly, one in Go.
type mapping struct {
	fast func(dst, x *float32, n int)
	slow func(x float32) float32
}

// gradient is a function of a value the derivative is known from and of dy.
type gradient struct {
	fast func(dx, v, dy *float32, n int)
	slow func(v, dy float32) float32
}

var (
	expMap       = mapping{expAVX2, exp32}
	tanhMap      = mapping{tanhAVX2, tanh32}
	sigmoidMap   = mapping{sigmoidAVX2, sigmoid32}
	geluMap      = mapping{geluAVX2, gelu32}
	siluMap      = mapping{siluAVX2, silu32}
	eluMap       = mapping{eluAVX2, elu32}
	softplusMap  = mapping{softplusAVX2, softplus32}
	tanhGrad     = gradient{tanhGradAVX2, tanhGrad32}
	sigmoidGrad  = gradient{sigmoidGradAVX2, sigmoidGrad32}
	geluGrad     = gradient{geluGradAVX2, geluGrad32}
	siluGrad     = gradient{siluGradAVX2, siluGrad32}
	eluGrad      = gradient{eluGradAVX2, eluGrad32}
	softplusGrad = gradient{softplusGradAVX2, softplusGrad32}
)

func (m *mapping) run(dst, x []float32) {
	j := newJob()
	j.dst, j.a, j.mapping = dst, x[:len(dst)], m
	j.flat(func(j *job, lo, hi, _ int) {
		if useAVX2 {
			j.mapping.fast(&j.dst[lo], &j.a[lo], hi-lo)
			return
		}
		d, f := j.dst[lo:hi], j.mapping.slow
		for i, v := range j.a[lo:hi] {
			d[i] = f(v)
		}
	})
}

func (g *gradient) run(dx, v, dy []float32) {
	j := newJob()
	j.dst, j.a, j.b, j.gradient = dx, v[:len(dx)], dy[:len(dx)], g
	j.flat(func(j *job, lo, hi, _ int) {
		if useAVX2 {
			j.gradient.fast(&j.dst[lo], &j.a[lo], &j.b[lo], hi-lo)
			return
		}
		d, dy, f := j.dst[lo:hi], j.b[lo:hi], j.gradient.slow
		for i, v := range j.a[lo:hi] {
			d[i] = f(v, dy[i])
		}
	})
}

// Exp computes dst = e^x.
func Exp(dst, x []float32) { expMap.run(dst, x) }

// Tanh computes dst = tanh(x).
func Tanh(dst, x []float32) { tanhMap.run(dst, x) }

// TanhBackward computes dx = dy·(1 - y²) from the output y.
func TanhBackward(dx, y, dy []float32) { tanhGrad.run(dx, y, dy) }

// Sigmoid computes dst = 1/(1 + e^-x).
func Sigmoid(dst, x []float32) { sigmoidMap.run(dst, x) }

// SigmoidBackward computes dx = dy·y·(1 - y) from the output y.
func SigmoidBackward(dx, y, dy []float32) { sigmoidGrad.run(dx, y, dy) }

// GELU computes dst = x·Φ(x) with the normal distribution function Φ.
func GELU(dst, x []float32) { geluMap.run(dst, x) }

// GELUBackward computes dx = dy·(Φ(x) + x·φ(x)) from the input x, where φ is
// the normal density.
func GELUBackward(dx, x, dy []float32) { geluGrad.run(dx, x, dy) }

// SiLU computes dst = x/(1 + e^-x).
func SiLU(dst, x []float32) { siluMap.run(dst, x) }

// SiLUBackward computes dx = dy·s·(1 + x·(1 - s)) from the input x, where
// s = 1/(1 + e^-x).
func SiLUBackward(dx, x, dy []float32) { siluGrad.run(dx, x, dy) }

// ELU computes dst = x, or e^x - 1 below zero.
func ELU(dst, x []float32) { eluMap.run(dst, x) }

// ELUBackward computes dx = dy, or dy·(y + 1) below zero, from the output y.
func ELUBackward(dx, y, dy []float32) { eluGrad.run(dx, y, dy) }

// Softplus computes dst = log(1 + e^x).
func Softplus(dst, x []float32) { softplusMap.run(dst, x) }

// SoftplusBackward computes dx = dy·(1 - e^-y) from the output y.
func SoftplusBackward(dx, y, dy []float32) { softplusGrad.run(dx, y, dy) }

// LeakyReLU computes dst = x, or slope·x below zero.
func LeakyReLU(dst, x []float32, slope float32) {
	j := newJob()
	j.dst, j.a, j.s = dst, x[:len(dst)], slope
	j.flat(func(j *job, lo, hi, _ int) { leakySlice(j.dst[lo:hi], j.a[lo:hi], j.a[lo:hi], j.s) })
}

// LeakyReLUBackward computes dx = dy, or slope·dy where the output y is not
// positive; slope must not be negative.
func LeakyReLUBackward(dx, y, dy []float32, slope float32) {
	j := newJob()
	j.dst, j.a, j.b, j.s = dx, y[:len(dx)], dy[:len(dx)], slope
	j.flat(func(j *job, lo, hi, _ int) { leakySlice(j.dst[lo:hi], j.a[lo:hi], j.b[lo:hi], j.s) })
}

// leakySlice computes dst[i] = v[i], times slope where x[i] <= 0.
func leakySlice(dst, x, v []float32, slope float32) {
	if useAVX2 {
		leakyAVX2(&dst[0], &x[0], &v[0], len(dst), slope)
		return
	}
	for i, x := range x {
		d := v[i]
		if x <= 0 {
			d *= slope
		}
		dst[i] = d
	}
}
