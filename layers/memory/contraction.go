package memory

import (
	"math"

	"pare/nn"
)

// Contraction is ‖W‖₁ of the recurrent weights W of a layer that was put into a network:
// the largest sum of magnitudes of the weights that read one unit. Since the function of
// such a layer is nowhere steeper than 1, it bounds the effect of the past for any input:
//
//	‖∂h_t/∂h_(t−k)‖₁ ≤ ‖W‖₁ᵏ,
//
// and by the same factor the largest gradient of a loss shrinks from h_t to
// h_(t−k) where only h_t matters to it. Below 1 it certifies that the memory fades.
// It is false for layers that have no such weights, see nn.Traits.Recurrent.
func Contraction(l nn.Layer) (float64, bool) {
	p := nn.TraitsOf(l).Recurrent
	if p == nil {
		return 0, false
	}
	most, n := 0.0, p.Shape()[0]
	for from := range n {
		sum := 0.0
		for _, w := range p.Data()[from*n : (from+1)*n] {
			sum += math.Abs(float64(w))
		}
		most = max(most, sum)
	}
	return most, true
}
