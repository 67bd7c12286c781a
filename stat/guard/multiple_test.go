package guard

import (
	"math"
	"math/rand/v2"
	"testing"

	"pare/internal/f64"
	"pare/internal/kernel/parallel"
)

// TestMultipleExchangeable: features and any of their copies have the same
// correlations with all others.
func TestMultipleExchangeable(t *testing.T) {
	const n, p, copies = 40_000, 4, 3
	rng := rand.New(rand.NewPCG(13, 4))
	x := autoregressive(n, p, 0.6, rng)
	for i := range x.Column(2) {
		x.Data[2*n+i] = 5 + 100*x.Data[2*n+i]
	}
	g, err := EstimateGaussian(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []Method{MVR, SDP, Equicorrelated} {
		k, err := newSampler(g, m, copies)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Sample(x, rng); err == nil {
			t.Errorf("%v: one knockoff of a sampler of %d", m, copies)
		}
		all, err := k.beside(x, rng)
		if err != nil {
			t.Fatal(err)
		}
		z, _, _ := all.standardized()
		corr := func(a, b int) float64 { return f64.Dot(z.Column(a), z.Column(b)) / n }
		for a := range all.Cols {
			for b := range a {
				i, j := a%p, b%p
				want := corr(i, j)
				if i == j {
					want = 1 - k.Distances()[i]
				}
				if got := corr(a, b); math.Abs(got-want) > 0.03 {
					t.Errorf("%v: columns %d and %d correlate %v, want %v", m, a, b, got, want)
				}
			}
		}
	}
}

// TestMultipleOfIndependent: distances of independent features are 1, however many
// copies there are, and one copy has the distances of ordinary knockoffs.
func TestMultipleOfIndependent(t *testing.T) {
	for _, copies := range []int{1, 2, 10} {
		s, err := distances(autoregressiveGaussian(5, 0).Covariance, 5, MVR, copies)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range s {
			if math.Abs(v-1) > 1e-3 {
				t.Errorf("%d copies: distance %v", copies, v)
			}
		}
	}
}

// TestMultipleFindsFew: one knockoff can select 1/q features or none; ten can select
// two, and keep the false discovery rate.
func TestMultipleFindsFew(t *testing.T) {
	const n, p, q, repetitions = 60, 20, 0.1, 50
	fdp, power := make([]float64, repetitions), make([]float64, repetitions)
	errs := make([]error, repetitions)
	one := 0
	parallel.Of(0, repetitions, func(k int) {
		rng := rand.New(rand.NewPCG(uint64(k), 31))
		x := autoregressive(n, p, 0.3, rng)
		y := planted(x, 10, 1.5, rng)
		var s *Selection
		if s, errs[k] = MultipleKnockoffs(x, y, MultipleOptions{Q: q, Copies: 10, Importance: Area(lassoPath, 30, 0.05)}, rng); errs[k] != nil {
			return
		}
		fdp[k], power[k] = rates(s.Selected, p, 10)
	})
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	rng := rand.New(rand.NewPCG(5, 31))
	x := autoregressive(n, p, 0.3, rng)
	s, err := Knockoffs(x, planted(x, 10, 1.5, rng), KnockoffOptions{Q: q, Statistic: SignedMax(lassoPath, 30, 0.05)}, rng)
	if err != nil {
		t.Fatal(err)
	}
	one = len(s.Selected)
	rate, se := meanAndError(fdp)
	found, _ := meanAndError(power)
	t.Logf("false discovery rate %.3f ± %.3f, power %.2f", rate, se, found)
	if rate > q+3*se {
		t.Errorf("false discovery rate %.3f ± %.3f", rate, se)
	}
	if found < 0.8 {
		t.Errorf("power %.2f", found)
	}
	if one != 0 && one < 10 {
		t.Errorf("knockoff+ selects %d features", one)
	}
}

func TestMultipleBadInput(t *testing.T) {
	x := autoregressive(20, 3, 0, rand.New(rand.NewPCG(1, 1)))
	y := make([]float64, 20)
	ones := func(x Matrix, _ []float64, _ *rand.Rand) ([]float64, error) { return make([]float64, x.Cols), nil }
	for name, o := range map[string]MultipleOptions{
		"q":          {Q: 1, Copies: 2, Importance: ones},
		"copies":     {Q: 0.1, Importance: ones},
		"importance": {Q: 0.1, Copies: 2},
		"negative": {Q: 0.1, Copies: 2, Importance: func(x Matrix, _ []float64, _ *rand.Rand) ([]float64, error) {
			z := make([]float64, x.Cols)
			z[4] = -1
			return z, nil
		}},
	} {
		if _, err := MultipleKnockoffs(x, y, o, rand.New(rand.NewPCG(1, 2))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	s, err := MultipleKnockoffs(x, y, MultipleOptions{Q: 0.1, Copies: 2, Importance: ones}, rand.New(rand.NewPCG(1, 2)))
	if err != nil || s.Selected == nil || len(s.Selected) != 0 {
		t.Errorf("nothing to find: %v, %v", s, err)
	}
}
