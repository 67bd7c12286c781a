package regularize

import (
	"fmt"

	"pare/nn"
)

// columnGroups makes one group of every column that weights read of a value the
// condition holds for; readers of the same value share the groups.
func (t *topology) columnGroups(what string, wanted func(value int) bool) []*group {
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
				g := &group{label: fmt.Sprintf("%s %d of %s", what, j, t.net.NameOf(source))}
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
