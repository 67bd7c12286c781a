package run

import (
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
