package linear

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestConjugateGradients fits supports that are too large for a factor: dense and
// sparse, with bounds, ridge and weights, for any number of threads with the same bits.
func TestConjugateGradients(t *testing.T) {
	d, y := randomRows(4, 700, 620, 600, 3)
	r := rand.New(rand.NewPCG(4, 4))
	weights, lower := make([]float64, 700), make([]float64, 620)
	for i := range weights {
		weights[i] = 1 + r.Float64()
	}
	for j := range lower {
		lower[j] = -0.5
	}
	cells := slices.Clone(d.data)
	for i := range cells {
		if r.IntN(10) > 0 {
			cells[i] = 0
		}
	}
	upper := make([]float64, 620)
	for j := range upper {
		upper[j] = 0.8
	}
	for name, p := range map[string]Problem{
		"dense":    {X: d, Y: y},
		"bounded":  {X: d, Y: y, Lower: lower, Upper: upper},
		"sparse":   {X: sparseOf(700, 620, cells), Y: y},
		"weighted": {X: sparseOf(700, 620, cells), Y: y, Weights: weights, Alpha: 0.9, NoIntercept: true},
	} {
		f := &labelled{t, name}
		var first *Model
		for _, threads := range []int{1, 3} {
			m, err := Fit(p, 0.02, Options{Tolerance: 1e-10, KeepDual: true, Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Index) <= directLimit {
				f.Errorf("only %d features are selected", len(m.Index))
			}
			if first == nil {
				first = m
				check(f, p, m)
			}
			if !slices.Equal(m.Value, first.Value) || m.Gap != first.Gap {
				f.Errorf("%d threads change the model", threads)
			}
		}
	}
}
