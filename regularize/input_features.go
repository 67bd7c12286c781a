package regularize

import (
	"fmt"

	"pare/nn"
)

var (
	inputFeatures = Target{Name: "input_features", Doc: "the weights that read one input feature, or one pixel after a flatten",
		groups: func(t *topology, _ string) ([]*group, error) {
			return t.columnGroups("input feature", t.readsInput), nil
		}}
	positions = Target{Name: "positions", Doc: "the weights that read one position after a flatten",
		groups: func(t *topology, _ string) ([]*group, error) {
			return t.columnGroups("position", func(value int) bool { return value >= 0 && t.flow(value).repeats }), nil
		}}
)

// columnGroups makes one group of every column that weights read of a value the
// condition holds for; readers of the same value share the groups.
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
			for j := range n {
				g := &group{label: fmt.Sprintf("%s %d of %s", noun, j, t.net.NameOf(source))}
				byValue[source] = append(byValue[source], g)
				groups = append(groups, g)
			}
		}
		for j, g := range byValue[source] {
			slot := nn.Slot{Node: i, Param: p, Axis: axis, Index: j}
			g.layers = append(g.layers, t.name(i))
			g.slots = append(g.slots, slot)
			g.macs += t.share(slot)
		}
	}
	return groups
}
