package train

import (
	"testing"

	"pare/layers"
	"pare/regularize"
)

// The compiler and a run check promises that other packages make in words.
var (
	_ Penalty   = (*regularize.Term)(nil)
	_ Separable = (*regularize.Term)(nil)
)

// TestGroupLassoClosesChannels trains with a penalty on whole channels: scale
// and shift of a channel become 0 together, under each optimizer, and frozen
// zeros survive a second phase without the penalty.
func TestGroupLassoClosesChannels(t *testing.T) {
	for _, opt := range []OptimizerSpec{&SGD{LR: 0.02, Momentum: 0.9}, NewAdam(0.01)} {
		net := toyNet(t, 1)
		term, err := regularize.NewTerm(net, regularize.Spec{Type: "group_lasso", On: "channels", Lambda: 0.1})
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Train: newToy(256, 16, 1), Val: newToy(100, 16, 2), Loss: layers.CrossEntropy{},
			Penalties: []Penalty{term}, Optimizer: opt, Epochs: 24, Seed: 3}
		res, err := mustNew(t, net, o).Fit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		total, zero := term.Groups()
		if total != 6 || zero < 1 || zero > 5 || res.Val.Accuracy < 0.9 {
			t.Errorf("%s: %d of %d channels are closed, accuracy %g", kind(opt), zero, total, res.Val.Accuracy)
		}
		o.Phase, o.Penalties, o.FreezeZeros, o.Epochs = "finetune", nil, true, 2
		if _, err := mustNew(t, net, o).Fit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, after := term.Groups(); after != zero {
			t.Errorf("%s: %d channels were closed, %d after fine-tuning", kind(opt), zero, after)
		}
	}
}
