package prune

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"pare/nn"
)

// ceiling is the number of units that a layer may keep by the budget of its own.
type ceiling struct {
	node, units int
	share       float64
	pattern     string
}

// FitsLayers returns the error of a budget for layers that the network does not have.
func (s Selection) FitsLayers(net *nn.Network) error {
	_, err := s.ceilings(net)
	return err
}

// ceilings of the layers with a budget of their own, the smallest share first: where
// layers lose units together, it decides. Of several patterns for a layer the smallest share
// counts.
func (s Selection) ceilings(net *nn.Network) ([]ceiling, error) {
	of := map[int]ceiling{}
	for _, pattern := range slices.Sorted(maps.Keys(s.Layers)) {
		layers, err := matching(net, "budget layers", pattern, makesUnits)
		if err != nil {
			return nil, err
		}
		for _, i := range layers {
			c := ceiling{node: i, share: s.Layers[pattern], pattern: pattern}
			if i == len(net.Nodes)-1 && c.share < 1 {
				return nil, fmt.Errorf("budget layers: %q matches layer %s, whose units are the outputs of the network, which all stay",
					pattern, net.Nodes[i].Name)
			}
			c.units = max(1, int(c.share*float64(net.Nodes[i].Shape.Units())*(1+1e-12)))
			if round := max(1, s.RoundTo); c.units >= round {
				c.units -= c.units % round
			}
			if old, ok := of[i]; !ok || c.share < old.share {
				of[i] = c
			}
		}
	}
	return slices.SortedFunc(maps.Values(of), func(a, b ceiling) int {
		return cmp.Or(cmp.Compare(a.share, b.share), cmp.Compare(a.node, b.node))
	}), nil
}

// layerwise divides a list of candidates into the units that layers with budgets of their own
// lose, and the units of the other layers.
func (s Selection) layerwise(net *nn.Network, list []candidate) (forced, rest []candidate, err error) {
	ceilings, err := s.ceilings(net)
	if err != nil || len(ceilings) == 0 {
		return nil, list, err
	}
	live := analyse(net).made
	gone, stays := make([]bool, len(list)), make([]bool, len(list))
	for _, c := range ceilings {
		kept := countTrue(live[c.node])
		var own []int
		for k, unit := range list {
			if !slices.Contains(unit.makes, c.node) {
				continue
			}
			if gone[k] {
				kept--
			} else if !stays[k] {
				own = append(own, k)
			}
		}
		for _, k := range own { // by ascending score
			if kept > c.units {
				gone[k] = true
				kept--
			} else {
				stays[k] = true
			}
		}
	}
	for k, unit := range list {
		switch {
		case gone[k]:
			forced = append(forced, unit)
		case !stays[k]:
			rest = append(rest, unit)
		}
	}
	return forced, rest, nil
}

// overLayers refuses a layer that is above the budget of its own.
func (s Selection) overLayers(t *trial) error {
	ceilings, err := s.ceilings(t.net)
	if err != nil {
		return err
	}
	for _, c := range ceilings {
		kept := countTrue(t.analysis.made[c.node])
		name := t.net.Nodes[c.node].Name
		if n := t.net.Nodes[c.node].Shape.Units(); kept <= max(1, int(c.share*float64(n)*(1+1e-12))) {
			continue
		}
		why := "the others stay, as units of other layers or of the output depend on them"
		if i := slices.IndexFunc(t.limited, func(l Limited) bool { return l.Layer == name }); i >= 0 {
			why = t.limited[i].By + " keeps them; loosen it"
		}
		return fmt.Errorf("the budget of layer %s cannot be met: it is %g of its units, by %q, and the layer keeps %d of %d; %s",
			name, c.share, c.pattern, kept, t.net.Nodes[c.node].Shape.Units(), why)
	}
	return nil
}
