package regularize

import (
	"testing"

	"pare/layers"
	"pare/nn"
	"pare/prune"
)

// TestGroupsOfWhatPruningUntied: channels that a sum tied are groups of their own once
// the sum is gone, so that there are more groups than at the start.
func TestGroupsOfWhatPruningUntied(t *testing.T) {
	chain := build(t, nn.Shape{2, 5, 5},
		step{"stem", &layers.Conv{Out: 4, Pad: layers.Around(1), NoBias: true}, nil},
		step{"stem_bn", &layers.BatchNorm{}, nil},
		step{"relu0", layers.ReLU(), nil},
		step{"conv1", &layers.Conv{Out: 3, Pad: layers.Around(1), NoBias: true}, nil},
		step{"bn1", &layers.BatchNorm{}, nil},
		step{"relu1", layers.ReLU(), nil},
		step{"conv2", &layers.Conv{Out: 4, Pad: layers.Around(1)}, nil},
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

// TestTheLastBranchIsLeft: with one of two branches removed the other one is no group
// any more, but it is not gone.
func TestTheLastBranchIsLeft(t *testing.T) {
	net := build(t, nn.Shape{2, 5, 5},
		step{"stem", &layers.Conv{Out: 3, Pad: layers.Around(1)}, nil},
		step{"a1", &layers.Conv{Out: 4, Pad: layers.Around(1)}, []string{"stem"}},
		step{"a2", &layers.Conv{Out: 5, Pad: layers.Around(1)}, []string{"stem"}},
		step{"cat_a", &layers.Concat{}, []string{"a1", "a2"}},
		step{"b1", &layers.Conv{Out: 4, Pad: layers.Around(1)}, []string{"cat_a"}},
		step{"b2", &layers.Conv{Out: 5, Pad: layers.Around(1)}, []string{"cat_a"}},
		step{"cat_b", &layers.Concat{}, []string{"b1", "b2"}},
		step{"pool", &layers.GlobalPool{}, nil},
		step{"fc", &layers.Linear{Out: 3}, nil})
	term, err := NewTerm(net, Spec{Type: "group_lasso", On: "branches"})
	if err != nil {
		t.Fatal(err)
	}
	for removed := 1; removed <= 2; removed++ {
		// The second of four; of the two that are groups then, the first.
		zero := 2 - removed
		term.Visit(func(g int, p *nn.Param, i int) {
			if g == zero {
				p.Data()[i] = 0
			}
		})
		small, _, err := prune.Prune(net, prune.Options{Random: 2})
		if err != nil {
			t.Fatal(err)
		}
		alive := term.Surviving(small, nil)
		if net, err = small.Clone(); err != nil {
			t.Fatal(err)
		}
		if term, err = term.Rebind(net); err != nil {
			t.Fatal(err)
		}
		term.Hold(alive)
		if total, gone := term.Groups(); total != 4 || gone != removed {
			t.Errorf("after %d removals %d of %d groups are gone", removed, gone, total)
		}
	}
}
