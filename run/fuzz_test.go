package run

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pare/config"
)

// large finds numbers that may make a network or data of honest size that takes
// long to make; a larger one is refused, and stays.
var large = regexp.MustCompile(`[1-9]_?\d_?\d_?\d|0x|0o|[eE]\+?\d|[1-9]\d{2}`)

// FuzzPlan takes configs through all that is checked before training: whatever the
// text, there is a network with its data, or an error of one line that is the
// fault of the text.
func FuzzPlan(f *testing.F) {
	for _, s := range []string{
		"data: {dataset: digits, validation: 100}\nmodel: {type: mlp, hidden: [10]}\ntrain: {batch: 32}\nthreads: 1000000000\n",
		"data: {dataset: digits}\nmodel: {type: resnet, depth: 8, width: 4}\npenalties: [{type: group_lasso, on: channels, lambda: 1e-3}]\nprune: {every: 10}\n",
		"data: {dataset: digits}\nmodel:\n  layers:\n    - conv: {out: 4, kernel: 3, name: a}\n    - relu\n    - conv: {out: 4, kernel: 3, pad: 1, name: b}\n    - add: {inputs: [a, b]}\n    - flatten\n    - linear: {out: 10}\n",
		"data: {dataset: digits, augment: {crop: 1}}\nmodel: {type: cnn}\nprune: {method: magnitude, budget: {macs: 0.5}}\nfinetune: {epochs: 2}\n",
		"data: {dataset: copy, length: 5, symbols: 2, train: 64}\nmodel: {type: lstm, hidden: 4, embedding: 3, memory: 5}\npenalties: [{type: l1, on: weights, lambda: 1}]\n",
		"data: {dataset: adding, length: 6}\nmodel: {type: gru, hidden: 4, depth: 2}\ntrain: {optimizer: {type: rmda}, schedule: {type: step, every: 3}}\n",
		"data: {dataset: copy, length: 5}\nmodel: {type: transformer, width: 8, heads: 2, blocks: 1, hidden: 8}\npenalties: [{type: l1, on: activations, lambda: 1, revive: {}}]\nthresholds: {density: 0.5}\n",
		"data: {dataset: planted}\nmodel: {type: inception, stem: 4}\ntarget: {groups: 0.5}\npenalties: [{type: group_mcp, on: branches, lambda: 1}]\n",
	} {
		f.Add(s)
	}
	known := []string{"digits", "planted", "copy", "adding"} // fast, and without files
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse("f.yaml", []byte(text))
		if err != nil || !slices.Contains(known, c.Data.Dataset) || c.Model.Type == "saved" || len(text) > 1000 {
			return
		}
		if _, rest, _ := strings.Cut(text, "model"); large.MatchString(rest) {
			return
		}
		net, data, err := Plan(context.Background(), c, nil)
		switch {
		case err == nil && (net == nil || data == nil):
			t.Error("no network, no data and no error")
		case err == nil:
		case strings.ContainsAny(err.Error(), "\n\r"):
			t.Errorf("the error has several lines: %q", err)
		case !IsInput(err):
			t.Errorf("the error is not the fault of the config: %v", err)
		}
	})
}
