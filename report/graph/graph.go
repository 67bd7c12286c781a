// Package graph writes graphs: SVG drawings with a layout that is the same on
// every run, CSV, DOT and GraphML; and it reads edges back.
package graph

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
	// Measure names a second number of the edges, Edge.Value, such as "partial
	// correlation": it is drawn in place of the weight, and written to files beside it.
	// "": there is none.
	Measure string
	// Reference are pairs of nodes known from elsewhere, whatever their order. Edges
	// among them are drawn solid and others dashed; pairs without an edge are dotted
	// lines. nil: there are none, and all edges are solid.
	Reference [][2]int
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
	Value    float64 // of Graph.Measure
}

// Check returns the first fault of the graph, in one line, or nil.
func (g *Graph) Check() error {
	outside := func(i int) bool { return i < 0 || i >= len(g.Nodes) }
	for k, e := range g.Edges {
		if outside(e.From) || outside(e.To) {
			return fmt.Errorf("edge %d joins nodes %d and %d, of %d", k+1, e.From, e.To, len(g.Nodes))
		}
		for _, v := range []float64{e.Weight, e.Value} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("edge %d has weight %v", k+1, v)
			}
		}
	}
	for k, r := range g.Reference {
		if outside(r[0]) || outside(r[1]) {
			return fmt.Errorf("pair %d of the reference joins nodes %d and %d, of %d", k+1, r[0], r[1], len(g.Nodes))
		}
	}
	return nil
}

// drawn is the number that decides about width and colour of an edge.
func (g *Graph) drawn(e Edge) float64 {
	if g.Measure != "" {
		return e.Value
	}
	return e.Weight
}

// measure is the name of that number.
func (g *Graph) measure() string {
	if g.Measure != "" {
		return g.Measure
	}
	return "weight"
}

// strongest is the largest absolute value of an edge that is drawn.
func (g *Graph) strongest() float64 {
	var m float64
	for _, e := range g.Edges {
		if e.From != e.To {
			m = max(m, math.Abs(g.drawn(e)))
		}
	}
	return m
}

// pair is an unordered pair of nodes.
func pair(a, b int) [2]int { return [2]int{min(a, b), max(a, b)} }
