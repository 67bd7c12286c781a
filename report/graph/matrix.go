package graph

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// FromMatrix returns a square matrix as a graph: an edge j → i of weight mᵢⱼ for every
// entry off the diagonal that is not zero, or one undirected edge for both where the
// matrix is symmetric. nil names are 1, 2 …
func FromMatrix(m mat.Matrix, names []string) (*Graph, error) {
	p, c := m.Dims()
	if p != c {
		return nil, fmt.Errorf("a matrix of %d×%d is no graph on one set of nodes", p, c)
	}
	if names != nil && len(names) != p {
		return nil, fmt.Errorf("%d names for %d nodes", len(names), p)
	}
	g := &Graph{Nodes: make([]Node, p)}
	for i := range g.Nodes {
		g.Nodes[i].Name = fmt.Sprint(i + 1)
		if names != nil {
			g.Nodes[i].Name = names[i]
		}
	}
	for i := range p {
		for j := range i {
			g.Directed = g.Directed || m.At(i, j) != m.At(j, i)
		}
	}
	for i := range p {
		for j := range p {
			if i != j && m.At(i, j) != 0 && (g.Directed || i < j) {
				g.Edges = append(g.Edges, Edge{From: j, To: i, Weight: m.At(i, j)})
			}
		}
	}
	return g, nil
}
