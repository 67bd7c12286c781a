package regularize

import (
	"fmt"

	"pare/nn"
)

// gateGroups makes one group of every gate.
func (t *topology) gateGroups() []*group {
	var groups []*group
	for i, node := range t.net.Nodes {
		for _, p := range node.Layer.Params() {
			if p.Role != nn.RoleGate {
				continue
			}
			perChannel := p.FindAxis(nn.AxisOut) >= 0
			units := t.units.Out(i)
			for j := range p.Size() {
				g := &group{label: fmt.Sprintf("gate %d of %s", j, node.Name), layers: []string{node.Name},
					slots: []nn.Slot{{Node: i, Param: p, Axis: 0, Index: j}}}
				if perChannel {
					g.macs = t.unitMACs(units[j])
				} else {
					g.macs = t.pathMACs(i)
				}
				groups = append(groups, g)
			}
		}
	}
	return groups
}
