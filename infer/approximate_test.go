package infer_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pare/infer"
	"pare/layers"
	"pare/nn"
)

// TestApproximate: the effect is within the budget and is the one that a predictor with the thresholds
// has, in both layouts, and a larger budget removes more.
func TestApproximate(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	nets := map[string]*nn.Network{
		"ffn": chain(t, nn.Shape{20, 3}, rng, &layers.Linear{Out: 64}, layers.ReLU(), &layers.Linear{Out: 7}),
		"conv": chain(t, nn.Shape{2, 8, 8}, rng, &layers.Conv{Out: 16}, layers.ReLU(), &layers.Conv{Out: 16}, layers.ReLU(),
			&layers.Flatten{}, &layers.Linear{Out: 5}),
	}
	const n = 40
	for name, net := range nets {
		first := make([]float32, n*net.Input.Size())
		for i := range first {
			first[i] = float32(rng.NormFloat64())
		}
		last := examplesLast(net, first, n)
		for _, kind := range []infer.Budget{{Classes: 1}, {Change: 1}} {
			energy := 0.0
			for _, share := range []float64{0.01, 0.05, 0.3} {
				budget := infer.Budget{Classes: kind.Classes * share, Change: kind.Change * share}
				a, err := infer.Approximate(net, first, n, budget, infer.Options{})
				if err != nil {
					t.Fatal(err)
				}
				b, err := infer.Approximate(net, last, n, budget, infer.Options{ChannelsLast: true})
				if err != nil || math.Abs(b.Energy/a.Energy-1) > 1e-9 || b.Effect.Classes != a.Effect.Classes {
					t.Errorf("%s, %+v: channels last %+v, first %+v, %v", name, budget, b, a, err)
				}
				if a.Effect.Classes > budget.Classes && budget.Classes > 0 ||
					a.Effect.Change > budget.Change && budget.Change > 0 || a.Energy < energy {
					t.Errorf("%s, %+v: %+v, the smaller budget found an energy of %g", name, budget, a, energy)
				}
				energy = a.Energy
				size := net.Output().Shape.Size()
				exact, other := make([]float32, n*size), make([]float32, n*size)
				predict := func(y []float32, thresholds map[string]float64) {
					p := predictor(t, net, infer.Options{Zeros: infer.Dense, Thresholds: thresholds})
					if err := p.Predict(y, first, n); err != nil {
						t.Fatal(err)
					}
				}
				predict(exact, nil)
				predict(other, a.Thresholds)
				e := infer.Compare(exact, other, net.Output().Shape, false)
				if e.Classes != a.Effect.Classes || math.Abs(e.Change-a.Effect.Change) > 1e-5 {
					t.Errorf("%s: the predictor has effect %+v, the calibration %+v", name, e, a.Effect)
				}
			}
			if energy == 0 {
				t.Errorf("%s: nothing is removed", name)
			}
		}
		a, err := infer.Approximate(net, first, n, infer.Budget{Change: 1e-12}, infer.Options{})
		if err != nil || a.Energy != 0 || len(a.Thresholds) == 0 {
			t.Errorf("%s: a budget too small for anything gives %+v, %v", name, a, err)
		}
	}
}

// examplesLast turns examples to channels last.
func examplesLast(net *nn.Network, first []float32, n int) []float32 {
	out := make([]float32, 0, len(first))
	units, positions := net.Input.Units(), net.Input.Positions()
	for e := range n {
		for p := range positions {
			for u := range units {
				out = append(out, first[e*units*positions+u*positions+p])
			}
		}
	}
	return out
}

func TestApproximateRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	with := func(out int) *nn.Network {
		return chain(t, nn.Shape{2}, rng, &layers.Linear{Out: 3}, layers.ReLU(), &layers.Linear{Out: out})
	}
	without := chain(t, nn.Shape{2}, rng, &layers.Linear{Out: 3})
	name := with(1).Name
	for i, c := range []struct {
		net    *nn.Network
		in     []float32
		budget infer.Budget
		want   string
	}{
		{with(2), []float32{1, 2}, infer.Budget{}, "the budget bounds either the classes or the change of outputs"},
		{with(2), []float32{1, 2}, infer.Budget{Classes: 0.1, Change: 0.1}, "the budget bounds either the classes or the change of outputs"},
		{with(2), []float32{1, 2}, infer.Budget{Classes: 1}, "budget 1 of classes, 0 of change; each must be at least 0 and below 1"},
		{with(2), []float32{1, 2}, infer.Budget{Change: math.NaN()}, "budget 0 of classes, NaN of change; each must be at least 0 and below 1"},
		{with(1), []float32{1, 2}, infer.Budget{Classes: 0.1}, "a network with one output has no classes; bound the change of outputs"},
		{with(2), []float32{1}, infer.Budget{Change: 0.1}, "1 inputs for 1 examples of 2 each; at least one example is needed"},
		{without, []float32{1, 2}, infer.Budget{Change: 0.1}, "it has no ReLU whose output another layer reads"},
		{with(2), []float32{float32(math.NaN()), 2}, infer.Budget{Change: 0.1}, "an output of example 0 is NaN; leave the example out"},
	} {
		_, err := infer.Approximate(c.net, c.in, 1, c.budget, infer.Options{})
		if want := fmt.Sprintf("approximate %s: %s", name, c.want); err == nil || err.Error() != want {
			t.Errorf("case %d: error %v, want %s", i, err, want)
		}
	}
	_, err := infer.New(without, infer.Options{Thresholds: map[string]float64{"x": 1}})
	if err == nil || err.Error() != "predictor: threshold: x is not a ReLU of the network" {
		t.Errorf("a threshold of no layer: %v", err)
	}
}
