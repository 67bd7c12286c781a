package gradual

import (
	"slices"
	"testing"

	"pare/nn"
	"pare/regularize"
)

// TestFallen: groups of different penalties are ranked by the way that they had to zero.
func TestFallen(t *testing.T) {
	net := perceptron(t, 3, 2)
	var ts terms
	for _, s := range []regularize.Spec{{Layers: []string{"fc1"}, Lambda: 4}, {Layers: []string{"fc2"}, Lambda: 1}} {
		s.Type, s.On, s.Scale = "group_lasso", "neurons", "none"
		ts = append(ts, term(t, net, s))
	}
	fill := func(v ...float32) { // the norm of a group of n equal values is √n times one
		for k, term := range ts {
			term.Visit(func(g int, p *nn.Param, i int) { p.Data()[i] = v[k] })
		}
	}
	fill(0.3, 0.2)
	values := kept{}.keep(ts)
	fill(0, 0)
	var got []int
	for _, g := range values.fallen(ts) {
		got = append(got, g.term)
	}
	if want := []int{0, 0, 0, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("penalties %v, want %v: the first is four times as strong", got, want)
	}
}
