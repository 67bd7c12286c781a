package vector

import "math"

// Coefficients of the elementwise functions, shared by the assembly and its
// portable twin. Each approximation is the minimax one in relative error on
// the interval given; float32 has an epsilon of 6e-8.

// e^x = 2^n·e^r with n the integer nearest to x/ln 2 and
// e^r = 1 + r + r²·(expC[0] + expC[1]·r + … + expC[4]·r⁴) on |r| <= ln(2)/2, to 3e-9.
// ln 2 is split so that n·ln2Hi is exact.
var expC = [...]float32{0.499999933729, 0.166665195237, 0.0416684011159, 0.00836885110338, 0.00138143191544}

const (
	log2E = 1.44269504089
	ln2Hi = 0.693359375
	ln2Lo = -2.12194440055e-4

	expMin   = -87.33654 // the smallest x whose e^x is not subnormal
	expm1Min = -88       // e^x - 1 is -1 from well above here

	// Where a factor brings e^x back into range, e^x is computed times 2^64,
	// which is in range down to -expFar; there the product itself has vanished.
	expFar = 110
	down64 = 1.0 / (1 << 64)
)

// tanh(x) = x·P(x²)/Q(x²) on |x| <= tanhMax, to 2e-8; beyond, it rounds to 1.
const tanhMax = 9.02

var (
	tanhP = [...]float32{0.999999978, 0.133777469, 0.00349169366, 2.05449488e-05, 1.32656206e-08}
	tanhQ = [...]float32{1, 0.467110616, 0.0258621675, 0.000327926427, 7.74015748e-07}
)

// Φ(-a) = e^(-a²/2)·P(a)/Q(a) for the normal distribution function Φ on
// 0 <= a <= millsMax, to 6e-9; beyond, a·e^(-a²/2) is zero in float32.
const (
	millsMax       = 14.9
	normalDensity0 = 0.398942280401 // 1/√(2π)
)

var (
	millsP = [...]float64{0.500000003, 0.438296581, 0.183236366, 0.0406336468, 0.0041163734}
	millsQ = [...]float64{1, 1.67447814, 1.2025082, 0.469473879, 0.101859895, 0.0103180982}
)

// The exponent 2√(2/π)·(x + 0.044715·x³) = geluTanhC0·x + geluTanhC1·x³ of GELUTanh, and the
// factors rounded to float32. Beyond geluTanhMax the result is 0 or x.
const (
	geluTanhC0   = 1.5957691216057308
	geluTanhC1   = 0.07135481627260025
	geluTanhC0Hi = 1.5957691669464111
	geluTanhC1Hi = 0.07135481387376785
	geluTanhMax  = 10.9
)

// log(1+z) = z·(logC[0] + logC[1]·z + … + logC[9]·z⁹) on 0 <= z <= 1, to 5e-9.
var logC = [...]float32{
	0.999999995287, -0.499999024233, 0.333299624264, -0.24954133732, 0.196759395611,
	-0.153055932639, 0.106036558198, -0.0569595416307, 0.0198514654704, -0.00324402571455,
}

// The functions below are the portable twins of the assembly: the same
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
	return (((expC[4]*r+expC[3])*r+expC[2])*r+expC[1])*r + expC[0]
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

// expNegUp returns 2^64·e^(x+dx) for -expFar <= x <= 0 and a tiny dx; x must not be
// NaN.
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

func tanh32(x float32) float32 {
	x = max(-tanhMax, min(tanhMax, x))
	z := x * x
	p := (((tanhP[4]*z+tanhP[3])*z+tanhP[2])*z+tanhP[1])*z + tanhP[0]
	q := (((tanhQ[4]*z+tanhQ[3])*z+tanhQ[2])*z+tanhQ[1])*z + 1
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
	p := (((millsP[4]*x+millsP[3])*x+millsP[2])*x+millsP[1])*x + millsP[0]
	q := ((((millsQ[5]*x+millsQ[4])*x+millsQ[3])*x+millsQ[2])*x+millsQ[1])*x + 1
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
	p := ((((((((logC[9]*z+logC[8])*z+logC[7])*z+logC[6])*z+logC[5])*z+logC[4])*z+logC[3])*z+logC[2])*z+logC[1])*z + logC[0]
	return max(x, 0) + z*p
}

func softplusGrad32(y, dy float32) float32 { return dy * -expm1Neg(-y) }

// mish32 is x·n/(n + 2) with n = e^x·(e^x + 2), for x > 0 with both multiplied by e^-2x.
func mish32(x float32) float32 {
	if x != x {
		return x
	}
	a := min(magnitude(x), expFar)
	up := expNegUp(-a, 0)
	z := up * down64
	if x < 0 {
		return -a * (up * (z + 2)) / (z*(z+2) + 2) * down64
	}
	n := 1 + 2*z
	return x * n / (n + 2*z*z)
}

// mishGrad32 computes n/(n + 2) + 4x·e^x·(1 + e^x)/(n + 2)², likewise.
func mishGrad32(x, dy float32) float32 {
	if x != x {
		return x
	}
	a := min(magnitude(x), expFar)
	up := expNegUp(-a, 0)
	z := up * down64
	e := 4 * a * (1 + z)
	if x < 0 {
		n := z*(z+2) + 2
		return dy * (((z+2)*n - e) * up / (n * n) * down64)
	}
	n := 1 + 2*z
	d := n + 2*z*z
	return dy * ((n*d + e*(z*z)) / (d * d))
}

// geluTanhExp returns 2^64·e^-w for the exponent w of GELUTanh at a, 0 <= a <= geluTanhMax.
func geluTanhExp(a float32) float32 {
	x := float64(a)
	w := x * (geluTanhC0 + geluTanhC1*(x*x))
	h := float32(w)
	return expNegUp(-h, float32(float64(h)-w))
}

// geluTanh32 is max(x, 0) - |x|/(1 + e^w).
func geluTanh32(x float32) float32 {
	if x != x {
		return x
	}
	a := min(magnitude(x), geluTanhMax)
	z := geluTanhExp(a)
	return max(x, 0) - a*z/(1+z*down64)*down64
}

// geluTanhGrad32 computes the derivative where x <= 0; that at -x is 1 minus it.
func geluTanhGrad32(x, dy float32) float32 {
	if x != x {
		return x
	}
	a := min(magnitude(x), geluTanhMax)
	z := geluTanhExp(a)
	s := 1 / (1 + z*down64)
	d := z * s * (1 - a*s*(3*geluTanhC1*(a*a)+geluTanhC0)) * down64
	if x > 0 {
		d = 1 - d
	}
	return dy * d
}

func hardSwish32(x float32) float32 {
	return max(x, -3) * (min(max(x+3, 0), 6) * (1.0 / 6))
}

func hardSwishGrad32(x, dy float32) float32 {
	switch {
	case x <= -3:
		return dy * 0
	case x >= 3:
		return dy
	}
	return dy * (x*(1.0/3) + 0.5)
}
