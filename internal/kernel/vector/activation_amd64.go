package vector

import (
	"slices"
	"unsafe"
)

// laneTable holds every constant of the activation functions eight times, for the assembly;
// a polynomial has one for each coefficient.
type laneTable struct {
	one, half, negHalf, down64, up64, log2E, ln2Hi, ln2Lo, expMin, expm1Min, negExpFar [8]float32
	tanhMax, tanhMin, millsMax, density0                                               [8]float32
	two, four, three, negThree, six, third, sixth                                      [8]float32
	geluTanhMax, tanhC0, tanhC0Lo, tanhC1, tanhC1Lo, tanhC13                           [8]float32
	expC, tanhP, tanhQ                                                                 [5][8]float32
	logC                                                                               [10][8]float32
	millsP                                                                             [5][8]float32
	millsQ                                                                             [6][8]float32
}

//lint:ignore U1000 read by the assembly
var lanes = func() (t laneTable) {
	values := slices.Concat([]float32{1, 0.5, -0.5, down64, 1 << 64, log2E, ln2Hi, ln2Lo, expMin, expm1Min, -expFar,
		tanhMax, -tanhMax, millsMax, normalDensity0,
		2, 4, 3, -3, 6, 1.0 / 3, 1.0 / 6,
		geluTanhMax, geluTanhC0, geluTanhC0 - geluTanhC0Hi, geluTanhC1, geluTanhC1 - geluTanhC1Hi, 3 * geluTanhC1}, expC[:], tanhP[:], tanhQ[:], logC[:])
	for _, v := range slices.Concat(millsP[:], millsQ[:]) {
		values = append(values, float32(v))
	}
	for i, v := range values {
		(*[unsafe.Sizeof(t) / 32][8]float32)(unsafe.Pointer(&t))[i] = [8]float32{v, v, v, v, v, v, v, v}
	}
	return t
}()

// maskEnd[8-n:] masks the first n of eight values.
//
//lint:ignore U1000 read by the assembly
var maskEnd = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

// In all of these n is positive, and the result is the same as
//
//	for i := range n {
//		dst[i] = f(x[i])             // f: tanh32, …
//		dx[i] = fGrad(v[i], dy[i])   // fGrad: tanhGrad32, …
//	}

//go:noescape
func tanhAVX2(dst, x *float32, n int)

//go:noescape
func sigmoidAVX2(dst, x *float32, n int)

//go:noescape
func geluAVX2(dst, x *float32, n int)

//go:noescape
func siluAVX2(dst, x *float32, n int)

//go:noescape
func eluAVX2(dst, x *float32, n int)

//go:noescape
func softplusAVX2(dst, x *float32, n int)

//go:noescape
func tanhGradAVX2(dx, y, dy *float32, n int)

//go:noescape
func sigmoidGradAVX2(dx, y, dy *float32, n int)

//go:noescape
func geluGradAVX2(dx, x, dy *float32, n int)

//go:noescape
func siluGradAVX2(dx, x, dy *float32, n int)

//go:noescape
func eluGradAVX2(dx, y, dy *float32, n int)

//go:noescape
func softplusGradAVX2(dx, y, dy *float32, n int)

//go:noescape
func mishAVX2(dst, x *float32, n int)

//go:noescape
func mishGradAVX2(dx, x, dy *float32, n int)

//go:noescape
func geluTanhAVX2(dst, x *float32, n int)

//go:noescape
func geluTanhGradAVX2(dx, x, dy *float32, n int)

//go:noescape
func hardSwishAVX2(dst, x *float32, n int)

//go:noescape
func hardSwishGradAVX2(dx, x, dy *float32, n int)
