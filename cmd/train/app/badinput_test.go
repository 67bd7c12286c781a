package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBadConfigs: a fault in a config is found before a run folder is made, and the message
// says where.
func TestBadConfigs(t *testing.T) {
	const resnet = "data: {dataset: digits}\nmodel: {type: resnet, depth: 8, width: 4}\n"
	for _, c := range []struct {
		name     string
		base     string
		old, new string // replaced in base
		words    []string
	}{
		{"unknown key", smallConfig, "epochs: 2", "epoks: 2", []string{"small.yaml:9:9:", "train.epoks", "did you mean train.epochs"}},
		{"wrong type", smallConfig, "epochs: 2", "epochs: many", []string{"small.yaml:9:17:", "train.epochs", `"many"`}},
		{"second document", smallConfig, "train: {", "---\ntrain: {", []string{"small.yaml:9:1:", "second YAML document"}},
		{"no YAML", smallConfig, "train: {", "train: {{", []string{"small.yaml:"}},
		{"negative lambda", smallConfig, "0.001", "-0.001", []string{"small.yaml:11:", "penalties.0.lambda", "at least 0"}},
		{"pattern", smallConfig, "lambda: 0.001", "lambda: 0.001, layers: conv*", []string{"small.yaml:11:", "penalties.0.layers", "conv*", "hidden"}},
		{"dataset", smallConfig, "digits", "digitz", []string{"small.yaml:2:", "data.dataset", "digitz", "did you mean digits?"}},
		{"no such dataset", smallConfig, "digits", "letters", []string{"small.yaml:2:", "data.dataset", "letters", "mnist"}},
		{"too much data", smallConfig, "train: 64", "train: 64000", []string{"small.yaml:2:", "data", "64000", "1397"}},
		{"model", resnet, "resnet", "resnest", []string{"small.yaml:2:", "model.type", "resnest", "lenet5"}},
		{"depth", resnet, "depth: 8", "depth: 9", []string{"small.yaml:2:", "depth is 9", "6n+2"}},
		{"dropout", resnet, "resnet, depth: 8, width: 4", "mlp, dropout: -0.5", []string{"small.yaml:2:", "model", "dropout", "-0.5"}},
		{"crop", smallConfig, "test: 40", "test: 40, augment: {crop: 8}", []string{"small.yaml:2:", "data.augment.crop", "8×8"}},
		{"layer", smallConfig, "- relu", "- rely", []string{"small.yaml:7:7:", "model.layers.2", "rely", "relu"}},
		{"layer option", smallConfig, "out: 8", "width: 8", []string{"small.yaml:6:16:", "model.layers.1.linear.width", "out"}},
		{"penalty", smallConfig, "group_lasso", "lasso", []string{"small.yaml:11:", "penalties.0.type", "lasso", "elastic_net"}},
		{"group", smallConfig, "neurons", "branches", []string{"small.yaml:11:", "penalties.0.on", "no branches"}},
		{"blocks", smallConfig, "neurons", "blocks", []string{"small.yaml:11:", "penalties.0.on", "no blocks; it has weights, neurons, input_features"}},
		{"heads", smallConfig, "neurons", "heads", []string{"small.yaml:11:", "penalties.0.on", "no heads; it has weights"}},
		{"recurrent units", smallConfig, "neurons", "recurrent_units", []string{"small.yaml:11:", "penalties.0.on", "no recurrent_units; it has weights"}},
		{"cosine", smallConfig, "optimizer: {type: adam", "schedule: {type: cosine}, optimizer: {type: rmda", []string{"small.yaml:9:", "train.schedule", "rmda", "constant or step"}},
		{"unknown group", smallConfig, "neurons", "neuron", []string{"small.yaml:11:", "penalties.0.on", "neurons"}},
		{"optimizer", smallConfig, "adam", "adamax", []string{"small.yaml:9:", "train.optimizer", "adamax", "adamw"}},
		{"optimizer option", smallConfig, "lr: 0.01", "lr: 0.01, momentum: 0.9", []string{"small.yaml:9:", "momentum", "adam"}},
		{"schedule", smallConfig, "epochs: 2", "epochs: 2, schedule: {type: cosin}", []string{"small.yaml:9:", "train.schedule", "cosin", "cosine"}},
		{"warm-up", smallConfig, "epochs: 2", "epochs: 2, schedule: {warmup: 3}", []string{"small.yaml:9:", "train.schedule", "train.schedule.warmup: 3 epochs"}},
		{"fine-tuning", smallConfig, "finetune: {epochs: 1}", "finetune: {optimizer: {type: sdg}}", []string{"small.yaml:12:", "finetune.optimizer.type", "sdg", "did you mean sgd?"}},
		{"batch", smallConfig, "batch: 16", "batch: 65", []string{"small.yaml:9:", "train.batch", "65", "64"}},
		{"early stop", smallConfig, "epochs: 2", "epochs: 2, early_stop: {patience: 2}, label_smoothing: 0", nil},
		{"no validation", replace(t, smallConfig, "validation: 20, ", ""), "epochs: 2", "epochs: 2, early_stop: {patience: 2}",
			[]string{"small.yaml:9:", "train.early_stop", "validation"}},
		{"budget", smallConfig, "penalties:\n  - {type: group_lasso, on: neurons, lambda: 0.001}", "prune: {method: magnitude, budget: {params: 0.01}}",
			[]string{"small.yaml:10:", "prune.budget", "cannot be met"}},
		{"every", smallConfig, "finetune:", "prune: {every: -5}\nfinetune:", []string{"small.yaml:12:", "prune.every", "at least 0"}},
		{"every and method", smallConfig, "finetune:", "prune: {every: 5, method: none}\nfinetune:", []string{"small.yaml:12:", "prune.every", "method none"}},
		{"target of 1", smallConfig, "finetune:", "target: {macs: 1}\nfinetune:", []string{"small.yaml:12:", "target.macs", "below 1"}},
		{"target of 0", smallConfig, "finetune:", "target: {params: 0}\nfinetune:", []string{"small.yaml:12:", "target.params", "above 0"}},
		{"no target", smallConfig, "finetune:", "target: {by: 0.5}\nfinetune:", []string{"small.yaml:12:", "target", "macs, params or groups"}},
		{"two targets", smallConfig, "finetune:", "target: {macs: 0.5, params: 0.5}\nfinetune:", []string{"small.yaml:12:", "remove one"}},
		{"target backwards", smallConfig, "finetune:", "target: {macs: 0.5, from: 0.7}\nfinetune:", []string{"small.yaml:12:", "target.from", "0.7", "0.4"}},
		{"target without penalties", smallConfig, "penalties:\n  - {type: group_lasso, on: neurons, lambda: 0.001}", "target: {macs: 0.5}",
			[]string{"small.yaml:10:", "target needs penalties"}},
		{"target of penalties of 0", smallConfig, "lambda: 0.001}", "lambda: 0}\ntarget: {macs: 0.5}", []string{"small.yaml:12:", "lambda above 0"}},
		{"target and method", smallConfig, "finetune:", "target: {macs: 0.5}\nprune: {method: magnitude, budget: {macs: 0.5}}\nfinetune:",
			[]string{"small.yaml:12:", "target", "method magnitude"}},
		{"target out of reach", smallConfig, "finetune:", "target: {params: 0.0001}\nfinetune:", []string{"small.yaml:12:", "target.params", "0.0001", "penalise more of the network"}},
		{"normalisation of one example", replace(t, smallConfig, "batch: 16", "batch: 1"), "- relu", "- batchnorm", []string{"small.yaml:9:", "batchnorm1", "larger batch"}},
		{"layer that nothing reads", smallConfig, "    - relu\n", "    - linear: {out: 5, name: dead}\n    - relu: {inputs: [hidden]}\n",
			[]string{"small.yaml:7:7:", "model.layers.2.linear", "nothing reads the output of layer dead", "remove it"}},
		{"chain that nothing reads", smallConfig, "    - relu\n", "    - linear: {out: 5}\n    - sigmoid: {name: dead}\n    - relu: {inputs: [hidden]}\n",
			[]string{"small.yaml:8:7:", "model.layers.3.sigmoid", "nothing reads the output of layer dead"}},
		{"layer that reads nothing", smallConfig, "- relu", "- relu: {inputs: []}", []string{"small.yaml:7:22:", "model.layers.2.relu.inputs must not be empty"}},
		{"layer called input", smallConfig, "- relu", "- relu: {name: input}", []string{"small.yaml:7:7:", "model.layers.2.relu", "the network's input"}},
		{"shapes", crashConfig, "inputs: [left_gate, skip_gate]", "inputs: [left_gate, input]",
			[]string{"small.yaml:13:7:", "model.layers.7", "layer sum", "8×8×8", "1×8×8"}},
		{"kernel", crashConfig, "conv: {out: 8, kernel: 3, pad: 1, no_bias: true, name: left}", "conv: {out: 8, kernel: 11, name: left}",
			[]string{"small.yaml:9:7:", "model.layers.3", "layer left", "11", "8×8"}},
		{"vector into conv", smallConfig, "- relu", "- conv: {out: 3, kernel: 3}", []string{"small.yaml:7:7:", "model.layers.2", "conv", "8"}},
		{"input of a layer", crashConfig, "inputs: [left_gate, skip_gate]", "inputs: [left_gate, skip]",
			[]string{"small.yaml:13:7:", "layer sum", `"skip"`}},
		{"outputs", smallConfig, "out: 10", "out: 9", []string{"small.yaml:8:7:", "model.layers.3", "layer out", "9", "10 classes"}},
		{"no logits", smallConfig, "    - linear: {out: 10, name: out}\n", "", []string{"small.yaml:7:7:", "model.layers.2", "10 classes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "small.yaml"), replace(t, c.base, c.old, c.new))
			if c.words == nil { // the pair of a case that fails: this one is right
				ok(t, dir, "-config", "small.yaml", "-dry-run")
				return
			}
			bad(t, dir, []string{"-config", "small.yaml"}, c.words...)
			bad(t, dir, []string{"-config", "small.yaml", "-dry-run"}, c.words...)
		})
	}
}

// TestBadCommandLines: so are faults in the flags.
func TestBadCommandLines(t *testing.T) {
	for _, c := range []struct {
		args  string
		words []string
	}{
		{"", []string{"no -config", "-list"}},
		{"-frobnicate", []string{"-frobnicate"}},
		{"-config", []string{"-config"}},
		{"small.yaml", []string{`"small.yaml"`, "-config"}},
		{"-config nothing.yaml", []string{"nothing.yaml", "no such file"}},
		{"-config resnt", []string{"resnt", "did you mean resnet"}},
		{"-config small.yaml -set train.epochs", []string{"-set train.epochs", "key=value"}},
		{"-config small.yaml -set train.epoch=3", []string{"-set train.epoch=3", "did you mean train.epochs"}},
		{"-config small.yaml -set train.epochs=-3", []string{"-set train.epochs=-3", "at least 0"}},
		{"-config small.yaml -set penalties.1.lambda=1", []string{"penalties.1", "list of 1"}},
		{"-config small.yaml -set name=../up", []string{"-set name=../up", "folder"}},
		{"-config .", []string{"cannot be read"}},
		{"-resume nothing", []string{"nothing is not a run folder"}},
		{"-resume .", []string{"is not a run folder"}},
		{"-resume small.yaml", []string{"is not a run folder"}},
		{"-resume . -config small.yaml", []string{"-resume", "-config"}},
		{"-resume . -dry-run", []string{"-resume", "-dry-run"}},
		{"-init resnot", []string{`"resnot"`, "did you mean resnet"}},
		{"-init resnet small.yaml", []string{"small.yaml exists"}},
		{"-init resnet a.yaml b.yaml", []string{"one file"}},
		{"-init resnet none/a.yaml", []string{"none/a.yaml"}},
		// A path below a file: permissions do not bind every user.
		{"-config small.yaml -out small.yaml/run", []string{"run folder", "small.yaml"}},
		{"-config small.yaml -out small.yaml", []string{"run folder", "small.yaml"}},
	} {
		t.Run(strings.ReplaceAll(c.args, "/", "|"), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "small.yaml"), smallConfig)
			bad(t, dir, strings.Fields(c.args), c.words...)
		})
	}
}

// TestTakenFolder: a run is not written into the folder of another.
func TestTakenFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "small.yaml"), smallConfig)
	ok(t, dir, "-config", "small.yaml", "-out", "run", "-quiet")
	before := read(t, dir, "run/sessions.json") + tree(t, filepath.Join(dir, "run"))
	again := ok(t, dir, "-config", "small.yaml", "-out", "run", "-set", "threads=1")
	if want := "run holds this run, finished; nothing is trained\nsummary: run/summary.json\nsee run/report.html\npredict from new files: pare predict run FILE…\n"; again.stdout != want {
		t.Errorf("the same run again prints %q, expected %q", again.stdout, want)
	}
	if read(t, dir, "run/sessions.json")+tree(t, filepath.Join(dir, "run")) != before {
		t.Error("the same run again changed its folder")
	}
	bad(t, dir, []string{"-config", "small.yaml", "-out", "run", "-set", "seed=2"}, "run already holds a run", "-resume run", "-out")
	if err := os.Remove(filepath.Join(dir, "run", "summary.json")); err != nil {
		t.Fatal(err)
	}
	bad(t, dir, []string{"-config", "small.yaml", "-out", "run"}, "run already holds a run", "-resume run", "-out")
	// Without -out each run has its own.
	ok(t, dir, "-config", "small.yaml", "-quiet")
	ok(t, dir, "-config", "small.yaml", "-quiet")
	for _, run := range []string{"small", "small-2"} {
		if model := read(t, dir, "runs", run, "model.safetensors"); model != read(t, dir, "run/model.safetensors") {
			t.Errorf("runs/%s has another model than the same run before", run)
		}
	}
}

// TestMisspeltOverride: an override with a misspelt name is itself the place of the
// error, and the nearest name is proposed.
func TestMisspeltOverride(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "small.yaml"), smallConfig)
	bad(t, dir, []string{"-config", "small.yaml", "-set", "train.optimizer.type=adm"},
		"-set train.optimizer.type=adm: train.optimizer.type", "did you mean adam")
	bad(t, dir, []string{"-config", "small.yaml", "-set", "data.dataset=digit"},
		"-set data.dataset=digit: data.dataset: unknown dataset \"digit\"", "did you mean digits")
	bad(t, dir, []string{"-config", "small.yaml", "-set", "penalties.0.on=neuron"}, "penalties.0.on: unknown value", "did you mean neurons")
	bad(t, dir, []string{"-config", "small.yaml", "-set", "penalties.0.type=group_laso"},
		"penalties.0.type: unknown penalty", "did you mean group_lasso")
}
