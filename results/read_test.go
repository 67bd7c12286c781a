package results

import (
	"math"
	"testing"

	"pare/layers/activity"
	"pare/prune"
	"pare/run"
)

// The activations that remain are counted over all activations of the original network,
// with the positions of each layer: removed units leave none.
func TestActivations(t *testing.T) {
	sum := &run.Summary{}
	sum.DensityBeforePrune = &activity.Report{Overall: 0.5, Layers: map[string]activity.Layer{
		"relu1": {Density: 0.5, Units: 8}, "relu2": {Density: 0.5, Units: 10}}}
	sum.Density = &activity.Report{Overall: 0.25, Layers: map[string]activity.Layer{"relu1": {Density: 0.25, Units: 4}}}
	original := []prune.LayerDiff{
		{Name: "conv1", Kind: "conv", Before: "8×6×6", UnitsFrom: 8},
		{Name: "relu1", Kind: "relu", Before: "8×6×6", UnitsFrom: 8},
		{Name: "relu2", Kind: "relu", Before: "10", UnitsFrom: 10}, // gone
	}
	var r Row
	r.activations(sum, original)
	if want := 0.25 * 4 * 36 / (8*36 + 10); r.ActiveBefore != 0.5 || r.ActiveAfter != 0.25 || math.Abs(r.ActiveLeft-want) > 1e-12 {
		t.Errorf("got %g, %g, %g; want a share of %g", r.ActiveBefore, r.ActiveAfter, r.ActiveLeft, want)
	}
	r.activations(&run.Summary{}, original)
	if !math.IsNaN(r.ActiveLeft) {
		t.Errorf("a network without ReLUs has a share of %g", r.ActiveLeft)
	}
}

func TestWidths(t *testing.T) {
	_, runs := sweepRuns(t)
	s, err := Read(sources(runs), Options{})
	if err != nil {
		t.Fatal(err)
	}
	shape := map[uint64][]Width{} // of penalty, by seed
	for _, r := range s.Rows {
		if r.Point != "λ 0.003" {
			continue
		}
		if r.Method == methodPenalty {
			shape[r.Seed] = r.Layers
		} else if got := r.Layers; len(got) != 3 || got[0] != shape[r.Seed][0] || got[1] != shape[r.Seed][1] {
			t.Errorf("%s has the widths %v, its shape is of %v", r.Path, got, shape[r.Seed])
		}
	}
	if len(shape) != 3 || shape[1][0].To >= 24 || shape[1][0].From != 24 {
		t.Errorf("widths of penalty: %v", shape)
	}
}
