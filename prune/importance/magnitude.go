package importance

import "math"

// Magnitude is the norm of a group's weights (Li et al. 2017), relative to the mean norm
// of the slices of the same parameter, because raw norms compare fan-ins:
//
//	‖w_g‖₂ / mean over slices s of ‖w_s‖₂
//
// averaged over the weights that compute the group's units; without any, over the weights
// that read them, and without those over all its parameters.
type Magnitude struct{}

var _ OfWeights = Magnitude{}

func init() {
	Criteria.Register("magnitude", "norm of the weights, relative to their layer's mean (Li et al. 2017)",
		func() Importance { return Magnitude{} })
}

// Score implements Importance.
func (Magnitude) Score(s *Sample) ([]float64, error) { return perSlice(s, inOnePiece(relativeNorms)) }

// ScoreWeights implements OfWeights: |w|, which is not relative to a layer's mean, as in Han
// et al. 2015.
func (Magnitude) ScoreWeights(s *WeightSample) ([][]float32, error) {
	return s.perWeight(func(k, i int) float32 { return float32(math.Abs(float64(s.Weights[k].Data()[i]))) }), nil
}
