package run

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"pare/export"
	"pare/train"
)

// A phase whose last step ruins the network ends there: nothing is removed, exported or
// summed up, and the error names the phase and a remedy.
func TestLastStepDiverges(t *testing.T) {
	const one = `name: nan
seed: 3
data: {dataset: digits, train: 64, test: 65}
train: {epochs: 1, batch: 64, optimizer: {lr: 0.05}}
` + perceptron
	for _, c := range []struct {
		name, phase string
		sets        []string
	}{
		{"no validation data", "train", []string{"train.optimizer.lr=1e38"}},
		{"validation data", "train", []string{"train.optimizer.lr=1e38", "data.validation=65"}},
		{"nothing is pruned", "train", []string{"train.optimizer.lr=1e38", "prune.method=none"}},
		{"baseline", "train", []string{"train.optimizer.lr=1e38", "prune={method: magnitude, budget: {macs: 0.5}}"}},
		{"thresholds", "train", []string{"train.optimizer.lr=1e38", "thresholds={density: 0.2}"}},
		{"removal on the way", "train", []string{"train.optimizer.lr=1e38", "prune.every=1", "penalties=[{type: group_lasso, on: neurons, lambda: 1e-3}]"}},
		{"fine-tuning", "finetune", []string{"finetune={epochs: 1, optimizer: {lr: 1e38}}"}},
		{"fine-tuning of what is whole", "finetune", []string{"finetune={epochs: 1, optimizer: {lr: 1e38}}", "prune.method=none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := parse(t, one, c.sets...)
			_, data, err := Plan(context.Background(), config, nil)
			if err != nil {
				t.Fatal(err)
			}
			f, err := CreateFolder(filepath.Join(t.TempDir(), "run"), config.Name, config.YAML())
			if err != nil {
				t.Fatal(err)
			}
			_, err = Run(context.Background(), Options{Config: config, Folder: f, Data: data})
			if !errors.Is(err, train.ErrDiverged) || (c.phase == "finetune") != strings.HasPrefix(err.Error(), "finetune: ") ||
				!strings.Contains(err.Error(), "after step 1 ") || !strings.Contains(err.Error(), "lower learning rate") {
				t.Errorf("error %v", err)
			}
			for _, name := range []string{SummaryFile, export.SafetensorsFile, export.ONNXFile, filepath.Join(checkpointsDir, c.phase)} {
				if exists(f.path(name)) {
					t.Errorf("there is a %s", name)
				}
			}
		})
	}
}

// A network that gives finite outputs on the last batch, and others on test examples,
// has diverged as well.
func TestTestSetDiverges(t *testing.T) {
	config := parse(t, base+perceptron, "prune.method=none")
	_, data, err := Plan(context.Background(), config, nil)
	if err != nil {
		t.Fatal(err)
	}
	net, err := BuildNetwork(config, data.Task())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range net.Params() {
		p.Fill(3e38)
	}
	for _, method := range []string{"none", "zeros"} {
		if _, _, err := Prune(context.Background(), net, PruneRequest{Method: method}, data); !errors.Is(err, train.ErrNotFinite) {
			t.Errorf("%s: error %v", method, err)
		}
	}
	if _, _, err := Prune(context.Background(), net, PruneRequest{Method: "zeros"}, nil); !notFinite(err) {
		t.Errorf("without data: error %v", err)
	}
}
