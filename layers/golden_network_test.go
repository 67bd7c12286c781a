package layers_test

import (
	"math"
	"testing"

	"pare/layers"
	"pare/nn"
)

// gatedBlock adds a residual block whose skip and branch are multiplied by
// gates, named as in testdata/goldens.py, and returns the name of its output.
func gatedBlock(add func(name string, l nn.Layer, in ...string), name, x string, out, stride int, project bool) string {
	at := func(s string) string { return name + "." + s }
	add(at("conv1"), &layers.Conv{Out: out, Kernel: layers.Square(3), Stride: layers.Square(stride), Pad: layers.Around(1), NoBias: true}, x)
	add(at("bn1"), &layers.BatchNorm{})
	add(at("relu1"), layers.ReLU())
	add(at("conv2"), &layers.Conv{Out: out, Kernel: layers.Square(3), Pad: layers.Around(1), NoBias: true})
	add(at("bn2"), &layers.BatchNorm{})
	add(at("branch"), &layers.Gate{})
	if project {
		add(at("project"), &layers.Conv{Out: out, Kernel: layers.Square(1), Stride: layers.Square(stride), NoBias: true}, x)
		add(at("bnp"), &layers.BatchNorm{})
		x = at("bnp")
	}
	add(at("skip"), &layers.Gate{}, x)
	add(at("add"), &layers.Add{}, at("skip"), at("branch"))
	add(at("relu2"), layers.ReLU())
	return at("relu2")
}

func gatedNet(t *testing.T) *nn.Network {
	t.Helper()
	net, err := nn.New("gated", nn.Shape{3, 6, 6}, nil)
	if err != nil {
		t.Fatal(err)
	}
	add := func(name string, l nn.Layer, in ...string) {
		if err := net.Add(name, l, in...); err != nil {
			t.Fatal(err)
		}
	}
	add("stem", &layers.Conv{Out: 4, Kernel: layers.Square(3), Pad: layers.Around(1), NoBias: true})
	add("bn", &layers.BatchNorm{})
	add("relu", layers.ReLU())
	x := gatedBlock(add, "block1", "relu", 4, 1, false)
	gatedBlock(add, "block2", x, 6, 2, true)
	add("pool", &layers.GlobalPool{})
	add("fc", &layers.Linear{Out: 5})
	return net
}

func TestGoldenNetwork(t *testing.T) {
	g := readGoldens(t).Network
	net := gatedNet(t)
	for _, p := range net.Params() {
		if p.Trainable() {
			importParam(t, p.Param, g.Params[p.Full])
		}
	}
	batch := g.X.Shape[0]
	p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: layers.CrossEntropy{}})
	copy(p.X, fromPyTorch(g.X.Data, net.Input))
	copy(p.Target, g.Target)
	for i, want := range g.Losses {
		p.Run()
		// Rounding grows from step to step; a wrong gradient shows at the second.
		if math.Abs(p.Loss()-want) > 1e-4*want {
			t.Errorf("step %d: loss %.7f, expected %.7f", i, p.Loss(), want)
		}
		for _, param := range net.Params() {
			for j, d := range p.Grad(param.Param) {
				param.Data()[j] -= g.LR * d
			}
		}
	}
	infer := compile(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: batch})
	copy(infer.X, p.X)
	infer.Run()
	requireClose(t, "logits", infer.Output(), g.Logits, 1e-3)
}
