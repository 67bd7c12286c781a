package regularize

import (
	"fmt"
	"slices"

	"pare/nn"
)

// recurrentGroups makes one group of every unit of a recurrent layer: the weights
// and biases that compute it in all gates, and all weights that read it, in its
// own layer and in others. They are the intrinsic sparse structures of Wen et al.
// 2018, and when all are 0 the unit can go. A recurrent weight belongs to two of
// them.
func (t *topology) recurrentGroups() []*group {
	var groups []*group
	for i := range t.net.Nodes {
		for j, u := range t.units.Out(i) {
			if t.out[u] || !slices.ContainsFunc(t.slots[u], func(s nn.Slot) bool {
				return s.Node == i && s.Reads() && s.Param.Axes[s.Axis] == nn.AxisOut
			}) {
				continue
			}
			g := &group{label: fmt.Sprintf("unit %d of %s", j, t.name(i)), layers: []string{t.name(i)}, macs: t.unitMACs(u)}
			for _, s := range t.slots[u] {
				if s.Param.Role == nn.RoleWeight || s.Param.Role == nn.RoleBias {
					g.slots = append(g.slots, s)
				}
			}
			groups = append(groups, g)
		}
	}
	return groups
}
