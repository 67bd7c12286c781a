package run

import (
	"errors"
	"fmt"

	"pare/nn"
	"pare/prune"
	"pare/regularize"
)

// reachable refuses a target that no training can meet: more than that is left of
// the network without anything that the penalties may remove. Any share of the groups
// that proximal steps zero can be left.
func (s *shrinker) reachable(net *nn.Network) error {
	least := s.r.c.Target.Method != "lambda"
	var terms []*regularize.Term
	all, fixed := 0, 0 // groups, and those that no proximal step zeroes
	for k, t := range s.now {
		p := s.r.c.Penalties[k]
		may := t != nil && t.Proximal() && p.Lambda != 0
		if may {
			terms = append(terms, t)
		}
		if t != nil && p.On != "weights" {
			n, _ := t.Groups()
			if all += n; !may {
				fixed += n
			}
		}
	}
	switch share := float64(fixed) / float64(max(all, 1)); {
	case s.r.c.Target.Groups > 0 && share > s.TargetShare:
		return s.r.c.Errorf("target.groups", "%.3g of the groups cannot be all that is left: %.3g are of penalties with lambda 0 or mode subgradient; remove those, or raise the target", s.TargetShare, share)
	case s.r.c.Target.Groups > 0:
		return nil
	case least && all == fixed:
		return s.r.c.Errorf("target.method", "least removes groups, and the penalties are on single weights; add one on groups, such as {type: group_lasso, on: channels, lambda: 1e-4}, or use lambda")
	}
	var values overshoot
	values.keep(terms)
	var gone []fallen
	for _, t := range terms {
		var f fallen
		t.Visit(func(_ int, p *nn.Param, i int) { f.places = append(f.places, place{p, i}) })
		gone = append(gone, f)
	}
	values.put(gone, gone)
	left, err := prune.Remaining(net)
	values.put(gone, nil)
	if err != nil {
		return err
	}
	if share := s.share(left); share > s.TargetShare {
		key, what := s.measure()
		return s.r.c.Errorf("target."+key, "%.3g of the %s cannot be reached: with everything removed that the penalties cover, %.3g would be left; penalise more of the network, or raise the target",
			s.TargetShare, what, share)
	}
	return nil
}

// errClosed is the end of a training that has nothing left to train.
var errClosed = errors.New("the output no longer depends on the input; raise the target, train for more epochs, or penalise less of the network, with a smaller lambda")

// measure is the key of the target in the config, and what it counts.
func (s *shrinker) measure() (key, what string) {
	switch t := s.r.c.Target; {
	case t.MACs > 0:
		return "macs", "multiply-accumulates"
	case t.Groups > 0:
		return "groups", "groups"
	}
	return "params", "parameters"
}

// unmet is the error of a training that has not come down to its target.
func (s *shrinker) unmet(net *nn.Network) error {
	if s.goal == nil || s.met() {
		return nil
	}
	left, err := prune.Remaining(net)
	if err != nil {
		return err
	}
	_, what := s.measure()
	return fmt.Errorf("the target was not met: %.3g of the %s were to be left, %.3g are; train for more epochs, or let the penalties reach more of the network, or raise the target",
		s.TargetShare, what, s.share(left))
}
