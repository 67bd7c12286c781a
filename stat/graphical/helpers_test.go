package graphical

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// sample draws n observations of p variables, each a sum of noise and of links earlier ones.
func sample(r *rand.Rand, n, p, links int) []float64 {
	x := make([]float64, n*p)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	for j := 1; j < p; j++ {
		for range links {
			from, w := r.IntN(j), 0.3+0.3*r.Float64()
			if r.IntN(2) == 0 {
				w = -w
			}
			for i := range n {
				x[i*p+j] += w * x[i*p+from]
			}
		}
	}
	return x
}

func covariance(t *testing.T, s []float64, p int) *Covariance {
	t.Helper()
	c, err := FromMatrix(s, p, 0)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sampled(t *testing.T, r *rand.Rand, n, p, links int) *Covariance {
	t.Helper()
	c, err := FromData(sample(r, n, p, links), n, p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustFit(t *testing.T, c *Covariance, pen Penalty, o Options) *Network {
	t.Helper()
	n, err := Fit(c, pen, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

// stored is S as a matrix of gonum's, by way of single elements.
func stored(c *Covariance) *mat.SymDense {
	s := mat.NewSymDense(c.P(), nil)
	for i := range c.P() {
		for j := range i + 1 {
			s.SetSym(i, j, c.at(i, j))
		}
	}
	return s
}

// objectiveOf computes the objective with gonum; not positive definite is +Inf.
func objectiveOf(c *Covariance, pen Penalty, theta *mat.SymDense) float64 {
	var chol mat.Cholesky
	if !chol.Factorize(theta) {
		return math.Inf(1)
	}
	f := -chol.LogDet()
	p := c.P()
	for i := range p {
		for j := range p {
			v := theta.At(i, j)
			f += c.at(i, j) * v
			if v != 0 {
				f += pen.at(i, j, p) * math.Abs(v)
			}
		}
	}
	return f
}

// checkOptimal looks at everything that a converged network promises.
func checkOptimal(t *testing.T, c *Covariance, pen Penalty, n *Network, tolerance float64) {
	t.Helper()
	p := c.P()
	theta := mat.NewSymDense(p, n.Theta())
	for i := range p {
		for j := range p {
			if a, b := n.Theta()[i*p+j], n.Theta()[j*p+i]; a != b {
				t.Fatalf("Θ is not symmetric at %d, %d: %v and %v", i, j, a, b)
			}
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(theta) {
		t.Fatal("Θ is not positive definite")
	}
	if f := objectiveOf(c, pen, theta); math.Abs(f-n.Objective) > 1e-10*(1+math.Abs(f)) {
		t.Errorf("objective is %v, Θ has %v", n.Objective, f)
	}
	if !(n.Gap >= 0) {
		t.Errorf("gap is %v", n.Gap)
	}
	var w mat.SymDense
	if err := chol.InverseTo(&w); err != nil {
		t.Fatal(err)
	}
	for i := range p {
		for j := range i + 1 {
			g, l, x := c.at(i, j)-w.At(i, j), pen.at(i, j, p), theta.At(i, j)
			off := math.Abs(slope(x, g, l)) / math.Sqrt(c.diag[i]*c.diag[j])
			if off > tolerance {
				t.Errorf("Θ[%d,%d] = %v: S−W is %v with λ %v", i, j, x, g, l)
			}
		}
	}
}
