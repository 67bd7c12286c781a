package nn

import "math"

// NearZero is the share of a layer's largest |w| below which a weight that is not 0
// counts as near zero.
const NearZero = 1e-3

// Sparsity is how the weights of one layer are distributed: those with the role
// weight, without biases, scales and gates.
type Sparsity struct {
	Layer   string  `json:"layer"`     // name of the layer
	Kind    string  `json:"kind"`      // kind of layer
	Units   int     `json:"units"`     // units of the output
	Weights int64   `json:"weights"`   // values of its weights
	Zero    int64   `json:"zero"`      // weights that are exactly 0
	Near    int64   `json:"near_zero"` // weights that are not 0 but below NearZero times the largest
	Density float64 `json:"density"`   // share of weights that are not exactly 0
	// Hoyer is (√n − ‖w‖₁/‖w‖₂)/(√n − 1) (Hoyer 2004): 0 when all weights have the
	// same size, 1 when only one is not 0. It is 1 for none, 0 for a single weight.
	Hoyer float64 `json:"hoyer"`
}

// Sparsity measures the layers that have weights, in network order.
func (n *Network) Sparsity() []Sparsity {
	var out []Sparsity
	for _, node := range n.Nodes {
		s := Sparsity{Layer: node.Name, Kind: node.Layer.Kind(), Units: node.Shape.Units()}
		sum, squares, largest := 0.0, 0.0, 0.0
		each := func(f func(v float64)) {
			for _, p := range node.Params() {
				if p.Role != RoleWeight {
					continue
				}
				for _, v := range p.Data() {
					f(math.Abs(float64(v)))
				}
			}
		}
		each(func(v float64) {
			s.Weights++
			if v == 0 {
				s.Zero++
			}
			sum, squares, largest = sum+v, squares+v*v, max(largest, v)
		})
		if s.Weights == 0 {
			continue
		}
		each(func(v float64) {
			if v != 0 && v < NearZero*largest {
				s.Near++
			}
		})
		s.Density = 1 - float64(s.Zero)/float64(s.Weights)
		s.Hoyer = hoyer(float64(s.Weights), sum, squares)
		out = append(out, s)
	}
	return out
}

func hoyer(n, sum, squares float64) float64 {
	switch {
	case squares == 0:
		return 1
	case n == 1:
		return 0
	}
	root := math.Sqrt(n)
	return min(1, max(0, (root-sum/math.Sqrt(squares))/(root-1)))
}
