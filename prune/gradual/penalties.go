package gradual

import (
	"pare/nn"
	"pare/regularize"
	"pare/train"
)

// penalty is one of those that training goes by.
type penalty struct {
	whole train.Penalty    // on the whole network
	now   *regularize.Term // on what is left of it; nil: on activations
}

// terms are the penalties on the parameters of what is left.
func (s *Shrinker) terms() terms {
	out := make(terms, len(s.penalties))
	for k, p := range s.penalties {
		out[k] = p.now
	}
	return out
}

// strengthen gives the penalties the factor in force at a point of training.
func (s *Shrinker) strengthen(at float64) {
	switch {
	case at < s.goal.Plan.From:
		s.setFactor(0)
	case s.o.Target.Method != Lambda: // lambdas are as given
		s.setFactor(1)
	default:
		s.setFactor(s.goal.Factor)
	}
}

func (s *Shrinker) setFactor(factor float64) {
	s.Factor = factor
	for _, p := range s.penalties {
		if p.now != nil {
			p.now.SetFactor(factor)
		}
	}
}

// Penalties implements train.Reshaper: they are those given to New on what is left of
// the network. A target leaves penalties on activations as they are.
func (s *Shrinker) Penalties(net *nn.Network) ([]train.Penalty, error) {
	out := make([]train.Penalty, len(s.penalties))
	for k := range s.penalties {
		var err error
		if out[k], err = s.rebind(k, net); err != nil {
			return nil, err
		}
	}
	s.last = s.last.keep(s.terms().grouped())
	if s.smaller {
		s.smaller = false
		s.Hysteresis.look(s.terms())
	}
	return out, nil
}

// rebind makes penalty k one of what is left of the network.
func (s *Shrinker) rebind(k int, net *nn.Network) (train.Penalty, error) {
	p := &s.penalties[k]
	p.now = nil
	switch t := p.whole.(type) {
	case *regularize.Activations:
		return t.Rebind(net)
	case *regularize.Term:
		next, err := t.Rebind(net)
		if err != nil {
			return nil, err
		}
		if s.Alive != nil {
			next.Hold(s.Alive[k])
		}
		switch {
		case s.met():
			next.SwitchOff()
		case s.goal != nil:
			next.SetFactor(s.Factor)
		}
		p.now = next
		return next, nil
	}
	return p.whole, nil
}
