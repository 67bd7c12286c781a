package regularize

import (
	"slices"
	"testing"

	"pare/layers"
	"pare/nn"
	"pare/prune"
)

// tabular reads age, two columns of job, and two of grades, with two layers.
func tabular(t testing.TB) *nn.Network {
	t.Helper()
	net := build(t, nn.Shape{5}, step{"left", &layers.Linear{Out: 3}, nil}, step{"right", &layers.Linear{Out: 3}, []string{nn.InputName}},
		step{"sum", &layers.Add{}, []string{"left", "right"}}, step{"relu", layers.ReLU(), nil}, step{"out", &layers.Linear{Out: 2}, nil})
	net.Features = []nn.Feature{{Name: "age"}, {Name: "job=a", Variable: "job"}, {Name: "g1", Variable: "grades"},
		{Name: "job=b", Variable: "job"}, {Name: "g2", Variable: "grades"}}
	return net
}

// TestVariables: the columns of a variable are one group over all that read it, they become
// zero together, and pruning and its copies of the network know the variables by name.
func TestVariables(t *testing.T) {
	net := tabular(t)
	groups, err := (&finder{}).findGroups(newTopology(net), Spec{Type: "group_lasso", On: "input_features"})
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]int{}
	for _, g := range groups {
		labels[g.label] = g.size()
	}
	want := map[string]int{"input variable age": 6, "input variable job": 12, "input variable grades": 12}
	if len(groups) != 3 || labels["input variable age"] != 6 || labels["input variable job"] != 12 || labels["input variable grades"] != 12 {
		t.Errorf("groups %v, want %v", labels, want)
	}
	for _, name := range []string{"left", "right"} {
		node, _ := net.Lookup(name)
		w := node.Layer.Params()[0]
		for i := range w.Data() {
			if j := i / 3; j == 1 || j == 3 { // job is the weakest
				w.Data()[i] = 0.01
			} else {
				w.Data()[i] = 0.5
			}
		}
	}
	for _, metric := range []func(*nn.Param) []float32{nil, func(p *nn.Param) []float32 { return slices.Repeat([]float32{1}, p.Size()) }} {
		term, err := NewTerm(net, Spec{Type: "group_lasso", On: "input_features", Lambda: 1})
		if err != nil {
			t.Fatal(err)
		}
		term.SetEpoch(0)
		term.Prox(0.05, metric)
		if _, zero := term.Groups(); zero != 1 {
			t.Errorf("%d groups are zero, want job alone", zero)
		}
	}
	small, _, err := prune.Prune(net, prune.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]*nn.Network{"pruned": small, "whole": net} {
		read, ignored := prune.Variables(n)
		if len(read) != 2 || read[0] != "age" || read[1] != "grades" || len(ignored) != 1 || ignored[0] != "job" {
			t.Errorf("%s: it reads %q and not %q", name, read, ignored)
		}
	}
	term, err := NewTerm(small, Spec{Type: "group_lasso", On: "input_features", Lambda: 1})
	if err != nil {
		t.Fatal(err)
	}
	if total, zero := term.Groups(); total != 2 || zero != 0 {
		t.Errorf("the pruned network has %d groups, %d of them zero", total, zero)
	}
	again, err := small.Clone()
	if err != nil || len(again.Features) != 5 {
		t.Errorf("a copy has %d features (%v)", len(again.Features), err)
	}
}
