package importance

import (
	"cmp"
	"slices"

	"pare/nn"
)

// LAMP is the layer-adaptive magnitude of Lee et al. 2021 ("Layer-adaptive sparsity for the
// magnitude-based pruning", equation 4). Of the weights of a layer in ascending order of
// their squares, weight i scores
//
//	w_i² / Σ_{j≥i} w_j²
//
// the share that it has of the weights that a pruning up to it would leave. The largest
// weight of every layer scores 1, so that no layer closes before the last weight of every
// other one.
//
// For groups the squared norms of the slices of a parameter take the place of the squares,
// and a group scores the mean over the same parameters as with Magnitude.
type LAMP struct{}

var _ OfWeights = LAMP{}

func init() {
	Criteria.Register("lamp", "squared norm of the weights over the sum of the squared norms in its layer that are no smaller (Lee et al. 2021)",
		func() Importance { return LAMP{} })
}

// Score implements Importance.
func (LAMP) Score(s *Sample) ([]float64, error) {
	return perSlice(s, inOnePiece(func(p *nn.Param, axis int) []float64 {
		squares := squaredNorms(p, axis)
		adapt(len(squares), func(i int) float64 { return squares[i] }, func(i int, v float64) { squares[i] = v })
		return squares
	}))
}

// ScoreWeights implements OfWeights.
func (LAMP) ScoreWeights(s *WeightSample) ([][]float32, error) {
	out := make([][]float32, len(s.Weights))
	for k, p := range s.Weights {
		values, scores := p.Data(), make([]float32, p.Size())
		adapt(len(values), func(i int) float64 { return float64(values[i]) * float64(values[i]) },
			func(i int, v float64) { scores[i] = float32(v) })
		out[k] = scores
	}
	return out, nil
}

// adapt sets the scores of n squares: each over the sum of itself and those behind it in
// ascending order, where equal ones stand in the order of their places. set may replace a
// square: each is read before it is set.
func adapt(n int, square func(i int) float64, set func(i int, score float64)) {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(cmp.Compare(square(int(a)), square(int(b))), cmp.Compare(a, b)) })
	rest := 0.0
	for _, i := range slices.Backward(order) {
		q := square(int(i))
		if rest += q; rest > 0 {
			q /= rest
		}
		set(int(i), q)
	}
}
