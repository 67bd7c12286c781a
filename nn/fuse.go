package nn

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// Epilogue is what follows a layer in the network and is computed in the same
// pass as the layer's own result v: max(g·v + h·s, 0). The zero value leaves v
// as it is.
type Epilogue struct {
	Gate     *Param         // g: one value, or one for each unit; nil is 1
	Skip     *gorgonia.Node // s, of the shape of v; nil: no sum
	SkipGate *Param         // h, as Gate; nil without Skip
	ReLU     bool           // whether negative values become 0
}

// Step is one kind of work in an epilogue.
type Step int

const (
	FactorStep Step = iota
	SumStep
	ReLUStep
)

// Fuser is implemented by layers that compute an epilogue along with their own
// result. Memory is what elementwise work costs, so one pass is what fusing saves.
type Fuser interface {
	Layer
	// Fuses reports whether the epilogue may have the step.
	Fuses(s Step) bool
	// BuildFused is Build for the layer with an epilogue.
	BuildFused(b *Builder, in []*gorgonia.Node, e Epilogue) (*gorgonia.Node, error)
}

// Scaler is implemented by layers that multiply their input by a parameter of
// one value, or of one for each unit, and do nothing else.
type Scaler interface{ Factor() *Param }

// Summer is implemented by layers that may be the plain sum of their inputs.
type Summer interface{ IsSum() bool }

// Rectifier is implemented by layers that may be max(x, 0).
type Rectifier interface{ IsReLU() bool }

// fusion is a layer with what it computes along.
type fusion struct {
	head     int
	gate     *Param
	skip     int // node whose value is added; noSkip for none
	skipGate *Param
	relu     bool
	lookup   *lookup // what the head reads in place of its input; nil: nothing
}

const noSkip = -2 // -1 is the network's input

// fuse finds the layers that are computed along with one before them. It
// returns the fusions by the node where they end, and whether a node is computed
// inside of one. The value of a node inside cannot be read, so those that
// others read, or that keep names, stay outside.
func fuse(net *Network, keep map[string]bool, batch int) (byTail map[int]fusion, inside []bool) {
	readers := make([][]int, len(net.Nodes))
	for i, n := range net.Nodes {
		for _, in := range n.Inputs {
			if in >= 0 {
				readers[in] = append(readers[in], i)
			}
		}
	}
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
		if k := next(i); k >= 0 {
			if l := lookupOf(net, i, k, batch); l != nil {
				byTail[k] = fusion{head: k, skip: noSkip, lookup: l}
				inside[i], taken[k] = true, true
			}
		}
	}
	for i, n := range net.Nodes {
		head, ok := n.Layer.(Fuser)
		if !ok || taken[i] {
			continue
		}
		f := fusion{head: i, skip: noSkip}
		last := i
		for k := next(i); k >= 0 && !taken[k] && f.extend(net, head, last, k); k = next(last) {
			inside[last], taken[k] = true, true
			last = k
		}
		if f.skip >= 0 && next(f.skip) >= 0 && !taken[f.skip] && head.Fuses(FactorStep) {
			if g, ok := net.Nodes[f.skip].Layer.(Scaler); ok {
				inside[f.skip], taken[f.skip] = true, true
				f.skipGate, f.skip = g.Factor(), net.Nodes[f.skip].Inputs[0]
			}
		}
		if last != i {
			byTail[last] = f
		}
	}
	return byTail, inside
}

// extend takes node k, which reads the last one of the fusion, in.
func (f *fusion) extend(net *Network, head Fuser, last, k int) bool {
	n := net.Nodes[k]
	if f.relu {
		return false
	}
	switch l := n.Layer.(type) {
	case Scaler:
		if f.gate != nil || f.skip != noSkip || !head.Fuses(FactorStep) {
			return false
		}
		f.gate = l.Factor()
		return true
	case Summer:
		if f.skip != noSkip || len(n.Inputs) != 2 || !l.IsSum() || !head.Fuses(SumStep) {
			return false
		}
		f.skip = n.Inputs[0]
		if n.Inputs[0] == last {
			f.skip = n.Inputs[1]
		}
		return true
	case Rectifier:
		f.relu = l.IsReLU() && head.Fuses(ReLUStep)
		return f.relu
	}
	return false
}

// build builds the layer with its epilogue; value gives the values it reads.
func (f fusion) build(b *Builder, net *Network, value func(int) *gorgonia.Node) (*gorgonia.Node, error) {
	node := net.Nodes[f.head]
	if f.lookup != nil {
		return f.lookup.build(b, node, value)
	}
	in := make([]*gorgonia.Node, len(node.Inputs))
	for k, j := range node.Inputs {
		in[k] = value(j)
	}
	e := Epilogue{Gate: f.gate, SkipGate: f.skipGate, ReLU: f.relu}
	if f.skip != noSkip {
		e.Skip = value(f.skip)
	}
	var v *gorgonia.Node
	var err error
	if e == (Epilogue{}) {
		v, err = node.Layer.Build(b, in)
	} else {
		v, err = node.Layer.(Fuser).BuildFused(b, in, e)
	}
	if err != nil {
		return nil, fmt.Errorf("compile layer %s: %w", node.Name, err)
	}
	return v, nil
}
