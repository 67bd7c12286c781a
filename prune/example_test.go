package prune_test

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
	"pare/prune"
	"pare/prune/importance"
)

// convnet is two convolutions and a linear layer on 8×8 images.
func convnet() *nn.Network {
	net, err := nn.New("convnet", nn.Shape{1, 8, 8}, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		panic(err)
	}
	last := nn.InputName
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{{"conv1", &layers.Conv{Out: 4, Kernel: layers.Square(3)}}, {"relu1", layers.ReLU()}, {"conv2", &layers.Conv{Out: 6, Kernel: layers.Square(3)}},
		{"relu2", layers.ReLU()}, {"flatten", &layers.Flatten{}}, {"fc", &layers.Linear{Out: 10}}} {
		if err := net.Add(l.name, l.layer, last); err != nil {
			panic(err)
		}
		last = l.name
	}
	return net
}

// A channel whose weights and bias are zero is removed, and the certificate proves that
// the network still computes the same.
func Example() {
	net := convnet()
	for _, p := range net.Params() {
		if p.Node.Name == "conv1" { // channel 2, the last axis of weights [kh, kw, in, out] and of the bias
			for i := 2; i < p.Size(); i += 4 {
				p.Data()[i] = 0
			}
		}
	}
	small, report, err := prune.Prune(net, prune.Options{})
	if err != nil {
		panic(err)
	}
	for _, l := range report.Layers {
		if l.Before != l.After {
			fmt.Println(l.Name, l.Before, "→", l.After)
		}
	}
	fmt.Println(net.Count().Params, "→", small.Count().Params, "parameters")
	fmt.Println("the same within 1e-5:", report.Certificate.MaxRelDiff <= 1e-5)
	// Output:
	// conv1 4×6×6 → 3×6×6
	// relu1 4×6×6 → 3×6×6
	// 1232 → 1168 parameters
	// the same within 1e-5: true
}

// A baseline: the least important units are zeroed until half of the
// multiply-accumulates are left, and then removed.
func ExampleSelection() {
	net := convnet()
	if err := (prune.Selection{Importance: importance.Magnitude{}, MACs: 0.5}).Zero(net); err != nil {
		panic(err)
	}
	small, _, err := prune.Prune(net, prune.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Println(net.Count().MACs, "→", small.Count().MACs)
	// Output: 5712 → 2440
}
