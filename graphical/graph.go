package graphical

import (
	"fmt"

	"pare/graphdraw"
)

// Graph is the network as a graph to draw or to write to files: weights of edges are Θᵢⱼ,
// drawn are partial correlations. nil names are x1, x2 …
func (n *Network) Graph(names []string) (*graphdraw.Graph, error) {
	if names != nil && len(names) != n.P() {
		return nil, fmt.Errorf("%d names for %d variables", len(names), n.P())
	}
	g := &graphdraw.Graph{Nodes: make([]graphdraw.Node, n.P()), Measure: "partial correlation"}
	for i := range g.Nodes {
		g.Nodes[i].Name = fmt.Sprintf("x%d", i+1)
		if names != nil {
			g.Nodes[i].Name = names[i]
		}
	}
	for _, e := range n.Edges {
		g.Edges = append(g.Edges, graphdraw.Edge{From: e.I, To: e.J, Weight: e.Weight, Value: e.Partial})
	}
	return g, nil
}
