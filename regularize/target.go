package regularize

import (
	"fmt"
	"slices"
	"strings"

	"pare/nn"
)

// group is a penalised set of values before it is laid out for speed.
type group struct {
	label  string    // for messages: "channel 3 of conv1"
	layers []string  // the layers by which a Spec chooses it
	slots  []nn.Slot // parameter slices
	macs   float64   // multiply-accumulates that go with it
}

// names lists all that a factor may match: the layers, and the parameters of the
// members with theirs.
func (g *group) names(net *nn.Network) []string {
	names := slices.Clone(g.layers)
	for _, s := range g.slots {
		layer := net.Nodes[s.Node].Name
		for _, n := range []string{layer, layer + "." + s.Param.Name} {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// findGroups lists the groups that a Spec chooses, in network order; weights,
// whose groups are single values, are found by findCells.
func (f *finder) findGroups(t *topology, s Spec) ([]*group, error) {
	all, err := t.groups(s.On, s.Members)
	if err != nil {
		return nil, err
	}
	what := s.On
	if s.Members != "" && s.Members != "auto" {
		what = fmt.Sprintf("%s with members: %s", s.On, s.Members)
	}
	c := newChooser(s.Layers)
	var chosen []*group
	for _, g := range all {
		if c.take(g.layers) {
			chosen = append(chosen, g)
		}
	}
	if f.partial {
		return chosen, nil
	}
	if len(all) == 0 {
		return nil, t.lacks(what)
	}
	return chosen, c.check(what)
}

// groups lists the groups of a target with several values each.
func (t *topology) groups(on, members string) ([]*group, error) {
	switch on {
	case "channels":
		return t.unitGroups("channel", members, t.convolves), nil
	case "neurons":
		return t.unitGroups("neuron", members, func(node int) bool { return !t.convolves(node) }), nil
	case "branches":
		return t.branchGroups(members)
	case "blocks":
		return t.blockGroups(members), nil
	case "recurrent_units":
		return t.recurrentGroups(), nil
	case "heads":
		return t.headGroups(), nil
	case "gates", "paths":
		return t.gateGroups(), nil
	case "input_features":
		return t.columnGroups("input feature", t.readsInput), nil
	case "positions":
		return t.columnGroups("position", func(value int) bool { return value >= 0 && t.flow(value).repeats }), nil
	}
	return nil, nil
}

// lacks is the error for a target that the network has no groups of: it names
// those that it has.
func (t *topology) lacks(what string) error {
	var has []string
	if parts, err := (&finder{}).findCells(t, Spec{On: "weights"}, L1{}); err == nil && len(parts) > 0 {
		has = append(has, "weights")
	}
	for _, on := range Targets() {
		if groups, err := t.groups(on, ""); on != "paths" && (err != nil || len(groups) > 0) {
			has = append(has, on)
		}
	}
	return fmt.Errorf("on: the network has no %s; it has %s", what, strings.Join(has, ", "))
}

// unitGroups makes one group of every unit class that a node of the wanted sort
// makes and that is not the network's output.
func (t *topology) unitGroups(what, members string, wanted func(node int) bool) []*group {
	var groups []*group
	done := map[int]bool{}
	for i := range t.net.Nodes {
		for j, u := range t.units.Out(i) {
			if done[u] || t.out[u] || !slices.Contains(t.makes[u], i) || !wanted(i) {
				continue
			}
			done[u] = true
			slots := t.members(u, members)
			if len(slots) == 0 {
				continue
			}
			groups = append(groups, &group{label: fmt.Sprintf("%s %d of %s", what, j, t.name(i)),
				layers: t.names(t.makes[u]), slots: slots, macs: t.unitMACs(u)})
		}
	}
	return groups
}

// members returns the slices that make up the group of a unit class.
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
		return nn.TraitsOf(t.net.Nodes[s.Node].Layer).MixesUnits != mixing
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
