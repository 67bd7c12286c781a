package models_test

import (
	"math/rand/v2"
	"testing"

	. "pare/models"
	"pare/nn"
)

// The counts are those of the same nets in PyTorch.
func TestParameterCounts(t *testing.T) {
	for _, c := range []struct {
		name  string
		task  Task
		count int64
	}{
		{"mlp", Task{Input: nn.Shape{1, 28, 28}, Classes: 10}, 266610},
		{"lenet5", Task{Input: nn.Shape{1, 28, 28}, Classes: 10}, 431080},
		{"resnet", Task{Input: nn.Shape{3, 32, 32}, Classes: 10}, 272492},
		{"cnn", Task{Input: nn.Shape{3, 32, 32}, Classes: 10}, 160234},
		{"inception", Task{Input: nn.Shape{3, 32, 32}, Classes: 10}, 88922},
	} {
		m, err := Kinds.New(c.name)
		if err != nil {
			t.Fatal(err)
		}
		net, err := Build(m, c.task, rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(net, c.task); err != nil {
			t.Error(err)
		}
		if got := net.Count().Params; got != c.count {
			t.Errorf("%s has %d parameters, PyTorch's has %d", c.name, got, c.count)
		}
		for _, mode := range []nn.Mode{nn.Infer} {
			p, err := nn.Compile(net, nn.CompileOptions{Mode: mode, Batch: 3})
			if err != nil {
				t.Fatal(err)
			}
			p.Run()
		}
	}
}
