package guard

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"pare/internal/f64"
)

// TestDistances: 2Σ − S is never indefinite, MVR has the smaller trace, SDP the
// larger sum, and each beats small changes of its own objective.
func TestDistances(t *testing.T) {
	g := autoregressiveGaussian(12, 0.7)
	sigma := mat.NewSymDense(12, g.Covariance)
	trace := func(s []float64) float64 {
		a := mat.NewDense(12, 12, nil)
		sum := 0.0
		for i := range 12 {
			for j := range 12 {
				a.Set(i, j, 2*sigma.At(i, j))
			}
			a.Set(i, i, 2-s[i])
			sum += 1 / s[i]
		}
		var inverse mat.Dense
		if err := inverse.Inverse(a); err != nil {
			return math.Inf(1)
		}
		return sum + mat.Trace(&inverse)
	}
	total := func(s []float64) float64 {
		sum := 0.0
		for _, v := range s {
			sum += v
		}
		return sum
	}
	byMethod := map[Method][]float64{}
	for _, m := range []Method{MVR, SDP, Equicorrelated} {
		s, err := distances(mat.DenseCopyOf(sigma).RawMatrix().Data, 12, m, 1)
		if err != nil {
			t.Fatal(err)
		}
		byMethod[m] = s
		var eigen mat.EigenSym
		v := mat.NewSymDense(12, nil)
		for i := range 12 {
			for j := i; j < 12; j++ {
				v.SetSym(i, j, 2*sigma.At(i, j))
			}
			v.SetSym(i, i, 2-s[i])
			if s[i] < 0 || (m != MVR && s[i] > 1) {
				t.Errorf("%v: s %d is %v", m, i, s[i])
			}
		}
		eigen.Factorize(v, false)
		if low := eigen.Values(nil)[0]; low < -1e-10 {
			t.Errorf("%v: smallest eigenvalue of 2Σ − S is %v", m, low)
		}
	}
	best := trace(byMethod[MVR])
	if others := min(trace(byMethod[SDP]), trace(byMethod[Equicorrelated])); best >= others {
		t.Errorf("trace of MVR %v, of another %v", best, others)
	}
	for j := range 12 {
		for _, d := range []float64{-1e-2, 1e-2} {
			s := slices.Clone(byMethod[MVR])
			s[j] += d
			if got := trace(s); got < best-1e-6 {
				t.Errorf("trace %v after moving s %d by %v, %v before", got, j, d, best)
			}
		}
	}
	if a, b := total(byMethod[SDP]), total(byMethod[Equicorrelated]); a < b {
		t.Errorf("sum of SDP %v, of equicorrelated %v", a, b)
	}
	// Closed form: with equal correlations ρ ≥ 1/2 all optimal s are 2(1−ρ).
	rho := 0.8
	same := mat.NewSymDense(6, nil)
	for i := range 6 {
		for j := i; j < 6; j++ {
			same.SetSym(i, j, rho)
		}
		same.SetSym(i, i, 1)
	}
	s, err := distances(mat.DenseCopyOf(same).RawMatrix().Data, 6, Equicorrelated, 1)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(s[0]-0.4) > 1e-9 {
		t.Errorf("equicorrelated s %v, want 0.4", s[0])
	}
	s, err = distances(mat.DenseCopyOf(same).RawMatrix().Data, 6, SDP, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := total(s); got < 2.39 {
		t.Errorf("sum of SDP %v, want at least 6 × 0.4", got)
	}
	_, err = distances([]float64{1, 1, 1, 1}, 2, MVR, 1)
	if err == nil || !strings.Contains(err.Error(), "singular") {
		t.Errorf("copies: %v", err)
	}
}

// TestExchangeable: features and knockoffs have the joint second moments that
// make any exchange of pairs invisible.
func TestExchangeable(t *testing.T) {
	const n, p = 40_000, 6
	rng := rand.New(rand.NewPCG(3, 4))
	x := autoregressive(n, p, 0.6, rng)
	for i := range x.Column(2) {
		x.Data[2*n+i] = 5 + 100*x.Data[2*n+i]
	}
	g, err := EstimateGaussian(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []Method{MVR, SDP, Equicorrelated} {
		k, err := NewSampler(g, m)
		if err != nil {
			t.Fatal(err)
		}
		knock, err := k.Sample(x, rng)
		if err != nil {
			t.Fatal(err)
		}
		both, _, scale := x.beside(knock).standardized()
		for j := range p {
			if math.Abs(scale[j]/scale[j+p]-1) > 0.03 {
				t.Errorf("%v: deviations %v and %v", m, scale[j], scale[j+p])
			}
		}
		corr := func(a, b int) float64 { return f64.Dot(both.Column(a), both.Column(b)) / n }
		for i := range p {
			for j := range p {
				want := corr(i, j)
				if math.Abs(corr(i+p, j+p)-want) > 0.03 {
					t.Errorf("%v: knockoffs %d and %d correlate %v, features %v", m, i, j, corr(i+p, j+p), want)
				}
				if i == j {
					want -= k.Distances()[i]
				}
				if math.Abs(corr(i, j+p)-want) > 0.03 {
					t.Errorf("%v: feature %d and knockoff %d correlate %v, want %v", m, i, j, corr(i, j+p), want)
				}
			}
		}
	}
}

// TestSignChangesWithAnExchange: exchanging columns flips their sign and
// nothing else.
func TestSignChangesWithAnExchange(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const n, p = 60, 10
	x := autoregressive(n, p, 0.3, rng)
	y := planted(x, 2, 0.7, rng)
	k, err := NewSampler(autoregressiveGaussian(p, 0.3), MVR)
	if err != nil {
		t.Fatal(err)
	}
	knock, err := k.Sample(x, rng)
	if err != nil {
		t.Fatal(err)
	}
	both := x.beside(knock)
	swapped := x.beside(knock)
	for _, j := range []int{0, 3, 7} {
		copy(swapped.Column(j), both.Column(j+p))
		copy(swapped.Column(j+p), both.Column(j))
	}
	for name, s := range map[string]Statistic{
		"difference": coefficientDifference(lassoAt(0.05)),
		"signed max": SignedMax(lassoPath, 60, 0.02),
		"area":       Difference(Area(lassoPath, 60, 0.02)),
	} {
		a, err := s(both, y, rng)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s(swapped, y, rng)
		if err != nil {
			t.Fatal(err)
		}
		nonzero := 0
		for j := range a {
			want := a[j]
			if j == 0 || j == 3 || j == 7 {
				want = -want
			}
			if math.Abs(b[j]-want) > 1e-3 {
				t.Errorf("%s: w %d is %v after the exchange, want %v", name, j, b[j], want)
			}
			if a[j] != 0 {
				nonzero++
			}
		}
		if nonzero < 5 {
			t.Errorf("%s: %d of %d are not 0", name, nonzero, p)
		}
	}
}

func TestKnockoffErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	x := autoregressive(20, 3, 0, rng)
	y := make([]float64, 20)
	s := coefficientDifference(lassoAt(0.1))
	for want, o := range map[string]KnockoffOptions{
		"false discovery rate":          {Q: 0, Statistic: s},
		"need a statistic":              {Q: 0.1},
		"no distribution":               {Q: 0.1, Statistic: s, FixedX: true, Distribution: autoregressiveGaussian(3, 0)},
		"3 columns, the distribution 4": {Q: 0.1, Statistic: s, Distribution: autoregressiveGaussian(4, 0)},
		"unknown method":                {Q: 0.1, Statistic: s, Method: 9},
	} {
		if _, err := Knockoffs(x, y, o, rng); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	x.Data[25] = math.NaN()
	if _, err := Knockoffs(x, y, KnockoffOptions{Q: 0.1, Statistic: s}, rng); err == nil ||
		err.Error() != "row 6, column 2 of the design: NaN is not finite" {
		t.Errorf("NaN: %v", err)
	}
}

func TestConstantAndDependentColumnsAreHarmless(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	x := autoregressive(200, 14, 0, rng)
	copy(x.Column(1), x.Column(0)) // a copy
	for i := range x.Column(2) {
		x.Column(2)[i] = 7
	}
	y := planted(x, 1, 1, rng)
	s, err := Knockoffs(x, y, KnockoffOptions{Q: 0.2, Statistic: coefficientDifference(lassoAt(0.02))}, rng)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(s.Selected, 2) || len(s.Selected) < 8 {
		t.Errorf("selected %v, w %v", s.Selected, s.W)
	}
}
