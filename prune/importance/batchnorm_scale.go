package importance

import (
	"fmt"
	"math"

	"pare/nn"
)

// BatchNormScale is |γ|, the scale that a normalisation gives the unit (network slimming,
// Liu et al. 2017), averaged where several normalisations carry the unit. A group without
// such a scale is refused.
type BatchNormScale struct{}

func init() {
	Criteria.Register("batchnorm_scale", "|γ| of the normalisation that carries the unit (Liu et al. 2017)",
		func() Importance { return BatchNormScale{} })
}

// Score implements Importance.
func (BatchNormScale) Score(s *Sample) ([]float64, error) {
	var out []float64
	for _, slots := range s.Groups.Slots() {
		sum, n := 0.0, 0.0
		for _, slot := range slots {
			if slot.Param.Role == nn.RoleScale {
				each(slot, func(i int) { sum, n = sum+math.Abs(float64(slot.Param.Data()[i])), n+1 })
			}
		}
		if n == 0 {
			return nil, fmt.Errorf("importance batchnorm_scale: the units of layer %s have no normalisation; use importance magnitude",
				s.Net.Nodes[slots[0].Node].Name)
		}
		out = append(out, sum/n)
	}
	return out, nil
}
