package gradual

import (
	"math"

	"pare/nn"
	"pare/prune"
	"pare/regularize"
	"pare/train"
)

// Method Least works in intervals. After a pause of a quarter of the interval those
// groups are chosen that the loss would miss least, so many that as much is left as the
// plan asks for; over the rest of it they fade to zero, and are removed at its end.

const (
	// evidence is the number of batches that tell what groups are worth. A network that
	// fits its data well has a gradient on few batches: two of them rank by chance.
	evidence = 25
	// shortest is the shortest interval in steps: what stays has to make up for what
	// goes.
	shortest = 40
)

// lasting is the number of steps of an interval: every, or the first multiple of it that
// is not too short. A training with few steps between the plan's From and By is halved
// at least.
func lasting(every int, p Plan, steps int) int {
	least := min(shortest, int((p.By-p.From)*float64(steps))/2)
	return every * max(1, (least+every-1)/every)
}

// pause is how many steps of an interval go by before groups are chosen.
func (s *Shrinker) pause() int { return max(1, s.interval/4) }

// enough is the number of batches that a choice of groups needs.
func (s *Shrinker) enough() int { return max(s.pause(), min(evidence, s.interval)) }

// ahead is how many steps there are until groups are chosen; not above 0: the pause
// is over.
func (s *Shrinker) ahead(at train.Place) int {
	f := &s.Fading
	if at.Share < s.goal.Plan.From {
		steps := float64(s.interval) / s.goal.Step // of the training
		return int(math.Ceil(s.goal.Plan.From*steps)) - at.Step + s.pause()
	}
	return f.Left + s.pause() - f.Paused
}

// least is the turn of method Least after a step.
func (s *Shrinker) least(net *nn.Network, at train.Place) (*train.Reshaped, error) {
	f := &s.Fading
	s.strengthen(at.Share)
	if n := s.ahead(at); f.Batches < s.enough() && n <= s.enough() {
		f.measure(s.candidates(), at.Grad)
		if n <= 0 {
			return nil, nil
		}
	}
	switch {
	case f.Left > 1:
		f.fade()
		return nil, nil
	case f.Left == 1:
		f.fade()
		f.end()
		return s.gone(net, at)
	case at.Share < s.goal.Plan.From:
		return nil, nil
	case f.Paused < s.pause():
		f.Paused++
		return nil, nil
	}
	return nil, s.choose(net, at)
}

// candidates are the penalties whose groups may go.
func (s *Shrinker) candidates() terms {
	return s.terms().where(func(t *regularize.Term) bool { return t.Grouped() && zeroes(t) })
}

// gone removes what an interval has brought to zero.
func (s *Shrinker) gone(net *nn.Network, at train.Place) (*train.Reshaped, error) {
	left, err := prune.Remaining(net)
	if err != nil {
		return nil, err
	}
	share := s.share(left)
	if share <= s.TargetShare {
		return s.arrive(net, share, at)
	}
	terms := s.terms()
	change, err := s.shrink(net)
	if err != nil {
		return nil, err
	}
	if change == nil {
		change = &train.Reshaped{Keep: true}
	} else if err := s.Fading.follow(terms, change.Net); err != nil {
		return nil, err
	}
	change.Target = &train.ControlRecord{Share: share, Planned: s.goal.Plan.At(at.Share), Factor: s.Factor}
	return change, nil
}

// choose chooses the groups that fade in the rest of the interval.
func (s *Shrinker) choose(net *nn.Network, at train.Place) error {
	values := kept{}.keep(s.terms().grouped())
	all := s.Fading.ranked(s.candidates())
	line := s.goal.Plan.At(at.Share + s.goal.Step)
	chosen := all
	for _, list := range [][]group{halves(all), all} {
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
	s.Fading.begin(chosen, max(1, s.interval-s.pause()), s.terms())
	return nil
}

// halves keeps of a ranked list the first half of each layer's groups: what a group is
// worth while the others of its layer stay says little of what many are worth together.
func halves(ranked []group) []group {
	type layer struct {
		term int
		p    *nn.Param
	}
	size, taken := map[layer]int{}, map[layer]int{}
	of := func(g group) layer { return layer{g.term, g.places[0].p} }
	for _, g := range ranked {
		size[of(g)]++
	}
	var out []group
	for _, g := range ranked {
		if taken[of(g)]++; 2*taken[of(g)] <= size[of(g)]+1 {
			out = append(out, g)
		}
	}
	return out
}
