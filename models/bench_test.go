package models_test

import (
	"math/rand/v2"
	"testing"

	"pare/layers"
	. "pare/models"
	"pare/nn"
)

func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		name string
		task Task
	}{
		{"mlp", Task{Input: nn.Shape{1, 28, 28}, Classes: 10}},
		{"lenet5", Task{Input: nn.Shape{1, 28, 28}, Classes: 10}},
		{"resnet", Task{Input: nn.Shape{3, 32, 32}, Classes: 10}},
	} {
		b.Run(c.name, func(b *testing.B) {
			m, _ := Kinds.New(c.name)
			rng := rand.New(rand.NewPCG(1, 2))
			net, err := Build(m, c.task, rng)
			if err != nil {
				b.Fatal(err)
			}
			p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: 64, Loss: layers.CrossEntropy{}})
			if err != nil {
				b.Fatal(err)
			}
			for i := range p.X {
				p.X[i] = float32(rng.NormFloat64())
			}
			for b.Loop() {
				p.Run()
			}
			b.ReportMetric(float64(p.Bytes())/1e6, "MB")
		})
	}
}
