package run

import (
	"pare/nn"
	"pare/prune"
	"pare/regularize"
	"pare/train"
)

// condemned are the groups that go in the present interval of a target with method
// least: those that the loss would miss least, so many that as much is left as the
// plan asks for. The first part of an interval tells what they are worth; over the
// rest of it their values shrink linearly to zero, and nothing but the lambdas of
// the config weighs on what stays (after HESSO, Chen et al. 2024, which ranks and
// shrinks groups in periods).
type condemned struct {
	worth
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
	case c.Batches < s.measured():
		c.measure(s.candidates(), at.Grad)
		return nil, nil
	}
	return nil, s.condemn(net, at)
}

// measured is how many steps at the start of an interval tell what groups are worth.
func (s *shrinker) measured() int { return max(1, s.control/4) }

// candidates are the penalties whose groups may go; nil for others, so that they
// keep their numbers.
func (s *shrinker) candidates() []*regularize.Term {
	list := make([]*regularize.Term, len(s.now))
	for k, t := range s.now {
		if p := s.r.c.Penalties[k]; t != nil && t.Proximal() && p.On != "weights" && p.Lambda != 0 {
			list[k] = t
		}
	}
	return list
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

// condemn chooses what goes in the rest of the interval.
func (s *shrinker) condemn(net *nn.Network, at train.Place) error {
	c := &s.Condemned
	var values overshoot
	values.keep(s.grouped())
	terms := s.candidates()
	all := c.ranked(terms, func(k int) float64 { return s.r.c.Penalties[k].Lambda })
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
	}
	c.Left = max(1, s.control-s.measured())
	c.worth = worth{}
	s.recall()
	return nil
}

// recall finds the values of the groups, those that two of them share once.
func (s *shrinker) recall() {
	s.Condemned.places = nil
	if len(s.Condemned.Groups) == 0 {
		return
	}
	chosen, seen := map[[2]int]bool{}, map[place]bool{}
	for _, g := range s.Condemned.Groups {
		chosen[g] = true
	}
	for k, t := range s.now {
		if t == nil {
			continue
		}
		t.Visit(func(g int, p *nn.Param, i int) {
			if at := (place{p, i}); chosen[[2]int{k, g}] && !seen[at] {
				seen[at] = true
				s.Condemned.places = append(s.Condemned.places, at)
			}
		})
	}
}
