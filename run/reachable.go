package run

import (
	"errors"
	"fmt"

	"pare/nn"
	"pare/prune"
	"pare/regularize"
)

// reachable refuses a target that no training can meet: more than that is left of
// the network without anything that the penalties may remove. Any share of groups can
// be left.
func (s *shrinker) reachable(net *nn.Network) error {
	if s.r.c.Target.Groups > 0 {
		return nil
	}
	var terms []*regularize.Term
	for k, t := range s.now {
		if t != nil && t.Proximal() && s.r.c.Penalties[k].Lambda != 0 {
			terms = append(terms, t)
		}
	}
	var values overshoot
	values.keep(terms)
	var all []fallen
	for _, t := range terms {
		var f fallen
		t.Visit(func(_ int, p *nn.Param, i int) { f.places = append(f.places, place{p, i}) })
		all = append(all, f)
	}
	values.put(all, all)
	left, err := prune.Remaining(net)
	values.put(all, nil)
	if err != nil {
		return err
	}
	if share := s.share(left); share > s.TargetShare {
		key, what := s.measure()
		return s.r.c.Errorf("target."+key, "%.3g of the %s cannot be all that is left: with everything gone that the penalties reach, %.3g would be; let them reach more of the network, or raise the target",
			s.TargetShare, what, share)
	}
	return nil
}

// errClosed is the end of a training that has nothing left to train.
var errClosed = errors.New("nothing that depends on the input is left of the network; raise the target, train for more epochs, or penalise less of the network, with a smaller lambda")

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
