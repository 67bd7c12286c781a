package diffusion

import (
	"fmt"
	"slices"

	"pare/report/graph"
	"pare/stat/diffusion"
)

// KernelGraph returns a diffusion kernel as a graph on its nodes, as graph.FromMatrix
// draws it. A kernel that is not square is an error; see BipartiteGraph.
func KernelGraph(k diffusion.Kernel, names []string) (*graph.Graph, error) {
	if len(k.Rows) != k.Inputs {
		return nil, fmt.Errorf("a kernel of %d outputs and %d inputs is no graph on one set of nodes", len(k.Rows), k.Inputs)
	}
	return graph.FromMatrix(k.Dense(), names)
}

// BipartiteGraph returns a diffusion kernel as a directed graph on the inputs, which come
// first, and the outputs.
func BipartiteGraph(k diffusion.Kernel, inputs, outputs []string) (*graph.Graph, error) {
	if len(inputs) != k.Inputs || len(outputs) != len(k.Rows) {
		return nil, fmt.Errorf("%d and %d names for %d inputs and %d outputs", len(inputs), len(outputs), k.Inputs, len(k.Rows))
	}
	g := &graph.Graph{Directed: true}
	for _, name := range slices.Concat(inputs, outputs) {
		g.Nodes = append(g.Nodes, graph.Node{Name: name})
	}
	for i, r := range k.Rows {
		for a, j := range r.Index {
			g.Edges = append(g.Edges, graph.Edge{From: j, To: k.Inputs + i, Weight: r.Value[a]})
		}
	}
	return g, nil
}
