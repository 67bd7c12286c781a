package layers_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/nn"
)

func limit(v float64) *float64 { return &v }

// productCases are activations with options and parameters, and products of inputs of
// different shapes. The grid of kinks has no point within a difference of a whole number.
func productCases() []gradientCase {
	return []gradientCase{
		{name: "clip", layer: &layers.Clip{Min: limit(-1), Max: limit(2)}, inputs: image(3, 2, 3), kinks: true},
		{name: "clip below", layer: &layers.Clip{Max: limit(1)}, inputs: features(8), kinks: true},
		{name: "hardswish", layer: activation("hardswish"), inputs: image(3, 2, 3), kinks: true},
		{name: "hardsigmoid", layer: activation("hardsigmoid"), inputs: image(3, 2, 3), kinks: true},
		{name: "leaky_relu slope", layer: &layers.LeakyReLU{Slope: 0.3}, inputs: image(3, 2, 3), kinks: true},
		{name: "prelu", layer: &layers.PReLU{}, inputs: image(3, 2, 3), kinks: true},
		{name: "prelu per channel", layer: &layers.PReLU{PerChannel: true}, inputs: image(11, 2, 3), kinks: true},
		{name: "prelu vector", layer: &layers.PReLU{PerChannel: true}, inputs: features(5), kinks: true},
		{name: "mul image by vector", layer: &layers.Mul{}, inputs: []nn.Shape{{3, 4, 2}, {3}}},
		{name: "mul pixel by image", layer: &layers.Mul{}, inputs: []nn.Shape{{9, 1, 1}, {9, 2, 3}}},
		{name: "mul sequence by vector", layer: &layers.Mul{}, inputs: []nn.Shape{{3, 4}, {3}}},
		{name: "mul vector by pixel", layer: &layers.Mul{}, inputs: []nn.Shape{{3}, {3, 1, 1}}},
		{name: "globalpool keep_dims", layer: &layers.GlobalPool{KeepDims: true}, inputs: image(4, 3, 5)},
	}
}

// activation makes a layer of a built-in kind.
func activation(kind string) nn.Layer {
	l, err := nn.Layers.New(kind)
	if err != nil {
		panic(err)
	}
	return l
}

func TestGoldenActivations(t *testing.T) {
	var g struct {
		Layers []goldenLayer `json:"layers"`
	}
	readJSON(t, "testdata/goldens_activations.json", &g)
	for _, c := range g.Layers {
		t.Run(c.Name, func(t *testing.T) { c.check(t) })
	}
}

// TestFaultyActivations: options and shapes that make no sense are one line that names them.
func TestFaultyActivations(t *testing.T) {
	for _, c := range []struct {
		layer nn.Layer
		in    []nn.Shape
		want  string
	}{
		{&layers.Clip{}, features(2), "clip: min and max are missing; give one or both"},
		{&layers.Clip{Min: limit(2), Max: limit(1)}, features(2), "clip: max must be finite and at least min, got min 2 and max 1"},
		{&layers.Clip{Min: limit(math.Inf(1))}, features(2), "clip: max must be finite and at least min, got min +Inf and max +Inf"},
		{&layers.LeakyReLU{Slope: -1}, features(2), "leaky_relu: slope is -1, it must be a finite number above 0"},
		{&layers.PReLU{}, nil, "prelu takes one input, got 0"},
		{&layers.Mul{}, features(2), "mul takes two inputs, got 1"},
		{&layers.Mul{}, []nn.Shape{{3, 2, 2}, {3, 2, 1}},
			"mul: the inputs have shapes 3×2×2 and 3×2×1; they must be equal, or one have a single value for each unit"},
		{&layers.Mul{}, []nn.Shape{{4}, {3, 2, 2}},
			"mul: the inputs have shapes 4 and 3×2×2; they must be equal, or one have a single value for each unit"},
	} {
		if _, err := c.layer.Init(c.in, nil); err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v, want %s", c.layer.Kind(), err, c.want)
		}
	}
}

// TestPReLUConstants: a constant is folded with the slope of its channel, bit for bit.
func TestPReLUConstants(t *testing.T) {
	for _, perChannel := range []bool{false, true} {
		l := &layers.PReLU{PerChannel: perChannel}
		x := []float32{-3, -0.7, 0, 0.3, 8}
		net, probes := around(t, l, 1, nil, nn.Shape{len(x)})
		copy(probes[0].value.Data(), x)
		copy(l.Params()[0].Data(), normal(len(x), rand.New(rand.NewPCG(1, 2))))
		p := compile(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: 1})
		p.Run()
		known := nn.Unknown(len(x))
		for u, v := range x {
			known.Set(u, v)
		}
		for u, v := range l.Constants([]nn.Known{known}).Value {
			if math.Float32bits(v) != math.Float32bits(p.Output()[u]) {
				t.Errorf("prelu(%v) is %v, known as %v", x[u], p.Output()[u], v)
			}
		}
	}
}
