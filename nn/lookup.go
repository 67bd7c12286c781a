package nn

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// Lookup is implemented by layers whose output at a position is the row of a
// parameter [rows, units] that the input there, a number from 0, names.
type Lookup interface{ Table() *Param }

// LookupReader is implemented by layers that can read the output of a Lookup as
// what it is: what they compute of a row first is then computed once for each
// row rather than for each position.
type LookupReader interface {
	Layer
	// ReadsLookup reports whether that pays for a table of so many rows and so many
	// positions in a batch.
	ReadsLookup(rows, positions int) bool
	// BuildLookup is Build with the rows of table that indices, (batch, T, 1), name
	// as the input.
	BuildLookup(b *Builder, indices *gorgonia.Node, table *Param) (*gorgonia.Node, error)
}

// lookup is what a LookupReader reads.
type lookup struct {
	indices int // node, -1 for the network's input
	table   *Param
}

// lookupOf is what node k reads when its input, node i, is a Lookup that it reads
// directly; else nil.
func lookupOf(net *Network, i, k, batch int) *lookup {
	from, ok := net.Nodes[i].Layer.(Lookup)
	if !ok || len(net.Nodes[k].Inputs) != 1 {
		return nil
	}
	reader, ok := net.Nodes[k].Layer.(LookupReader)
	if !ok || !reader.ReadsLookup(from.Table().Shape()[0], batch*net.Nodes[i].Shape.Positions()) {
		return nil
	}
	return &lookup{net.Nodes[i].Inputs[0], from.Table()}
}

// build builds the node that reads.
func (l *lookup) build(b *Builder, node *Node, value func(int) *gorgonia.Node) (*gorgonia.Node, error) {
	v, err := node.Layer.(LookupReader).BuildLookup(b, value(l.indices), l.table)
	if err != nil {
		return nil, fmt.Errorf("compile layer %s: %w", node.Name, err)
	}
	return v, nil
}
