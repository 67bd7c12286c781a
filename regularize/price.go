package regularize

import (
	"slices"

	"pare/nn"
)

// OnePrice returns the terms of a network as they are where they compete: a
// multiply-accumulate weighs the same in all of those with scale macs, so much that
// the mean over all their groups is 1, and not over those of each term. Terms of nil
// stay, and so does a term that is the only one with that scale.
func OnePrice(net *nn.Network, terms []*Term) ([]*Term, error) {
	groups, macs, priced := 0, 0.0, 0
	for _, t := range terms {
		if t != nil && t.priced > 0 {
			priced++
			groups += t.priced
			macs += float64(t.priced) / t.price
		}
	}
	out := slices.Clone(terms)
	if priced < 2 {
		return out, nil
	}
	for i, t := range terms {
		if t == nil || t.priced == 0 {
			continue
		}
		next, err := newTerm(net, t.spec, finder{price: float64(groups) / macs})
		if err != nil {
			return nil, err
		}
		next.groups = t.groups
		out[i] = next
	}
	return out, nil
}
