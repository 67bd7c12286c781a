package regularize

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pare/internal/option"
)

// No other point has a lower objective, whatever the metric: with zeros, with values that
// hardly count, as of a pixel that is always blank, and all the same.
func TestGroupMCPProx(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &GroupMCP{Alpha: rapid.Float64Range(0.05, 1).Draw(t, "alpha")}
		n := rapid.IntRange(1, 12).Draw(t, "n")
		w := rapid.SliceOfN(values, n, n).Draw(t, "w")
		tau := rapid.Float32Range(0, 3).Draw(t, "tau")
		d := make([]float32, n)
		same := rapid.Float32Range(0.05, 4).Draw(t, "d")
		for i := range d {
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0, 1:
				d[i] = same
			case 2:
				d[i] = 1e-8
			case 3:
				d[i] = float32(math.Pow(10, rapid.Float64Range(-6, 2).Draw(t, "log d")))
			case 4:
				d[i] = float32(float64(tau)*p.Alpha) * rapid.Float32Range(0.5, 2).Draw(t, "near the bend")
			}
		}
		x := slices.Clone(w)
		p.Prox(x, d, tau)
		checkLowest(t, p, x, w, d, tau)
		if slices.Min(d) == slices.Max(d) && d[0] > 0 { // the Euclidean map of τ/d
			y := slices.Clone(w)
			p.Prox(y, nil, tau/d[0])
			if a, b := objective(p, x, w, d, tau), objective(p, y, w, d, tau); math.Abs(a-b) > 1e-5*(1+b) {
				t.Fatalf("in the metric %v with objective %g, without %v with %g", x, a, y, b)
			}
		}
	})
}

// TestGroupMCPGrid compares with all points of a grid: of the minimiser every value lies
// between 0 and the value it comes from.
func TestGroupMCPGrid(t *testing.T) {
	const side = 24
	rng := rand.New(rand.NewPCG(7, 9))
	interior := 0
	for range 400 {
		p := &GroupMCP{Alpha: 0.05 + 0.95*rng.Float64()}
		tau := float32(2 * rng.Float64())
		w, d, y := make([]float32, 3), make([]float32, 3), make([]float32, 3)
		for i := range w {
			w[i], d[i] = float32(2*rng.NormFloat64()), float32(math.Exp(2*rng.NormFloat64()))
			if rng.IntN(4) == 0 {
				d[i] = 0
			}
		}
		x := slices.Clone(w)
		p.Prox(x, d, tau)
		if float64(slices.Min(d)) <= float64(tau)*p.Alpha && norm(x) > 0 && norm(x) < 1/p.Alpha {
			interior++
		}
		best := objective(p, x, w, d, tau)
		for k := range (side + 1) * (side + 1) * (side + 1) {
			for i := range y {
				y[i] = w[i] * float32(k%(side+1)) / side
				k /= side + 1
			}
			if f := objective(p, y, w, d, tau); f < best-1e-5*(1+best) {
				t.Fatalf("prox of %v with d %v, α %g and τ %g is %v with objective %g, but %v has %g", w, d, p.Alpha, tau, x, best, y, f)
			}
		}
	}
	if interior < 40 {
		t.Errorf("in %d of 400 cases a group shrinks though a d is at most τα: the test shows nothing", interior)
	}
}

func checkLowest(t *rapid.T, p Penalty, x, w, d []float32, tau float32) {
	rng := rand.New(rand.NewPCG(1, 2))
	best := objective(p, x, w, d, tau)
	for k := range 100 {
		y := slices.Clone(w)
		for i := range y {
			y[i] = x[i] + float32(rng.NormFloat64()*math.Pow(10, -float64(k%4)))
			if k < 20 {
				y[i] = w[i] * float32(k) / 19
			}
		}
		if f := objective(p, y, w, d, tau); f < best-1e-5*(1+best) {
			t.Fatalf("prox of %v with d %v and τ %g is %v with objective %g, but %v has %g", w, d, tau, x, best, y, f)
		}
	}
}

// Group lasso for small groups, nothing for large ones.
func TestGroupMCP(t *testing.T) {
	p := &GroupMCP{Alpha: 0.5}
	for _, c := range []struct{ norm, tau, want float64 }{
		{0, 1, 0}, {0.5, 0.5, 0}, {1, 0.5, (1 - 0.5) / (1 - 0.25)}, {2, 0.5, 1}, {7, 0.5, 1}, {1.9, 3, 0}, {2.4, 3, 0}, {2.5, 3, 1}, {1, 0, 1},
	} {
		if got := p.Shrink(c.norm, c.tau); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("Shrink(%g, %g) is %g, want %g", c.norm, c.tau, got, c.want)
		}
	}
	w := []float32{0.6, -0.8}
	got := make([]float32, 2)
	p.Subgradient(got, w)
	for i, v := range w {
		if want := v * 0.5; math.Abs(float64(got[i]-want)) > 1e-6 {
			t.Errorf("subgradient %v", got)
		}
	}
	if v := p.Value([]float32{3, 4}); v != 1 {
		t.Errorf("a group beyond the bend costs %g, want 1", v)
	}
	nan := float32(math.NaN())
	for _, w := range [][]float32{{nan, 1}, {nan, nan}} {
		a, b := slices.Clone(w), slices.Clone(w)
		p.Prox(a, nil, 0.1)
		p.Prox(b, []float32{1, 1}, 0.1)
		if a[0] == a[0] || b[0] == b[0] {
			t.Errorf("NaN becomes %v and %v", a, b)
		}
	}
	for _, alpha := range []float64{0, -1, 1.5, math.NaN()} {
		if option.Check(&GroupMCP{Alpha: alpha}) == nil {
			t.Errorf("alpha %g is accepted", alpha)
		}
	}
}
