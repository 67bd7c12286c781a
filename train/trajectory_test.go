package train

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"pare/layers"
	"pare/regularize"
)

func TestQuantiles(t *testing.T) {
	values := []float64{0, 3, 0}
	for v := range 10 {
		values = append(values, float64(v+10))
	}
	if q := quantiles(values); *q != (Quantiles{3, 10, 14, 18, 19}) {
		t.Errorf("%+v", *q)
	}
	if q := quantiles([]float64{0, 0}); q != nil {
		t.Errorf("of zeros: %+v", q)
	}
	if q := quantiles([]float64{2}); *q != (Quantiles{2, 2, 2, 2, 2}) {
		t.Errorf("of one: %+v", *q)
	}
}

// TestTrajectories: the lines of epochs have gates and norms, and a line of an older
// log is read without.
func TestTrajectories(t *testing.T) {
	net := toyNet(t, 1)
	term, err := regularize.NewTerm(net, regularize.Spec{Type: "group_lasso", On: "channels", Lambda: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	log, err := OpenMetricsLog(filepath.Join(t.TempDir(), "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, err := mustNew(t, net, Options{Train: newToy(64, 16, 1), Loss: layers.CrossEntropy{}, Penalties: []Penalty{term},
		Optimizer: &SGD{LR: 0.01}, Epochs: 2, Log: log, LogEvery: 1}).Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	records, err := ReadMetrics(log.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		n := r.Terms[0].Norms
		if (n != nil) != (r.Kind == "epoch") {
			t.Errorf("norms in a line of a %s: %+v", r.Kind, n)
		}
		if n != nil && !(n.Min > 0 && n.Min <= n.Tenth && n.Tenth <= n.Median && n.Median <= n.Ninety && n.Ninety <= n.Max) {
			t.Errorf("%+v", *n)
		}
		for _, p := range net.Params() {
			if p.Role == "gate" && r.Kind == "epoch" && len(r.Gates[p.Full]) != p.Size() {
				t.Errorf("gate %s has %v", p.Full, r.Gates[p.Full])
			}
		}
	}
	var old Record
	if err := json.Unmarshal([]byte(`{"kind":"epoch","terms":[{"name":"l1(gates)","groups":3,"zero_groups":1}]}`), &old); err != nil ||
		old.Gates != nil || old.Terms[0].Norms != nil || old.Terms[0].Zero != 1 {
		t.Errorf("an older line: %+v, %v", old, err)
	}
}
