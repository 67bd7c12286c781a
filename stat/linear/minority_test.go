package linear

import (
	"math/rand/v2"
	"testing"
)

// TestMinorityThreshold: in an orthogonal design that is not standardised, a feature that only a
// share π of the rows has, with effect δ there, is dropped by the lasso exactly when πδ ≤ λ. A
// penalty factor of π keeps it when δ > λ: the threshold of a feature that all rows have.
func TestMinorityThreshold(t *testing.T) {
	const n = 1000
	r := rand.New(rand.NewPCG(1, 2))
	for trial := range 200 {
		rows := 1 + r.IntN(n/2)
		share, delta := float64(rows)/n, 0.1+r.Float64()
		x, y := make([]float64, 2*n), make([]float64, n)
		for i := range n { // the majority's feature and the minority's share no row
			if i < rows {
				x[n+i], y[i] = 1, delta
			} else {
				x[i], y[i] = 1, 2
			}
		}
		d, err := NewDense(n, 2, x)
		if err != nil {
			t.Fatal(err)
		}
		for _, weight := range []float64{1, share} {
			for side, lambda := range []float64{share * delta / weight * (1 - 1e-6), share * delta / weight * (1 + 1e-6)} {
				m, err := Fit(Problem{X: d, Y: y, NoIntercept: true, NoStandardize: true, PenaltyFactor: []float64{1, weight}}, lambda,
					Options{Tolerance: 1e-14})
				if err != nil {
					t.Fatal(err)
				}
				if kept := m.Coefficients(2)[1] != 0; kept != (side == 0) {
					t.Errorf("trial %d: share %g, effect %g, weight %g, lambda %g: kept is %t", trial, share, delta, weight, lambda, kept)
				}
			}
		}
	}
}
