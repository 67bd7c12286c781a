package prune

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pare/datasets"
	"pare/layers"
	"pare/models"
	"pare/nn"
	"pare/prune/importance"
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
			{Importance: importance.Magnitude{}, MACs: 0.5},
			{Importance: importance.Magnitude{}, Scope: "layer", MACs: 0.3},
			{Importance: importance.Random{}, Params: 0.25, Seed: 3},
			{Importance: importance.Random{}, Scope: "layer", Params: 0.6, Seed: 4},
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
	if err := (Selection{Importance: importance.Magnitude{}, Params: 0.04}).Zero(net); err != nil {
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

func TestSelectionInterrupted(t *testing.T) {
	for stop := range 3 { // calls of Progress before the end of the context
		net := build(t, "lenet5", mnist)
		before := values(net)
		ctx, cancel := context.WithCancel(t.Context())
		left := stop
		s := Selection{Importance: importance.FPGM{}, MACs: 0.5, RoundTo: 2, Progress: func(what string, done, total int64) {
			if what == "choosing units" {
				left--
			}
			if left <= 0 {
				cancel()
			}
		}}
		if stop == 0 {
			cancel()
		}
		if _, err := s.Choose(ctx, net); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted after %d trials: %v", stop, err)
		}
		if !slices.Equal(values(net), before) {
			t.Errorf("interrupted after %d trials, the choice left units at zero", stop)
		}
		cancel()
	}
}

func TestSelectionShowsProgress(t *testing.T) {
	last := map[string]float64{}
	s := Selection{Importance: importance.FPGM{}, MACs: 0.5, RoundTo: 2, Progress: func(what string, done, total int64) {
		share := float64(done) / float64(total)
		if !(share >= last[what] && share <= 1) {
			t.Errorf("%s: %d of %d after a share of %g", what, done, total, last[what])
		}
		last[what] = share
	}}
	if err := s.Zero(build(t, "lenet5", mnist)); err != nil {
		t.Fatal(err)
	}
	if want := map[string]float64{"scoring units": 1, "choosing units": 1}; !maps.Equal(last, want) {
		t.Errorf("progress ends at %v, want %v", last, want)
	}
}

func TestSelectionRefuses(t *testing.T) {
	for _, s := range []Selection{
		{Importance: importance.Magnitude{}}, {Importance: importance.Magnitude{}, MACs: 0.5, Params: 0.5}, {MACs: 0.5},
		{Importance: importance.Random{}, MACs: 1.5}, {Importance: importance.Random{}, MACs: -1}, {Importance: importance.Random{}, MACs: 0.5, Scope: "all"},
	} {
		if err := s.Zero(build(t, "mlp", mnist)); err == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
	net := build(t, "mlp", mnist)
	before := net.Count()
	if err := (Selection{Importance: importance.Random{}, Params: 1e-5}).Zero(net); err == nil {
		t.Error("a budget that cannot be met was accepted")
	}
	if net.Count() != before {
		t.Error("the network changed although the budget could not be met")
	}
}

// TestImportanceProperty: whatever the criterion and the network, the budget is met and
// the certificate passes, or the network is unchanged and the error says why.
func TestImportanceProperty(t *testing.T) {
	for _, name := range importance.Criteria.Names() {
		met := 0
		rapid.Check(t, func(t *rapid.T) {
			net := randomNetwork(t)
			by, err := importance.Criteria.New(name)
			if err != nil {
				t.Fatal(err)
			}
			s := Selection{Importance: by, Seed: 1, Data: randomData(net), Scope: rapid.SampledFrom([]string{"global", "layer"}).Draw(t, "scope")}
			budget := rapid.SampledFrom([]float64{0.3, 0.6, 0.9}).Draw(t, "budget")
			if rapid.Bool().Draw(t, "of MACs") {
				s.MACs = budget
			} else {
				s.Params = budget
			}
			before := values(net)
			full := net.Count()
			switch err := s.Zero(net); {
			case err == nil:
				met++
			case strings.Contains(err.Error(), "cannot be met") || name == "batchnorm_scale" && strings.Contains(err.Error(), "have no normalisation"):
				if !slices.Equal(values(net), before) {
					t.Fatal("the network changed although the budget was not met")
				}
				return
			default:
				t.Fatal(err)
			}
			_, report, err := Prune(net, Options{Random: 4})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if float64(report.After.MACs) > s.MACs*float64(full.MACs) && s.MACs > 0 || float64(report.After.Params) > s.Params*float64(full.Params) && s.Params > 0 {
				t.Fatalf("%s leaves %+v of %+v, the budget is %g", name, report.After, full, budget)
			}
		})
		if met == 0 && name != "batchnorm_scale" {
			t.Errorf("%s never met a budget: the test shows nothing", name)
		}
	}
}

// randomData are three batches of random examples and classes.
func randomData(net *nn.Network) *importance.Data {
	rng := rand.New(rand.NewPCG(1, 1))
	var batches []datasets.Batch
	for range 3 {
		b := datasets.Batch{N: 4, X: randomInputs(net, 4, rng.Uint64()), Y: make([]float32, 4)}
		for i := range b.Y {
			b.Y[i] = float32(rng.IntN(3))
		}
		batches = append(batches, b)
	}
	return &importance.Data{Batch: 4, Loss: layers.CrossEntropy{}, Batches: func(yield func(datasets.Batch, error) bool) {
		for _, b := range batches {
			if !yield(b, nil) {
				return
			}
		}
	}}
}

// TestBatchNormScaleTakesTheSmallest: of a network whose convolutions are all normalised
// the channels of the smallest scales go.
func TestBatchNormScaleTakesTheSmallest(t *testing.T) {
	net, err := nn.New("normalised", nn.Shape{1, 4, 4}, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	last := nn.InputName
	for i, l := range []nn.Layer{&layers.Conv{Out: 6, Kernel: layers.Square(3), Pad: layers.Around(1)}, &layers.BatchNorm{}, layers.ReLU(),
		&layers.GlobalPool{}, &layers.Linear{Out: 2}} {
		name := fmt.Sprint(l.Kind(), i)
		if err := net.Add(name, l, last); err != nil {
			t.Fatal(err)
		}
		last = name
	}
	for _, p := range net.Params() {
		if p.Role == nn.RoleScale {
			copy(p.Data(), []float32{0.1, -3, 0.2, 2, -0.3, 1})
		}
	}
	if err := (Selection{Importance: importance.BatchNormScale{}, MACs: 0.5}).Zero(net); err != nil {
		t.Fatal(err)
	}
	for _, p := range net.Params() {
		if want := []float32{0, -3, 0, 2, 0, 1}; p.Role == nn.RoleScale && !slices.Equal(p.Data(), want) {
			t.Errorf("scales are %v, want %v", p.Data(), want)
		}
	}
}
