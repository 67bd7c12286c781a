package glasso

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pare/stat/graphical"
)

func TestGraph(t *testing.T) {
	n := network(t)
	names := []string{"a", "b", "c", "d", "e", "f"}
	g, err := Graph(n, names)
	if err != nil {
		t.Fatal(err)
	}
	if len(n.Edges) == 0 || len(g.Edges) != len(n.Edges) || g.Directed {
		t.Fatalf("a graph of %d edges, directed %v, of a network of %d", len(g.Edges), g.Directed, len(n.Edges))
	}
	for k, e := range n.Edges {
		d := g.Edges[k]
		if d.From != e.I || d.To != e.J || d.Weight != e.Weight || d.Value != e.Partial {
			t.Errorf("edge %+v of the graph for %+v", d, e)
		}
	}
	for i, node := range g.Nodes {
		if node.Name != names[i] {
			t.Errorf("node %d is called %q", i, node.Name)
		}
	}
}

func TestNames(t *testing.T) {
	n := network(t)
	if _, err := Graph(n, []string{"a"}); err == nil || !strings.Contains(err.Error(), "1 names for 6 variables") {
		t.Errorf("too few names: %v", err)
	}
	if g, err := Graph(n, nil); err != nil || g.Nodes[5].Name != "x6" {
		t.Errorf("without names: %v, %v", err, g)
	}
}

// network is a fit of six variables, some of them linked.
func network(t *testing.T) *graphical.Network {
	t.Helper()
	const n, p = 60, 6
	rng := rand.New(rand.NewPCG(1, 1))
	x := make([]float64, n*p)
	for i := range n {
		for j := range p {
			x[i*p+j] = rng.NormFloat64()
			if j > 0 {
				x[i*p+j] += x[i*p+j-1]
			}
		}
	}
	c, err := graphical.FromData(x, n, p)
	if err != nil {
		t.Fatal(err)
	}
	fit, err := graphical.Fit(c, graphical.Penalty{Lambda: 0.2}, graphical.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return fit
}
