package kernel

// Coefficients of the elementwise functions, shared by the assembly and its
// portable twin. Each approximation is the minimax one in relative error on
// the interval given; float32 has an epsilon of 6e-8.

// e^x = 2^n·e^r with n the integer nearest to x/ln 2 and
// e^r = 1 + r + r²·(expC2 + expC3·r + … + expC6·r⁴) on |r| <= ln(2)/2, to 3e-9.
// ln 2 is split so that n·ln2Hi is exact.
const (
	log2E = 1.44269504089
	ln2Hi = 0.693359375
	ln2Lo = -2.12194440055e-4

	expC2 = 0.499999933729
	expC3 = 0.166665195237
	expC4 = 0.0416684011159
	expC5 = 0.00836885110338
	expC6 = 0.00138143191544

	expMax   = 88.72283  // the largest x whose e^x is finite
	expMin   = -87.33654 // the smallest x whose e^x is not subnormal
	expm1Min = -88       // e^x - 1 is -1 from well above here

	// Where a factor brings e^x back into range, e^x is computed times 2^64,
	// which is in range down to -expFar; there the product itself has vanished.
	expFar = 110
	down64 = 1.0 / (1 << 64)
)

// tanh(x) = x·P(x²)/Q(x²) on |x| <= tanhMax, to 2e-8; beyond, it rounds to 1.
const (
	tanhMax = 9.02

	tanhP0 = 0.999999978
	tanhP1 = 0.133777469
	tanhP2 = 0.00349169366
	tanhP3 = 2.05449488e-05
	tanhP4 = 1.32656206e-08
	tanhQ1 = 0.467110616
	tanhQ2 = 0.0258621675
	tanhQ3 = 0.000327926427
	tanhQ4 = 7.74015748e-07
)

// Φ(-a) = e^(-a²/2)·P(a)/Q(a) for the normal distribution function Φ on
// 0 <= a <= millsMax, to 6e-9; beyond, a·e^(-a²/2) is zero in float32.
const (
	millsMax = 14.9

	millsP0 = 0.500000003
	millsP1 = 0.438296581
	millsP2 = 0.183236366
	millsP3 = 0.0406336468
	millsP4 = 0.0041163734
	millsQ1 = 1.67447814
	millsQ2 = 1.2025082
	millsQ3 = 0.469473879
	millsQ4 = 0.101859895
	millsQ5 = 0.0103180982

	normalDensity0 = 0.398942280401 // 1/√(2π)
)

// log(1+z) = z·(logC0 + logC1·z + … + logC9·z⁹) on 0 <= z <= 1, to 5e-9.
const (
	logC0 = 0.999999995287
	logC1 = -0.499999024233
	logC2 = 0.333299624264
	logC3 = -0.24954133732
	logC4 = 0.196759395611
	logC5 = -0.153055932639
	logC6 = 0.106036558198
	logC7 = -0.0569595416307
	logC8 = 0.0198514654704
	logC9 = -0.00324402571455
)
