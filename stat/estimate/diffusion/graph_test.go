package diffusion

import (
	"testing"

	"pare/report/graph"
	"pare/stat/diffusion"

	"gonum.org/v1/gonum/mat"
)

func TestKernelGraph(t *testing.T) {
	k := diffusion.Kernel{Inputs: 3,
		Rows: []diffusion.Row{{Index: []int{0, 1}, Value: []float64{5, -2}}, {Index: []int{0}, Value: []float64{-2}}, {}}}
	g, err := KernelGraph(k, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	if g.Directed || len(g.Nodes) != 3 || g.Nodes[1].Name != "b" || len(g.Edges) != 1 ||
		g.Edges[0] != (graph.Edge{From: 1, To: 0, Weight: -2}) {
		t.Errorf("symmetric: %+v", g)
	}
	k.Rows[2] = diffusion.Row{Index: []int{1}, Value: []float64{7}}
	if g, err = KernelGraph(k, nil); err != nil {
		t.Fatal(err)
	}
	want := []graph.Edge{{From: 1, To: 0, Weight: -2}, {From: 0, To: 1, Weight: -2}, {From: 1, To: 2, Weight: 7}}
	if !g.Directed || len(g.Edges) != 3 || g.Nodes[2].Name != "3" {
		t.Fatalf("directed: %+v", g)
	}
	for i, e := range g.Edges {
		if e != want[i] {
			t.Errorf("edge %d is %+v, want %+v", i, e, want[i])
		}
	}
	if k.Nonzeros() != 4 || k.Dense().At(2, 1) != 7 {
		t.Errorf("%d entries in %v", k.Nonzeros(), mat.Formatted(k.Dense()))
	}
	if _, err := KernelGraph(k, []string{"a"}); err == nil {
		t.Error("one name for three nodes was accepted")
	}
	if _, err := KernelGraph(diffusion.Kernel{Inputs: 8, Rows: make([]diffusion.Row, 3)}, nil); err == nil {
		t.Error("a 3×8 kernel became a graph")
	}
}

func TestBipartite(t *testing.T) {
	k := diffusion.Kernel{Inputs: 3, Rows: []diffusion.Row{{Index: []int{0, 2}, Value: []float64{1, -2}}, {}}}
	g, err := BipartiteGraph(k, []string{"a", "b", "c"}, []string{"u", "v"})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Nodes) != 5 || !g.Directed || len(g.Edges) != 2 {
		t.Fatalf("got %+v", g)
	}
	if e := g.Edges[1]; g.Nodes[e.From].Name != "c" || g.Nodes[e.To].Name != "u" || e.Weight != -2 {
		t.Errorf("the second edge is %+v", e)
	}
	if _, err := BipartiteGraph(k, []string{"a"}, []string{"u", "v"}); err == nil {
		t.Error("one name for three inputs was taken")
	}
}
