package diffusion

import (
	"fmt"
	"slices"

	"pare/graphdraw"

	"gonum.org/v1/gonum/mat"
)

// Kernel is a sparse q×p matrix by rows: Rows[i] says what output i takes from
// which inputs.
type Kernel struct {
	Inputs int
	Rows   []Row
}

// Row holds the entries of a row that are not zero, indices rising.
type Row struct {
	Index []int
	Value []float64
}

// Nonzeros counts the entries that are not zero.
func (k Kernel) Nonzeros() int {
	n := 0
	for _, r := range k.Rows {
		n += len(r.Index)
	}
	return n
}

// Dense returns the kernel as a matrix.
func (k Kernel) Dense() *mat.Dense {
	d := mat.NewDense(len(k.Rows), k.Inputs, nil)
	for i, r := range k.Rows {
		for a, j := range r.Index {
			d.Set(i, j, r.Value[a])
		}
	}
	return d
}

// apply is the inner product of a row with a signal.
func (r Row) apply(x []float64) float64 {
	var s float64
	for a, j := range r.Index {
		s += r.Value[a] * x[j]
	}
	return s
}

// Graph returns the kernel as a graph on its nodes: an edge j → i of weight Hᵢⱼ for
// every entry off the diagonal that is not zero, or one undirected edge for both
// where the kernel is symmetric. Names may be nil. A kernel that is not square has
// no such graph.
func (k Kernel) Graph(names []string) (*graphdraw.Graph, error) {
	if len(k.Rows) != k.Inputs {
		return nil, fmt.Errorf("a kernel of %d outputs and %d inputs is no graph on one set of nodes", len(k.Rows), k.Inputs)
	}
	return MatrixGraph(k.Dense(), names)
}

// Bipartite returns the kernel as a directed graph on the inputs, which come first,
// and the outputs.
func (k Kernel) Bipartite(inputs, outputs []string) (*graphdraw.Graph, error) {
	if len(inputs) != k.Inputs || len(outputs) != len(k.Rows) {
		return nil, fmt.Errorf("%d and %d names for %d inputs and %d outputs", len(inputs), len(outputs), k.Inputs, len(k.Rows))
	}
	g := &graphdraw.Graph{Directed: true}
	for _, name := range slices.Concat(inputs, outputs) {
		g.Nodes = append(g.Nodes, graphdraw.Node{Name: name})
	}
	for i, r := range k.Rows {
		for a, j := range r.Index {
			g.Edges = append(g.Edges, graphdraw.Edge{From: j, To: k.Inputs + i, Weight: r.Value[a]})
		}
	}
	return g, nil
}

// MatrixGraph is Kernel.Graph for any square matrix, such as a graph shift.
func MatrixGraph(m mat.Matrix, names []string) (*graphdraw.Graph, error) {
	p, c := m.Dims()
	if p != c {
		return nil, fmt.Errorf("a matrix of %d×%d is no graph on one set of nodes", p, c)
	}
	g := &graphdraw.Graph{Nodes: make([]graphdraw.Node, p)}
	if names != nil && len(names) != p {
		return nil, fmt.Errorf("%d names for %d nodes", len(names), p)
	}
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
				g.Edges = append(g.Edges, graphdraw.Edge{From: j, To: i, Weight: m.At(i, j)})
			}
		}
	}
	return g, nil
}
