package regularize

import (
	"fmt"

	"pare/nn"
)

var branches = Target{Name: "branches", Doc: "every operand of a concatenation", Members: unitMembers, groups: (*topology).branchGroups}

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
				g.add(t.members(u, members), t.names(t.makes[u]))
				g.macs += t.unitMACs(u)
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
