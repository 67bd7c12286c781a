package repair

import (
	"errors"

	"pare/internal/option"
)

// Spec says how a network is repaired when units have been chosen: the section prune.repair of
// a config.
type Spec struct {
	Examples    int     `yaml:"examples" json:"examples" range:"[1,)" doc:"training examples, drawn at random, that weights are fitted to; their labels are not used"`
	Reconstruct bool    `yaml:"reconstruct" json:"reconstruct" doc:"fit the weights that read chosen units by least squares"`
	Statistics  bool    `yaml:"statistics" json:"statistics" doc:"measure running statistics on training examples, last"`
	Ridge       float64 `yaml:"ridge" json:"ridge" range:"(0,)" doc:"penalty on the change of weights, as a share of the mean square of what they weigh"`
}

// Defaults sets the values of the keys that a section leaves out.
func (s *Spec) Defaults() {
	s.Examples, s.Reconstruct, s.Statistics, s.Ridge = defaultExamples, true, true, DefaultRidge
}

// defaultExamples is the number of training examples that weights are fitted to.
const defaultExamples = 512

// Validate refuses a repair that does nothing, and options of a fit where it fits no weights.
func (s *Spec) Validate() error {
	const without = "is %v, which is for the fit of weights, and reconstruct is false; remove one of them"
	switch {
	case !s.Reconstruct && !s.Statistics:
		return errors.New("it neither fits weights nor measures statistics; set reconstruct or statistics, or remove it")
	case !s.Reconstruct && s.Examples != defaultExamples:
		return option.Errorf("examples", without, s.Examples)
	case !s.Reconstruct && s.Ridge != DefaultRidge:
		return option.Errorf("ridge", without, s.Ridge)
	}
	return nil
}
