package run

import (
	"errors"
	"strings"
	"testing"

	"pare/config"
	"pare/train"
)

// TestOptionsWithoutEffect: an option that cannot take effect beside the others is refused
// with its place, before any training.
func TestOptionsWithoutEffect(t *testing.T) {
	const (
		tail  = "\nmodel: {type: mlp, hidden: [8]}\n"
		lasso = "penalties: [{type: group_lasso, on: neurons, lambda: 1e-3"
	)
	for _, c := range []struct{ name, text, want string }{
		{"warmup is all of the training", base + tail + "penalties: [{type: l1, on: weights, lambda: 1e-4, warmup: 100}]\n", "7:59: penalties.0.warmup: "},
		{"warmup of activations", base + tail + "penalties: [{type: l1, on: activations, lambda: 1e-4, warmup: 2}]\n", "7:63: penalties.0.warmup: "},
		{"ramp beyond the end", base + tail + lasso + ", warmup: 1, ramp: 1.5}]\n", "7:77: penalties.0.ramp: "},
		{"warmup beside a target", base + tail + "target: {macs: 0.5}\n" + lasso + ", warmup: 1}]\n", "8:68: penalties.0.warmup: the penalty is to begin after 1 epochs, but its groups go from epoch 0.1 on"},
		{"warmup after the target", base + tail + "target: {macs: 0.5, method: lambda}\n" + lasso + ", warmup: 1}]\n", "8:68: penalties.0.warmup: the penalty is to begin after 1 epochs, but the target is to be met by epoch 0.8"},
		{"milestones", strings.Replace(base, "0.005}", "0.005}, schedule: {type: step, milestones: [1, 2]}", 1) + tail, "4:102: train.schedule.milestones: "},
		{"steps of the schedule", strings.Replace(base, "0.005}", "0.005}, schedule: {type: step, every: 2}", 1) + tail, "4:97: train.schedule.every: "},
		{"warmup of the schedule", strings.Replace(base, "0.005}", "0.005}, schedule: {warmup: 3}", 1) + tail, "4:86: train.schedule.warmup: "},
		{"milestones of fine-tuning", base + tail + "finetune: {epochs: 1, schedule: {type: step, milestones: [5]}}\n", "7:58: finetune.schedule.milestones: "},
		{"one removal", base + tail + lasso + "}]\nprune: {every: 11}\n", "8:16: prune.every: "},
		{"no interval", base + tail + "target: {macs: 0.5}\n" + lasso + "}]\nprune: {every: 8}\n", "9:16: prune.every: "},
		{"scope", base + tail + "prune: {scope: layer}\n", "7:16: prune.scope: "},
		{"accuracy of numbers", "data: {dataset: adding, length: 4, train: 64, validation: 32, test: 32}\nmodel: {type: gru, hidden: 4}\n" +
			"train: {epochs: 2, batch: 32, early_stop: {patience: 1, metric: accuracy}}\n", "3:65: train.early_stop.metric: "},
	} {
		_, _, err := Plan(t.Context(), parse(t, c.text), nil)
		var located *config.Error
		if !errors.As(err, &located) || !strings.Contains(err.Error(), "test.yaml:"+c.want) {
			t.Errorf("%s: %v, want one at %s", c.name, err, c.want)
		}
	}
	for _, text := range []string{
		lasso + ", warmup: 0.5, ramp: 1.5}]\n",
		lasso + ", warmup: 1, ramp: 5}]\ntrain: {epochs: 0}\n",
		"penalties: [{type: l1, on: activations, lambda: 1e-4, warmup: 1}, {type: group_lasso, on: neurons, lambda: 1e-3}]\ntarget: {macs: 0.5}\n",
		"train: {epochs: 9, batch: 32, schedule: {type: step, milestones: [8]}}\nfinetune: {epochs: 1}\n", // inherited
		lasso + "}]\nprune: {every: 10}\n",
	} {
		head := base
		if strings.Contains(text, "train:") {
			head = strings.Replace(base, "train: {epochs: 2, batch: 32, optimizer: {type: adam, lr: 0.005}}\n", "", 1)
		}
		if _, _, err := Plan(t.Context(), parse(t, head+tail+text), nil); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestTargetOfGroupsThatStay: groups that no penalty zeroes cannot go.
func TestTargetOfGroupsThatStay(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"penalties: [{type: group_lasso, on: channels, lambda: 0}, {type: l1, on: paths, lambda: 1}]\ntarget: {groups: 0.3}\n", "target.groups: 0.3 of the groups"},
		{"penalties: [{type: l1, on: weights, lambda: 1}]\ntarget: {params: 0.3}\n", "target.method: least removes groups"},
	} {
		conf := parse(t, base+block+c.text)
		f, err := CreateFolder(t.TempDir()+"/run", conf.Name, conf.YAML())
		if err != nil {
			t.Fatal(err)
		}
		if _, err = Run(t.Context(), Options{Config: conf, Folder: f}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error: %v, want %s", err, c.want)
		}
	}
}

// TestEarlyStopWaitsForTheTarget: validation gets worse while the network shrinks, which
// is no reason to stop before it is small enough, nor before the penalties have begun.
func TestEarlyStopWaitsForTheTarget(t *testing.T) {
	const high = "train: {epochs: 12, batch: 32, optimizer: {lr: 0.3, momentum: 0.9}, early_stop: {patience: 1}}\n"
	head := strings.Replace(base, "train: {epochs: 2, batch: 32, optimizer: {type: adam, lr: 0.005}}\n", high, 1) + perceptron
	plain := finish(t, parse(t, head))
	if n := epochs(t, plain); n > 4 {
		t.Fatalf("without a target training ended after %g epochs, which shows nothing", n)
	}
	r := finish(t, parse(t, head+"penalties: [{type: group_lasso, on: neurons, lambda: 1e-4}]\ntarget: {params: 0.6, from: 0.5, by: 0.9}\n"))
	if r.TargetStep <= 60 {
		t.Errorf("the target was met in step %d, before it began", r.TargetStep)
	}
	w := finish(t, parse(t, head+"penalties: [{type: group_lasso, on: neurons, lambda: 1e-4, warmup: 6, ramp: 1}]\n"))
	if n := epochs(t, w); n < 7 {
		t.Errorf("training ended after %g epochs, and the penalty has its strength after 7", n)
	}
}

// epochs is where training ended.
func epochs(t *testing.T, r result) float64 {
	t.Helper()
	records, err := train.ReadMetrics(r.folder.path(MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	return records[len(records)-1].Epoch
}

// TestTargetFrom: penalties begin at target.from, whatever the method.
func TestTargetFrom(t *testing.T) {
	for _, method := range []string{"least", "lambda"} {
		r := finish(t, parse(t, base+perceptron+"penalties: [{type: group_lasso, on: neurons, lambda: 0.002}]\n"+
			"target: {params: 0.6, from: 0.5, by: 0.9, method: "+method+"}\n", "train.epochs=12"))
		records, err := train.ReadMetrics(r.folder.path(MetricsFile))
		if err != nil {
			t.Fatal(err)
		}
		strong := false
		for _, rec := range records {
			if rec.Epoch < 6 && (rec.Terms[0].Lambda != 0 || rec.Terms[0].Zero != 0) {
				t.Errorf("%s: λ is %g and %d groups are zero after %g of 12 epochs", method, rec.Terms[0].Lambda, rec.Terms[0].Zero, rec.Epoch)
			}
			strong = strong || rec.Terms[0].Lambda > 0
		}
		if !strong {
			t.Errorf("%s: the penalty never began", method)
		}
	}
}
