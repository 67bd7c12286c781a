package regularize

import (
	"fmt"

	"pare/nn"
)

var heads = Target{Name: "heads",
	Doc:    "every head of an attention: the weights that compute its queries, keys and values, and those that read its results",
	groups: func(t *topology, _ string) ([]*group, error) { return t.headGroups(), nil }}

// headGroups makes one group of every head: the rows that compute its units,
// weights and biases, and the columns that read its results.
func (t *topology) headGroups() []*group {
	var groups []*group
	for i, node := range t.net.Nodes {
		layer, ok := node.Layer.(nn.Headed)
		if !ok {
			continue
		}
		in := t.units.In(i)
		heads := layer.HeadUnits()
		for h, members := range heads {
			g := &group{label: fmt.Sprintf("head %d of %s", h+1, node.Name), layers: []string{node.Name},
				macs: t.macs[i] / float64(len(heads))}
			units := make(nn.Units, len(members))
			for k, u := range members {
				units[k] = in[u]
			}
			for _, u := range distinct(units) {
				slots := append(t.slicesOf(u, false, nn.RoleWeight, nn.RoleBias), t.slicesOf(u, true, nn.RoleWeight)...)
				g.add(slots, t.names(t.makes[u]))
				g.macs += t.unitMACs(u)
			}
			if len(g.slots) > 0 {
				groups = append(groups, g)
			}
		}
	}
	return groups
}
