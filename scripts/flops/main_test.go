package main

import (
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/models"
	"pare/nn"
)

// The counts of the literature: dense LeNet-5, and 5-10-76-16 of Louizos et al. 2017.
func TestCount(t *testing.T) {
	m, err := models.Kinds.New("lenet5")
	if err != nil {
		t.Fatal(err)
	}
	net, err := m.Build(models.Task{Input: nn.Shape{1, 28, 28}, Classes: 10}, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	flops, shape := count(net)
	if want := int64(26*576*20 + 501*64*50 + 801*500 + 501*10); flops != want || shape != "20-50-800-500" {
		t.Errorf("%s has %d, want 20-50-800-500 with %d", shape, flops, want)
	}
	if net, err = nn.New("small", nn.Shape{1, 28, 28}, rand.New(rand.NewPCG(1, 1))); err != nil {
		t.Fatal(err)
	}
	index := make([]int, 76)
	for i := range index {
		index[i] = 2 * i
	}
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{{"conv1", &layers.Conv{Out: 5, Kernel: layers.Square(5)}}, {"pool1", &layers.MaxPool{}}, {"conv2", &layers.Conv{Out: 10, Kernel: layers.Square(5)}}, {"pool2", &layers.MaxPool{}},
		{"flatten", &layers.Flatten{Index: index}}, {"fc1", &layers.Linear{Out: 16}}, {"fc2", &layers.Linear{Out: 10}}} {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	flops, shape = count(net)
	if want := int64(26*576*5 + 126*64*10 + 77*16 + 17*10); flops != want || shape != "5-10-76-16" || net.Count().Params != 2792 {
		t.Errorf("%s has %d FLOPs and %d parameters, want 5-10-76-16 with %d and 2792", shape, flops, net.Count().Params, want)
	}
}
