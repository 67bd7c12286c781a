package regularize

import (
	"fmt"
	"slices"

	"pare/nn"
)

// branchGroups makes one group of every operand of a concatenation. An operand
// whose units all belong to branches already is a concatenation itself or is read
// twice; one that carries the network's input or output cannot go.
func (t *topology) branchGroups(members string) ([]*group, error) {
	var groups []*group
	owner := map[int]*group{}
	for i, node := range t.net.Nodes {
		if !t.flow(i).joins {
			continue
		}
		for k, value := range node.Inputs {
			if value < 0 {
				continue
			}
			units := distinct(t.units.Out(value))
			g := &group{label: fmt.Sprintf("branch %d of %s (%s)", k, node.Name, t.name(value)),
				layers: []string{node.Name, t.name(value)}}
			old := 0
			var other *group
			removable := true
			for _, u := range units {
				removable = removable && !t.out[u] && len(t.makes[u]) > 0
				if owner[u] != nil {
					old, other = old+1, owner[u]
				}
			}
			if !removable || old == len(units) {
				continue
			}
			if old > 0 {
				return nil, overlap(other.label, g.label, "units")
			}
			for _, u := range units {
				owner[u] = g
				g.slots = append(g.slots, t.members(u, members)...)
				g.macs += t.unitMACs(u)
				for _, l := range t.names(t.makes[u]) {
					if !slices.Contains(g.layers, l) {
						g.layers = append(g.layers, l)
					}
				}
			}
			if len(g.slots) > 0 {
				groups = append(groups, g)
			}
		}
	}
	return groups, nil
}

func distinct(units nn.Units) nn.Units {
	seen := map[int]bool{}
	var out nn.Units
	for _, u := range units {
		if !seen[u] {
			seen[u] = true
			out = append(out, u)
		}
	}
	return out
}

func overlap(a, b, what string) error {
	return fmt.Errorf("groups %q and %q share %s; a value may be in one group of a penalty only, so choose other layers or members", a, b, what)
}
