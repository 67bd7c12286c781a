package guard

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// TestLowRankIsTheDenseLaw compares an estimate without covariance and one with.
func TestLowRankIsTheDenseLaw(t *testing.T) {
	const n, p = 10, 40
	rng := rand.New(rand.NewPCG(8, 1))
	x := autoregressive(n, p, 0.5, rng)
	for i := range x.Column(3) {
		x.Column(3)[i] *= 50
	}
	narrow, err := estimate(x, p)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := estimate(x, 0)
	if err != nil {
		t.Fatal(err)
	}
	if wide.Covariance != nil || narrow.Covariance == nil || math.Abs(wide.Shrinkage-narrow.Shrinkage) > 1e-12 ||
		wide.Shrinkage <= minShrinkage {
		t.Fatalf("shrinkage %v and %v", wide.Shrinkage, narrow.Shrinkage)
	}
	for _, m := range []Method{Equicorrelated, MVR} {
		b, err := NewSampler(wide, m)
		if err != nil {
			t.Fatal(err)
		}
		sigma := mat.NewSymDense(p, nil)
		for i := range p {
			for j := i; j < p; j++ {
				sigma.SetSym(i, j, narrow.Covariance[i*p+j]/b.scale[i]/b.scale[j])
			}
		}
		dense, err := conditional(mat.DenseCopyOf(sigma).RawMatrix().Data, b.s, 1)
		if err != nil {
			t.Fatal(err)
		}
		identity, zeros := make([]float64, p*p), make([]float64, p*p)
		for j := range p {
			identity[j*p+j] = 1
		}
		both := [2][2]*mat.Dense{}
		for k, l := range []law{dense, b.law} {
			shift, root, v := mat.NewDense(p, p, nil), mat.NewDense(p, p, nil), mat.NewDense(p, p, nil)
			l.draw(shift.RawMatrix().Data, identity, zeros, p)
			l.draw(root.RawMatrix().Data, zeros, identity, p)
			v.Mul(root, root.T())
			both[k] = [2]*mat.Dense{shift, v}
		}
		for k, what := range []string{"shift", "conditional covariance"} {
			if !mat.EqualApprox(both[0][k], both[1][k], 1e-8) {
				t.Errorf("%v: the %s of both differ", m, what)
			}
		}
		if m == Equicorrelated && b.s[0] != min(1, 2*wide.Shrinkage) {
			t.Errorf("s %v, shrinkage %v", b.s[0], wide.Shrinkage)
		}
		if m == MVR {
			trace := func(s float64) float64 {
				var eigen mat.EigenSym
				eigen.Factorize(sigma, false)
				sum := float64(p) / s
				for _, v := range eigen.Values(nil) {
					sum += 1 / (2*v - s)
				}
				return sum
			}
			if best := trace(b.s[0]); best > trace(0.99*b.s[0]) || best > trace(1.01*b.s[0]) {
				t.Errorf("s %v has trace %v, neighbours %v and %v", b.s[0], best, trace(0.99*b.s[0]), trace(1.01*b.s[0]))
			}
		}
	}
}

// TestManyFeatures runs knockoffs of 3000 features in a moment.
func TestManyFeatures(t *testing.T) {
	const n, p = 60, 3000
	rng := rand.New(rand.NewPCG(8, 2))
	x := autoregressive(n, p, 0.5, rng)
	y := planted(x, 1000, 3, rng)
	s, err := Knockoffs(x, y, KnockoffOptions{Q: 0.4, Statistic: coefficientDifference(lassoAt(0.4))}, rng)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.W) != p || s.Distances[0] <= 0 || s.Distances[0] > 1 {
		t.Errorf("%d statistics, distance %v", len(s.W), s.Distances[0])
	}
}
