package repair

import "errors"

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
	s.Examples, s.Reconstruct, s.Statistics, s.Ridge = 512, true, true, DefaultRidge
}

// Validate refuses a repair that does nothing.
func (s *Spec) Validate() error {
	if !s.Reconstruct && !s.Statistics {
		return errors.New("it neither fits weights nor measures statistics; set reconstruct or statistics, or remove it")
	}
	return nil
}
