package run

import (
	"pare/nn"
	"pare/prune"
	"pare/train"
)

// condemned are the groups that go in the present interval of a target with method
// least: those that a rising λ would be the first to close, so many that as much is
// left as the plan asks for. Their values shrink linearly to zero over the steps of
// the interval, and nothing but the lambdas of the config weighs on what stays
// (after HESSO, Chen et al. 2024, which ranks and shrinks groups in periods).
type condemned struct {
	Groups [][2]int `json:"groups,omitempty"` // number of the penalty and of the group in it
	Left   int      `json:"left,omitempty"`   // steps until they are zero

	places []place
}

// least is the turn of method least after a step.
func (s *shrinker) least(net *nn.Network, at train.Place) (*train.Reshaped, error) {
	switch c := &s.Condemned; {
	case c.Left > 1:
		c.fade()
		return nil, nil
	case c.Left == 1:
		c.fade()
		c.Groups, c.places = nil, nil
		return s.gone(net, at)
	case at.Share < s.goal.Plan.From:
		return nil, nil
	}
	return nil, s.condemn(net, at)
}

// fade takes a step towards zero.
func (c *condemned) fade() {
	keep := float32(c.Left-1) / float32(c.Left)
	for _, at := range c.places {
		at.p.Data()[at.i] *= keep
	}
	c.Left--
}

// gone removes what an interval has brought to zero.
func (s *shrinker) gone(net *nn.Network, at train.Place) (*train.Reshaped, error) {
	left, err := prune.Remaining(net)
	if err != nil {
		return nil, err
	}
	share := s.share(left)
	if share <= s.TargetShare {
		return s.arrive(net, share, at)
	}
	change, err := s.shrink(net)
	if err != nil {
		return nil, err
	}
	if change == nil {
		change = &train.Reshaped{Keep: true}
	}
	change.Target = &train.ControlRecord{Share: share, Planned: s.goal.Plan.At(at.Share), Factor: s.Factor}
	return change, nil
}

// condemn chooses what goes in the interval that begins.
func (s *shrinker) condemn(net *nn.Network, at train.Place) error {
	c := &s.Condemned
	c.Left = s.control
	var values overshoot
	values.keep(s.grouped())
	all := s.candidates()
	values.put(all, all)
	left, err := prune.Remaining(net)
	if err != nil {
		return err
	}
	line := s.goal.Plan.At(at.Share + s.goal.Step)
	chosen := all
	if share := s.share(left); share <= line {
		if chosen, _, err = values.choose(net, all, line, share, s.share); err != nil {
			return err
		}
	}
	values.put(all, nil)
	for _, f := range chosen {
		c.Groups = append(c.Groups, [2]int{f.term, f.group})
		c.places = append(c.places, f.places...)
	}
	return nil
}

// candidates are the groups that are not zero, those in front that need the
// smallest λ to close: a proximal step closes a group of norm τ·s.
func (s *shrinker) candidates() []fallen {
	var list []fallen
	for k, t := range s.now {
		p := s.r.c.Penalties[k]
		if t == nil || !t.Proximal() || p.On == "weights" || p.Lambda == 0 {
			continue
		}
		norms, scales := t.Norms(), t.Scales()
		at := make([]int, len(norms))
		for g := range norms {
			if at[g] = -1; norms[g] > 0 && scales[g] > 0 {
				at[g] = len(list)
				list = append(list, fallen{term: k, group: g, norm: norms[g] / (scales[g] * p.Lambda)})
			}
		}
		t.Visit(func(g int, p *nn.Param, i int) {
			if at[g] >= 0 {
				list[at[g]].places = append(list[at[g]].places, place{p, i})
			}
		})
	}
	sortFallen(list)
	return list
}

// recall finds the places of the groups after a resume.
func (s *shrinker) recall() {
	chosen := map[[2]int]bool{}
	for _, g := range s.Condemned.Groups {
		chosen[g] = true
	}
	s.Condemned.places = nil
	for k, t := range s.now {
		if t == nil || len(chosen) == 0 {
			continue
		}
		t.Visit(func(g int, p *nn.Param, i int) {
			if chosen[[2]int{k, g}] {
				s.Condemned.places = append(s.Condemned.places, place{p, i})
			}
		})
	}
}
