package vector

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
)

func sigmoid64(x float64) float64 {
	if x < 0 {
		return math.Exp(x) / (1 + math.Exp(x))
	}
	return 1 / (1 + math.Exp(-x))
}

func normal64(x float64) float64  { return 0.5 * math.Erfc(-x/math.Sqrt2) }
func density64(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }

// mappings lists the functions of one value with their references and limits
// at -Inf and Inf.
var mappings = []struct {
	name      string
	f         func(dst, x []float32)
	want      func(x float64) float64
	low, high float32
}{
	{"tanh", Tanh, math.Tanh, -1, 1},
	{"sigmoid", Sigmoid, sigmoid64, 0, 1},
	{"gelu", GELU, func(x float64) float64 { return x * normal64(x) }, 0, float32(math.Inf(1))},
	{"silu", SiLU, func(x float64) float64 { return x * sigmoid64(x) }, 0, float32(math.Inf(1))},
	{"elu", ELU, func(x float64) float64 { return max(x, 0) + math.Expm1(min(x, 0)) }, -1, float32(math.Inf(1))},
	{"softplus", Softplus, func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }, 0, float32(math.Inf(1))},
	{"mish", Mish, func(x float64) float64 { return x * mishTanh64(x) }, 0, float32(math.Inf(1))},
	{"gelu_tanh", GELUTanh, func(x float64) float64 { return x * sigmoid64(geluExponent64(x)) }, 0, float32(math.Inf(1))},
	{"hardswish", HardSwish, func(x float64) float64 { return x * min(max(x+3, 0), 6) / 6 }, 0, float32(math.Inf(1))},
}

// mishTanh64 is tanh(log(1 + e^x)).
func mishTanh64(x float64) float64 {
	if x > 300 {
		return 1
	}
	n := math.Exp(x) * (math.Exp(x) + 2)
	return n / (n + 2)
}

// geluExponent64 is the exponent of GELUTanh, and geluSlope64 its derivative.
func geluExponent64(x float64) float64 { return 2 * math.Sqrt(2/math.Pi) * (x + 0.044715*x*x*x) }
func geluSlope64(x float64) float64    { return 2 * math.Sqrt(2/math.Pi) * (1 + 3*0.044715*x*x) }

// gradients lists the backward forms. v is the input or the output, whichever
// they take. Their error is relative to size: the derivative without the cancellation
// of its terms.
var gradients = []struct {
	name       string
	f          func(dx, v, dy []float32)
	want, size func(v float64) float64
	lo, hi     float64 // of v
}{
	{"tanh", TanhBackward, func(y float64) float64 { return (1 - y) * (1 + y) }, nil, -1, 1},
	{"sigmoid", SigmoidBackward, func(y float64) float64 { return y * (1 - y) }, nil, 0, 1},
	{"gelu", GELUBackward, func(x float64) float64 { return normal64(x) + x*density64(x) },
		func(x float64) float64 { return normal64(x) + math.Abs(x)*density64(x) }, math.Inf(-1), math.Inf(1)},
	{"silu", SiLUBackward, func(x float64) float64 { return sigmoid64(x) * (1 + x*sigmoid64(-x)) },
		func(x float64) float64 { return sigmoid64(x) * (1 + math.Abs(x)*sigmoid64(-x)) }, math.Inf(-1), math.Inf(1)},
	{"elu", ELUBackward, func(y float64) float64 { return min(y, 0) + 1 }, nil, -1, math.Inf(1)},
	{"softplus", SoftplusBackward, func(y float64) float64 { return -math.Expm1(-y) }, nil, 0, math.Inf(1)},
	{"mish", MishBackward, mishSlope(func(x float64) float64 { return x }), mishSlope(math.Abs), math.Inf(-1), math.Inf(1)},
	{"gelu_tanh", GELUTanhBackward, geluTanhSlope(func(x float64) float64 { return x }), geluTanhSlope(math.Abs),
		math.Inf(-1), math.Inf(1)},
	{"hardswish", HardSwishBackward, hardSwishSlope(func(x float64) float64 { return x }), hardSwishSlope(math.Abs),
		math.Inf(-1), math.Inf(1)},
}

// The derivatives with x, which may cancel, replaced by f(x) in one term.
func mishSlope(f func(float64) float64) func(x float64) float64 {
	return func(x float64) float64 {
		t := mishTanh64(x)
		if x > 300 {
			return t
		}
		n := math.Exp(x)*(math.Exp(x)+2) + 2
		return t + 4*f(x)*math.Exp(x)*(1+math.Exp(x))/n/n
	}
}

func geluTanhSlope(f func(float64) float64) func(x float64) float64 {
	return func(x float64) float64 {
		w := geluExponent64(x)
		if math.Abs(x) > 100 {
			return sigmoid64(w)
		}
		return sigmoid64(w) + f(x)*sigmoid64(w)*sigmoid64(-w)*geluSlope64(x)
	}
}

func hardSwishSlope(f func(float64) float64) func(x float64) float64 {
	return func(x float64) float64 {
		if math.Abs(x) >= 3 {
			return max(0, math.Copysign(1, x))
		}
		return f(x)/3 + 0.5
	}
}

// everyMagnitude returns values of random bits and a dense sweep of where the
// functions are not saturated, in [lo,hi] and neither NaN nor infinite.
func everyMagnitude(lo, hi float64) []float32 {
	r := kerneltest.Rand(40)
	var x []float32
	add := func(v float32) {
		if f := float64(v); f >= lo && f <= hi && !math.IsInf(f, 0) {
			x = append(x, v)
		}
	}
	for range 60_000 {
		add(math.Float32frombits(r.Uint32()))
	}
	for v := -130.0; v < 130; v += 0.0071 {
		add(float32(v))
		add(float32(v / 100))
	}
	for e := -149.0; e < 128; e++ {
		v := float32(math.Exp2(e))
		for _, v := range []float32{v, math.Nextafter32(v, 0), v * 1.5} {
			add(v)
			add(-v)
		}
	}
	for _, v := range []float32{0, 3, expMin, expm1Min, tanhMax, millsMax, geluTanhMax, expFar, math.MaxFloat32} {
		for _, v := range []float32{v, math.Nextafter32(v, 1000), math.Nextafter32(v, -1000)} {
			add(v)
			add(-v)
		}
	}
	return x
}

// accurate fails unless got is within 4e-7 of want relative to size;
// subnormal values may be zero.
func accurate(t *testing.T, what string, x, got float32, want, size float64) {
	t.Helper()
	tol := 4e-7 * math.Abs(size)
	if math.Abs(want) < 0x1p-126*(1+4e-7) {
		tol += 0x1p-126
	}
	if math.Abs(want) > math.MaxFloat32 {
		want = math.Copysign(math.Inf(1), want)
	}
	if !(math.Abs(float64(got)-want) <= tol || float64(got) == want) {
		t.Fatalf("%s(%v) is %v, want %v", what, x, got, want)
	}
}

func TestActivations(t *testing.T) {
	x := everyMagnitude(math.Inf(-1), math.Inf(1))
	y := make([]float32, len(x))
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, c := range mappings {
			c.f(y, x)
			for i, v := range x {
				want := c.want(float64(v))
				accurate(t, c.name, v, y[i], want, want)
				if c.name == "tanh" && math.Abs(float64(y[i])) > 1 {
					t.Fatalf("tanh(%v) is %v", v, y[i])
				}
			}
			inf := float32(math.Inf(1))
			special := []float32{-inf, inf, kerneltest.NaN, -kerneltest.NaN, math.Float32frombits(0x7fc12345), math.Float32frombits(0xffffffff)}
			c.f(special, special)
			if special[0] != c.low || special[1] != c.high {
				t.Errorf("%s is %v and %v at the infinities", c.name, special[0], special[1])
			}
			for _, v := range special[2:] {
				if v == v {
					t.Errorf("%s loses NaN", c.name)
				}
			}
		}
	})
}

func TestActivationGradients(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(41)
		for _, c := range gradients {
			v := everyMagnitude(c.lo, c.hi)
			dy, dx := kerneltest.Slice(r, len(v)), make([]float32, len(v))
			c.f(dx, v, dy)
			for i, x := range v {
				want, g := c.want(float64(x)), float64(dy[i])
				size := want
				if c.size != nil {
					size = c.size(float64(x))
				}
				accurate(t, c.name+" gradient", x, dx[i], want*g, size*g)
			}
			lo, hi := float32(c.lo), float32(c.hi)
			special := []float32{lo, hi, kerneltest.NaN, -kerneltest.NaN, 1}
			c.f(special, special, []float32{1, 1, 1, 1, kerneltest.NaN})
			for i, v := range special {
				if (v != v) != (i >= 2) {
					t.Errorf("%s gradient: value %d is %v", c.name, i, v)
				}
			}
		}
	})
}

func TestLeakyReLU(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		inf := float32(math.Inf(1))
		for _, n := range []int{5, 8, 21} {
			x, dy, y, dx := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
			for i := range x {
				x[i] = []float32{-2, 0, 3, -inf, inf}[i%5]
				dy[i] = float32(i + 1)
			}
			LeakyReLU(y, x, 0.5)
			LeakyReLUBackward(dx, y, dy, 0.5)
			for i := range x {
				want, slope := []float32{-1, 0, 3, -inf, inf}[i%5], []float32{0.5, 0.5, 1, 0.5, 1}[i%5]
				if y[i] != want || dx[i] != slope*dy[i] {
					t.Errorf("%d of %d: %v and gradient %v", i, n, y[i], dx[i])
				}
			}
			x[n-1] = kerneltest.NaN
			if LeakyReLU(y, x, 0.5); y[n-1] == y[n-1] {
				t.Error("NaN is lost")
			}
		}
	})
}

// TestActivationTails holds that a value does not depend on its place or on
// the length, that nothing beyond the end is written and that dst may be an
// input.
func TestActivationTails(t *testing.T) {
	type run func(dst, x, dy []float32)
	cases := map[string]run{
		"leaky":          func(dst, x, _ []float32) { LeakyReLU(dst, x, 0.1) },
		"leaky gradient": func(dst, x, dy []float32) { LeakyReLUBackward(dst, x, dy, 0.1) },
		"clip":           func(dst, x, _ []float32) { Clip(dst, x, -0.5, 0.5) },
		"clip gradient":  func(dst, x, dy []float32) { ClipBackward(dst, x, dy, -0.5, 0.5) },
		"hardsigmoid":    func(dst, x, _ []float32) { HardSigmoid(dst, x) },
	}
	for _, c := range mappings {
		cases[c.name] = func(dst, x, _ []float32) { c.f(dst, x) }
	}
	for _, c := range gradients {
		cases[c.name+" gradient"] = c.f
	}
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(42)
		x, dy := kerneltest.Slice(r, 40), kerneltest.Slice(r, 40)
		for name, f := range cases {
			want := make([]float32, len(x))
			for i := range x {
				f(want[i:i+1], x[i:], dy[i:])
			}
			for n := range len(x) {
				for _, dst := range [][]float32{kerneltest.Slice(r, 40), append([]float32(nil), x...), append([]float32(nil), dy...)} {
					in, g, last := x, dy, dst[n]
					if dst[39] == x[39] {
						in = dst
					} else if dst[39] == dy[39] {
						g = dst
					}
					f(dst[:n], in, g)
					kerneltest.Same(t, fmt.Sprint(name, n), dst[:n], want)
					if dst[n] != last {
						t.Fatalf("%s writes past %d values", name, n)
					}
				}
			}
		}
	})
}

func TestActivationThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(43)
	n := 2*parallel.Chunk + 13
	x, dy, d := kerneltest.Slice(r, n), kerneltest.Slice(r, n), make([]float32, n)
	for name, f := range map[string]func() []float32{
		"gelu":           func() []float32 { GELU(d, x); return d },
		"gelu gradient":  func() []float32 { GELUBackward(d, x, dy); return d },
		"leaky":          func() []float32 { LeakyReLU(d, x, 0.1); return d },
		"leaky gradient": func() []float32 { LeakyReLUBackward(d, x, dy, 0.1); return d },
	} {
		a, b := kerneltest.WithThreads(f)
		kerneltest.Same(t, name, a, b)
		kerneltest.NoAllocs(t, name, func() { f() })
	}
}

func BenchmarkActivations(b *testing.B) {
	for _, n := range []int{16 << 10, 1 << 20} {
		r := kerneltest.Rand(44)
		x, dy, d := kerneltest.Aligned(r, n), kerneltest.Aligned(r, n), make([]float32, n)
		Scale(x, x, 4)
		bench := func(name string, f func()) {
			b.Run(fmt.Sprint(name, "/", n), func(b *testing.B) {
				b.SetBytes(int64(4 * n))
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/value")
			})
		}
		for _, c := range mappings {
			bench(c.name, func() { c.f(d, x) })
		}
		for _, c := range gradients {
			bench(c.name+"Backward", func() { c.f(d, x, dy) })
		}
		bench("leaky", func() { LeakyReLU(d, x, 0.01) })
		bench("leakyBackward", func() { LeakyReLUBackward(d, x, dy, 0.01) })
	}
}
