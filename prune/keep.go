package prune

import (
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"pare/internal/option"
	"pare/internal/suggest"
	"pare/nn"
)

// Keep says how much of its layers a network keeps; the zero value demands nothing. Layers
// are given by name or by a pattern as in path.Match, such as "layer4.*". Of all bounds on a
// layer the largest holds.
type Keep struct {
	Layers []string          `yaml:"layers,omitempty" json:"layers,omitempty" empty:"no" list:"single" doc:"layers that keep all their outputs, names or patterns such as layer4.*; their inputs may go with the layers before them"`
	Least  float64           `yaml:"least,omitempty" json:"least,omitempty" range:"(0,)" doc:"fewest units that a layer keeps, all where it has fewer: a number or, below 1, a share of its units"`
	Lose   float64           `yaml:"lose,omitempty" json:"lose,omitempty" range:"(0,1)" doc:"largest share of its units that a layer may lose"`
	Of     map[string]Bounds `yaml:"of,omitempty" json:"of,omitempty" doc:"least and lose of single layers, by name or pattern; of all bounds on a layer the largest holds"`
}

// Bounds are the units that a layer keeps; the zero value demands none.
type Bounds struct {
	Least float64 `yaml:"least,omitempty" json:"least,omitempty" range:"(0,)" doc:"fewest units that the layer keeps, all where it has fewer: a number or, below 1, a share of its units"`
	Lose  float64 `yaml:"lose,omitempty" json:"lose,omitempty" range:"(0,1)" doc:"largest share of its units that the layer may lose"`
}

// Validate implements option.Validator.
func (k Keep) Validate() error {
	if err := (Bounds{k.Least, k.Lose}).Validate(); err != nil {
		return err
	}
	for _, pattern := range slices.Sorted(maps.Keys(k.Of)) {
		b := k.Of[pattern]
		if _, err := path.Match(pattern, ""); err != nil {
			return option.Errorf("of", "has the pattern %q, which has no meaning: %s", pattern, err)
		}
		if err := b.Validate(); err != nil {
			return option.Errorf("of", "has for %q a bound that is no bound: %s", pattern, err)
		}
		if b == (Bounds{}) {
			return option.Errorf("of", "has no bound for %q; give it least or lose", pattern)
		}
	}
	for _, pattern := range k.Layers {
		if _, err := path.Match(pattern, ""); err != nil {
			return option.Errorf("layers", "has the pattern %q, which has no meaning: %s", pattern, err)
		}
	}
	return nil
}

// Validate implements option.Validator.
func (b Bounds) Validate() error {
	switch {
	case !(b.Least >= 0) || b.Least > 1 && b.Least != math.Trunc(b.Least):
		return option.Errorf("least", "is %g; it must be a share below 1 or a whole number of units", b.Least)
	case !(b.Lose >= 0 && b.Lose < 1):
		return option.Errorf("lose", "is %g; it must be a share above 0 and below 1", b.Lose)
	}
	return nil
}

// Demands reports whether k demands anything.
func (k Keep) Demands() bool {
	return len(k.Layers) > 0 || k.Least != 0 || k.Lose != 0 || len(k.Of) > 0
}

// Fixed is k in numbers of units of single layers, which mean the same for a smaller form of
// the network.
func (k Keep) Fixed(net *nn.Network) (Keep, error) {
	if !k.Demands() {
		return k, nil
	}
	floors, err := k.floors(net)
	if err != nil {
		return Keep{}, err
	}
	fixed := Keep{Of: map[string]Bounds{}}
	for i, f := range floors {
		if f.units > 0 {
			fixed.Of[literal.Replace(net.Nodes[i].Name)] = Bounds{Least: float64(f.units)}
		}
	}
	return fixed, nil
}

// literal makes of a name the pattern that matches it alone.
var literal = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

// Fits returns the error of a pattern that matches no layer with units of its own.
func (k Keep) Fits(net *nn.Network) error {
	_, err := k.floors(net)
	return err
}

// floor is the number of units that a layer keeps, and the option that demands it.
type floor struct {
	units int
	by    string
}

// floors of all layers, in network order.
func (k Keep) floors(net *nn.Network) ([]floor, error) {
	if err := k.Validate(); err != nil {
		return nil, fmt.Errorf("keep.%w", err)
	}
	out := make([]floor, len(net.Nodes))
	raise := func(i, units int, by string) {
		if units > out[i].units {
			out[i] = floor{units, by}
		}
	}
	bound := func(i int, b Bounds, by string) {
		n := net.Nodes[i].Shape.Units()
		raise(i, min(n, atLeast(b.Least, n)), by+".least")
		if b.Lose > 0 {
			raise(i, n-int(b.Lose*float64(n)*(1+1e-12)), by+".lose")
		}
	}
	for i, node := range net.Nodes {
		if makesUnits(node) {
			bound(i, Bounds{k.Least, k.Lose}, "keep")
		}
	}
	for _, pattern := range slices.Sorted(maps.Keys(k.Of)) {
		layers, err := matching(net, "keep.of", pattern, carriesUnits)
		if err != nil {
			return nil, err
		}
		for _, i := range layers {
			bound(i, k.Of[pattern], "keep.of."+pattern)
		}
	}
	for _, pattern := range k.Layers {
		layers, err := matching(net, "keep.layers", pattern, carriesUnits)
		if err != nil {
			return nil, err
		}
		for _, i := range layers {
			raise(i, net.Nodes[i].Shape.Units(), "keep.layers")
		}
	}
	return out, nil
}

// atLeast is a number of n units, given as a number or as a share below 1.
func atLeast(least float64, n int) int {
	if least < 1 {
		return int(math.Ceil(least * float64(n) * (1 - 1e-12)))
	}
	return int(min(least, float64(n)))
}

// matching lists the layers that a pattern matches, of those that count.
func matching(net *nn.Network, key, pattern string, counts func(*nn.Node) bool) ([]int, error) {
	var out []int
	var names []string
	for i, node := range net.Nodes {
		if !counts(node) {
			continue
		}
		names = append(names, node.Name)
		if ok, err := path.Match(pattern, node.Name); err != nil {
			return nil, fmt.Errorf("%s: pattern %q: %w", key, pattern, err)
		} else if ok {
			out = append(out, i)
		}
	}
	if out == nil {
		sorted := suggest.Sorted(pattern, names)
		return nil, fmt.Errorf("%s: %q matches no layer with units of its own; there are %s", key, pattern,
			strings.Join(sorted[:min(5, len(sorted))], ", "))
	}
	return out, nil
}

// makesUnits reports whether a layer computes units by weights.
func makesUnits(node *nn.Node) bool {
	return slices.ContainsFunc(node.Layer.Params(), func(p *nn.Param) bool {
		return p.Role == nn.RoleWeight && slices.Contains(p.Axes, nn.AxisOut)
	})
}

// carriesUnits reports whether a layer has parameters of its units, as a normalisation has.
func carriesUnits(node *nn.Node) bool {
	return slices.ContainsFunc(node.Layer.Params(), func(p *nn.Param) bool { return slices.Contains(p.Axes, nn.AxisOut) })
}
