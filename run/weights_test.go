package run

import (
	"strings"
	"testing"

	"pare/train"
)

// TestHiddenNeuronsGoByTheLastLayer: l1 on the weights of the last layer zeroes all
// that read a hidden neuron, which then nobody reads, and it is removed with its own
// weights. The numbers of the run agree.
func TestHiddenNeuronsGoByTheLastLayer(t *testing.T) {
	r := finish(t, parse(t, strings.Replace(base, "epochs: 2", "epochs: 6", 1)+`
model: {type: mlp, hidden: [24, 32]}
penalties: [{type: l1, on: weights, layers: fc3, lambda: 0.02}]
`))
	if r.Removed.Units == 0 || r.ParamsAfter >= r.ParamsBefore {
		t.Fatalf("removed %+v", r.Removed)
	}
	byName := map[string]LayerWeights{}
	for _, w := range r.Weights {
		byName[w.Trained.Layer] = w
	}
	fc2, fc3 := byName["fc2"], byName["fc3"]
	if lost := fc2.Trained.Units - fc2.Final.Units; lost == 0 || fc3.Trained.Weights-fc3.Final.Weights != int64(10*lost) ||
		fc2.Trained.Weights-fc2.Final.Weights < int64(lost) {
		t.Errorf("fc2 %+v → %+v, fc3 %+v → %+v", *fc2.Trained, *fc2.Final, *fc3.Trained, *fc3.Final)
	}
	if fc3.Trained.Zero == 0 || fc3.Final.Zero > fc3.Trained.Zero-int64(10*(fc2.Trained.Units-fc2.Final.Units)) || fc3.Trained.Hoyer <= fc2.Trained.Hoyer {
		t.Errorf("fc3 at the end of training %+v, at last %+v", *fc3.Trained, *fc3.Final)
	}
	if fc2.Trained.Units != 32 || fc2.Trained.Zero != 0 || fc2.Trained.Density != 1 {
		t.Errorf("fc2, which nothing penalises: %+v", *fc2.Trained)
	}
}

// TestGatesAreLogged: every epoch has the gates and the norms, and the report draws
// them.
func TestGatesAreLogged(t *testing.T) {
	r := finish(t, parse(t, base+block+"penalties: [{type: l1, on: gates, lambda: 0.01}]\n"))
	records, err := train.ReadMetrics(r.folder.path(MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		if len(rec.Gates) != 2 || len(rec.Gates["residual_gate.gate"]) != 1 || rec.Terms[0].Norms == nil {
			t.Errorf("epoch %g: gates %v, norms %+v", rec.Epoch, rec.Gates, rec.Terms[0].Norms)
		}
	}
	page := r.read(t, ReportFile)
	for _, want := range []string{"<figcaption>Gates</figcaption>", "Norms of the groups that are not 0: l1(gates)", "<h2>Weights</h2>"} {
		if !strings.Contains(page, want) {
			t.Errorf("report.html lacks %q", want)
		}
	}
}
