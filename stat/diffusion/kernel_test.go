package diffusion

import (
	"testing"

	"gonum.org/v1/gonum/mat"
)

// A kernel with other numbers of outputs and inputs.
func TestRectangular(t *testing.T) {
	rng := newRand(10)
	x := gaussian(30, 8, rng)
	h := mat.NewDense(3, 8, nil)
	h.Set(0, 1, 1)
	h.Set(2, 7, -2)
	var y mat.Dense
	y.Mul(x, h.T())
	for i := range 30 {
		y.Set(i, 1, rng.NormFloat64())
	}
	p := Problem{X: x, Y: &y}
	m, err := Fit(p, 0.5, Options{Tolerance: 1e-13})
	if err != nil {
		t.Fatal(err)
	}
	checkOptimal(t, "3×8", p, m)
	if s, _ := Compare(h, m.Kernel.Dense(), CompareOptions{}); s.F1 != 1 {
		t.Errorf("support %+v", s)
	}
	if m.Kernel.Nonzeros() != 2 {
		t.Errorf("%d entries in a kernel of 2", m.Kernel.Nonzeros())
	}
}
