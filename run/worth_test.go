package run

import (
	"math"
	"slices"
	"testing"

	"pare/models"
	"pare/nn"
	"pare/regularize"
)

// TestWorth: groups are ranked by the root of the sum of (Σ w·∂L/∂w)² over batches,
// over λ and factors, whatever their size; those that are zero are left out.
func TestWorth(t *testing.T) {
	c := parse(t, base+"model: {type: mlp, hidden: [4]}\npenalties: [{type: group_lasso, on: neurons, lambda: 1}]\n")
	net, err := BuildNetwork(c, models.Task{Data: "test", Input: nn.Shape{1, 2, 3}, Classes: 3, Targets: 1})
	if err != nil {
		t.Fatal(err)
	}
	neurons, err := regularize.NewTerm(net, regularize.Spec{Type: "group_lasso", On: "neurons", Lambda: 1})
	if err != nil {
		t.Fatal(err)
	}
	pixels, err := regularize.NewTerm(net, regularize.Spec{Type: "group_lasso", On: "input_features", Lambda: 1, Factors: map[string]float64{"fc1": 4}})
	if err != nil {
		t.Fatal(err)
	}
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
	terms := []*regularize.Term{neurons, nil, pixels}
	var w worth
	for batch := range 2 {
		w.measure(terms, func(p *nn.Param) []float32 {
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
	list := w.ranked(terms, func(k int) float64 { return float64(max(1, k)) })
	if len(list) != len(want) {
		t.Fatalf("%d groups are ranked, want %d", len(list), len(want))
	}
	for _, f := range list {
		if v := want[[2]int{f.term, f.group}]; math.Abs(f.norm-v) > 1e-6*v {
			t.Errorf("group %d of penalty %d is worth %g, want %g", f.group, f.term, f.norm, v)
		}
	}
	if !slices.IsSortedFunc(list, func(a, b fallen) int {
		if a.norm < b.norm {
			return -1
		}
		return 1
	}) {
		t.Error("the list is not sorted")
	}
}
