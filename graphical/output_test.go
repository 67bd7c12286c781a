package graphical

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func small(t *testing.T) *Network {
	return mustFit(t, sampled(t, rand.New(rand.NewPCG(1, 1)), 60, 6, 1), Penalty{Lambda: 0.2}, Options{})
}

func TestGraph(t *testing.T) {
	n := small(t)
	names := []string{"a", "b", "c", "d", "e", "f"}
	g, err := n.Graph(names)
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
	n := small(t)
	if _, err := n.Graph([]string{"a"}); err == nil || !strings.Contains(err.Error(), "1 names for 6 variables") {
		t.Errorf("too few names: %v", err)
	}
	if g, err := n.Graph(nil); err != nil || g.Nodes[5].Name != "x6" {
		t.Errorf("without names: %v, %v", err, g)
	}
}

func TestJSON(t *testing.T) {
	data, err := json.Marshal(small(t))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lambda", "objective", "gap", "edges", "components", "iterations", "converged"} {
		if _, ok := fields[name]; !ok {
			t.Errorf("no %s in %s", name, data)
		}
	}
}

func TestJSONOfAnInfiniteGap(t *testing.T) {
	data, err := json.Marshal(&Network{Lambda: 0.5, Gap: math.Inf(1)})
	if err != nil || !strings.Contains(string(data), `"gap":null`) || strings.Count(string(data), `"gap"`) != 1 || !strings.Contains(string(data), `"lambda":0.5`) {
		t.Errorf("%s, %v", data, err)
	}
}
