package run

import (
	"slices"
	"testing"

	"pare/config"
	"pare/nn"
)

// buffers are the running statistics of a network, one after another.
func buffers(net *nn.Network) (out []float32) {
	for _, p := range net.Params() {
		if !p.Trainable() {
			out = append(out, p.Data()...)
		}
	}
	return out
}

// TestStatisticsBelongToWeights: those of the trained, of the pruned and of the final
// network follow from its weights and the training examples, also where a baseline
// zeroed units and where nothing was trained.
func TestStatisticsBelongToWeights(t *testing.T) {
	const magnitude = "prune: {method: magnitude, budget: {macs: 0.5}}\n"
	trained := finish(t, parse(t, base+block))
	for name, c := range map[string]*config.Config{
		"zeros":     parse(t, base+block),
		"magnitude": parse(t, base+block+magnitude),
		"finetune":  parse(t, base+block+magnitude+"finetune: {epochs: 1}\n"),
		"untrained": parse(t, base+"model: {type: saved, run: "+string(trained.folder)+"}\n"+magnitude, "train.epochs=0"),
	} {
		t.Run(name, func(t *testing.T) {
			r := finish(t, c)
			data, err := LoadData(t.Context(), c, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, dir := range []string{trainedDir, prunedDir, "."} {
				m, err := load(r.folder.path(dir))
				if err != nil {
					t.Fatal(err)
				}
				before := buffers(m.Net)
				if err := data.MeasureStatistics(t.Context(), m.Net); err != nil {
					t.Fatal(err)
				}
				after := buffers(m.Net)
				if !closeValues(before, after) {
					t.Errorf("the statistics in %s are\n%v, the weights make\n%v", dir, before, after)
				}
			}
		})
	}
}

// closeValues allows for rounding: a removal turns sums round, and folds constants.
func closeValues(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return max(x-y, y-x) <= 1e-5*max(1, x, -x)
	})
}
