package run

import (
	"slices"
	"testing"

	"pare/models"
	"pare/nn"
	"pare/prune"
	"pare/regularize"
)

// TestSettled: what came to zero since the last look stays for now, what was zero
// already goes.
func TestSettled(t *testing.T) {
	c := parse(t, base+"model: {type: mlp, hidden: [6]}\npenalties: [{type: group_lasso, on: neurons, lambda: 1}]\n")
	net, err := BuildNetwork(c, models.Task{Data: "test", Input: nn.Shape{1, 2, 3}, Classes: 3, Targets: 1})
	if err != nil {
		t.Fatal(err)
	}
	term, err := regularize.NewTerm(net, regularize.Spec{Type: "group_lasso", On: "neurons", Lambda: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range net.Params() {
		for i := range p.Data() {
			p.Data()[i] = 1 + float32(i)
		}
	}
	terms := []*regularize.Term{nil, term}
	shut := func(group int) {
		term.Visit(func(g int, p *nn.Param, i int) {
			if g == group {
				p.Data()[i] = 0
			}
		})
	}
	zeros := func() (out []int) {
		for g, v := range term.Norms() {
			if v == 0 {
				out = append(out, g)
			}
		}
		return out
	}
	var s settled
	shut(1)
	s.hold(terms)
	if got := zeros(); len(got) != 0 {
		t.Errorf("before any look %v would be removed", got)
	}
	release(net)
	s.look(terms)
	shut(4)
	s.hold(terms)
	if got := zeros(); !slices.Equal(got, []int{1}) {
		t.Errorf("%v would be removed, want 1, which was zero at the look", got)
	}
	small, _, err := prune.Prune(net, prune.Options{Random: 4})
	if err != nil {
		t.Fatal(err)
	}
	release(net)
	release(small)
	if got := zeros(); !slices.Equal(got, []int{1, 4}) {
		t.Errorf("after release %v are zero, want 1 and 4", got)
	}
	rebound, err := term.Rebind(small)
	if err != nil {
		t.Fatal(err)
	}
	if n, norms := 0, rebound.Norms(); len(norms) != 5 {
		t.Errorf("%d neurons are left, want 5", len(norms))
	} else {
		for _, v := range norms {
			if v == 0 {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d of those left are zero, want the one that was held", n)
		}
	}
}
