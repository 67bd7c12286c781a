package nn

import (
	"fmt"

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
	for i, n := range net.Nodes {
		head, ok := n.Layer.(Fuser)
		if !ok || taken[i] {
			continue
		}
		f := fusion{head: i, skip: noSkip}
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
			byTail[last] = f
		}
	}
	return byTail, inside
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
	in := make([]*gorgonia.Node, len(node.Inputs))
	for k, j := range node.Inputs {
		in[k] = value(j)
	}
	e := Epilogue{Gate: f.gate, SkipGate: f.skipGate, ReLU: f.relu}
	if f.skip != noSkip {
		e.Skip = value(f.skip)
	}
	switch {
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
