package gradual

import (
	"pare/nn"
	"pare/prune"
	"pare/train"
)

// Method Lambda changes one factor on all penalties once in an interval, and looks more
// often whether enough has become zero.

// looks is the largest divisor of the steps between two changes that makes at
// least five looks in between, so that a target is not missed by much.
func looks(steps int) int {
	for n := steps / 5; n > 1; n-- {
		if steps%n == 0 {
			return n
		}
	}
	return 1
}

// lambda is the turn of method Lambda after a step.
func (s *Shrinker) lambda(net *nn.Network, at train.Place) (*train.Reshaped, error) {
	defer func() { s.last = s.last.keep(s.terms().grouped()) }()
	due := at.Step%s.interval == 0
	if !due && !s.changed(at) {
		return nil, nil
	}
	share, err := s.look(net, at)
	if err != nil {
		return nil, err
	}
	if share <= s.TargetShare {
		return s.arrive(net, share, at)
	}
	if !due {
		if s.goal.Brake(at.Share, share) {
			s.setFactor(0)
		}
		return nil, nil
	}
	s.goal.Update(at.Share, share, s.terms().grouped().norms())
	s.strengthen(at.Share)
	change := &train.Reshaped{Keep: true}
	if s.o.Every > 0 {
		if shrunk, err := s.shrink(net); err != nil {
			return nil, err
		} else if shrunk != nil {
			change = shrunk
			s.goal.Forget()
		}
	}
	change.Target = &train.ControlRecord{Share: share, Planned: s.goal.Plan.At(at.Share), Factor: s.goal.Factor}
	return change, nil
}

// changed reports whether the network may have become smaller since the last look:
// groups have come to zero, or it is time to look at single weights.
func (s *Shrinker) changed(at train.Place) bool {
	grouped := s.terms().grouped()
	_, zero := grouped.count()
	was := s.Zero
	s.Zero = zero
	return zero != was || len(grouped) < len(s.penalties) && at.Step%looks(s.interval) == 0
}

// look measures what is left. If more has gone in this step than was to be gone by
// now, what was too much comes back.
func (s *Shrinker) look(net *nn.Network, at train.Place) (float64, error) {
	left, err := prune.Remaining(net)
	if err != nil {
		return 0, err
	}
	share := s.share(left)
	if line := s.goal.Plan.At(at.Share); share < line {
		if share, err = s.last.undo(net, s.terms().grouped(), line, share, s.share); err != nil {
			return 0, err
		}
		if share == 0 {
			return 0, ErrClosed
		}
	}
	return share, nil
}
