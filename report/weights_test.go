package report

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/nn"
	"pare/report/chart"
)

func TestWeights(t *testing.T) {
	d := Data{Weights: []Weights{
		{4000, &nn.Sparsity{Layer: "fc1", Kind: "linear", Units: 300, Weights: 2000, Zero: 1500, Near: 12, Density: 0.25, Hoyer: 0.5},
			&nn.Sparsity{Layer: "fc1", Kind: "linear", Units: 41, Weights: 600, Zero: 100, Near: 3, Density: 0.8333, Hoyer: 0.25}},
		{9, &nn.Sparsity{Layer: "gone", Kind: "conv", Units: 7, Weights: 9, Zero: 9, Hoyer: 1}, nil},
		{0, nil, &nn.Sparsity{Layer: "put_in", Kind: "linear", Units: 2, Weights: 4, Density: 1}}}}
	s := render(t, d)
	for _, want := range []string{"<td>300 → 41</td><td>2,000</td><td>50.00 %</td><td>1,500 (75.00 %)</td><td>12</td><td>0.500</td><td>600</td><td>15.00 %</td><td>100 (16.67 %)</td><td>3</td><td>0.250</td>",
		`<tr class="gone"><td class="left">gone</td><td class="left">conv</td><td>7 → 0</td><td>9</td><td>100.00 %</td><td>9 (100.00 %)</td><td>0</td><td>1.000</td><td></td><td></td><td></td><td></td><td></td></tr>`, "7 → 0", "0 → 2"} {
		if !strings.Contains(s, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	var b bytes.Buffer
	Table(&b, d)
	for _, want := range []string{"600 of 4,000 (15.00 %)", "0 of 9 (0.00 %)", "1,500 (75.00 %) → 100 (16.67 %)", "12 → 3", "0.500 → 0.250", "9 (100.00 %) → —", "— → 0"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("table lacks %q:\n%s", want, b.String())
		}
	}
	if strings.Contains(render(t, Data{}), "Weights") {
		t.Error("a report without weights has a section for them")
	}
}

// TestTrajectories: a curve for every value of a gate, broken where it is not there,
// and quantiles by penalty; logs without either have neither.
func TestTrajectories(t *testing.T) {
	phases := []Phase{{Name: "train"}, {Name: "finetune"}}
	for e := range 3 {
		x := float64(e + 1)
		phases[0].Epochs = append(phases[0].Epochs, Point{Epoch: x, TrainLoss: 1,
			Gates: map[string][]float32{"a.gate": {1 / float32(x)}, "b.gate": {1, 0.5}},
			Norms: []Norms{{"l1(gates)", [5]float64{0.1, 0.2, 0.3, 0.4, 0.5}}}})
	}
	phases[1].Epochs = []Point{{Epoch: 1, TrainLoss: 1, Gates: map[string][]float32{"b.gate": {1}}}}
	got := map[string]chart.Chart{}
	for _, c := range curves(phases) {
		got[c.Title] = c
	}
	gates, norms := got["Gates"], got["Norms of the groups that are not 0: l1(gates)"]
	if len(gates.Curves) != 3 || gates.Curves[1].Name != "b.gate 1" || len(gates.Curves[1].Pieces()) != 2 || len(gates.Curves[0].Pieces()) != 1 {
		t.Errorf("gates: %+v", gates.Curves)
	}
	if len(norms.Curves) != 5 || norms.Curves[4].Pieces()[0][2].Y != 0.5 {
		t.Errorf("norms: %+v", norms.Curves)
	}
	s := render(t, Data{Phases: phases})
	if !strings.Contains(s, "a.gate, epoch 2: 0.5") || !strings.Contains(s, ">median</text>") || strings.Contains(s, ">a.gate</text>") {
		t.Error("the page lacks curves of gates or norms, or names every gate in a legend")
	}
	if s := render(t, Data{Phases: samplePhases(rand.New(rand.NewPCG(1, 2)))}); strings.Contains(s, "Gates") || strings.Contains(s, "Norms") {
		t.Error("a log without gates has their chart")
	}
}
