package gradual

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/nn"
	"pare/regularize"
)

// perceptron reads six pixels and has three outputs: its linear layers are fc1, fc2, …
func perceptron(t *testing.T, hidden ...int) *nn.Network {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 0x6e6574))
	net, err := nn.New("mlp", nn.Shape{1, 2, 3}, rng)
	if err != nil {
		t.Fatal(err)
	}
	last := nn.InputName
	add := func(name string, l nn.Layer) {
		t.Helper()
		if err := net.Add(name, l, last); err != nil {
			t.Fatal(err)
		}
		last = name
	}
	add("flatten", &layers.Flatten{})
	for i, n := range append(hidden, 3) {
		add(fmt.Sprintf("fc%d", i+1), &layers.Linear{Out: n})
		if i < len(hidden) {
			add(fmt.Sprintf("relu%d", i+1), layers.ReLU())
		}
	}
	return net
}

func term(t *testing.T, net *nn.Network, s regularize.Spec) *regularize.Term {
	t.Helper()
	out, err := regularize.NewTerm(net, s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// neurons is group lasso on the neurons.
func neurons(t *testing.T, net *nn.Network) *regularize.Term {
	t.Helper()
	return term(t, net, regularize.Spec{Type: "group_lasso", On: "neurons", Lambda: 1})
}
