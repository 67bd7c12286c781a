package nn

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
)

// fusion is a layer with the layers that are computed in the same pass.
type fusion struct {
	head     int
	gate     *Param
	skip     int // node whose value is added; noSkip for none
	skipGate *Param
	relu     bool
	table    *Param // the head reads the rows of it that node indices names; nil: its inputs
	indices  int    // -1: the network's input

	hidden *Hidden // the head reads this hidden layer of node input
	input  int     // -1: the network's input
}

const noSkip = -2 // -1 is the network's input

// fuse finds the layers that are computed along with one before them. It
// returns the fusions by the node where they end, and whether a node is computed
// inside of one. The value of a node inside cannot be read, so nodes that
// others read, or that keep names, stay outside.
func fuse(net *Network, keep map[string]bool, b *Builder) (byTail map[int]fusion, inside []bool) {
	readers := net.Consumers()
	// next is the only reader of a node whose value nothing else wants, or -1.
	next := func(i int) int {
		if len(readers[i]) != 1 || keep[net.Nodes[i].Name] {
			return -1
		}
		return readers[i][0]
	}
	byTail, inside = map[int]fusion{}, make([]bool, len(net.Nodes))
	taken := make([]bool, len(net.Nodes)) // computed along with a layer before
	for i := range net.Nodes {
		if k := next(i); k >= 0 && readsTable(net, i, k, b) {
			byTail[k] = fusion{head: k, skip: noSkip, table: TraitsOf(net.Nodes[i].Layer).Table, indices: net.Nodes[i].Inputs[0]}
			inside[i], taken[k] = true, true
		}
	}
	forward := map[int]fusion{} // by their heads
	for i := range net.Nodes {
		f, within := feedForward(net, i, next, b)
		if f.hidden == nil || slices.ContainsFunc(append(within, i), func(k int) bool { return taken[k] }) {
			continue
		}
		for _, k := range within {
			inside[k], taken[k] = true, true
		}
		byTail[i], forward[i] = f, f
	}
	for i, n := range net.Nodes {
		head, ok := n.Layer.(Fuser)
		if !ok || taken[i] {
			continue
		}
		f, together := forward[i]
		if !together {
			f = fusion{head: i, skip: noSkip}
		}
		last := i
		for k := next(i); k >= 0 && !taken[k] && f.extend(net, head, last, k, b.Frozen()); k = next(last) {
			inside[last], taken[k] = true, true
			last = k
		}
		if f.skip >= 0 && next(f.skip) >= 0 && !taken[f.skip] && (head.Fuses(FactorStep) || b.Frozen() && head.Fuses(FrozenSumStep)) {
			if g := TraitsOf(net.Nodes[f.skip].Layer).Factor; g != nil {
				inside[f.skip], taken[f.skip] = true, true
				f.skipGate, f.skip = g, net.Nodes[f.skip].Inputs[0]
			}
		}
		if last != i {
			delete(byTail, i)
			byTail[last] = f
		}
	}
	return byTail, inside
}

// feedForward finds the hidden layer that node i reads, and the nodes that it is made of; its
// hidden is nil where there is none.
func feedForward(net *Network, i int, next func(int) int, b *Builder) (f fusion, within []int) {
	if b.Zeros() == nil || len(net.Nodes[i].Inputs) != 1 {
		return f, nil
	}
	// weights of the layer at node k, which node reader alone reads; reader −1: any
	weights := func(k, reader int) (weight, bias *Param) {
		if k < 0 || reader >= 0 && next(k) != reader {
			return nil, nil
		}
		layer, ok := net.Nodes[k].Layer.(FeedForward)
		if !ok || len(net.Nodes[k].Inputs) != 1 {
			return nil, nil
		}
		return layer.FeedsForward(b)
	}
	if down, _ := weights(i, -1); down == nil {
		return f, nil
	}
	k := net.Nodes[i].Inputs[0]
	if k < 0 || next(k) != i {
		return f, nil
	}
	h, up, rectifier := Hidden{}, -1, k
	if n := net.Nodes[k]; TraitsOf(n.Layer).Multiplies && len(n.Inputs) == 2 {
		rectifier, up = n.Inputs[0], n.Inputs[1]
		if up >= 0 && TraitsOf(net.Nodes[up].Layer).Rectifies {
			rectifier, up = up, rectifier
		}
		if h.Up, h.UpBias = weights(up, k); h.Up == nil || rectifier < 0 || next(rectifier) != k {
			return f, nil
		}
		within = append(within, up, k)
	}
	t := TraitsOf(net.Nodes[rectifier].Layer)
	if !t.Rectifies {
		return f, nil
	}
	first := net.Nodes[rectifier].Inputs[0]
	if h.First, h.FirstBias = weights(first, rectifier); h.First == nil {
		return f, nil
	}
	h.Threshold, h.FirstName = t.Threshold, net.Nodes[first].Name
	if up >= 0 {
		h.UpName = net.Nodes[up].Name
	}
	input := net.Nodes[first].Inputs[0]
	if up >= 0 && (net.Nodes[up].Inputs[0] != input || !net.Nodes[up].Shape.Equal(net.Nodes[first].Shape)) {
		return f, nil
	}
	if input >= 0 && TraitsOf(net.Nodes[input].Layer).Rectifies {
		return f, nil // layer by layer zeros of the input are skipped, too
	}
	if !net.Nodes[i].Layer.(FeedForward).SkipsHidden(b, h, b.Batch*net.Nodes[i].Shape.Positions()) {
		return f, nil
	}
	return fusion{head: i, skip: noSkip, hidden: &h, input: input}, append(within, rectifier, first)
}

// readsTable reports whether node k reads the table of node i directly.
func readsTable(net *Network, i, k int, b *Builder) bool {
	table := TraitsOf(net.Nodes[i].Layer).Table
	reader, ok := net.Nodes[k].Layer.(LookupReader)
	return ok && table != nil && len(net.Nodes[k].Inputs) == 1 &&
		reader.ReadsLookup(table.Shape()[0], b.Batch*net.Nodes[i].Shape.Positions(), b.Frozen())
}

// extend takes node k, which reads the last one of the fusion, in, where that is possible.
func (f *fusion) extend(net *Network, head Fuser, last, k int, frozen bool) bool {
	n, t := net.Nodes[k], TraitsOf(net.Nodes[k].Layer)
	switch {
	case f.relu:
		return false
	case t.Factor != nil && f.gate == nil && f.skip == noSkip && head.Fuses(FactorStep):
		f.gate = t.Factor
	case t.Sums && f.skip == noSkip && len(n.Inputs) == 2 && (head.Fuses(SumStep) || frozen && head.Fuses(FrozenSumStep)):
		f.skip = n.Inputs[0]
		if n.Inputs[0] == last {
			f.skip = n.Inputs[1]
		}
	case t.isReLU() && head.Fuses(ReLUStep):
		f.relu = true
	default:
		return false
	}
	return true
}

func (t Traits) isReLU() bool { return t.Rectifies && float32(t.Threshold) == 0 }

// build builds the layer with its epilogue; value gives the values it reads.
func (f fusion) build(b *Builder, net *Network, value func(int) *gorgonia.Node) (v *gorgonia.Node, err error) {
	node := net.Nodes[f.head]
	in := make([]*gorgonia.Node, len(node.Inputs)) // nil for a hidden layer
	for k, j := range node.Inputs {
		in[k] = value(j)
	}
	e := Epilogue{Gate: f.gate, SkipGate: f.skipGate, ReLU: f.relu}
	if f.skip != noSkip {
		e.Skip = value(f.skip)
	}
	switch {
	case f.hidden != nil:
		v, err = node.Layer.(FeedForward).BuildFeedForward(b, value(f.input), *f.hidden, e)
	case f.table != nil:
		v, err = node.Layer.(LookupReader).BuildLookup(b, value(f.indices), f.table)
	case e != (Epilogue{}):
		v, err = node.Layer.(Fuser).BuildFused(b, in, e)
	default:
		v, err = node.Layer.Build(b, in)
		if want := node.Shape.Batched(b.Batch); err == nil && (v == nil || v.Shape().TotalSize() != want.TotalSize()) {
			err = fmt.Errorf("%s builds no node of shape %v, which its Init announces", node.Layer.Kind(), want)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("layer %s: %w", node.Name, err)
	}
	return v, nil
}
