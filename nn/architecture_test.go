package nn_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

// everyKind lists networks with every hyper-parameter that JSON must carry.
func everyKind(t *testing.T) []*nn.Network {
	return []*nn.Network{ofImages(t), ofTokens(t), ofTables(t), ofPatches(t), ofDecodedImages(t)}
}

// ofPatches reads an image as a sequence.
func ofPatches(t *testing.T) *nn.Network {
	t.Helper()
	return network(t, nn.Shape{3, 4, 2}, 7,
		row{"tokens", &layers.Tokens{}, nil},
		row{"class", &layers.ClassToken{}, nil},
		row{"reverse", &layers.Reverse{}, nil},
		row{"repeat", &layers.Repeat{From: []int{2, 0, 0, 1, 2}}, nil},
		row{"rotary", &layers.Rotary{Heads: 1, Dim: 4, Pairs: []int{1, 1}}, nil},
		row{"first", &layers.First{}, nil},
	)
}

// ofDecodedImages has layers that make images larger, and layers of sequences like them.
func ofDecodedImages(t *testing.T) *nn.Network {
	t.Helper()
	window := layers.Window1d{Kernel: 2, Stride: 1}
	return network(t, nn.Shape{8, 3, 2}, 6,
		row{"shuffle", &layers.PixelShuffle{Factor: 2}, nil},
		row{"up", &layers.ConvTranspose{Out: 6, Kernel: layers.Extent{H: 3, W: 2}, Stride: layers.Square(2), OutputPad: layers.Extent{H: 1}, Groups: 2}, nil},
		row{"group", &layers.GroupNorm{Groups: 2, Eps: 0.1}, nil},
		row{"resize", &layers.Upsample{Size: layers.Extent{H: 5, W: 7}, Mode: "bilinear", AlignCorners: true}, nil},
		row{"mean", &layers.AdaptiveAvgPool{Out: layers.Extent{H: 2, W: 3}}, nil},
		row{"instance", &layers.InstanceNorm{Eps: 0.1}, nil},
		row{"tokens", &layers.Tokens{}, nil},
		row{"conv", &layers.Conv1d{Out: 4}, nil},
		row{"rms", &layers.RMSNorm{Eps: 0.1}, nil},
		row{"max", &layers.MaxPool1d{Window1d: window}, nil},
		row{"avg", &layers.AvgPool1d{Window1d: window}, nil},
	)
}

// ofTables reads vectors.
func ofTables(t *testing.T) *nn.Network {
	t.Helper()
	return network(t, nn.Shape{6}, 4,
		row{"embed", &layers.Embed{Dim: 3, Columns: [][]int{{1, 2, 4}, {0, 5}}, Dims: []int{3, 1}}, nil},
		row{"fc", &layers.Linear{Out: 2}, nil},
		row{"units", &layers.Rescale{Scale: []float32{3, 0.25}, Shift: []float32{-1, 7}}, nil},
	)
}

// ofTokens reads a sequence.
func ofTokens(t *testing.T) *nn.Network {
	t.Helper()
	return network(t, nn.Shape{1, 4}, 2,
		row{"embed", &layers.Embedding{Vocab: 5, Out: 4}, nil},
		row{"position", &layers.Position{Index: []int{0, 1, 3, 5}, Units: 6}, nil},
		row{"norm", &layers.LayerNorm{Eps: 0.1, Width: 8, From: []int{0, -1, 2, 3}}, nil},
		row{"qkv", &layers.Linear{Out: 11}, nil},
		row{"attention", &layers.Attention{Heads: 2, Causal: true, QK: []int{1, 2}, V: []int{2, 3}, Scale: 0.3}, nil},
		row{"mul", &layers.Mul{}, []string{"attention", "attention"}},
		row{"rnn", &layers.RNN{Hidden: 3, Nonlinearity: "relu"}, nil},
		row{"lstm", &layers.LSTM{Hidden: 4}, nil},
		row{"gru", &layers.GRU{Hidden: 5}, nil},
		row{"conv1d", &layers.Conv1d{Out: 4, Kernel: 2, Dilation: 2, Pad: layers.Margin{Before: 2}}, nil},
		row{"max1d", &layers.MaxPool1d{Window1d: layers.Window1d{Kernel: 2, Stride: 1}, Dilation: 2}, nil},
		row{"avg1d", &layers.AvgPool1d{Window1d: layers.Window1d{Kernel: 2, Stride: 1, Pad: layers.Margin{Behind: 1}}, ExcludePad: true}, nil},
		row{"token", &layers.ClassToken{}, nil},
		row{"rms", &layers.RMSNorm{Eps: 0.1}, nil},
		row{"first", &layers.First{}, nil},
		row{"last", &layers.Last{}, []string{"rms"}},
		row{"ends", &layers.Add{}, []string{"first", "last"}},
		row{"threshold", &layers.FATReLU{Threshold: 0.1}, nil},
	)
}

// ofImages has layers of images and vectors.
func ofImages(t *testing.T) *nn.Network {
	t.Helper()
	return network(t, nn.Shape{4, 9, 9}, 3,
		row{"conv", &layers.Conv{Out: 6, Kernel: layers.Square(5), Stride: layers.Square(2), Pad: layers.Around(2), Groups: 2, NoBias: true}, nil},
		row{"bn", &layers.BatchNorm{Eps: 1e-3, Momentum: 0.3}, nil},
		row{"groups", &layers.GroupNorm{Groups: 2, Eps: 0.1}, nil},
		row{"instances", &layers.InstanceNorm{}, nil},
		row{"act", layer(t, "gelu"), nil},
		row{"depth", &layers.Depthwise{Multiplier: 2, Kernel: layers.Square(3), Stride: layers.Square(1), Pad: layers.Around(1)}, nil},
		row{"select", &layers.Select{Index: []int{0, 2, 3, 4, 7, 11}}, nil},
		row{"wide", &layers.Conv{Out: 7, Kernel: layers.Square(1)}, nil},
		row{"add", &layers.Add{Index: [][]int{nil, {0, 1, 2, 3, 4, 6}}, Units: 7, Bias: true}, []string{"wide", "select"}},
		row{"gate", &layers.Gate{PerChannel: true}, nil},
		row{"concat", &layers.Concat{}, []string{"gate", "act"}},
		row{"max", &layers.MaxPool{Window: layers.Window{Kernel: layers.Square(3), Stride: layers.Square(2), Pad: layers.Around(1), Ceil: true}}, nil},
		row{"avg", &layers.AvgPool{Window: layers.Window{Kernel: layers.Square(2), Stride: layers.Square(1)}, ExcludePad: true}, nil},
		row{"clip", &layers.Clip{Min: new(-1.0), Max: new(2.0)}, nil},
		row{"leaky", layer(t, "leaky_relu"), nil},
		row{"prelu", layer(t, "prelu"), nil},
		row{"drop", &layers.Dropout{P: 0.25}, nil},
		row{"flat", &layers.Flatten{Index: []int{0, 5, 17, 40}}, nil},
		row{"fc", &layers.Linear{Out: 3, NoBias: true}, nil},
		row{"tokens", &layers.Tokens{}, []string{"drop"}},
		row{"pool", &layers.GlobalPool{}, nil},
		row{"fc2", &layers.Linear{Out: 3}, nil},
		row{"fixed", &layers.Constant{Shape: []int{3}}, nil},
		row{"out", &layers.Add{}, []string{"fc", "fc2", "fixed"}},
	)
}

func infer(t *testing.T, net *nn.Network) []float32 {
	t.Helper()
	p := compile(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: 2})
	fillExamples(p, 1)
	if l, ok := net.Nodes[0].Layer.(*layers.Embedding); ok {
		for i := range p.X {
			p.X[i] = float32(i % l.Vocab)
		}
	}
	p.Run()
	return p.Output()
}

func TestArchitectureRoundTrip(t *testing.T) {
	used := map[string]bool{}
	for _, net := range everyKind(t) {
		roundTrip(t, net)
		for _, node := range net.Nodes {
			used[node.Layer.Kind()] = true
		}
	}
	for _, kind := range nn.Layers.Names() {
		if l := layer(t, kind); !used[kind] {
			if _, ok := l.(*layers.Activation); !ok {
				t.Errorf("layer kind %s is not in the round trip", kind)
			}
		}
	}
}

func roundTrip(t *testing.T, net *nn.Network) {
	t.Helper()
	a, err := net.Architecture()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var b nn.Architecture
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	copied, err := b.Network(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := copied.CopyParams(net); err != nil {
		t.Fatal(err)
	}
	again, err := copied.Architecture()
	if err != nil {
		t.Fatal(err)
	}
	text2, err := json.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != string(text2) {
		t.Errorf("the copy is described as\n%s\nthe original as\n%s", text2, text)
	}
	if !slices.Equal(infer(t, net), infer(t, copied)) {
		t.Error("the copy computes something else")
	}
}

func TestClone(t *testing.T) {
	for _, net := range everyKind(t) {
		checkClone(t, net)
	}
}

func checkClone(t *testing.T, net *nn.Network) {
	t.Helper()
	c, err := net.Clone()
	if err != nil {
		t.Fatal(err)
	}
	want := infer(t, net)
	if !slices.Equal(want, infer(t, c)) {
		t.Fatal("the clone computes something else")
	}
	for _, p := range c.Params() {
		p.Fill(5)
	}
	if !slices.Equal(want, infer(t, net)) {
		t.Error("the clone shares parameters")
	}
	for i, node := range net.Nodes {
		l, err := nn.CloneLayer(node.Layer, net.InputShapes(node))
		if err != nil {
			t.Fatal(err)
		}
		for k, p := range l.Params() {
			if !slices.Equal(p.Data(), net.Nodes[i].Layer.Params()[k].Data()) {
				t.Errorf("clone of layer %s: %s differs", node.Name, p.Name)
			}
		}
	}
	other := network(t, nn.Shape{2}, 1, row{"fc", &layers.Linear{Out: 2}, nil})
	if err := other.CopyParams(net); err == nil {
		t.Error("parameters of another network were copied")
	}
}

// TestOneSeedOneNetwork: parameters depend on the seed alone.
func TestOneSeedOneNetwork(t *testing.T) {
	a, err := convNet(t, 1).Architecture()
	if err != nil {
		t.Fatal(err)
	}
	build := func(seed uint64) []float32 {
		net, err := a.Network(rand.New(rand.NewPCG(seed, 0)))
		if err != nil {
			t.Fatal(err)
		}
		return infer(t, net)
	}
	if !slices.Equal(build(1), build(1)) || slices.Equal(build(1), build(2)) {
		t.Error("a network must depend on its seed, and on nothing else")
	}
}

func TestBadArchitectures(t *testing.T) {
	const head = `{"format":"pare-architecture-1","name":"n","input":[3,4,4],"layers":`
	for _, c := range []struct{ json, want string }{
		{`{"format":"x"}`, `architecture format is "x"`},
		{`{"format":"pare-architecture-1","input":[]}`, "input shape"},
		{`{"format":"pare-architecture-1","input":[3,0,4]}`, "input shape"},
		{`{"format":"pare-architecture-1","input":[-3,-4]}`, "input shape"},
		{`{"format":"pare-architecture-1","input":[65536,65536,65536]}`, "input shape"},
		{head + `[]}`, "no layers"},
		{head + `[{"name":"a","kind":"cnov","inputs":["input"]}]}`, `unknown layer "cnov"; did you mean conv?`},
		{head + `[{"name":"a","kind":"conv","inputs":["input"],"args":{"outs":3}}]}`, `unknown field "outs"`},
		{head + `[{"name":"a","kind":"conv","inputs":["input"],"args":{"out":"3"}}]}`, "layer 1 (a)"},
		{head + `[{"name":"a","kind":"conv","inputs":["input"],"args":{"out":3,"kernel":9}}]}`, "kernel 9 is larger"},
		{head + `[{"name":"a","kind":"conv","inputs":["input"],"args":{"out":-3}}]}`, "out is -3"},
		{head + `[{"name":"a","kind":"conv","inputs":["input"],"args":{"out":4,"groups":2}}]}`, "do not divide"},
		{head + `[{"name":"a","kind":"relu"}]}`, "has no inputs"},
		{head + `[{"name":"a","kind":"relu","inputs":["b"]}]}`, `input "b"`},
		{head + `[{"name":"","kind":"relu","inputs":["input"]}]}`, "has no name"},
		{head + `[{"name":"a","kind":"relu","inputs":["input","input"]}]}`, "takes one input"},
		{head + `[{"name":"a","kind":"last","inputs":["input"]}]}`, "needs a sequence"},
		{head + `[{"name":"a","kind":"constant","inputs":["input"],"args":{"shape":[-1,-2]}}]}`, "constant"},
		{head + `[{"name":"a","kind":"constant","inputs":["input"],"args":{"shape":[]}}]}`, "constant"},
		{head + `[{"name":"a","kind":"select","inputs":["input"],"args":{"index":[0,3]}}]}`, "outside 0..2"},
		{head + `[{"name":"a","kind":"select","inputs":["input"],"args":{"index":[1,1]}}]}`, "listed twice"},
		{head + `[{"name":"a","kind":"select","inputs":["input"],"args":{"index":[]}}]}`, "empty"},
		{head + `[{"name":"a","kind":"flatten","inputs":["input"],"args":{"index":[-1]}}]}`, "outside"},
		{head + `[{"name":"a","kind":"add","inputs":["input"],"args":{"index":[[0],[1]]}}]}`, "index lists"},
		{head + `[{"name":"a","kind":"add","inputs":["input"],"args":{"units":-1}}]}`, "add"},
		{head + `[{"name":"a","kind":"add","inputs":["input"],"args":{"units":-1,"bias":true,"index":[[]]}}]}`, "add"},
		{head + `[{"name":"a","kind":"dropout","inputs":["input"],"args":{"p":1}}]}`, "p is 1"},
		{head + `[{"name":"a","kind":"batchnorm","inputs":["input"],"args":{"eps":-1}}]}`, "eps"},
		{head + `[{"name":"a","kind":"maxpool","inputs":["input"],"args":{"kernel":2,"pad":2}}]}`, "half the kernel"},
		{head + `[{"name":"a","kind":"avgpool","inputs":["input"],"args":{"kernel":5}}]}`, "larger"},
		{head + `[{"name":"a","kind":"depthwise","inputs":["input"],"args":{"multiplier":-1}}]}`, "multiplier is -1"},
	} {
		var a nn.Architecture
		if err := json.Unmarshal([]byte(c.json), &a); err != nil {
			t.Fatalf("%s: %v", c.json, err)
		}
		_, err := a.Network(nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, expected one line with %q", c.json, err, c.want)
		}
	}
}
