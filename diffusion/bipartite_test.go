package diffusion

import "testing"

func TestBipartite(t *testing.T) {
	k := Kernel{Inputs: 3, Rows: []Row{{Index: []int{0, 2}, Value: []float64{1, -2}}, {}}}
	g, err := k.Bipartite([]string{"a", "b", "c"}, []string{"u", "v"})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Nodes) != 5 || !g.Directed || len(g.Edges) != 2 {
		t.Fatalf("got %+v", g)
	}
	if e := g.Edges[1]; g.Nodes[e.From].Name != "c" || g.Nodes[e.To].Name != "u" || e.Weight != -2 {
		t.Errorf("the second edge is %+v", e)
	}
	if _, err := k.Bipartite([]string{"a"}, []string{"u", "v"}); err == nil {
		t.Error("one name for three inputs was taken")
	}
}

func TestLambdas(t *testing.T) {
	p, _ := sample(t, 6, 40, 1)
	top, err := LambdaMax(p)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Lambdas(p, 3, 0.01)
	if err != nil || len(l) != 3 || l[0] != top || l[2] > top*0.0100001 || l[1] < top*0.0999 || l[1] > top*0.1001 {
		t.Errorf("%v, %v, from %v", l, err, top)
	}
	if _, err := Lambdas(p, 1, 0.1); err == nil {
		t.Error("a path of one λ was made")
	}
}
