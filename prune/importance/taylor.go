package importance

import (
	"math"

	"pare/nn"
)

// Taylor is a first-order estimate of how much the loss would change without the group
// (Molchanov et al. 2019, equation 8, over batches):
//
//	√ Σ over batches of (Σ w·∂L/∂w over the values w of the group)²
//
// It is in units of the loss, so that layers and kinds of groups compare, and the fewer
// units a layer has left, the more each is worth.
type Taylor struct{}

var (
	_ OfGradients = Taylor{}
	_ OfWeights   = Taylor{}
)

func init() {
	Criteria.Register("taylor", "first-order change of the loss without the group, on batches (Molchanov et al. 2019)",
		func() Importance { return Taylor{} })
}

// Add implements OfGradients.
func (Taylor) Add(sums []float64, groups Groups, grad func(*nn.Param) []float32) {
	changes := make([]float64, len(sums))
	var of *nn.Param
	var value, slope []float32
	groups.Visit(func(g int, p *nn.Param, i int) {
		if p != of {
			of, value, slope = p, p.Data(), grad(p)
		}
		if slope != nil {
			changes[g] += float64(value[i]) * float64(slope[i])
		}
	})
	for g, v := range changes {
		sums[g] += v * v
	}
}

// Score implements Importance. Without sums it computes the gradients on the data, in
// training mode: normalisations go by the batch, and dropout drops.
func (t Taylor) Score(s *Sample) ([]float64, error) {
	sums := s.Sums
	if sums == nil {
		sums = make([]float64, len(s.Groups.Slots()))
		if err := s.gradients("taylor", func(p *nn.Program) { t.Add(sums, s.Groups, p.Grad) }); err != nil {
			return nil, err
		}
	}
	out := make([]float64, len(sums))
	for g, v := range sums {
		out[g] = math.Sqrt(v)
	}
	return out, nil
}

// ScoreWeights implements OfWeights, with a group for each weight.
func (Taylor) ScoreWeights(s *WeightSample) ([][]float32, error) {
	sums := make([][]float64, len(s.Weights))
	for k, p := range s.Weights {
		sums[k] = make([]float64, p.Size())
	}
	sample := &Sample{Net: s.Net, Seed: s.Seed, Data: s.Data}
	err := sample.gradients("taylor", func(program *nn.Program) {
		for k, p := range s.Weights {
			values := p.Data()
			for i, g := range program.Grad(p.Param) {
				change := float64(values[i]) * float64(g)
				sums[k][i] += change * change
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return s.perWeight(func(k, i int) float32 { return float32(math.Sqrt(sums[k][i])) }), nil
}
