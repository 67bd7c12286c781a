package train

import (
	"math/rand/v2"
	"testing"

	"pare/config"
	"pare/models"
	"pare/nn"
	"pare/regularize"
)

// BenchmarkUpdate times what follows the gradients in a step: their norm, the
// update and the proximal maps, on the networks and penalties of the built-in
// configs. MB/s counts the values that the update itself reads and writes.
func BenchmarkUpdate(b *testing.B) {
	for _, name := range []string{"mnist-mlp", "mnist-lenet5", "cifar10-resnet20", "resnet"} {
		for _, spec := range []OptimizerSpec{
			{Type: "sgd", LR: 1e-3, Momentum: 0.9, Nesterov: true, WeightDecay: 1e-4},
			{Type: "adam", LR: 1e-5, WeightDecay: 1e-4},
		} {
			b.Run(name+"/"+spec.Type, func(b *testing.B) { benchUpdate(b, name, spec, nil) })
			b.Run(name+"/"+spec.Type+"_l1", func(b *testing.B) {
				benchUpdate(b, name, spec, []config.Penalty{{Type: "l1", On: "weights", Lambda: 1e-4}})
			})
			b.Run(name+"/"+spec.Type+"_groups", func(b *testing.B) {
				benchUpdate(b, name, spec, builtIn(b, name).Penalties)
			})
		}
		b.Run(name+"/norm", func(b *testing.B) { benchNorm(b, name) })
	}
}

func builtIn(b *testing.B, name string) *config.Config {
	b.Helper()
	c, err := config.Load(name, nil)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func benchNetwork(b *testing.B, name string) *nn.Network {
	b.Helper()
	c := builtIn(b, name)
	m, err := models.Lookup(c.Model.Type)
	if err != nil {
		b.Fatal(err)
	}
	task := models.Task{Input: nn.Shape{1, 28, 28}, Classes: 10}
	if c.Model.Type == "resnet" {
		task.Input = nn.Shape{3, 32, 32}
	}
	net, err := m.Build(c.Model.Decode, task, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		b.Fatal(err)
	}
	return net
}

// randomGrads draws a gradient for every trainable parameter.
func randomGrads(net *nn.Network) (of map[*nn.Param][]float32, all [][]float32) {
	rng := rand.New(rand.NewPCG(3, 4))
	of = map[*nn.Param][]float32{}
	for _, p := range net.Params() {
		if !p.Trainable() {
			continue
		}
		g := make([]float32, p.Size())
		for i := range g {
			g[i] = float32(rng.NormFloat64() * 1e-2)
		}
		of[p.Param] = g
		all = append(all, g)
	}
	return of, all
}

func benchUpdate(b *testing.B, name string, spec OptimizerSpec, penalties []config.Penalty) {
	net := benchNetwork(b, name)
	grads, _ := randomGrads(net)
	s := Setup{Params: net.Params(), Grad: func(p *nn.Param) []float32 { return grads[p] }}
	for _, p := range penalties {
		t, err := regularize.NewTerm(net, regularize.Spec{Type: p.Type, On: p.On, Lambda: p.Lambda, Scale: p.Scale})
		if err != nil {
			b.Fatal(err)
		}
		s.Penalties = append(s.Penalties, t)
	}
	o, err := NewOptimizer(spec, s)
	if err != nil {
		b.Fatal(err)
	}
	size := 0
	for _, g := range grads {
		size += len(g)
	}
	moved := 5 // x, g and the velocity read, two of them written
	if spec.Type == "adam" {
		moved = 7
	}
	b.SetBytes(int64(4 * moved * size))
	sign := 1.0 // alternates, so that the parameters stay where they are
	for b.Loop() {
		o.Step(spec.LR, sign)
		sign = -sign
	}
}

func benchNorm(b *testing.B, name string) {
	_, grads := randomGrads(benchNetwork(b, name))
	n := newGradientNorm(grads)
	size := 0
	for _, g := range grads {
		size += len(g)
	}
	b.SetBytes(int64(4 * size))
	for b.Loop() {
		n.compute()
	}
}
