package run

import (
	"math"

	"pare/config"
	"pare/nn"
	"pare/prune"
	"pare/regularize"
	"pare/train"
)

// condemned are the groups that go in the present interval of a target with method
// least: those that the loss would miss least, so many that as much is left as the
// plan asks for. After a pause of a quarter of the interval they are chosen; over the
// rest of it their values shrink linearly to zero, and nothing but the lambdas of the
// config weighs on what stays (after HESSO, Chen et al. 2024, which ranks and shrinks
// groups in periods). The last batches before the choice tell what groups are worth:
// those of the pause, and where they are few of the steps before it.
type condemned struct {
	worth
	Groups [][2]int `json:"groups,omitempty"` // number of the penalty and of the group in it
	Left   int      `json:"left,omitempty"`   // steps until they are zero
	Paused int      `json:"paused,omitempty"` // steps of the pause that have gone by

	places []place
}

const (
	// evidence is the number of batches that tell what groups are worth. A network that
	// fits its data well has a gradient on few batches: two of them rank by chance.
	evidence = 25
	// shortest is the shortest interval in steps: what stays has to make up for what
	// goes.
	shortest = 40
)

// interval is the number of steps from one choice of groups to the next: every, or the
// first multiple of it that is not too short. A training with few steps between the
// target's from and by is halved at least.
func interval(every int, t *config.Target, steps int) int {
	least := min(shortest, int((t.By-t.From)*float64(steps))/2)
	return every * max(1, (least+every-1)/every)
}

// pause is how many steps of an interval go by before groups are chosen.
func (s *shrinker) pause() int { return max(1, s.control/4) }

// enough is the number of batches that a choice of groups needs.
func (s *shrinker) enough() int { return max(s.pause(), min(evidence, s.control)) }

// ahead is how many steps there are until groups are chosen; not above 0: the pause
// is over.
func (s *shrinker) ahead(at train.Place) int {
	c := &s.Condemned
	if at.Share < s.goal.Plan.From {
		steps := float64(s.control) / s.goal.Step // of the training
		return int(math.Ceil(s.goal.Plan.From*steps)) - at.Step + s.pause()
	}
	return c.Left + s.pause() - c.Paused
}

// least is the turn of method least after a step.
func (s *shrinker) least(net *nn.Network, at train.Place) (*train.Reshaped, error) {
	c := &s.Condemned
	s.strengthen(at.Share)
	if n := s.ahead(at); c.Batches < s.enough() && n <= s.enough() {
		c.measure(s.candidates(), at.Grad)
		if n <= 0 {
			return nil, nil
		}
	}
	switch {
	case c.Left > 1:
		c.fade()
		return nil, nil
	case c.Left == 1:
		c.fade()
		c.Groups, c.places = nil, nil
		return s.gone(net, at)
	case at.Share < s.goal.Plan.From:
		return nil, nil
	case c.Paused < s.pause():
		c.Paused++
		return nil, nil
	}
	return nil, s.condemn(net, at)
}

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
	} else if err := s.Condemned.follow(s.now, change.Net); err != nil {
		return nil, err
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
	line := s.goal.Plan.At(at.Share + s.goal.Step)
	chosen := all
	for _, list := range [][]fallen{halves(all), all} {
		values.put(all, list)
		left, err := prune.Remaining(net)
		if err != nil {
			return err
		}
		if share := s.share(left); share <= line {
			if chosen, _, err = values.choose(net, list, line, share, s.share); err != nil {
				return err
			}
			if chosen, err = values.spare(net, chosen, line, s.share); err != nil {
				return err
			}
			break
		}
	}
	values.put(all, nil)
	for _, f := range chosen {
		c.Groups = append(c.Groups, [2]int{f.term, f.group})
	}
	c.Left, c.Paused, c.worth = max(1, s.control-s.pause()), 0, worth{}
	s.recall()
	return nil
}

// halves keeps of a ranked list the first half of each layer's groups: what a group is
// worth while the others of its layer stay says little of what many are worth together.
func halves(ranked []fallen) []fallen {
	type layer struct {
		term int
		p    *nn.Param
	}
	size, taken := map[layer]int{}, map[layer]int{}
	of := func(f fallen) layer { return layer{f.term, f.places[0].p} }
	for _, f := range ranked {
		size[of(f)]++
	}
	var out []fallen
	for _, f := range ranked {
		if taken[of(f)]++; 2*taken[of(f)] <= size[of(f)]+1 {
			out = append(out, f)
		}
	}
	return out
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
