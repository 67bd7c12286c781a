package vector

import "pare/internal/simd"

// The activation functions agree with exact arithmetic to about three units in the
// last place over the whole range of float32. Subnormal results may be zero. NaN
// stays NaN, and at ±Inf the result is the limit, which is 0 at -Inf for GELU and the
// functions like it. dst may be x, and dx may be any input.

// unary is the op of a function of one value: n values in assembly, one in Go.
func unary(fast func(dst, x *float32, n int), slow func(x float32) float32) func(dst, x, _ []float32, _ float32) {
	return func(dst, x, _ []float32, _ float32) {
		if simd.AVX2 {
			fast(&dst[0], &x[0], len(dst))
			return
		}
		for i, v := range x {
			dst[i] = slow(v)
		}
	}
}

// gradient is the op of a function of dy and of a value v that gives the derivative.
func gradient(fast func(dx, v, dy *float32, n int), slow func(v, dy float32) float32) func(dx, v, dy []float32, _ float32) {
	return func(dx, v, dy []float32, _ float32) {
		if simd.AVX2 {
			fast(&dx[0], &v[0], &dy[0], len(dx))
			return
		}
		for i, v := range v {
			dx[i] = slow(v, dy[i])
		}
	}
}

var (
	tanhOp         = unary(tanhAVX2, tanh32)
	sigmoidOp      = unary(sigmoidAVX2, sigmoid32)
	geluOp         = unary(geluAVX2, gelu32)
	siluOp         = unary(siluAVX2, silu32)
	eluOp          = unary(eluAVX2, elu32)
	softplusOp     = unary(softplusAVX2, softplus32)
	mishOp         = unary(mishAVX2, mish32)
	geluTanhOp     = unary(geluTanhAVX2, geluTanh32)
	hardSwishOp    = unary(hardSwishAVX2, hardSwish32)
	tanhGradOp     = gradient(tanhGradAVX2, tanhGrad32)
	sigmoidGradOp  = gradient(sigmoidGradAVX2, sigmoidGrad32)
	geluGradOp     = gradient(geluGradAVX2, geluGrad32)
	siluGradOp     = gradient(siluGradAVX2, siluGrad32)
	eluGradOp      = gradient(eluGradAVX2, eluGrad32)
	softplusGradOp = gradient(softplusGradAVX2, softplusGrad32)
	mishGradOp     = gradient(mishGradAVX2, mishGrad32)
	geluTanhGradOp = gradient(geluTanhGradAVX2, geluTanhGrad32)
	hardSwishGrad  = gradient(hardSwishGradAVX2, hardSwishGrad32)
)

// Tanh computes dst = tanh(x).
func Tanh(dst, x []float32) { each(dst, x, x, 0, tanhOp) }

// TanhBackward computes dx = dy·(1 - y²) from the output y.
func TanhBackward(dx, y, dy []float32) { each(dx, y, dy, 0, tanhGradOp) }

// Sigmoid computes dst = 1/(1 + e^-x).
func Sigmoid(dst, x []float32) { each(dst, x, x, 0, sigmoidOp) }

// SigmoidBackward computes dx = dy·y·(1 - y) from the output y.
func SigmoidBackward(dx, y, dy []float32) { each(dx, y, dy, 0, sigmoidGradOp) }

// GELU computes dst = x·Φ(x) with the normal distribution function Φ.
func GELU(dst, x []float32) { each(dst, x, x, 0, geluOp) }

// GELUBackward computes dx = dy·(Φ(x) + x·φ(x)) from the input x, where φ is
// the normal density.
func GELUBackward(dx, x, dy []float32) { each(dx, x, dy, 0, geluGradOp) }

// SiLU computes dst = x/(1 + e^-x).
func SiLU(dst, x []float32) { each(dst, x, x, 0, siluOp) }

// SiLUBackward computes dx = dy·s·(1 + x·(1 - s)) from the input x, where
// s = 1/(1 + e^-x).
func SiLUBackward(dx, x, dy []float32) { each(dx, x, dy, 0, siluGradOp) }

// ELU computes dst = x, or e^x - 1 below zero.
func ELU(dst, x []float32) { each(dst, x, x, 0, eluOp) }

// ELUBackward computes dx = dy, or dy·(y + 1) below zero, from the output y.
func ELUBackward(dx, y, dy []float32) { each(dx, y, dy, 0, eluGradOp) }

// Softplus computes dst = log(1 + e^x).
func Softplus(dst, x []float32) { each(dst, x, x, 0, softplusOp) }

// SoftplusBackward computes dx = dy·(1 - e^-y) from the output y.
func SoftplusBackward(dx, y, dy []float32) { each(dx, y, dy, 0, softplusGradOp) }

// Mish computes dst = x·tanh(log(1 + e^x)).
func Mish(dst, x []float32) { each(dst, x, x, 0, mishOp) }

// MishBackward computes dx = dy·(t + x·(1 - t²)·s) from the input x, where t is
// tanh(log(1 + e^x)) and s = 1/(1 + e^-x).
func MishBackward(dx, x, dy []float32) { each(dx, x, dy, 0, mishGradOp) }

// GELUTanh computes dst = x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), which is near GELU.
func GELUTanh(dst, x []float32) { each(dst, x, x, 0, geluTanhOp) }

// GELUTanhBackward computes dx = dy·s·(1 + x·(1 - s)·w') from the input x, where
// w = 2√(2/π)·(x + 0.044715·x³) and s = 1/(1 + e^-w).
func GELUTanhBackward(dx, x, dy []float32) { each(dx, x, dy, 0, geluTanhGradOp) }

// HardSwish computes dst = x·min(max(x + 3, 0), 6)/6.
func HardSwish(dst, x []float32) { each(dst, x, x, 0, hardSwishOp) }

// HardSwishBackward computes dx from the input x: 0 where x <= -3, dy where x >= 3 and
// dy·(x/3 + 1/2) between.
func HardSwishBackward(dx, x, dy []float32) { each(dx, x, dy, 0, hardSwishGrad) }
