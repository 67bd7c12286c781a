package prune

import (
	"slices"

	"pare/nn"
)

// tie is a parameter, or several, that nodes share. All of them keep the same slices of it: those
// that any of them needs.
type tie struct {
	uses    []int    // nodes of the one layer that has the parameters
	readers []int    // nodes of other layers, whose weight is the table of that layer
	out     []bool   // units made by every use, read by every reader; nil: not known yet
	in      [][]bool // units of each input read by every use; nil: not known yet
	name    string   // of the first use in the small network; "": none yet
}

// findTies gives each node that shares parameters its tie.
func findTies(net *nn.Network) map[int]*tie {
	tied, at := map[int]*tie{}, map[string]int{}
	for i, node := range net.Nodes {
		at[node.Name] = i
		if node.Tied == "" {
			continue
		}
		root := at[node.Tied]
		for net.Nodes[root].Tied != "" {
			root = at[net.Nodes[root].Tied]
		}
		t := tied[root]
		if t == nil {
			t = &tie{uses: []int{root}}
			tied[root] = t
		}
		tied[i] = t
		if node.Layer == net.Nodes[root].Layer {
			t.uses = append(t.uses, i)
		} else {
			t.readers = append(t.readers, i)
		}
	}
	return tied
}

// readsTable reports whether the weight of a node is the table of another layer that keeps it.
func (a *analysis) readsTable(i int) bool {
	t := a.tied[i]
	return t != nil && slices.Contains(t.readers, i)
}

// addOut adds the units that node i makes for the other nodes.
func (t *tie) addOut(i int, made []bool) {
	switch {
	case t.out == nil:
	case slices.Contains(t.uses, i):
		include(made, t.out)
	default: // its outputs are the rows of the table
		include(made, slices.Repeat([]bool{true}, len(made)))
	}
}

// addIn adds the units that node i reads for the other nodes.
func (t *tie) addIn(i int, needs [][]bool) {
	switch {
	case t.out == nil:
	case slices.Contains(t.uses, i):
		for k := range needs {
			include(needs[k], t.in[k])
		}
	default:
		include(needs[0], t.out)
	}
}

// join collects for each tie the units that its nodes make and read, and reports whether they
// differ, so that the analysis has to go on.
func (a *analysis) join() (again bool) {
	for i, node := range a.net.Nodes {
		t := a.tied[i]
		if t == nil || !slices.Contains(a.made[i], true) {
			continue
		}
		if t.out == nil {
			first := a.net.Nodes[t.uses[0]]
			t.out = make([]bool, first.Shape.Units())
			for _, s := range a.net.InputShapes(first) {
				t.in = append(t.in, make([]bool, s.Units()))
			}
			again = true
		}
		if slices.Contains(t.readers, i) {
			again = include(t.out, a.needs[i][0]) || again
			continue
		}
		again = include(t.out, a.made[i]) || again
		for k := range node.Inputs {
			again = include(t.in[k], a.needs[i][k]) || again
		}
	}
	return again
}

// dissolve ends the ties of which one node at most remains, or none that has the parameters, and
// reports whether there were any: the analysis then begins anew, with the constants that such a
// node folds by itself.
func (a *analysis) dissolve() (again bool) {
	live := func(nodes []int) (n int) {
		for _, i := range nodes {
			if slices.Contains(a.made[i], true) {
				n++
			}
		}
		return n
	}
	for i, t := range a.tied {
		if uses := live(t.uses); uses == 0 || uses+live(t.readers) == 1 {
			delete(a.tied, i)
			again = true
		}
	}
	for _, t := range a.tied {
		t.out, t.in = nil, nil
	}
	return again
}

// include adds the members of a set to another one and reports whether that has grown.
func include(to, set []bool) (grown bool) {
	for i, v := range set {
		grown = grown || v && !to[i]
		to[i] = to[i] || v
	}
	return grown
}
