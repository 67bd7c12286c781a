package models_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pare/attack"
	. "pare/models"
	"pare/nn"
)

// Every built-in network has gradients by its input, and the program that computes them gives the
// outputs of the program for inference, bit for bit: an attack judges by either.
func TestInputGradients(t *testing.T) {
	for name, shape := range map[string]nn.Shape{"mlp": {20}, "lenet5": {1, 16, 16},
		"cnn": {3, 16, 16}, "inception": {3, 16, 16}, "resnet": {3, 16, 16},
		"rnn": {4, 6}, "lstm": {4, 6}, "gru": {4, 6}, "transformer": {4, 6}} {
		m, err := Kinds.New(name)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		net, err := Build(m, Task{Input: shape, Classes: 10}, rng)
		if err != nil {
			t.Fatal(err)
		}
		a, err := attack.NewNetwork(net, 24)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		const n, k = 3, 10
		x := make([]float64, n*shape.Size())
		for i := range x {
			x[i] = float64(float32(rng.NormFloat64()))
		}
		z, same, gx := make([]float64, n*k), make([]float64, n*k), make([]float64, len(x))
		if err := a.Forward(x, z); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := a.Backward(x, gx, func(i int, out, gz []float64) { copy(same[i*k:], out); gz[0] = 1 }); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(z, same) {
			t.Errorf("%s: both programs give other outputs", name)
		}
		if !slices.ContainsFunc(gx, func(g float64) bool { return g != 0 }) {
			t.Errorf("%s: the gradient by the input is 0", name)
		}
	}
}
