package gradual

import (
	"math"
	"slices"
	"testing"

	"pare/nn"
	"pare/prune"
	"pare/prune/importance"
	"pare/regularize"
)

// TestHalves: of a layer's groups those go that are worth least, half of them at most.
func TestHalves(t *testing.T) {
	a, b := &nn.Param{Name: "a"}, &nn.Param{Name: "b"}
	var ranked []group
	for i, p := range []*nn.Param{a, a, b, a, a, a, b} {
		ranked = append(ranked, group{number: i, places: []place{{p, i}}})
	}
	ranked[6].term = 1 // of another penalty
	var got []int
	for _, g := range halves(ranked) {
		got = append(got, g.number)
	}
	if want := []int{0, 1, 2, 3, 6}; !slices.Equal(got, want) {
		t.Errorf("groups %v, want %v", got, want)
	}
}

// TestFadeShared: a weight of two groups that go fades as those of one do.
func TestFadeShared(t *testing.T) {
	net := perceptron(t, 4)
	var ts terms
	for _, on := range []string{"input_features", "neurons"} {
		ts = append(ts, term(t, net, regularize.Spec{Type: "group_lasso", On: on, Lambda: 1}))
	}
	f := fading{Groups: [][2]int{{0, 1}, {1, 2}}, Left: 4}
	f.recall(ts)
	weights := ts[0].Governs()[0]
	before := append([]float32(nil), weights.Data()...)
	f.fade()
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

// TestTaylor: groups are ranked by the root of the sum of (Σ w·∂L/∂w)² over batches,
// over λ and factors, whatever their size; those that are zero are left out.
func TestTaylor(t *testing.T) {
	net := perceptron(t, 4)
	neurons := neurons(t, net)
	pixels := term(t, net, regularize.Spec{Type: "group_lasso", On: "input_features", Lambda: 2, Factors: map[string]float64{"fc1": 4}})
	weight, bias := neurons.Governs()[0], neurons.Governs()[1]
	for i := range 4 { // four neurons read six pixels
		for j := range 6 {
			weight.Data()[j*4+i] = float32(6*i + j + 1)
		}
	}
	for i := range bias.Data() {
		bias.Data()[i] = 1
	}
	for j := range 6 { // neuron 1 is zero
		weight.Data()[j*4+1] = 0
	}
	bias.Data()[1] = 0
	ts := terms{neurons, nil, pixels}
	s := &Shrinker{o: Options{Target: &Target{}}}
	for batch := range 2 {
		s.Fading.add(importance.Taylor{}, ts, func(p *nn.Param) []float32 {
			g := make([]float32, len(p.Data()))
			for i := range g {
				g[i] = float32(1 + batch)
			}
			if p == bias {
				g[0] = -100
			}
			return g
		})
	}
	// Σ w·g of a batch of slope 1: the neurons' weights add up to 21, 0, 93 and 129,
	// the pixels' to 33 and 3 more for each.
	want := map[[2]int]float64{
		{0, 0}: math.Hypot(21-100, 42-100), {0, 2}: 94 * math.Sqrt(5), {0, 3}: 130 * math.Sqrt(5),
	}
	for j := range 6 {
		want[[2]int{2, j}] = float64(33+3*j) * math.Sqrt(5) / 4 / 2
	}
	scores, err := s.scores(net, ts, 0)
	if err != nil {
		t.Fatal(err)
	}
	list := ranked(ts, scores)
	if len(list) != len(want) {
		t.Fatalf("%d groups are ranked, want %d", len(list), len(want))
	}
	for _, g := range list {
		if v := want[[2]int{g.term, g.number}]; math.Abs(g.rank-v) > 1e-6*v {
			t.Errorf("group %d of penalty %d is worth %g, want %g", g.number, g.term, g.rank, v)
		}
	}
	if !slices.IsSortedFunc(list, func(a, b group) int {
		if a.rank < b.rank {
			return -1
		}
		return 1
	}) {
		t.Error("the list is not sorted")
	}
}

// TestTaylorFollows: sums stay with their groups when others are removed.
func TestTaylorFollows(t *testing.T) {
	net := perceptron(t, 5, 4)
	term := neurons(t, net)
	term.Visit(func(g int, p *nn.Param, i int) {
		if g == 1 || g == 7 {
			p.Data()[i] = 0
		}
	})
	small, _, err := prune.Prune(net, prune.Options{Random: 4})
	if err != nil {
		t.Fatal(err)
	}
	y := gradients{Sums: [][]float64{{0, 1, 2, 3, 4, 5, 6, 7, 8}, nil}, Batches: 3}
	if err := y.follow(terms{term, nil}, small); err != nil {
		t.Fatal(err)
	}
	if want := []float64{0, 2, 3, 4, 5, 6, 8}; !slices.Equal(y.Sums[0], want) || y.Sums[1] != nil {
		t.Errorf("the sums are %v, want %v", y.Sums, want)
	}
}
