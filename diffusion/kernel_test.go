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

// A kernel with other numbers of outputs and inputs.
func TestRectangular(t *testing.T) {
	rng := newRand(10)
	x := gaussian(30, 8, rng)
	h := mat.NewDense(3, 8, nil)
	h.Set(0, 1, 1)
	h.Set(2, 7, -2)
	var y mat.Dense
	y.Mul(x, h.T())
	for i := range 30 {
		y.Set(i, 1, rng.NormFloat64())
	}
	p := Problem{X: x, Y: &y}
	m, err := Fit(p, 0.5, Options{Tolerance: 1e-13})
	if err != nil {
		t.Fatal(err)
	}
	checkOptimal(t, "3×8", p, m)
	if s, _ := Compare(h, m.Kernel.Dense(), CompareOptions{}); s.F1 != 1 {
		t.Errorf("support %+v", s)
	}
	if _, err := m.Kernel.Graph(nil); err == nil {
		t.Error("a 3×8 kernel became a graph")
	}
}
