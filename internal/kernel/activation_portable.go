package kernel

import "math"

// The functions of this file are the portable twins of the assembly: the same
// approximations, one value at a time.

// expReduce splits x into n·ln 2 + r with |r| <= ln(2)/2.
func expReduce(x float32) (r float32, n int32) {
	// Adding 1.5·2^23 rounds to an integer.
	const round = 3 << 22
	k := float32(x*log2E) + round - round
	return x - k*ln2Hi - k*ln2Lo, int32(k)
}

// expTail returns (e^r - 1 - r)/r².
func expTail(r float32) float32 {
	return (((expC6*r+expC5)*r+expC4)*r+expC3)*r + expC2
}

// shift returns p·2^n, which must be in range and not subnormal.
func shift(p float32, n int32) float32 {
	return math.Float32frombits(math.Float32bits(p) + uint32(n)<<23)
}

// expNeg returns e^x for x <= 0 and NaN; results below 2^-126 are zero.
func expNeg(x float32) float32 {
	if x < expMin {
		return 0
	}
	if x != x {
		return x
	}
	r, n := expReduce(x)
	return shift((expTail(r)*r+1)*r+1, n)
}

// expNegUp returns 2^64·e^(x+dx) for -expFar <= x <= 0 and a tiny dx; NaN is
// the caller's business.
func expNegUp(x, dx float32) float32 {
	r, n := expReduce(x)
	r += dx
	return shift((expTail(r)*r+1)*r+1, n+64)
}

// expm1Neg returns e^x - 1 for x <= 0 and NaN.
func expm1Neg(x float32) float32 {
	if x < expm1Min {
		return -1
	}
	if x != x {
		return x
	}
	r, n := expReduce(x)
	p := math.Float32frombits(uint32(n+127) << 23)
	return p*(expTail(r)*(r*r)+r) + (p - 1)
}

func magnitude(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

func exp32(x float32) float32 {
	if x > expMax {
		return float32(math.Inf(1))
	}
	return expNeg(x)
}

func tanh32(x float32) float32 {
	x = max(-tanhMax, min(tanhMax, x))
	z := x * x
	p := (((tanhP4*z+tanhP3)*z+tanhP2)*z+tanhP1)*z + tanhP0
	q := (((tanhQ4*z+tanhQ3)*z+tanhQ2)*z+tanhQ1)*z + 1
	return max(-1, min(1, x*p/q))
}

func tanhGrad32(y, dy float32) float32 { return dy * ((1 - y) * (1 + y)) }

func sigmoid32(x float32) float32 {
	z := expNeg(-magnitude(x))
	if x < 0 {
		return z / (1 + z)
	}
	return 1 / (1 + z)
}

func sigmoidGrad32(y, dy float32) float32 { return dy * (y * (1 - y)) }

// silu32 is max(x, 0) - |x|·sigmoid(-|x|), whose second term does not cancel.
func silu32(x float32) float32 {
	if x != x {
		return x
	}
	a := min(magnitude(x), expFar)
	z := expNegUp(-a, 0)
	return max(x, 0) - a*z/(1+z*down64)*down64
}

// siluGrad32 computes the derivative where x <= 0; that at -x is 1 minus it.
func siluGrad32(x, dy float32) float32 {
	if x != x {
		return x
	}
	a := min(magnitude(x), expFar)
	z := expNegUp(-a, 0)
	s := 1 / (1 + z*down64)
	d := z * s * (1 - a*s) * down64
	if x > 0 {
		d = 1 - d
	}
	return dy * d
}

// mills returns Φ(-a)/e^(-a²/2) and 2^64·e^(-a²/2) for 0 <= a <= millsMax.
func mills(a float32) (m, e float32) {
	x := float64(a)
	p := (((millsP4*x+millsP3)*x+millsP2)*x+millsP1)*x + millsP0
	q := ((((millsQ5*x+millsQ4)*x+millsQ3)*x+millsQ2)*x+millsQ1)*x + 1
	// The rounding error of a², up to 4e-6, is made up for in the exponent.
	h := a * a
	return float32(p / q), expNegUp(-0.5*h, float32(0.5*(float64(h)-x*x)))
}

// gelu32 is max(x, 0) - |x|·Φ(-|x|).
func gelu32(x float32) float32 {
	if x != x {
		return x
	}
	a := min(magnitude(x), millsMax)
	m, e := mills(a)
	return max(x, 0) - a*m*e*down64
}

// geluGrad32 computes the derivative where x <= 0; that at -x is 1 minus it.
func geluGrad32(x, dy float32) float32 {
	if x != x {
		return x
	}
	a := min(magnitude(x), millsMax)
	m, e := mills(a)
	d := e * (m - normalDensity0*a) * down64
	if x > 0 {
		d = 1 - d
	}
	return dy * d
}

func elu32(x float32) float32 { return max(x, 0) + expm1Neg(min(x, 0)) }

func eluGrad32(y, dy float32) float32 { return dy * (min(y, 0) + 1) }

func softplus32(x float32) float32 {
	z := expNeg(-magnitude(x))
	p := ((((((((logC9*z+logC8)*z+logC7)*z+logC6)*z+logC5)*z+logC4)*z+logC3)*z+logC2)*z+logC1)*z + logC0
	return max(x, 0) + z*p
}

func softplusGrad32(y, dy float32) float32 { return dy * -expm1Neg(-y) }
