package regularize

import (
	"fmt"
	"slices"

	"pare/nn"
)

var (
	channels = Target{Name: "channels", Doc: "the units of convolutions; those that residual sums tie are one group", Members: unitMembers,
		groups: func(t *topology, members string) ([]*group, error) {
			return t.unitGroups("channel", members, t.convolves), nil
		}}
	neurons = Target{Name: "neurons", Doc: "the units of linear and recurrent layers", Members: unitMembers,
		groups: func(t *topology, members string) ([]*group, error) {
			return t.unitGroups("neuron", members, func(node int) bool { return !t.convolves(node) }), nil
		}}
)

var unitMembers = []string{"norm", "out", "in"}

// unitGroups makes one group of every unit class that a node of the wanted sort
// makes and that is not the network's output.
func (t *topology) unitGroups(noun, members string, wanted func(node int) bool) []*group {
	var groups []*group
	done := map[int]bool{}
	for i := range t.net.Nodes {
		for j, u := range t.units.Out(i) {
			if done[u] || t.out[u] || !slices.Contains(t.makes[u], i) || !wanted(i) {
				continue
			}
			done[u] = true
			if slots := t.members(u, members); len(slots) > 0 {
				groups = append(groups, &group{label: fmt.Sprintf("%s %d of %s", noun, j, t.name(i)),
					layers: t.names(t.makes[u]), slots: slots, macs: t.unitMACs(u)})
			}
		}
	}
	return groups
}

// members returns the slices that make up the group of a unit class: "norm", scale and
// shift of the normalisation that carries it; "out", the weights and bias that compute
// it, with scale and shift of layer normalisations, behind which a unit of zeros is not
// zero; "in", the weights that read it. Otherwise norm where there is one, else out.
func (t *topology) members(unit int, members string) []nn.Slot {
	switch members {
	case "norm":
		return t.norms(unit, false)
	case "in":
		return t.slicesOf(unit, true, nn.RoleWeight)
	case "out":
		return append(t.slicesOf(unit, false, nn.RoleWeight, nn.RoleBias), t.norms(unit, true)...)
	}
	if norm := t.members(unit, "norm"); len(norm) > 0 {
		return norm
	}
	return t.members(unit, "out")
}

// norms returns scales and shifts of the normalisations that carry a unit: of
// those that mix units, or of those that do not.
func (t *topology) norms(unit int, mixing bool) []nn.Slot {
	return slices.DeleteFunc(t.slicesOf(unit, false, nn.RoleScale, nn.RoleShift), func(s nn.Slot) bool {
		_, mixes := t.net.Nodes[s.Node].Layer.(nn.Mixer)
		return mixes != mixing
	})
}

// slicesOf returns those slices of a unit class that read it, or compute it.
func (t *topology) slicesOf(unit int, reads bool, roles ...nn.Role) []nn.Slot {
	var out []nn.Slot
	for _, s := range t.slots[unit] {
		if s.Reads() == reads && slices.Contains(roles, s.Param.Role) {
			out = append(out, s)
		}
	}
	return out
}
