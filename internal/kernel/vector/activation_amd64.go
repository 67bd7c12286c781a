package vector

// lanes holds every constant of the elementwise functions eight times, for the
// assembly, which takes them by position.
//
//lint:ignore U1000 read by the assembly
var lanes = func() (t [numLanes][8]float32) {
	for i, v := range [numLanes]float32{
		atOne: 1, atHalf: 0.5, atNegHalf: -0.5, atDown64: down64, atUp64: 1 << 64,
		atLog2E: log2E, atLn2Hi: ln2Hi, atLn2Lo: ln2Lo,
		atExpC2: expC2, atExpC2 + 1: expC3, expC4, expC5, expC6,
		atExpMin: expMin, atExpm1Min: expm1Min, atExpFar: -expFar,
		atTanhMax: tanhMax, atTanhMin: -tanhMax,
		atTanhP: tanhP0, tanhP1, tanhP2, tanhP3, tanhP4,
		atTanhQ: 1, tanhQ1, tanhQ2, tanhQ3, tanhQ4,
		atMillsMax: millsMax, atDensity0: normalDensity0,
		atMillsP: millsP0, millsP1, millsP2, millsP3, millsP4,
		atMillsQ: 1, millsQ1, millsQ2, millsQ3, millsQ4, millsQ5,
		atLogC: logC0, logC1, logC2, logC3, logC4, logC5, logC6, logC7, logC8, logC9,
	} {
		for k := range t[i] {
			t[i][k] = v
		}
	}
	return t
}()

// Positions in lanes; a polynomial takes as many as it has coefficients.
const (
	atOne = iota
	atHalf
	atNegHalf
	atDown64
	atUp64
	atLog2E
	atLn2Hi
	atLn2Lo
	atExpMin
	atExpm1Min
	atExpFar
	atTanhMax
	atTanhMin
	atMillsMax
	atDensity0

	atExpC2  = 15
	atTanhP  = atExpC2 + 5
	atTanhQ  = atTanhP + 5
	atMillsP = atTanhQ + 5
	atMillsQ = atMillsP + 5
	atLogC   = atMillsQ + 6
	numLanes = atLogC + 10
)

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
