package gradual

import (
	"math"
	"slices"
	"testing"

	"pare/nn"
	"pare/prune"
	"pare/regularize"
)

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
	var y taylor
	for batch := range 2 {
		y.measure(ts, func(p *nn.Param) []float32 {
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
	list := y.ranked(ts)
	if len(list) != len(want) {
		t.Fatalf("%d groups are ranked, want %d", len(list), len(want))
	}
	importance := func(g group) float64 { return y.importance(g.term, ts)[g.number] }
	for _, g := range list {
		if v := want[[2]int{g.term, g.number}]; math.Abs(importance(g)-v) > 1e-6*v {
			t.Errorf("group %d of penalty %d is worth %g, want %g", g.number, g.term, importance(g), v)
		}
	}
	if !slices.IsSortedFunc(list, func(a, b group) int {
		if importance(a) < importance(b) {
			return -1
		}
		return 1
	}) {
		t.Error("the list is not sorted")
	}
}

// TestTaylorFollows: what was measured stays with the groups when others are removed.
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
	y := taylor{Squares: [][]float64{{0, 1, 2, 3, 4, 5, 6, 7, 8}, nil}, Batches: 3}
	if err := y.follow(terms{term, nil}, small); err != nil {
		t.Fatal(err)
	}
	if want := []float64{0, 2, 3, 4, 5, 6, 8}; !slices.Equal(y.Squares[0], want) || y.Squares[1] != nil {
		t.Errorf("the sums are %v, want %v", y.Squares, want)
	}
}
