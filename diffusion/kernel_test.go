package diffusion

import (
	"testing"

	"pare/graphdraw"

	"gonum.org/v1/gonum/mat"
)

func TestKernelGraph(t *testing.T) {
	k := Kernel{Inputs: 3, Rows: []Row{{[]int{0, 1}, []float64{5, -2}}, {[]int{0}, []float64{-2}}, {}}}
	g, err := k.Graph([]string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	if g.Directed || len(g.Nodes) != 3 || g.Nodes[1].Name != "b" || len(g.Edges) != 1 || g.Edges[0] != (graphdraw.Edge{From: 1, To: 0, Weight: -2}) {
		t.Errorf("symmetric: %+v", g)
	}
	k.Rows[2] = Row{[]int{1}, []float64{7}}
	if g, err = k.Graph(nil); err != nil {
		t.Fatal(err)
	}
	want := []graphdraw.Edge{{From: 1, To: 0, Weight: -2}, {From: 0, To: 1, Weight: -2}, {From: 1, To: 2, Weight: 7}}
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
	if _, err := k.Graph([]string{"a"}); err == nil {
		t.Error("one name for three nodes was accepted")
	}
}
