package nn_test

import (
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"

	"pare/layers"
	"pare/nn"
)

// row is a layer of a test network; without inputs it reads the row before.
type row struct {
	name   string
	layer  nn.Layer
	inputs []string
}

func network(t *testing.T, input nn.Shape, seed uint64, rows ...row) *nn.Network {
	t.Helper()
	net, err := nn.New("test", input, rand.New(rand.NewPCG(seed, 0)))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := net.Add(r.name, r.layer, r.inputs...); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

// convNet has a value with three readers, a residual sum, pools, dropout and
// both normalisations, which all are difficult for a plan.
func convNet(t *testing.T, seed uint64) *nn.Network {
	t.Helper()
	return network(t, nn.Shape{3, 8, 8}, seed,
		row{"conv1", &layers.Conv{Out: 8, Kernel: layers.Square(3), Pad: layers.Around(1), NoBias: true}, nil},
		row{"bn1", &layers.BatchNorm{}, nil},
		row{"relu1", layers.ReLU(), nil},
		row{"conv2", &layers.Conv{Out: 8, Kernel: layers.Square(3), Pad: layers.Around(1)}, nil},
		row{"depth", &layers.Depthwise{Kernel: layers.Square(3), Pad: layers.Around(1)}, []string{"relu1"}},
		row{"gate", &layers.Gate{PerChannel: true}, nil},
		row{"sum", &layers.Add{}, []string{"relu1", "conv2", "gate"}},
		row{"pool", &layers.MaxPool{}, nil},
		row{"avg", &layers.AvgPool{}, nil},
		row{"flat", &layers.Flatten{}, nil},
		row{"drop", &layers.Dropout{P: 0.2}, nil},
		row{"fc1", &layers.Linear{Out: 16}, nil},
		row{"bn2", &layers.BatchNorm{}, nil},
		row{"tanh", layer(t, "tanh"), nil},
		row{"fc2", &layers.Linear{Out: 5}, nil},
	)
}

func layer(t *testing.T, kind string) nn.Layer {
	t.Helper()
	l, err := nn.Layers.New(kind)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func compile(t *testing.T, net *nn.Network, o nn.CompileOptions) *nn.Program {
	t.Helper()
	p, err := nn.Compile(net, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// train compiles the network for training and fills in random examples.
func train(t *testing.T, net *nn.Network, batch int) *nn.Program {
	t.Helper()
	p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: layers.CrossEntropy{}, Seed: 9})
	fillExamples(p, net.Output().Shape.Units())
	return p
}

func fillExamples(p *nn.Program, classes int) {
	rng := rand.New(rand.NewPCG(7, 7))
	for i := range p.X {
		p.X[i] = float32(rng.NormFloat64())
	}
	for i := range p.Target {
		p.Target[i] = float32(rng.IntN(classes))
	}
}

// spy is a loss that hands out the nodes it was built from.
type spy struct {
	nn.Loss
	builder              *nn.Builder
	output, target, loss *gorgonia.Node
}

func (s *spy) Build(b *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	loss, err := s.Loss.Build(b, output, target)
	s.builder, s.output, s.target, s.loss = b, output, target, loss
	return loss, err
}
