package attack_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"pare/attack"
	"pare/layers"
	"pare/nn"
)

// BenchmarkPGD is ten steps on a batch of training beside ten passes forward and back to the
// input alone: the difference is the work of the attack itself.
func BenchmarkPGD(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	net := network(b, nn.Shape{1, 28, 28}, rng,
		named{"conv1", &layers.Conv{Out: 16, Kernel: layers.Square(5), Pad: layers.Around(2)}}, named{"relu1", layers.ReLU()}, named{"pool1", &layers.MaxPool{}},
		named{"conv2", &layers.Conv{Out: 32, Kernel: layers.Square(5), Pad: layers.Around(2)}}, named{"relu2", layers.ReLU()}, named{"pool2", &layers.MaxPool{}},
		named{"flat", &layers.Flatten{}}, named{"fc1", &layers.Linear{Out: 128}}, named{"relu3", layers.ReLU()}, named{"fc2", &layers.Linear{Out: 10}})
	const n, steps = 96, 10
	x, labels := make([]float64, n*784), make([]int, n)
	for i := range x {
		x[i] = float64(rng.Float32())
	}
	m, err := attack.NewNetwork(net, n)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("attack", func(b *testing.B) {
		a, err := attack.New(m, attack.Threat{Eps: 0.3, Range: attack.Range{Upper: 1}}, &attack.PGD{Steps: steps, Restarts: 1, Start: "random"},
			attack.Options{Maximise: true})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := a.Run(context.Background(), attack.Examples{X: x, Labels: labels}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("passes", func(b *testing.B) {
		p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Eval, Batch: n, Loss: layers.CrossEntropy{}, InputGradient: true})
		if err != nil {
			b.Fatal(err)
		}
		for i, v := range x {
			p.X[i] = float32(v)
		}
		for b.Loop() {
			for range steps {
				p.Run()
			}
		}
	})
}
