package run

import (
	"encoding/json"
	"fmt"

	"pare/nn"
	"pare/regularize"
	"pare/train"
)

// grouped are the penalties on groups of several values. Single weights say little
// of when a unit goes.
func (s *shrinker) grouped() []*regularize.Term {
	var out []*regularize.Term
	for i, t := range s.now {
		if t != nil && s.r.c.Penalties[i].On != "weights" {
			out = append(out, t)
		}
	}
	return out
}

func (s *shrinker) norms() []float64 {
	var out []float64
	for _, t := range s.grouped() {
		out = append(out, t.Norms()...)
	}
	return out
}

// strengthen gives the penalties the factor in force at a point of training.
func (s *shrinker) strengthen(at float64) {
	switch {
	case at < s.goal.Plan.From:
		s.setFactor(0)
	case s.r.c.Target.Method != "lambda": // lambdas are as given
		s.setFactor(1)
	default:
		s.setFactor(s.goal.Factor)
	}
}

func (s *shrinker) setFactor(factor float64) {
	s.Factor = factor
	for _, t := range s.now {
		if t != nil {
			t.SetFactor(factor)
		}
	}
}

// changed reports whether the network may have become smaller since the last look:
// groups have come to zero, or it is time to look at single weights.
func (s *shrinker) changed(at train.Place) bool {
	zero, terms := 0, s.grouped()
	for _, t := range terms {
		_, z := t.Groups()
		zero += z
	}
	was := s.Zero
	s.Zero = zero
	return zero != was || len(terms) < len(s.now) && at.Step%s.looks == 0
}

// Penalties are those of the config on what is left of the network. A target
// leaves penalties on activations as they are.
func (s *shrinker) Penalties(net *nn.Network) ([]train.Penalty, error) {
	s.now = nil
	var out []train.Penalty
	for i, t := range s.first {
		var next train.Penalty
		var term *regularize.Term
		var err error
		switch t := t.(type) {
		case *regularize.Term:
			if term, err = t.Rebind(net); err == nil && s.Alive != nil {
				term.Hold(s.Alive[i])
			}
			next = term
		case *regularize.Activations:
			next, err = t.Rebind(net)
		}
		if err != nil {
			return nil, fmt.Errorf("penalties.%d: %w", i, err)
		}
		switch {
		case term == nil:
		case s.met():
			term.SwitchOff()
		case s.goal != nil:
			term.SetFactor(s.Factor)
		}
		s.now, out = append(s.now, term), append(out, next)
	}
	s.last.keep(s.grouped())
	if s.smaller {
		s.smaller = false
		s.Settled.look(s.now)
	}
	return out, nil
}

func (s *shrinker) State() ([]byte, error) {
	if s.goal != nil {
		s.Target = s.goal.State
	}
	return json.Marshal(s.shrinkState)
}

func (s *shrinker) Restore(state []byte) error {
	if err := json.Unmarshal(state, &s.shrinkState); err != nil {
		return fmt.Errorf("state of the removals on the way: %w", err)
	}
	if s.goal != nil {
		s.goal.State = s.Target
	}
	return nil
}
