package run

import (
	"slices"
	"strings"
	"testing"

	"pare/prune"
	"pare/train"
)

func TestDense(t *testing.T) {
	r := finish(t, parse(t, base+perceptron+"prune: {method: none}\n", "train.epochs=6"))
	if r.ParamsBefore != r.ParamsAfter || r.MACsBefore != r.MACsAfter || r.Removed != (prune.Removed{}) {
		t.Errorf("a dense run removed %+v: %d → %d parameters", r.Removed, r.ParamsBefore, r.ParamsAfter)
	}
	if r.AccuracyTrained != r.AccuracyFinal || r.AccuracyFinal != r.AccuracyAfterPrune {
		t.Errorf("accuracies %g, %g, %g; without fine-tuning they are one", r.AccuracyTrained, r.AccuracyAfterPrune, r.AccuracyFinal)
	}
	if r.AccuracyFinal < 0.5 {
		t.Errorf("accuracy %g; it did not learn", r.AccuracyFinal)
	}
}

func TestBaselines(t *testing.T) {
	for _, c := range []struct {
		model, prune string
		kept         func(Summary) float64
		budget       float64
	}{
		{perceptron, "{method: magnitude, budget: {params: 0.4}}", params, 0.4},
		{perceptron, "{method: random, budget: {params: 0.4}, scope: layer}", params, 0.4},
		{block, "{method: magnitude, budget: {macs: 0.5}, scope: layer}", macs, 0.5},
		{block, "{method: random, budget: {macs: 0.5}}", macs, 0.5},
		{branches, "{method: magnitude, budget: {macs: 0.3}}", macs, 0.3},
		{perceptron, "{method: magnitude, budget: {params: 1}}", params, 1},
		{perceptron, "{method: least, budget: {params: 0.4}}", params, 0.4},
		{block, "{method: least, importance: activation, budget: {macs: 0.5}}", macs, 0.5},
		{block, "{method: least, importance: batchnorm_scale, scope: layer, budget: {macs: 0.5}}", macs, 0.5},
	} {
		r := finish(t, parse(t, base+c.model+"prune: "+c.prune+"\nfinetune: {epochs: 1}\n"))
		if kept := c.kept(*r.Summary); kept > c.budget || kept < 0.8*c.budget {
			t.Errorf("%s keeps %.3g", c.prune, kept)
		}
	}
}

// TestShortForms: magnitude and random are least with that importance.
func TestShortForms(t *testing.T) {
	for _, name := range []string{"magnitude", "random"} {
		long := finish(t, parse(t, base+perceptron+"prune: {method: least, importance: "+name+", budget: {params: 0.4}}\n"))
		short := finish(t, parse(t, base+perceptron+"prune: {method: "+name+", budget: {params: 0.4}}\n"))
		if long.weights(t) != short.weights(t) {
			t.Errorf("%s: the networks differ", name)
		}
	}
}

func params(s Summary) float64 { return float64(s.ParamsAfter) / float64(s.ParamsBefore) }
func macs(s Summary) float64   { return float64(s.MACsAfter) / float64(s.MACsBefore) }

// TestGlyphs runs on colour images with augmentation.
func TestGlyphs(t *testing.T) {
	const data = "data: {dataset: digits, train: 320, validation: 50, test: 200}"
	text := strings.Replace(base, data, `data: {dataset: glyphs, color: true, classes: digits, train: 64, validation: 16, test: 32,
  augment: {crop: 2, flip: true}}`, 1)
	r := finish(t, parse(t, text+"model: {type: resnet, depth: 8, width: 2}\nprune: {method: random, budget: {macs: 0.6}}\n"))
	if kept := macs(*r.Summary); kept > 0.6 {
		t.Errorf("%.3g of the MACs are kept", kept)
	}
}

// TestSummaryKeys compares summary.json with the keys that its readers rely on.
func TestSummaryKeys(t *testing.T) {
	r := finish(t, parse(t, base+perceptron+"penalties: [{type: group_lasso, on: neurons, lambda: 0.01}]\nfinetune: {epochs: 1}\n"))
	have := keys(t, r.read(t, SummaryFile))
	for _, want := range strings.Fields(`params_before params_after macs_before macs_after
		accuracy_before_prune accuracy_after_prune accuracy_final
		certificate.max_abs_diff certificate.max_rel_diff certificate.inputs
		removed.channels removed.units removed.branches removed.gates removed.blocks
		train_seconds seed loss_before_prune loss_after_prune loss_final`) {
		if !slices.Contains(have, want) {
			t.Errorf("summary.json lacks %s", want)
		}
	}
	if r.Removed.Units == 0 || r.ParamsAfter >= r.ParamsBefore {
		t.Errorf("the penalty removed nothing: %+v", r.Removed)
	}
	if r.TrainSeconds <= 0 || r.FinetuneSeconds <= 0 || r.TestExamples != 200 || r.Certificate.Inputs < 200 {
		t.Errorf("summary %+v", r.Summary)
	}
	records, err := train.ReadMetrics(r.folder.path(MetricsFile))
	if err != nil || len(records) != 3 || records[2].Phase != "finetune" || records[2].Val == nil {
		t.Errorf("metrics %+v, %v", records, err)
	}
}

// TestOneSeedOneResult: threads and repetition change nothing, the seed does.
func TestOneSeedOneResult(t *testing.T) {
	rest := "penalties: [{type: group_lasso, on: channels, lambda: 0.01}]\nfinetune: {epochs: 1}\n"
	first := finish(t, parse(t, base+block+rest, "threads=1"))
	for _, threads := range []string{"1", "2", "3"} {
		again := finish(t, parse(t, base+block+rest, "threads="+threads))
		if first.weights(t) != again.weights(t) {
			t.Errorf("another run with %s threads gives another model", threads)
		}
	}
	other := finish(t, parse(t, base+block+rest, "threads=1", "seed=2"))
	if first.weights(t) == other.weights(t) {
		t.Error("another seed gives the same model")
	}
}

// TestNothingLeft: penalties that nothing withstands leave networks that still
// compute something, and every step of the run takes them.
func TestNothingLeft(t *testing.T) {
	for _, c := range []struct {
		name, text string
		removed    func(r prune.Removed) bool
		params     int64 // at most
	}{
		{"one gate", block + "penalties: [{type: l1, on: gates, layers: residual_gate, lambda: 100}]\n",
			func(r prune.Removed) bool { return r.Gates > 0 && r.Branches+r.Blocks > 0 }, 170},
		{"every gate", block + "penalties: [{type: l1, on: gates, lambda: 100}]\n",
			func(r prune.Removed) bool { return r.Gates == 2 }, 10},
		{"every channel", block + "penalties: [{type: group_lasso, on: channels, lambda: 100}]\n",
			func(r prune.Removed) bool { return r.Channels > 0 }, 10},
		{"a branch", branches + "penalties: [{type: group_lasso, on: channels, layers: narrow, lambda: 100}]\n",
			func(r prune.Removed) bool { return r.Branches > 0 || r.Channels == 4 }, 700},
		{"branches", branches + "penalties: [{type: group_lasso, on: branches, lambda: 100}]\n",
			func(r prune.Removed) bool { return r.Channels > 0 }, 10},
		{"every neuron", perceptron + "penalties: [{type: group_lasso, on: neurons, lambda: 100}]\n",
			func(r prune.Removed) bool { return r.Units > 0 }, 10},
		{"every weight", perceptron + "penalties: [{type: l1, on: weights, lambda: 100}]\n",
			func(r prune.Removed) bool { return r.Units > 0 }, 10},
		{"every input", perceptron + "penalties: [{type: group_lasso, on: input_features, lambda: 100}]\n",
			func(r prune.Removed) bool { return r.Units > 0 }, 10},
		{"gates of a resnet", "model: {type: resnet, depth: 8, width: 2}\npenalties: [{type: l1, on: gates, lambda: 100}]\n",
			func(r prune.Removed) bool { return r.Gates == 6 && r.Blocks > 0 }, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, optimizer := range []string{"{type: adam, lr: 0.005}", "{type: sgd, lr: 0.05, momentum: 0.9, weight_decay: 0.001}"} {
				r := finish(t, parse(t, base+c.text+"finetune: {epochs: 1}\n", "train.optimizer="+optimizer))
				if !c.removed(r.Removed) || r.ParamsAfter > c.params {
					t.Errorf("removed %+v; %d parameters are left, want at most %d", r.Removed, r.ParamsAfter, c.params)
				}
				if !strings.Contains(r.read(t, ReportFile), "</html>") || !strings.Contains(r.read(t, DiagramFile), "</svg>") {
					t.Error("the report or the diagram is not whole")
				}
			}
		})
	}
}
