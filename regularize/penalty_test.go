package regularize

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func penaltiesUnderTest() map[string]Penalty {
	return map[string]Penalty{
		"l1": L1{}, "group_lasso": GroupLasso{}, "elastic_net": &ElasticNet{Alpha: 0.7},
		"nonnegative l1": NonNegative{L1{}}, "nonnegative group": NonNegative{GroupLasso{}},
	}
}

var values = rapid.Float32Range(-3, 3)

// objective is ½Σ dᵢ(xᵢ−wᵢ)² + τ·f(x), +∞ outside the domain.
func objective(p Penalty, x, w, d []float32, tau float32) float64 {
	sum := 0.0
	for i := range x {
		if _, ok := p.(NonNegative); ok && x[i] < 0 {
			return math.Inf(1)
		}
		sum += 0.5 * float64(d[i]) * sq(float64(x[i])-float64(w[i]))
	}
	return sum + float64(tau)*p.Value(x)
}

func sq(x float64) float64 { return x * x }

// A proximal point x satisfies F(y) ≥ F(x) + ½Σ dᵢ(yᵢ−xᵢ)² for every y, because F
// minus its quadratic part is convex; no other point does.
func TestProxMinimises(t *testing.T) {
	for name, p := range penaltiesUnderTest() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				n := rapid.IntRange(1, 6).Draw(t, "n")
				w := rapid.SliceOfN(values, n, n).Draw(t, "w")
				d := rapid.SliceOfN(rapid.OneOf(rapid.Just[float32](0), rapid.Just[float32](1e-8), rapid.Float32Range(0.01, 4)), n, n).Draw(t, "d")
				tau := rapid.Float32Range(0, 3).Draw(t, "tau")
				if rapid.Bool().Draw(t, "euclidean") {
					for i := range d {
						d[i] = 1
					}
					x := slices.Clone(w)
					p.Prox(x, nil, tau)
					checkMinimum(t, p, x, w, d, tau)
				}
				x := slices.Clone(w)
				p.Prox(x, d, tau)
				checkMinimum(t, p, x, w, d, tau)
			})
		})
	}
}

func checkMinimum(t *rapid.T, p Penalty, x, w, d []float32, tau float32) {
	rng := rand.New(rand.NewPCG(1, 2))
	best := objective(p, x, w, d, tau)
	if math.IsInf(best, 0) || math.IsNaN(best) {
		t.Fatalf("prox of %v is %v", w, x)
	}
	try := func(y []float32) {
		gain := 0.0
		for i := range y {
			gain += 0.5 * float64(d[i]) * sq(float64(y[i])-float64(x[i]))
		}
		if f := objective(p, y, w, d, tau); f < best+gain-1e-5*(1+best+gain) {
			t.Fatalf("prox of %v with d %v and τ %g is %v with objective %g, but %v has %g", w, d, tau, x, best, y, f)
		}
	}
	try(make([]float32, len(w)))
	try(w)
	for k := range 60 {
		y := slices.Clone(x)
		scale := math.Pow(10, -float64(k%4))
		for i := range y {
			y[i] += float32(rng.NormFloat64() * scale)
		}
		try(y)
		for i := range y { // one coordinate at a time
			z := slices.Clone(x)
			z[i] = y[i]
			try(z)
		}
	}
}

func TestProxMetricWithOnesIsProx(t *testing.T) {
	for name, p := range penaltiesUnderTest() {
		rapid.Check(t, func(t *rapid.T) {
			w := rapid.SliceOfN(values, 1, 8).Draw(t, "w")
			tau := rapid.Float32Range(0, 3).Draw(t, "tau")
			a, b, d := slices.Clone(w), slices.Clone(w), make([]float32, len(w))
			ones(d)
			p.Prox(a, nil, tau)
			p.Prox(b, d, tau)
			for i := range a {
				if math.Abs(float64(a[i]-b[i])) > 1e-5 {
					t.Fatalf("%s: %v against %v", name, a, b)
				}
			}
		})
	}
}

// The metric of Adam spans many powers of ten.
func TestGroupMetricOfWideRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "n")
		w := rapid.SliceOfN(values, n, n).Draw(t, "w")
		d := make([]float32, n)
		for i, e := range rapid.SliceOfN(rapid.Float64Range(-8, 2), n, n).Draw(t, "log d") {
			d[i] = float32(math.Pow(10, e))
		}
		tau := float32(math.Pow(10, rapid.Float64Range(-6, 1).Draw(t, "log τ")))
		x := slices.Clone(w)
		GroupLasso{}.Prox(x, d, tau)
		theta, scaled, residual := norm(x), 0.0, 0.0
		for i := range w {
			scaled += sq(float64(d[i]) * float64(w[i]))
		}
		if theta == 0 {
			if math.Sqrt(scaled) > float64(tau)*(1+1e-5) {
				t.Fatalf("zero although ‖d⊙w‖ = %g exceeds τ = %g", math.Sqrt(scaled), tau)
			}
			return
		}
		for i := range w { // 0 = d(x−w) + τx/‖x‖
			residual += sq(float64(d[i])*(float64(x[i])-float64(w[i])) + float64(tau)*float64(x[i])/theta)
		}
		if math.Sqrt(residual) > 1e-4*math.Sqrt(scaled) {
			t.Fatalf("w %v, d %v, τ %g: x %v leaves %g", w, d, tau, x, math.Sqrt(residual))
		}
	})
}

func TestSubgradientIsDerivative(t *testing.T) {
	const h = 1e-3
	for name, p := range penaltiesUnderTest() {
		rapid.Check(t, func(t *rapid.T) {
			w := rapid.SliceOfN(rapid.Float32Range(0.1, 3), 1, 6).Draw(t, "w")
			for i := range w {
				if rapid.Bool().Draw(t, "negative") {
					w[i] = -w[i]
				}
			}
			g := make([]float32, len(w))
			p.Subgradient(g, w)
			for i := range w {
				up, down := slices.Clone(w), slices.Clone(w)
				up[i] += h
				down[i] -= h
				slope := (p.Value(up) - p.Value(down)) / (float64(up[i]) - float64(down[i]))
				if math.Abs(slope-float64(g[i])) > 2e-3 {
					t.Fatalf("%s at %v: ∂%d is %g, expected %g", name, w, i, g[i], slope)
				}
			}
		})
	}
}

func TestPenaltiesAtZeroAndNaN(t *testing.T) {
	nan := float32(math.NaN())
	penalties := penaltiesUnderTest()
	penalties["group_mcp"] = &GroupMCP{Alpha: 0.5}
	for name, p := range penalties {
		g := []float32{1, 1}
		p.Subgradient(g, []float32{0, 0})
		if g[0] != 0 || g[1] != 0 || p.Value([]float32{0, 0}) != 0 {
			t.Errorf("%s at 0: subgradient %v, value %g", name, g, p.Value([]float32{0, 0}))
		}
		w := []float32{-1e-3, 1e-3}
		p.Prox(w, nil, 1)
		if math.Float32bits(w[0]) != 0 || math.Float32bits(w[1]) != 0 {
			t.Errorf("%s: %v is not +0", name, w)
		}
		w = []float32{nan}
		p.Prox(w, nil, 1)
		m := []float32{nan}
		p.Prox(m, []float32{1}, 1)
		if w[0] == w[0] || m[0] == m[0] {
			t.Errorf("%s hides NaN: %v, %v", name, w, m)
		}
		m = []float32{1}
		p.Prox(m, []float32{nan}, 0.1)
		if m[0] == m[0] {
			t.Errorf("%s hides a NaN of the metric: %v", name, m)
		}
	}
}

func TestRegistry(t *testing.T) {
	for _, k := range []string{"l1", "group_lasso", "elastic_net"} {
		if !slices.Contains(OnParameters(), k) || Penalties.Doc(k) == "" {
			t.Errorf("%s is not registered with a line of documentation", k)
		}
		if p, err := Penalties.New(k); err != nil || p.Kind() != k {
			t.Errorf("New(%q) = %v, %v", k, p, err)
		}
	}
	if _, err := Penalties.New("ridge"); err == nil {
		t.Error("an unknown kind is no error")
	}
}
