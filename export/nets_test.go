package export

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/models"
	"pare/nn"
	"pare/prune"
)

// stack builds test networks; any error ends the test.
type stack struct {
	t   testing.TB
	net *nn.Network
}

func newStack(t testing.TB, name string, input ...int) *stack {
	t.Helper()
	net, err := nn.New(name, input, rand.New(rand.NewPCG(3, 5)))
	if err != nil {
		t.Fatal(err)
	}
	return &stack{t, net}
}

func (s *stack) add(name string, l nn.Layer, inputs ...string) string {
	s.t.Helper()
	if err := s.net.Add(name, l, inputs...); err != nil {
		s.t.Fatal(err)
	}
	return name
}

// tied is add for a layer that shares the parameters of another one.
func (s *stack) tied(name string, l nn.Layer, to string, inputs ...string) string {
	s.t.Helper()
	if err := s.net.AddTied(name, l, to, inputs...); err != nil {
		s.t.Fatal(err)
	}
	return name
}

func (s *stack) act(kind string) string {
	s.t.Helper()
	l, err := nn.Layers.New(kind)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.add(kind, l)
}

// everything has one of nearly every layer.
func everything(t *testing.T) *nn.Network {
	s := newStack(t, "everything", 3, 9, 7)
	s.add("conv", &layers.Conv{Out: 6, Pad: layers.Around(1)})
	s.add("bn", &layers.BatchNorm{Eps: 1e-3})
	trunk := s.act("relu")
	s.add("grouped", &layers.Conv{Out: 4, Groups: 2, Kernel: layers.Square(3), Pad: layers.Around(1), NoBias: true})
	s.act("gelu")
	s.add("depthwise", &layers.Depthwise{Multiplier: 2, Pad: layers.Around(1)})
	s.act("silu")
	s.add("narrow", &layers.Conv{Out: 6, Kernel: layers.Square(1)})
	gated := s.add("path", &layers.Gate{})
	skip := s.add("channels", &layers.Gate{PerChannel: true}, trunk)
	sum := s.add("add", &layers.Add{Bias: true}, skip, gated, trunk)
	window := layers.Window{Kernel: layers.Square(3), Stride: layers.Square(2), Pad: layers.Around(1), Ceil: true}
	pooled := s.add("max", &layers.MaxPool{Window: window})
	strided := s.add("strided", &layers.Conv{Out: 2, Kernel: layers.Square(3), Stride: layers.Square(2), Pad: layers.Around(1)}, sum)
	s.add("concat", &layers.Concat{}, pooled, strided)
	s.add("avg", &layers.AvgPool{Window: window})
	s.add("drop", &layers.Dropout{P: 0.5})
	flat := s.add("flat", &layers.Flatten{})
	mean := s.add("mean", &layers.GlobalPool{}, sum)
	s.add("both", &layers.Concat{}, flat, mean)
	s.add("hidden", &layers.Linear{Out: 7})
	s.add("bn2", &layers.BatchNorm{})
	s.act("elu")
	s.add("logits", &layers.Linear{Out: 5, NoBias: true})
	randomise(s.net, 0)
	return s.net
}

// rewired has the forms that only pruning makes.
func rewired(t *testing.T) *nn.Network {
	s := newStack(t, "rewired", 3, 5, 6)
	conv := s.add("conv", &layers.Conv{Out: 5, Pad: layers.Around(1)})
	some := s.add("select", &layers.Select{Index: []int{0, 3}}, conv)
	constant := s.add("constant", &layers.Constant{Shape: []int{1, 5, 6}}, conv)
	s.add("add", &layers.Add{Index: [][]int{{1, 4}, nil, {2}}, Units: 5, Bias: true}, some, conv, constant)
	s.add("pad", &layers.Add{Index: [][]int{{0, 1, 3, 5, 6}}, Units: 8, Bias: true})
	flat := s.add("flat", &layers.Flatten{Index: []int{0, 7, 31, 100, 239}})
	fixed := s.add("fixed", &layers.Constant{Shape: []int{2}}, "input")
	s.add("vector", &layers.Add{Index: [][]int{{0, 1, 2, 4, 6}, {1, 5}}, Units: 7}, flat, fixed)
	s.add("pick", &layers.Select{Index: []int{1, 2, 4, 5}})
	s.add("gate", &layers.Gate{PerChannel: true})
	s.add("fc", &layers.Linear{Out: 3})
	randomise(s.net, 0)
	return s.net
}

// table reads numbers and two categorical variables, and predicts numbers in their units.
func table(t *testing.T) *nn.Network {
	s := newStack(t, "table", 7)
	s.net.Features = []nn.Feature{{Name: "a"}, {Name: "j=x", Variable: "j", Category: "j"}, {Name: "j=y", Variable: "j", Category: "j"},
		{Name: "j=z", Variable: "j", Category: "j"}, {Name: "b"}, {Name: "s=f", Variable: "s", Category: "s"}, {Name: "s=m", Variable: "s", Category: "s"}}
	s.add("embed", &layers.Embed{Dim: 2})
	s.add("fc", &layers.Linear{Out: 5})
	s.add("relu", layers.ReLU())
	s.add("out", &layers.Linear{Out: 2})
	s.add("units", &layers.Rescale{Scale: []float32{3, 0.5}, Shift: []float32{-1, 200}})
	randomise(s.net, 0)
	return s.net
}

// pooling runs one pooling layer on an image with sides of 7 and 8.
func pooling(t *testing.T, name string, l nn.Layer) *nn.Network {
	s := newStack(t, name, 2, 7, 8)
	s.add("pool", l)
	s.add("flat", &layers.Flatten{})
	return s.net
}

// pools lists pooling layers over the combinations of their options.
func pools(t *testing.T) []*nn.Network {
	var nets []*nn.Network
	for i := range 16 {
		w := layers.Window{Kernel: layers.Square(2 + i&1), Stride: layers.Square(2 + i>>1&1), Pad: layers.Around(i >> 2 & 1), Ceil: i>>3&1 == 1}
		nets = append(nets, pooling(t, fmt.Sprintf("max%d", i), &layers.MaxPool{Window: w}),
			pooling(t, fmt.Sprintf("avg%d", i), &layers.AvgPool{Window: w}),
			pooling(t, fmt.Sprintf("inside%d", i), &layers.AvgPool{Window: w, ExcludePad: true}))
	}
	wide := layers.Window{Kernel: layers.Square(5), Stride: layers.Square(4), Pad: layers.Around(2), Ceil: true}
	return append(nets, pooling(t, "wide", &layers.AvgPool{Window: wide}),
		pooling(t, "sparse", &layers.MaxPool{Window: layers.Window{Kernel: layers.Square(1), Stride: layers.Square(5), Ceil: true}}))
}

// activations has all of them, side by side.
func activations(t *testing.T) *nn.Network {
	s := newStack(t, "activations", 4, 2, 2)
	s.add("spread", &layers.Gate{})
	s.net.Nodes[0].Layer.Params()[0].Fill(4)
	var all []string
	for _, kind := range []string{"relu", "relu6", "leaky_relu", "sigmoid", "hardsigmoid", "tanh", "gelu", "gelu_tanh", "silu",
		"hardswish", "mish", "elu", "softplus"} {
		l, err := nn.Layers.New(kind)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s.add(kind, l, "spread"))
	}
	lo, hi := -1.5, 2.0
	all = append(all, s.add("fatrelu", &layers.FATReLU{Threshold: 0.8}, "spread"),
		s.add("clip", &layers.Clip{Min: &lo, Max: &hi}, "spread"), s.add("below", &layers.Clip{Max: &hi}, "spread"),
		s.add("slope", &layers.LeakyReLU{Slope: 0.3}, "spread"),
		s.add("prelu", &layers.PReLU{}, "spread"), s.add("slopes", &layers.PReLU{PerChannel: true}, "spread"))
	s.add("concat", &layers.Concat{}, all...)
	s.add("flat", &layers.Flatten{})
	return s.net
}

// excited has squeeze and excitation, by a vector and by an image of one pixel.
func excited(t *testing.T) *nn.Network {
	s := newStack(t, "excited", 3, 5, 4)
	x := s.add("conv", &layers.Conv{Out: 6, Pad: layers.Around(1)})
	s.add("squeeze", &layers.GlobalPool{KeepDims: true})
	s.add("fc1", &layers.Conv{Out: 3, Kernel: layers.Square(1)})
	s.act("relu")
	s.add("fc2", &layers.Conv{Out: 6, Kernel: layers.Square(1)})
	s.act("hardsigmoid")
	y := s.add("excite", &layers.Mul{}, x, "hardsigmoid")
	s.add("mean", &layers.GlobalPool{})
	s.add("fc", &layers.Linear{Out: 6})
	s.act("sigmoid")
	s.add("again", &layers.Mul{}, "sigmoid", y)
	s.add("pool", &layers.GlobalPool{})
	s.add("logits", &layers.Linear{Out: 3})
	randomise(s.net, 0)
	return s.net
}

// normalised has the normalisations of single examples, whole and as pruning leaves them.
func normalised(t *testing.T) *nn.Network {
	s := newStack(t, "normalised", 3, 4, 5)
	s.add("conv", &layers.Conv{Out: 8, Pad: layers.Around(1)})
	s.add("groups", &layers.GroupNorm{Groups: 4, Eps: 1e-3})
	s.add("instances", &layers.InstanceNorm{})
	s.add("pixels", &layers.LayerNorm{Eps: 1e-2})
	s.add("squares", &layers.RMSNorm{})
	s.add("narrow", &layers.Conv{Out: 5, Kernel: layers.Square(1)})
	s.add("few", &layers.GroupNorm{Groups: 2, Width: 4, Places: []int{0, 2, 3, 5, 7}, Outputs: []int{0, 1, 3, 6, 7}})
	s.add("fewer", &layers.RMSNorm{Width: 8, From: []int{0, 2, 3, 4}})
	s.add("pixel", &layers.LayerNorm{Width: 7, From: []int{0, -1, 3}})
	s.add("apart", &layers.GroupNorm{Groups: 1, Width: 4, Places: []int{1, 2, 3}})
	s.add("mean", &layers.GlobalPool{})
	s.add("vector", &layers.GroupNorm{Groups: 3})
	s.add("last", &layers.RMSNorm{Eps: 0.1})
	s.add("fc", &layers.Linear{Out: 3})
	randomise(s.net, 0)
	return s.net
}

// groupedText normalises sequences of vectors.
func groupedText(t *testing.T) *nn.Network {
	s := newStack(t, "grouped-sequence", 4, 5)
	s.add("groups", &layers.GroupNorm{Groups: 2})
	s.add("linear", &layers.Linear{Out: 6})
	s.add("instances", &layers.InstanceNorm{})
	s.add("squares", &layers.RMSNorm{})
	s.add("few", &layers.GroupNorm{Groups: 2, Width: 4, Places: []int{0, 2, 3, 5, 6, 7}, Outputs: []int{0, 1, 6, 7}})
	s.add("logits", &layers.Linear{Out: 3})
	randomise(s.net, 0)
	return s.net
}

// pruned is the network with random slices set to zero and taken out.
func pruned(t *testing.T, net *nn.Network, rate float64) *nn.Network {
	t.Helper()
	randomise(net, rate)
	net.Vocabulary = vocabulary(net) // the certificate draws tokens
	small, _, err := prune.Prune(net, prune.Options{Random: 4})
	if err != nil {
		t.Fatal(err)
	}
	small.Vocabulary = 0 // the models here have a normalisation
	small.Name = fmt.Sprintf("%s-pruned-%g", net.Name, rate)
	return small
}

func resnet(t testing.TB) *nn.Network {
	t.Helper()
	m := models.ResNet{Depth: 8, Width: 6, Gates: models.ResNetGates{Residual: true, Skip: true, PerChannel: true}}
	net, err := m.Build(models.Task{Input: nn.Shape{3, 8, 8}, Classes: 4}, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// randomise gives every parameter values of its own and zeroes slices along a
// random axis with the given probability.
func randomise(net *nn.Network, rate float64) {
	rng := rand.New(rand.NewPCG(uint64(rate*100), 9))
	for _, p := range net.Params() {
		d := p.Data()
		for i := range d {
			switch {
			case p.Name == "running_var":
				d[i] = 0.5 + rng.Float32()
			case p.Role != nn.RoleWeight:
				d[i] = float32(rng.NormFloat64())
			}
		}
		if p.Role == nn.RoleBuffer || rng.Float64() > rate {
			continue
		}
		n, stride := p.AxisLen(rng.IntN(len(p.Axes)))
		for k := range n {
			if rng.Float64() > rate {
				continue
			}
			for i := range d {
				if i/stride%n == k {
					d[i] = 0
				}
			}
		}
	}
}

// networks lists everything that is exported and read back.
func networks(t *testing.T) []*nn.Network {
	nets := append(pools(t), everything(t), rewired(t), activations(t), resnet(t), table(t))
	for _, rate := range []float64{0.15, 0.3, 0.4, 0.9} {
		nets = append(nets, pruned(t, everything(t), rate), pruned(t, resnet(t), rate))
	}
	nets = append(nets, excited(t), pruned(t, excited(t), 0.5), normalised(t), groupedText(t), pruned(t, normalised(t), 0.4),
		pruned(t, groupedText(t), 0.5))
	return append(append(nets, geometries(t)...), sequences(t)...)
}
