package run

import (
	"slices"
	"testing"

	"pare/models"
	"pare/nn"
	"pare/prune"
	"pare/regularize"
)

// TestFadeShared: a weight of two condemned groups fades as those of one do.
func TestFadeShared(t *testing.T) {
	c := parse(t, base+"model: {type: mlp, hidden: [4]}\npenalties: [{type: group_lasso, on: neurons, lambda: 1}]\n")
	net, err := BuildNetwork(c, models.Task{Data: "test", Input: nn.Shape{1, 2, 3}, Classes: 3, Targets: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := &shrinker{}
	for _, on := range []string{"input_features", "neurons"} {
		term, err := regularize.NewTerm(net, regularize.Spec{Type: "group_lasso", On: on, Lambda: 1})
		if err != nil {
			t.Fatal(err)
		}
		s.now = append(s.now, term)
	}
	s.Condemned = condemned{Groups: [][2]int{{0, 1}, {1, 2}}, Left: 4}
	s.recall()
	weights := s.now[0].Governs()[0]
	before := append([]float32(nil), weights.Data()...)
	s.Condemned.fade()
	faded := 0
	for i, v := range weights.Data() {
		switch v {
		case before[i] * 0.75:
			faded++
		case before[i]:
		default:
			t.Errorf("value %d went from %g to %g", i, before[i], v)
		}
	}
	if want := 4 + 6 - 1; faded != want { // of 4 neurons that read 6 pixels
		t.Errorf("%d weights have faded, want %d", faded, want)
	}
}

// TestHalves: of a layer's groups those go that are worth least, half of them at most.
func TestHalves(t *testing.T) {
	a, b := &nn.Param{Name: "a"}, &nn.Param{Name: "b"}
	var ranked []fallen
	for i, p := range []*nn.Param{a, a, b, a, a, a, b} {
		ranked = append(ranked, fallen{group: i, places: []place{{p, i}}})
	}
	ranked[6].term = 1 // of another penalty
	var got []int
	for _, f := range halves(ranked) {
		got = append(got, f.group)
	}
	if want := []int{0, 1, 2, 3, 6}; !slices.Equal(got, want) {
		t.Errorf("groups %v, want %v", got, want)
	}
}

// TestSpare: of groups that are chosen those come back without which the line is met,
// those worth most first, and none of the rest could.
func TestSpare(t *testing.T) {
	c := parse(t, base+"model: {type: mlp, hidden: [12, 6]}\npenalties: [{type: group_lasso, on: neurons, lambda: 1}]\n")
	net, err := BuildNetwork(c, models.Task{Data: "test", Input: nn.Shape{1, 2, 3}, Classes: 3, Targets: 1})
	if err != nil {
		t.Fatal(err)
	}
	term, err := regularize.NewTerm(net, regularize.Spec{Type: "group_lasso", On: "neurons", Lambda: 1})
	if err != nil {
		t.Fatal(err)
	}
	whole := float64(net.Count().MACs)
	share := func(left nn.Counts) float64 { return float64(left.MACs) / whole }
	w := worth{Squares: [][]float64{make([]float64, 18)}, Batches: 1}
	for g := range w.Squares[0] {
		w.Squares[0][g] = float64(g * 7 % 18)
	}
	all := w.ranked([]*regularize.Term{term}, func(int) float64 { return 1 })
	var values overshoot
	values.keep([]*regularize.Term{term})
	const line = 0.5
	chosen := all[:16]
	values.put(all, chosen)
	gone, err := values.spare(net, chosen, line, share)
	if err != nil {
		t.Fatal(err)
	}
	look := func(gone []fallen) float64 {
		values.put(all, gone)
		left, err := prune.Remaining(net)
		if err != nil {
			t.Fatal(err)
		}
		return share(left)
	}
	left, err := prune.Remaining(net)
	if err != nil || share(left) != look(gone) || share(left) > line {
		t.Errorf("%g is left (%v), want what the rest of the groups leaves, %g, and at most %g", share(left), err, look(gone), line)
	}
	if len(gone) == 0 || len(gone) >= len(chosen) || slices.ContainsFunc(gone, func(f fallen) bool { return f.group == chosen[15].group }) {
		t.Errorf("%d of %d groups go, among them the one worth most", len(gone), len(chosen))
	}
	for i := range gone {
		if s := look(slices.Delete(slices.Clone(gone), i, i+1)); s <= line {
			t.Errorf("group %d goes, though %g would be left without that", gone[i].group, s)
		}
	}
}

// TestWorthFollows: what was measured stays with the groups when others are removed.
func TestWorthFollows(t *testing.T) {
	c := parse(t, base+"model: {type: mlp, hidden: [5, 4]}\npenalties: [{type: group_lasso, on: neurons, lambda: 1}]\n")
	net, err := BuildNetwork(c, models.Task{Data: "test", Input: nn.Shape{1, 2, 3}, Classes: 3, Targets: 1})
	if err != nil {
		t.Fatal(err)
	}
	term, err := regularize.NewTerm(net, regularize.Spec{Type: "group_lasso", On: "neurons", Lambda: 1})
	if err != nil {
		t.Fatal(err)
	}
	term.Visit(func(g int, p *nn.Param, i int) {
		if g == 1 || g == 7 {
			p.Data()[i] = 0
		}
	})
	small, _, err := prune.Prune(net, prune.Options{Random: 4})
	if err != nil {
		t.Fatal(err)
	}
	w := worth{Squares: [][]float64{{0, 1, 2, 3, 4, 5, 6, 7, 8}, nil}, Batches: 3}
	if err := w.follow([]*regularize.Term{term, nil}, small); err != nil {
		t.Fatal(err)
	}
	if want := []float64{0, 2, 3, 4, 5, 6, 8}; !slices.Equal(w.Squares[0], want) || w.Squares[1] != nil {
		t.Errorf("the sums are %v, want %v", w.Squares, want)
	}
}

// TestFallen: groups of different penalties are ranked by the way that they had to zero.
func TestFallen(t *testing.T) {
	c := parse(t, base+"model: {type: mlp, hidden: [3, 2]}\n")
	net, err := BuildNetwork(c, models.Task{Data: "test", Input: nn.Shape{1, 2, 3}, Classes: 3, Targets: 1})
	if err != nil {
		t.Fatal(err)
	}
	var terms []*regularize.Term
	for _, s := range []regularize.Spec{{Layers: regularize.Patterns{"fc1"}, Lambda: 4}, {Layers: regularize.Patterns{"fc2"}, Lambda: 1}} {
		s.Type, s.On, s.Scale = "group_lasso", "neurons", "none"
		term, err := regularize.NewTerm(net, s)
		if err != nil {
			t.Fatal(err)
		}
		terms = append(terms, term)
	}
	fill := func(v ...float32) { // the norm of a group of n equal values is √n times one
		for k, term := range terms {
			term.Visit(func(g int, p *nn.Param, i int) { p.Data()[i] = v[k] })
		}
	}
	fill(0.3, 0.2)
	var o overshoot
	o.keep(terms)
	fill(0, 0)
	var got []int
	for _, f := range o.fallen(terms) {
		got = append(got, f.term)
	}
	if want := []int{0, 0, 0, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("penalties %v, want %v: the first is four times as strong", got, want)
	}
}
