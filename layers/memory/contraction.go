package memory

import (
	"math"

	"pare/layers"
)

// Contraction is ‖W‖₁ of the recurrent weights W of an RNN that was put into a
// network: the largest sum of magnitudes of the weights that read one unit. Since
// neither tanh nor max(·, 0) is steeper than 1, it bounds what is left of the
// past whatever the input:
//
//	‖∂h_t/∂h_(t−k)‖₁ ≤ ‖W‖₁ᵏ,
//
// and by the same factor the largest gradient of a loss shrinks from h_t to
// h_(t−k) where only h_t matters to it. Below 1 it certifies that the memory fades.
func Contraction(l *layers.RNN) float64 {
	most := 0.0
	for _, p := range l.Params() {
		if p.Name != "weight_hh" {
			continue
		}
		for from := range l.Hidden {
			sum := 0.0
			for _, w := range p.Data()[from*l.Hidden : (from+1)*l.Hidden] {
				sum += math.Abs(float64(w))
			}
			most = max(most, sum)
		}
	}
	return most
}
