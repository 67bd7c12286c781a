package regularize

import (
	"fmt"

	"pare/nn"
)

var (
	inputFeatures = Target{Name: "input_features", Doc: "the weights that read one input feature, or one pixel after a flatten; " +
		"of a table those that read one variable",
		groups: func(t *topology, _ string) ([]*group, error) {
			return t.columnGroups("input feature", t.readsVariables), nil
		}}
	positions = Target{Name: "positions", Doc: "the weights that read one position after a flatten",
		groups: func(t *topology, _ string) ([]*group, error) {
			return t.columnGroups("position", func(value int) bool { return value >= 0 && t.flow(value).repeats }), nil
		}}
)

// columnGroups makes one group of every column that weights read of a value the
// condition holds for, and of all columns of one variable of the input; readers of the
// same value, and of the same variable, share the groups. Weights that embed a variable are
// in no group: were they shrunk with those that read the embedding, both would vanish
// together, as each has a gradient only while the other is not 0.
func (t *topology) columnGroups(noun string, wanted func(value int) bool) []*group {
	var groups []*group
	variables := t.variables()
	byLabel := map[string]*group{}
	for i := range t.net.Nodes {
		p := t.weight(i, nn.AxisIn)
		if p == nil || p.Reads != nil {
			continue
		}
		source := t.source(i)
		axis := p.FindAxis(nn.AxisIn)
		n, _ := p.AxisLen(axis)
		if !wanted(source) || n != t.net.ShapeOf(source).Units() {
			continue
		}
		units := t.units.Out(source)
		for j := range n {
			label := fmt.Sprintf("%s %d of %s", noun, j, t.net.NameOf(source))
			name := variables[units[j]]
			if name != "" {
				label = "input variable " + name
			}
			g := byLabel[label]
			if g == nil {
				g = &group{label: label, of: name}
				byLabel[label], groups = g, append(groups, g)
			}
			slot := nn.Slot{Node: i, Param: p, Axis: axis, Index: j}
			g.add([]nn.Slot{slot}, []string{t.name(i)})
			g.macs += t.share(slot)
		}
	}
	return groups
}

// variables are the names of the variables of the input by unit: of the input itself, and of
// units made of one variable alone, as its embedding is. Empty where inputs have no names.
func (t *topology) variables() map[int]string {
	names := map[int]string{}
	for j, f := range t.net.Features {
		names[t.units.Out(-1)[j]] = f.Of()
	}
	for i, node := range t.net.Nodes {
		for _, p := range node.Layer.Params() {
			if p.Reads == nil || p.Makes == nil {
				continue
			}
			from := map[string]bool{}
			for _, u := range t.units.Along(i, p, nn.AxisIn) {
				from[names[u]] = true
			}
			for _, u := range t.units.Along(i, p, nn.AxisOut) {
				for name := range from {
					if len(from) == 1 && name != "" {
						names[u] = name
					}
				}
			}
		}
	}
	return names
}

// readsVariables reports whether every unit of a value is the input's or made of one variable.
func (t *topology) readsVariables(value int) bool {
	if t.net.Features == nil || t.readsInput(value) {
		return t.readsInput(value)
	}
	names := t.variables()
	for _, u := range t.units.Out(value) {
		if names[u] == "" {
			return false
		}
	}
	return true
}
