package train_test

import (
	"math/rand/v2"
	"testing"

	"pare/config"
	"pare/models"
	"pare/nn"
	"pare/regularize"
	"pare/train"
)

// BenchmarkUpdate times the end of a step, behind the gradients: their norm, the
// update and the proximal maps, on the networks and penalties of the built-in
// configs. MB/s counts the values that the update itself reads and writes.
func BenchmarkUpdate(b *testing.B) {
	for _, name := range []string{"mnist-mlp", "mnist-lenet5", "cifar10-resnet20", "resnet"} {
		for kind, spec := range map[string]train.OptimizerSpec{
			"sgd":  &train.SGD{LR: 1e-3, Momentum: 0.9, Nesterov: true, Decay: train.Decay{WeightDecay: 1e-4}},
			"adam": &train.Adam{LR: 1e-5, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: train.Decay{WeightDecay: 1e-4}},
		} {
			b.Run(name+"/"+kind, func(b *testing.B) { benchUpdate(b, name, spec, nil) })
			b.Run(name+"/"+kind+"_l1", func(b *testing.B) {
				benchUpdate(b, name, spec, []regularize.Spec{{Type: "l1", On: "weights", Lambda: 1e-4}})
			})
			b.Run(name+"/"+kind+"_groups", func(b *testing.B) {
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
	task := models.Task{Input: nn.Shape{1, 28, 28}, Classes: 10}
	if c.Model.Type == "resnet" {
		task.Input = nn.Shape{3, 32, 32}
	}
	net, err := models.Build(c.Model.Kind, task, rand.New(rand.NewPCG(1, 2)))
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

func benchUpdate(b *testing.B, name string, spec train.OptimizerSpec, penalties []regularize.Spec) {
	net := benchNetwork(b, name)
	grads, _ := randomGrads(net)
	s := train.Setup{Params: net.Params(), Grad: func(p *nn.Param) []float32 { return grads[p] }}
	for _, p := range penalties {
		t, err := regularize.NewTerm(net, p)
		if err != nil {
			b.Fatal(err)
		}
		s.Penalties = append(s.Penalties, t)
	}
	o, err := train.NewOptimizer(spec, s)
	if err != nil {
		b.Fatal(err)
	}
	size := 0
	for _, g := range grads {
		size += len(g)
	}
	moved := 5 // x, g and the velocity read, two of them written
	if _, adam := spec.(*train.Adam); adam {
		moved = 7
	}
	b.SetBytes(int64(4 * moved * size))
	sign := 1.0 // alternates, so that the parameters stay where they are
	for b.Loop() {
		o.Step(spec.Rate(), sign)
		sign = -sign
	}
}

func benchNorm(b *testing.B, name string) {
	_, grads := randomGrads(benchNetwork(b, name))
	norm := train.GradientNorm(grads)
	size := 0
	for _, g := range grads {
		size += len(g)
	}
	b.SetBytes(int64(4 * size))
	for b.Loop() {
		norm()
	}
}
