package regularize

import "fmt"

// validateActivations checks a Spec with on: activations.
func (s Spec) validateActivations() error {
	if err := oneOf("type", s.Type, activationKinds); err != nil {
		return fmt.Errorf("%w on activations", err)
	}
	for _, c := range []struct {
		key   string
		given bool
	}{{"alpha", s.Alpha != 0}, {"scale", s.Scale != ""}, {"members", s.Members != ""}, {"mode", s.Mode != ""}} {
		if c.given {
			return fmt.Errorf("%s: it has no meaning for on: activations; leave it out", c.key)
		}
	}
	if s.Beta != 0 && s.Type != "transformed_l1" {
		return fmt.Errorf("beta: %s has no beta; leave it out", s.Type)
	}
	if err := atLeastZero("beta", s.Beta); err != nil {
		return err
	}
	if s.Revive != nil {
		if err := s.Revive.validate(); err != nil {
			return err
		}
	}
	return s.validateCommon()
}

// beta is β of transformed_l1.
func (s Spec) beta() float64 {
	if s.Beta == 0 {
		return 1
	}
	return s.Beta
}
