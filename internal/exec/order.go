package exec

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
)

var nan = float32(math.NaN())

func children(g *gorgonia.ExprGraph, n *gorgonia.Node) []*gorgonia.Node {
	var out []*gorgonia.Node
	for it := g.From(n.ID()); it.Next(); {
		out = append(out, it.Node().(*gorgonia.Node))
	}
	return out
}

// isLeaf reports whether a node is an input or a constant.
func isLeaf(g *gorgonia.ExprGraph, n *gorgonia.Node) bool {
	return n.Op() == nil || (n.Op().Arity() == 0 && n.Value() != nil)
}

// topological returns the nodes that the outputs depend on, inputs first. Gorgonia
// sorts the other way round, from results to inputs.
func topological(g *gorgonia.ExprGraph, outputs []*gorgonia.Node) ([]*gorgonia.Node, error) {
	sorted, err := gorgonia.Sort(g)
	if err != nil {
		return nil, fmt.Errorf("sort graph: %w", err)
	}
	needed := map[int64]bool{}
	for _, n := range outputs {
		needed[n.ID()] = true
	}
	for _, n := range sorted {
		if !needed[n.ID()] {
			continue
		}
		for _, c := range children(g, n) {
			needed[c.ID()] = true
		}
	}
	var order []*gorgonia.Node
	for i := len(sorted) - 1; i >= 0; i-- {
		if needed[sorted[i].ID()] {
			order = append(order, sorted[i])
		}
	}
	return order, nil
}
