package main

import (
	"math"

	"pare/nn"
	"pare/prune/importance"
)

// Largest is the largest absolute value of a group.
type Largest struct{}

func init() {
	importance.Criteria.Register("largest", "largest absolute value", func() importance.Importance { return Largest{} })
}

// Score implements importance.Importance.
func (Largest) Score(s *importance.Sample) ([]float64, error) {
	scores := make([]float64, len(s.Groups.Slots()))
	s.Groups.Visit(func(group int, p *nn.Param, i int) {
		scores[group] = max(scores[group], math.Abs(float64(p.Data()[i])))
	})
	return scores, nil
}
