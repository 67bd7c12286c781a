package gradual

import (
	"fmt"

	"pare/nn"
	"pare/prune"
)

// reachable refuses a target that no training can meet: more than that is left of
// the network without anything that the penalties may remove. Any share of the groups
// that proximal steps zero can be left.
func (s *Shrinker) reachable(net *nn.Network) error {
	target, terms := s.o.Target, s.terms()
	may := terms.where(zeroes)
	all, _ := terms.grouped().count()
	zeroable, _ := may.grouped().count()
	switch share := float64(all-zeroable) / float64(max(all, 1)); {
	case target.Measure == Groups && share > target.Share:
		return refuse("Target.Share", "%.3g of the groups cannot be reached: %.3g belong to penalties with lambda 0 or mode subgradient, which remove nothing; leave these penalties out, or raise the target", target.Share, share)
	case target.Measure == Groups:
		return nil
	case target.Method != Lambda && zeroable == 0:
		return refuse("Target.Method", "least removes groups, and the penalties are on single weights; add one on groups, such as {type: group_lasso, on: channels, lambda: 1e-4}, or use lambda")
	}
	left, err := bare(net, may)
	if err != nil {
		return err
	}
	if share := s.share(left); share > target.Share {
		return refuse("Target.Share", "%.3g of the %s cannot be reached: with everything removed that the penalties cover, %.3g would be left; penalise more of the network, or raise the target",
			target.Share, target.Measure.noun(), share)
	}
	return nil
}

// bare counts what is left of the network with all values of the terms at zero.
func bare(net *nn.Network, ts terms) (nn.Counts, error) {
	values := kept{}.keep(ts)
	var all group
	for _, t := range ts {
		if t != nil {
			t.Visit(func(_ int, p *nn.Param, i int) { all.places = append(all.places, place{p, i}) })
		}
	}
	gone := []group{all}
	values.put(nil, gone)
	left, err := prune.Remaining(net)
	values.put(gone, nil)
	return left, err
}

// Missed is the error, which wraps ErrMissed, of a training that has ended without its
// target met; nil: there was none or it was.
func (s *Shrinker) Missed(net *nn.Network) error {
	if !s.Unmet() {
		return nil
	}
	left, err := prune.Remaining(net)
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %.3g of the %s are left, and the target is %.3g; train for more epochs, penalise more of the network, or raise the target",
		ErrMissed, s.share(left), s.o.Target.Measure.noun(), s.TargetShare)
}
