package regularize

import (
	"testing"

	"pare/layers"
	"pare/nn"
)

// TestGroupsOfWhatPruningUntied: channels that a sum tied are groups of their own once
// the sum is gone, so that there are more groups than at the start.
func TestGroupsOfWhatPruningUntied(t *testing.T) {
	chain := build(t, nn.Shape{2, 5, 5},
		step{"stem", &layers.Conv{Out: 4, Pad: 1, NoBias: true}, nil},
		step{"stem_bn", &layers.BatchNorm{}, nil},
		step{"relu0", layers.ReLU(), nil},
		step{"conv1", &layers.Conv{Out: 3, Pad: 1, NoBias: true}, nil},
		step{"bn1", &layers.BatchNorm{}, nil},
		step{"relu1", layers.ReLU(), nil},
		step{"conv2", &layers.Conv{Out: 4, Pad: 1}, nil},
		step{"gate", &layers.Gate{}, nil},
		step{"pool", &layers.GlobalPool{}, nil},
		step{"fc", &layers.Linear{Out: 3}, nil})
	first, err := NewTerm(residual(t), Spec{Type: "group_lasso", On: "channels", Members: "out"})
	if err != nil {
		t.Fatal(err)
	}
	term, err := first.Rebind(chain)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := first.Groups()
	present := len(term.Norms())
	if present <= before {
		t.Fatalf("the chain has %d groups and the sum %d: they show nothing", present, before)
	}
	if total, zero := term.Groups(); total != present || zero != 0 {
		t.Errorf("%d groups, %d of them zero; there are %d and none is", total, zero, present)
	}
	w := chain.Params()[0]
	for i := range w.Data() {
		w.Data()[i] = 0
	}
	if total, zero := term.Groups(); total != present || zero != 4 {
		t.Errorf("%d groups, %d of them zero; there are %d and 4 are", total, zero, present)
	}
}
