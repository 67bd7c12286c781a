package importance

import (
	"math"

	"pare/nn"
)

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
func (Magnitude) Score(s *Sample) ([]float64, error) {
	type axis struct {
		p    *nn.Param
		axis int
	}
	norms := map[axis][]float64{}
	relative := func(slot nn.Slot) float64 {
		key := axis{slot.Param, slot.Axis}
		if norms[key] == nil {
			norms[key] = relativeNorms(slot.Param, slot.Axis)
		}
		return norms[key][slot.Index]
	}
	var out []float64
	for _, slots := range s.Groups.Slots() {
		for _, counts := range []func(nn.Slot) bool{computes, weighs, func(nn.Slot) bool { return true }} {
			sum, n := 0.0, 0.0
			for _, slot := range slots {
				if counts(slot) {
					sum += relative(slot)
					n++
				}
			}
			if n > 0 {
				out = append(out, sum/n)
				break
			}
		}
	}
	return out, nil
}

// ScoreWeights implements OfWeights: |w|, which is not relative to a layer's mean, as in Han
// et al. 2015.
func (Magnitude) ScoreWeights(s *WeightSample) ([][]float32, error) {
	return s.perWeight(func(k, i int) float32 { return float32(math.Abs(float64(s.Weights[k].Data()[i]))) }), nil
}

func weighs(s nn.Slot) bool   { return s.Param.Role == nn.RoleWeight }
func computes(s nn.Slot) bool { return weighs(s) && s.Param.Axes[s.Axis] == nn.AxisOut && !s.Reads() }

// relativeNorms are the norms of the slices of a parameter along an axis over their mean.
func relativeNorms(p *nn.Param, axis int) []float64 {
	n, stride := p.AxisLen(axis)
	norms := make([]float64, n)
	for i, v := range p.Data() {
		norms[i/stride%n] += float64(v) * float64(v)
	}
	mean := 0.0
	for j, q := range norms {
		norms[j] = math.Sqrt(q)
		mean += norms[j] / float64(n)
	}
	for j := range norms {
		if mean > 0 {
			norms[j] /= mean
		}
	}
	return norms
}
