package gradual

import (
	"slices"
	"testing"

	"pare/nn"
	"pare/prune"
)

// TestHysteresis: a group that came to zero since the last look stays for now, one that
// was zero already goes, and no weight changes for it.
func TestHysteresis(t *testing.T) {
	net := perceptron(t, 6)
	term := neurons(t, net)
	for _, p := range net.Params() {
		for i := range p.Data() {
			p.Data()[i] = 1 + float32(i)
		}
	}
	ts := terms{nil, term}
	shut := func(group int) {
		term.Visit(func(g int, p *nn.Param, i int) {
			if g == group {
				p.Data()[i] = 0
			}
		})
	}
	zeros := func(held nn.Held) (out []int) {
		some := map[int]bool{}
		term.Visit(func(g int, p *nn.Param, i int) { some[g] = some[g] || p.Data()[i] != 0 || held.Holds(p, i) })
		for g := range 6 {
			if !some[g] {
				out = append(out, g)
			}
		}
		return out
	}
	var h hysteresis
	shut(1)
	if got := zeros(h.fresh(ts)); len(got) != 0 {
		t.Errorf("before any look %v would be removed", got)
	}
	h.look(ts)
	shut(4)
	held := h.fresh(ts)
	if got := zeros(held); !slices.Equal(got, []int{1}) {
		t.Errorf("%v would be removed, want 1, which was zero at the look", got)
	}
	small, _, err := prune.Prune(net, prune.Options{Random: 4, Held: held})
	if err != nil {
		t.Fatal(err)
	}
	if got := zeros(nil); !slices.Equal(got, []int{1, 4}) {
		t.Errorf("after the removal %v are zero, want 1 and 4", got)
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
