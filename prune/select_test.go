package prune

import (
	"math/rand/v2"
	"testing"

	"pare/models"
	"pare/nn"
)

func build(t *testing.T, model string, task models.Task) *nn.Network {
	t.Helper()
	m, err := models.Kinds.New(model)
	if err != nil {
		t.Fatal(err)
	}
	net, err := m.Build(task, rand.New(rand.NewPCG(3, 4)))
	if err != nil {
		t.Fatal(err)
	}
	return net
}

var mnist = models.Task{Input: nn.Shape{1, 28, 28}, Classes: 10}

// TestSelectionMeetsBudget: the pruned network is just below the budget, and
// one unit less would not do for the methods that go unit by unit.
func TestSelectionMeetsBudget(t *testing.T) {
	for _, model := range []string{"mlp", "lenet5", "resnet"} {
		for _, s := range []Selection{
			{Method: "magnitude", MACs: 0.5},
			{Method: "magnitude", Scope: "layer", MACs: 0.3},
			{Method: "random", Params: 0.25, Seed: 3},
			{Method: "random", Scope: "layer", Params: 0.6, Seed: 4},
		} {
			net := build(t, model, mnist)
			if err := s.Zero(net); err != nil {
				t.Fatalf("%s %+v: %v", model, s, err)
			}
			small, report, err := Prune(net, Options{Random: 4})
			if err != nil {
				t.Fatalf("%s %+v: %v", model, s, err)
			}
			share := float64(report.After.MACs) / float64(report.Before.MACs) / s.MACs
			if s.Params > 0 {
				share = float64(report.After.Params) / float64(report.Before.Params) / s.Params
			}
			if share > 1 || share < 0.85 {
				t.Errorf("%s %+v: %.3f of the budget used", model, s, share)
			}
			if small.Output().Shape.Units() != 10 {
				t.Errorf("%s: output became %v", model, small.Output().Shape)
			}
		}
	}
}

func TestSelectionTakesTheSmallest(t *testing.T) {
	net := build(t, "mlp", mnist)
	weight := net.Params()[0]
	n, _ := weight.AxisLen(1)
	for i := range weight.Data() {
		if unit := i % n; unit >= 10 {
			weight.Data()[i] *= 1e-3
		}
	}
	if err := (Selection{Method: "magnitude", Params: 0.04}).Zero(net); err != nil {
		t.Fatal(err)
	}
	small, _, err := Prune(net, Options{Random: 4})
	if err != nil {
		t.Fatal(err)
	}
	fc1, _ := small.Lookup("fc1")
	if got := fc1.Shape.Units(); got < 9 || got > 13 {
		t.Errorf("fc1 kept %d neurons, the ten large ones were expected", got)
	}
}

func TestSelectionRefuses(t *testing.T) {
	for _, s := range []Selection{
		{Method: "magnitude"}, {Method: "magnitude", MACs: 0.5, Params: 0.5}, {Method: "best", MACs: 0.5},
		{Method: "random", MACs: 1.5}, {Method: "random", MACs: -1}, {Method: "random", MACs: 0.5, Scope: "all"},
	} {
		if err := s.Zero(build(t, "mlp", mnist)); err == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
	net := build(t, "mlp", mnist)
	before := net.Count()
	if err := (Selection{Method: "random", Params: 1e-5}).Zero(net); err == nil {
		t.Error("a budget that cannot be met was accepted")
	}
	if net.Count() != before {
		t.Error("the network changed although the budget could not be met")
	}
}
