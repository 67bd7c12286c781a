// Package graphdraw writes graphs: an SVG drawing with a layout that is the same on
// every run, CSV, DOT and GraphML.
package graphdraw

import (
	"fmt"
	"math"
)

// Graph has named nodes and weighted edges.
type Graph struct {
	Nodes []Node
	Edges []Edge
	// Directed edges go from From to To.
	Directed bool
}

// Node has a name, which need not be unique: files refer to nodes by number.
type Node struct {
	Name string
}

// Edge joins two nodes by their index in Graph.Nodes. A weight may be negative, an
// edge from a node to itself is written to files but not drawn.
type Edge struct {
	From, To int
	Weight   float64
}

// Check returns what is wrong with the graph, in one line, or nil.
func (g *Graph) Check() error {
	for k, e := range g.Edges {
		if e.From < 0 || e.From >= len(g.Nodes) || e.To < 0 || e.To >= len(g.Nodes) {
			return fmt.Errorf("graphdraw: edge %d joins nodes %d and %d, of %d", k+1, e.From, e.To, len(g.Nodes))
		}
		if math.IsNaN(e.Weight) || math.IsInf(e.Weight, 0) {
			return fmt.Errorf("graphdraw: edge %d has weight %v", k+1, e.Weight)
		}
	}
	return nil
}
