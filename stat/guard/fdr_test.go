package guard

import (
	"math/rand/v2"
	"testing"

	"pare/internal/kernel/parallel"
)

// TestFalseDiscoveryRate simulates and demands that the mean false discovery
// proportion is not above q by more than three standard errors, and that the
// guard finds the planted features.
func TestFalseDiscoveryRate(t *testing.T) {
	const q = 0.2
	for _, c := range []struct {
		name           string
		n, p, step     int
		long, estimate bool
		o              KnockoffOptions
		power          float64
	}{
		{name: "difference", n: 50, p: 70, step: 7, o: KnockoffOptions{Statistic: coefficientDifference(lassoAt(0.1))}, power: 0.5},
		{name: "signed max", n: 50, p: 70, step: 10, o: KnockoffOptions{Statistic: SignedMax(lassoPath, 30, 0.1), Method: SDP}, power: 0.3},
		{name: "fixed", n: 70, p: 30, step: 3, o: KnockoffOptions{Statistic: SignedMax(lassoPath, 30, 0.05), FixedX: true}, power: 0.5},
		{name: "fixed with added rows", n: 45, p: 30, step: 3, o: KnockoffOptions{Statistic: SignedMax(lassoPath, 30, 0.05), FixedX: true}, power: 0.2},
		{name: "long", long: true, n: 200, p: 400, step: 20, o: KnockoffOptions{Statistic: coefficientDifference(lassoAt(0.1))}, power: 0.5},
		{name: "long estimated", long: true, estimate: true, n: 100, p: 200, step: 20, o: KnockoffOptions{Statistic: coefficientDifference(lassoAt(0.1))}, power: 0.3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.long && !*long {
				t.Skip("with -long")
			}
			c.o.Q = q
			repetitions := 60
			if *long {
				repetitions = 200
			}
			if !c.o.FixedX && !c.estimate {
				var err error
				if c.o.Sampler, err = NewSampler(autoregressiveGaussian(c.p, 0.3), c.o.Method); err != nil {
					t.Fatal(err)
				}
			}
			fdp, power := make([]float64, repetitions), make([]float64, repetitions)
			errs := make([]error, repetitions)
			parallel.Of(0, repetitions, func(k int) {
				rng := rand.New(rand.NewPCG(uint64(k), 99))
				x := autoregressive(c.n, c.p, 0.3, rng)
				y := planted(x, c.step, 1.5, rng)
				s, err := Knockoffs(x, y, c.o, rng)
				if err != nil {
					errs[k] = err
					return
				}
				fdp[k], power[k] = rates(s.Selected, c.p, c.step)
			})
			for _, err := range errs {
				if err != nil {
					t.Fatal(err)
				}
			}
			rate, se := meanAndError(fdp)
			found, _ := meanAndError(power)
			t.Logf("false discovery rate %.3f ± %.3f at q = %v, power %.2f", rate, se, q, found)
			if rate > q+3*se {
				t.Errorf("false discovery rate %.3f ± %.3f is above %v", rate, se, q)
			}
			if found < c.power {
				t.Errorf("power %.2f, want %v", found, c.power)
			}
		})
	}
}

// TestNothingToFind: with y of noise alone the selection is empty but in a
// share q of runs, and that is no error.
func TestNothingToFind(t *testing.T) {
	const n, p, q, repetitions = 50, 30, 0.2, 100
	sampler, err := NewSampler(autoregressiveGaussian(p, 0.3), MVR)
	if err != nil {
		t.Fatal(err)
	}
	wrong := make([]float64, repetitions)
	for k := range wrong {
		rng := rand.New(rand.NewPCG(uint64(k), 7))
		x := autoregressive(n, p, 0.3, rng)
		y := planted(x, p+1, 0, rng)
		s, err := Knockoffs(x, y, KnockoffOptions{Q: q, Statistic: coefficientDifference(lassoAt(0.3)), Sampler: sampler}, rng)
		if err != nil {
			t.Fatal(err)
		}
		if s.Selected == nil {
			t.Fatal("an empty selection is nil")
		}
		if len(s.Selected) > 0 {
			wrong[k] = 1
		}
	}
	if rate, se := meanAndError(wrong); rate > q+3*max(se, 0.04) {
		t.Errorf("something was found in %v of runs", rate)
	}
}
