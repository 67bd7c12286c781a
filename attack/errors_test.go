package attack_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pare/attack"
	"pare/internal/limit"
	"pare/layers"
	"pare/nn"
)

// Bad input gets an error of one line that names the fault.
func TestBadInput(t *testing.T) {
	m, err := attack.NewLinear([][]float64{{1, 2}, {3, 4}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	regression, err := attack.NewLinear([][]float64{{1, 2}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	good := attack.Threat{Eps: 0.1, Range: attack.Range{Upper: 1}}
	one := attack.Examples{X: []float64{0.5, 0.5}, Labels: []int{1}}
	number := attack.Examples{X: []float64{0.5, 0.5}, Values: []float64{1}}
	with := func(f func(t *attack.Threat)) attack.Threat {
		t := good
		f(&t)
		return t
	}
	pgd := func(f func(a *attack.PGD)) attack.Attack {
		a := attack.NewPGD()
		f(a)
		return a
	}
	for _, c := range []struct {
		model    attack.Model
		threat   attack.Threat
		attack   attack.Attack
		options  attack.Options
		examples attack.Examples
		want     string
	}{
		{m, with(func(t *attack.Threat) { t.Eps = -1 }), nil, attack.Options{}, one, "eps -1: it must be a number from 0 to 1e+30"},
		{m, with(func(t *attack.Threat) { t.Eps = math.NaN() }), nil, attack.Options{}, one,
			"eps NaN: it must be a number from 0 to 1e+30"},
		{m, with(func(t *attack.Threat) { t.Eps = math.Inf(1) }), nil, attack.Options{}, one,
			"eps +Inf: it must be a number from 0 to 1e+30"},
		{m, with(func(t *attack.Threat) { t.Norm = "l1" }), nil, attack.Options{}, one, `norm "l1": attacks know linf and l2`},
		{m, with(func(t *attack.Threat) { t.Range = attack.Range{} }), nil, attack.Options{}, one,
			"the range of valid inputs is unknown: set Range to its limits, such as 0 and 1, or to Unbounded"},
		{m, with(func(t *attack.Threat) { t.Range.Lower = 2 }), nil, attack.Options{}, one, "a range of inputs from 2 to 1 is empty"},
		{m, with(func(t *attack.Threat) { t.Range.Mean = []float64{1, 2, 3} }), nil, attack.Options{}, one,
			"3 means and 0 deviations of inputs for 2 channels"},
		{m, with(func(t *attack.Threat) { t.Range.Mean, t.Range.Std = []float64{0}, []float64{0} }), nil, attack.Options{}, one,
			"channel 0 has mean 0 and deviation 0: the range of inputs needs finite means and positive deviations"},
		{m, good, pgd(func(a *attack.PGD) { a.Steps = 0 }), attack.Options{}, one, "steps must be at least 1, got 0"},
		{m, good, pgd(func(a *attack.PGD) { a.Loss = "hinge" }), attack.Options{}, one,
			`loss must be cross_entropy, dlr, margin, kl or square, got "hinge"`},
		{m, good, pgd(func(a *attack.PGD) { a.Loss = "square" }), attack.Options{}, one,
			"loss square is for numbers, but the examples have classes: use cross_entropy, dlr, margin or kl"},
		{regression, good, pgd(func(a *attack.PGD) { a.Loss = "dlr" }), attack.Options{}, number,
			"loss dlr is for classes, but the examples have numbers: use square"},
		{regression, good, attack.NewFAB(), attack.Options{}, number,
			"fab looks for the boundary of classes, but the examples have numbers"},
		{regression, good, attack.NewAPGDT(), attack.Options{}, number, "apgdt aims at classes, but the examples have numbers"},
		{regression, good, attack.NewSquare(), attack.Options{}, number,
			"square lowers the margin of classes, but the examples have numbers"},
		{m, good, attack.NewFAB(), attack.Options{Maximise: true}, one,
			"fab looks for the nearest wrong point and raises no loss: use pgd or apgd where every example is attacked"},
		{m, good, nil, attack.Options{Chunk: -1}, one, "chunks of -1 examples"},
		{m, good, nil, attack.Options{Chunk: 1 << 50}, one,
			fmt.Sprintf("an attack on 1125899906842624 examples of 2 at once takes 192 PiB, "+
				"more than the memory of %s", limit.Bytes(float64(limit.Memory())))},
		{m, good, nil, attack.Options{}, attack.Examples{X: []float64{1, 2, 3}, Labels: []int{1}},
			"3 inputs are no whole number of rows of 2"},
		{m, good, nil, attack.Options{}, attack.Examples{X: []float64{1, 0}}, "examples need either labels or values"},
		{m, good, nil, attack.Options{}, attack.Examples{X: []float64{1, 0}, Labels: []int{2}, First: 7},
			"example 7 has class 2, the model has 2 classes"},
		{m, good, nil, attack.Options{}, attack.Examples{X: []float64{1, 0}, Labels: []int{0, 1}}, "2 labels for 1 examples"},
		{m, good, nil, attack.Options{}, number, "examples have numbers to predict, but the model has 2 outputs"},
		{regression, good, nil, attack.Options{}, one, "examples have classes, but the model has one output"},
		{m, good, nil, attack.Options{}, attack.Examples{X: []float64{1, 1.1}, Labels: []int{0}, First: 4},
			"example 4: value 1 is 1.1: valid inputs are in 0..1"},
		{m, good, nil, attack.Options{}, attack.Examples{X: []float64{math.NaN(), 1}, Labels: []int{0}},
			"example 0: value 0 is NaN: valid inputs are in 0..1"},
		{m, with(func(t *attack.Threat) { t.Range = attack.Unbounded }), nil, attack.Options{},
			attack.Examples{X: []float64{1, math.Inf(-1)}, Labels: []int{0}, First: 2}, "example 2: value 1 is -Inf: inputs must be finite numbers"},
	} {
		if c.attack == nil {
			c.attack = attack.NewPGD()
		}
		a, err := attack.New(c.model, c.threat, c.attack, c.options)
		if err == nil {
			_, err = a.Run(context.Background(), c.examples)
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestModelsThatCannotBeAttacked(t *testing.T) {
	sequence := network(t, nn.Shape{3, 5}, rand.New(rand.NewPCG(1, 1)), named{"relu", layers.ReLU()})
	tokens := network(t, nn.Shape{1, 5}, rand.New(rand.NewPCG(1, 1)), named{"relu", layers.ReLU()})
	tokens.Vocabulary = 10
	for _, c := range []struct {
		net   *nn.Network
		batch int
		want  string
	}{
		{sequence, 4, "network net has outputs of shape 3×5: attacks need one vector of outputs for each example"},
		{tokens, 4, "network net reads tokens: there are no small changes of a token, and so no attack"},
		{network(t, nn.Shape{3}, nil), 4, "network net has no layers"},
		{sequence, 0, "a batch of 0 examples; it needs at least 1"},
	} {
		if _, err := attack.NewNetwork(c.net, c.batch); err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	for _, c := range []struct {
		weights    [][]float64
		intercepts []float64
		want       string
	}{
		{nil, nil, "a linear model needs at least one output and one input"},
		{[][]float64{{1}, {1, 2}}, nil, "output 1 has 2 weights, output 0 has 1"},
		{[][]float64{{1}}, []float64{1, 2}, "2 intercepts for 1 outputs"},
		{[][]float64{{1, 2}, {3, math.NaN()}}, nil, "weight 1 of output 1 is NaN"},
		{[][]float64{{1}, {2}}, []float64{0, math.Inf(1)}, "the intercept of output 1 is +Inf"},
	} {
		if _, err := attack.NewLinear(c.weights, c.intercepts); err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// A context that ends stops an attack with its error.
func TestCancelled(t *testing.T) {
	m, err := attack.NewLinear([][]float64{{1, 2}, {3, 4}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, kind := range quick() {
		options := attack.Options{Progress: func(string, int, int) { cancel() }, Chunk: 1}
		a, err := attack.New(m, attack.Threat{Eps: 1e-3, Range: attack.Range{Upper: 1}}, kind, options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Run(ctx, attack.Examples{X: []float64{0.5, 0.5, 0.5, 0.5}, Labels: []int{1, 1}}); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
}
