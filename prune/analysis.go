package prune

import (
	"slices"

	"pare/nn"
)

// analysis holds the results of both dataflow analyses.
type analysis struct {
	net   *nn.Network
	known []nn.Known // per node; the network's input last
	// keep marks the units of each node's output that some reader needs, and
	// made those that the layer itself has to compute: kept and not constant,
	// unless the layer holds constants for free. Readers that need a constant
	// get it put back.
	keep, made [][]bool
	needs      [][][]bool   // per node and input: the units it reads
	tied       map[int]*tie // by node

	past *past // results to take over; nil: none
}

// past is an earlier analysis of the same network, with other values in some of its layers.
type past struct {
	*analysis
	changed []bool // per node: its values changed
	moved   []bool // per node: its constants are others than before; the network's input last
}

func analyse(net *nn.Network) *analysis { return analyseAfter(net, nil) }

// after is the analysis of the same network after the values or marks of these parameters
// changed. Only the layers that are concerned are looked at again. Where layers share
// parameters, all are.
func (a *analysis) after(changed map[*nn.Param]bool) *analysis {
	if len(findTies(a.net)) > 0 {
		return analyse(a.net)
	}
	n := len(a.net.Nodes)
	p := &past{analysis: a, changed: make([]bool, n), moved: make([]bool, n+1)}
	for i, node := range a.net.Nodes {
		p.changed[i] = slices.ContainsFunc(node.Params(), func(q *nn.Param) bool { return changed[q] })
	}
	return analyseAfter(a.net, p)
}

func analyseAfter(net *nn.Network, p *past) *analysis {
	a := &analysis{net: net, known: make([]nn.Known, len(net.Nodes)+1),
		keep: make([][]bool, len(net.Nodes)), made: make([][]bool, len(net.Nodes)),
		needs: make([][][]bool, len(net.Nodes)), tied: findTies(net), past: p}
	defer func() { a.past = nil }() // its memory
	for {
		a.constants()
		a.liveness()
		for a.join() {
			a.liveness()
		}
		if !a.dissolve() {
			return a
		}
	}
}

func (a *analysis) knownOf(i int) nn.Known {
	if i < 0 {
		i = len(a.net.Nodes)
	}
	return a.known[i]
}

// inputs returns the analysis of the inputs of node n. Inputs of tied nodes have no constants:
// their uses share the bias into which constants would fold.
func (a *analysis) inputs(n int) []nn.Known {
	node := a.net.Nodes[n]
	in := make([]nn.Known, len(node.Inputs))
	for k, i := range node.Inputs {
		in[k] = a.knownOf(i)
		if a.tied[n] != nil {
			in[k] = nn.Unknown(len(in[k].Const))
		}
	}
	return in
}

// constants goes forward: which units no input can change.
func (a *analysis) constants() {
	a.known[len(a.net.Nodes)] = nn.Unknown(a.net.Input.Units())
	for i, node := range a.net.Nodes {
		if a.past.same(i, node) {
			a.known[i] = a.past.known[i]
			continue
		}
		if p, ok := node.Layer.(nn.Pruner); ok && !a.readsTable(i) {
			a.known[i] = p.Constants(a.inputs(i))
		} else {
			a.known[i] = nn.Unknown(node.Shape.Units())
		}
		if a.past != nil {
			a.past.moved[i] = !equalKnown(a.known[i], a.past.known[i])
		}
	}
}

// same reports whether neither the values of a layer nor the constants among its inputs are
// others than in the past.
func (p *past) same(i int, node *nn.Node) bool {
	return p != nil && !p.changed[i] && !slices.ContainsFunc(node.Inputs, func(j int) bool { return j >= 0 && p.moved[j] })
}

func equalKnown(a, b nn.Known) bool {
	return slices.Equal(a.Const, b.Const) && slices.Equal(a.Value, b.Value)
}

// liveness goes backward: which units the output depends on.
func (a *analysis) liveness() {
	for i, node := range a.net.Nodes {
		a.keep[i] = make([]bool, node.Shape.Units())
	}
	for u := range a.keep[len(a.keep)-1] {
		a.keep[len(a.keep)-1][u] = true
	}
	for i := len(a.net.Nodes) - 1; i >= 0; i-- {
		a.live(i)
		for k, j := range a.net.Nodes[i].Inputs {
			if j < 0 || a.readsConstants(i, k) {
				continue
			}
			for u, need := range a.needs[i][k] {
				a.keep[j][u] = a.keep[j][u] || need
			}
		}
	}
}

// live decides which units node i computes and which it reads for them.
func (a *analysis) live(i int) {
	node := a.net.Nodes[i]
	pruner, ok := node.Layer.(nn.Pruner)
	if ok && a.past.same(i, node) && !a.past.moved[i] && slices.Equal(a.keep[i], a.past.keep[i]) {
		a.made[i], a.needs[i] = a.past.made[i], a.past.needs[i]
		return
	}
	in := a.inputs(i)
	a.needs[i] = make([][]bool, len(in))
	for k, known := range in {
		a.needs[i][k] = make([]bool, len(known.Const))
	}
	if !slices.Contains(a.keep[i], true) {
		a.made[i] = make([]bool, len(a.keep[i]))
		return
	}
	if !ok { // an opaque layer is kept whole
		all := func(set []bool) []bool { return slices.Repeat([]bool{true}, len(set)) }
		a.keep[i] = all(a.keep[i])
		a.made[i] = a.keep[i]
		for k := range in {
			a.needs[i][k] = all(a.needs[i][k])
		}
		return
	}
	a.made[i] = slices.Clone(a.keep[i])
	if !a.holds(i) || a.allConstant(i) {
		for u, c := range a.known[i].Const {
			a.made[i][u] = a.made[i][u] && !c
		}
	}
	if !slices.Contains(a.made[i], true) {
		return
	}
	t := a.tied[i]
	if t != nil {
		t.addOut(i, a.made[i])
	}
	if c, ok := node.Layer.(nn.Closer); ok {
		c.Close(a.made[i], in)
	}
	a.needs[i] = pruner.Needs(a.made[i], in)
	if t != nil {
		t.addIn(i, a.needs[i])
	}
}

// readsConstants reports whether input k of node i gives it constants only, which then are a layer
// of their own.
func (a *analysis) readsConstants(i, k int) bool {
	t := nn.TraitsOf(a.net.Nodes[i].Layer)
	if t.Gathers || t.DropsEmptyInputs || !slices.Contains(a.needs[i][k], true) {
		return false
	}
	known := a.knownOf(a.net.Nodes[i].Inputs[k])
	for u, need := range a.needs[i][k] {
		if need && !known.Const[u] {
			return false
		}
	}
	return true
}

// holds reports whether node i has its constant units for nothing: a layer that holds constants,
// or a choice among the units of one, which pruning puts behind a sum itself.
func (a *analysis) holds(i int) bool {
	for i >= 0 {
		t := nn.TraitsOf(a.net.Nodes[i].Layer)
		if t.HoldsConstants || !t.Gathers || !t.Wires {
			return t.HoldsConstants
		}
		i = a.net.Nodes[i].Inputs[0]
	}
	return false
}

func (a *analysis) allConstant(i int) bool {
	for u, k := range a.keep[i] {
		if k && !a.known[i].Const[u] {
			return false
		}
	}
	return true
}

// listOf returns the positions of the true entries.
func listOf(set []bool) []int {
	out := []int{}
	for i, v := range set {
		if v {
			out = append(out, i)
		}
	}
	return out
}
