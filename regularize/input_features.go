package regularize

import (
	"fmt"

	"pare/nn"
)

var (
	inputFeatures = Target{Name: "input_features", Doc: "the weights that read one input feature, or one pixel after a flatten; " +
		"of a table those that read one variable",
		groups: func(t *topology, _ string) ([]*group, error) {
			return t.columnGroups("input feature", t.readsInput), nil
		}}
	positions = Target{Name: "positions", Doc: "the weights that read one position after a flatten",
		groups: func(t *topology, _ string) ([]*group, error) {
			return t.columnGroups("position", func(value int) bool { return value >= 0 && t.flow(value).repeats }), nil
		}}
)

// columnGroups makes one group of every column that weights read of a value the
// condition holds for, and of all columns of one variable of the input; readers of the
// same value share the groups.
func (t *topology) columnGroups(noun string, wanted func(value int) bool) []*group {
	var groups []*group
	byValue := map[int][]*group{}
	for i := range t.net.Nodes {
		p := t.weight(i, nn.AxisIn)
		if p == nil {
			continue
		}
		source := t.source(i)
		axis := p.FindAxis(nn.AxisIn)
		n, _ := p.AxisLen(axis)
		if !wanted(source) || n != t.net.ShapeOf(source).Units() {
			continue
		}
		if byValue[source] == nil {
			variables := t.variables(source)
			first := map[string]*group{}
			for j := range n {
				label := fmt.Sprintf("%s %d of %s", noun, j, t.net.NameOf(source))
				if variables != nil {
					label = "input variable " + variables[j]
				}
				g := first[label]
				if g == nil {
					g = &group{label: label}
					first[label], groups = g, append(groups, g)
				}
				byValue[source] = append(byValue[source], g)
			}
		}
		for j, g := range byValue[source] {
			slot := nn.Slot{Node: i, Param: p, Axis: axis, Index: j}
			g.add([]nn.Slot{slot}, []string{t.name(i)})
			g.macs += t.share(slot)
		}
	}
	return groups
}

// variables are the names of the variables of the units of a value; nil: it has other units
// than the input, or they have no names.
func (t *topology) variables(value int) []string {
	if t.net.Features == nil {
		return nil
	}
	names := map[int]string{}
	for j, u := range t.units.Out(-1) {
		names[u] = t.net.Features[j].Of()
	}
	var out []string
	for _, u := range t.units.Out(value) {
		if names[u] == "" {
			return nil
		}
		out = append(out, names[u])
	}
	return out
}
