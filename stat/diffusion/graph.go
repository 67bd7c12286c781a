package diffusion

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Graph is an undirected graph with positive weights, without loops.
type Graph struct {
	Nodes int
	Edges []Edge
}

// Edge joins I and J, I < J.
type Edge struct {
	I, J   int
	Weight float64
}

// Adjacency returns the p×p matrix of weights.
func (g *Graph) Adjacency() *mat.SymDense {
	a := mat.NewSymDense(g.Nodes, nil)
	for _, e := range g.Edges {
		a.SetSym(e.I, e.J, a.At(e.I, e.J)+e.Weight)
	}
	return a
}

// Degrees are the sums of the weights at each node.
func (g *Graph) Degrees() []float64 {
	d := make([]float64, g.Nodes)
	for _, e := range g.Edges {
		d[e.I] += e.Weight
		d[e.J] += e.Weight
	}
	return d
}

// Laplacian returns D − A.
func (g *Graph) Laplacian() *mat.SymDense {
	l := g.Adjacency()
	l.ScaleSym(-1, l)
	for i, d := range g.Degrees() {
		l.SetSym(i, i, d)
	}
	return l
}

// ErdosRenyi joins each pair of n nodes with the given probability, weight 1.
func ErdosRenyi(n int, probability float64, rng *rand.Rand) (*Graph, error) {
	if n < 1 || !(probability >= 0 && probability <= 1) {
		return nil, fmt.Errorf("an Erdős–Rényi graph needs at least 1 node and a probability in [0, 1], not %d and %v", n, probability)
	}
	g := &Graph{Nodes: n}
	for i := range n {
		for j := i + 1; j < n; j++ {
			if rng.Float64() < probability {
				g.Edges = append(g.Edges, Edge{i, j, 1})
			}
		}
	}
	return g, nil
}

// Ring joins n ≥ 3 nodes in a circle, weight 1.
func Ring(n int) (*Graph, error) {
	if n < 3 {
		return nil, fmt.Errorf("a ring needs at least 3 nodes, not %d", n)
	}
	g := &Graph{Nodes: n, Edges: []Edge{{0, n - 1, 1}}}
	for i := range n - 1 {
		g.Edges = append(g.Edges, Edge{i, i + 1, 1})
	}
	return g, nil
}

// Grid joins the nodes of a rectangle to their neighbours, weight 1; node
// r·columns + c lies in row r, column c.
func Grid(rows, columns int) (*Graph, error) {
	if rows < 1 || columns < 1 {
		return nil, fmt.Errorf("a grid needs at least 1 row and 1 column, not %d and %d", rows, columns)
	}
	g := &Graph{Nodes: rows * columns}
	for r := range rows {
		for c := range columns {
			i := r*columns + c
			if c+1 < columns {
				g.Edges = append(g.Edges, Edge{i, i + 1, 1})
			}
			if r+1 < rows {
				g.Edges = append(g.Edges, Edge{i, i + columns, 1})
			}
		}
	}
	return g, nil
}

// BarabasiAlbert grows a graph of n nodes by preferential attachment, weight 1:
// from m+1 nodes that are all joined, each new node joins m different ones, chosen
// with probabilities that go as their degrees.
func BarabasiAlbert(n, m int, rng *rand.Rand) (*Graph, error) {
	if m < 1 || n < m+1 {
		return nil, fmt.Errorf("a Barabási–Albert graph needs m of at least 1 and more than m nodes, not m = %d and %d nodes", m, n)
	}
	g := &Graph{Nodes: n}
	var ends []int // every node as often as its degree
	join := func(i, j int) {
		g.Edges = append(g.Edges, Edge{min(i, j), max(i, j), 1})
		ends = append(ends, i, j)
	}
	for i := range m + 1 {
		for j := range i {
			join(j, i)
		}
	}
	for i := m + 1; i < n; i++ {
		var chosen []int
		for len(chosen) < m {
			if j := ends[rng.IntN(len(ends))]; !slices.Contains(chosen, j) {
				chosen = append(chosen, j)
			}
		}
		for _, j := range chosen {
			join(j, i)
		}
	}
	return g, nil
}

// check refuses edges that the matrices of a graph cannot hold.
func (g *Graph) check() error {
	if g.Nodes < 1 {
		return fmt.Errorf("a graph needs at least 1 node, not %d", g.Nodes)
	}
	for k, e := range g.Edges {
		if e.I < 0 || e.J >= g.Nodes || e.I >= e.J {
			return fmt.Errorf("edge %d joins %d and %d; the first has to be below the second, and both nodes from 0 to %d",
				k+1, e.I, e.J, g.Nodes-1)
		}
		if !(e.Weight > 0) || math.IsInf(e.Weight, 0) {
			return fmt.Errorf("edge %d has weight %v, it has to be positive", k+1, e.Weight)
		}
	}
	return nil
}
