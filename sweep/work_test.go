package sweep

import (
	"math"
	"strings"
	"testing"

	"pare/config"
)

// The work of a run is the number of multiply-accumulates of its forward passes: examples ×
// epochs × those of the network, by the share that is expected to remain.
func TestWork(t *testing.T) {
	p := mustPlan(t, `config: base.yaml
methods: [{dense: {set: {train.snapshot: [1]}}}, target, magnitude, {weights: {set: {prune.rewind: {epoch: 1}}}}, scratch, narrow]
budgets: {macs: [0.5]}
finetune: {epochs: 3}
`)
	if err := p.Check(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	const epoch = (64*16 + 16*10) * 1397
	// A target begins at 0.05 of the training and ends at 0.9 of the way to 0.4.
	planned := 0.05 + 0.315*(0.5+0.5/4) + 0.635*0.5
	for _, r := range p.Runs {
		want := map[string]float64{"dense": 2, "target": 2 * planned, "magnitude": 3 * 0.5, "weights": 3,
			"scratch": 2 * 0.5, "narrow": 2 * 0.5}[r.Method]
		if r.Auxiliary {
			want = 0
		}
		if math.Abs(r.Work-want*epoch) > 1 {
			t.Errorf("%s: work of %g epochs, want %g", r.Name, r.Work/epoch, want)
		}
	}
}

// The mean of the cubic plan is that of a sum over many steps.
func TestGradual(t *testing.T) {
	plan := &config.Target{From: 0.2, By: 0.7}
	const steps, share = 100000, 0.1
	end := plan.From + 0.9*(plan.By-plan.From)
	sum := 0.0
	for i := range steps {
		at := (float64(i) + 0.5) / steps
		progress := min(max((at-plan.From)/(end-plan.From), 0), 1)
		sum += share + (1-share)*math.Pow(1-progress, 3)
	}
	if got := gradual(plan, share); math.Abs(got-sum/steps) > 1e-6 {
		t.Errorf("got %g, want %g", got, sum/steps)
	}
}

// Faults that only the data or the network show point to the sweep file, too.
func TestCheckFaults(t *testing.T) {
	for text, want := range map[string]string{
		"methods: dense\nset: {data.validation: 5000}": ":3:24: data.validation 5000 leaves nothing of the 1397 training examples",
		"methods: magnitude\nbudgets: {macs: 0.0001}": ":2:10: method magnitude at macs-0.0001: prune.budget: the budget cannot be met: " +
			"with one unit left in every layer, the network still has ",
	} {
		err := mustPlan(t, "config: base.yaml\n"+text+"\n").Check(t.Context(), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
		}
	}
}
