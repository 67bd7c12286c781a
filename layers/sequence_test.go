package layers_test

import (
	"math"
	"slices"
	"testing"

	"pare/layers"
	"pare/nn"
)

func sequence(d, t int) []nn.Shape { return []nn.Shape{{d, t}} }

// sequenceCases are layers on sequences, for the gradients.
func sequenceCases() []gradientCase {
	return []gradientCase{
		{name: "linear sequence", layer: &layers.Linear{Out: 7}, inputs: sequence(5, 4)},
		{name: "linear sequence without bias", layer: &layers.Linear{Out: 3, NoBias: true}, inputs: sequence(6, 3)},
		{name: "position", layer: &layers.Position{}, inputs: sequence(4, 3)},
		{name: "position index", layer: &layers.Position{Index: []int{0, 2}, Units: 4}, inputs: sequence(2, 3)},
		{name: "last", layer: &layers.Last{}, inputs: sequence(4, 3)},
		{name: "first", layer: &layers.First{}, inputs: sequence(4, 3)},
		{name: "classtoken", layer: &layers.ClassToken{}, inputs: sequence(4, 3)},
		{name: "tokens", layer: &layers.Tokens{}, inputs: image(3, 2, 4)},
		{name: "globalpool sequence", layer: &layers.GlobalPool{}, inputs: sequence(4, 3)},
		{name: "layernorm", layer: &layers.LayerNorm{}, inputs: sequence(6, 3)},
		{name: "layernorm vector", layer: &layers.LayerNorm{Eps: 0.1}, inputs: features(9)},
		{name: "layernorm without zeros", layer: &layers.LayerNorm{Width: 9}, inputs: sequence(5, 3)},
		{name: "layernorm without outputs", layer: &layers.LayerNorm{Width: 6, From: []int{1, 3, 4}}, inputs: sequence(5, 2)},
		{name: "layernorm of zeros", layer: &layers.LayerNorm{Width: 9, From: []int{-1, 0, 2, -1}}, inputs: sequence(4, 3)},
		{name: "attention", layer: &layers.Attention{Heads: 2}, inputs: sequence(12, 5)},
		{name: "attention causal", layer: &layers.Attention{Heads: 1, Causal: true, Scale: 0.3}, inputs: sequence(9, 6)},
		{name: "attention of unlike heads", layer: &layers.Attention{Heads: 3, Causal: true, QK: []int{2, 0, 1}, V: []int{1, 2, 3}, Scale: 0.5}, inputs: sequence(12, 4)},
		{name: "mul", layer: &layers.Mul{}, inputs: []nn.Shape{{3, 4}, {3, 4}}},
		{name: "linear image", layer: &layers.Linear{Out: 5}, inputs: image(3, 2, 4)},
		{name: "tokens", layer: &layers.Tokens{}, inputs: image(3, 2, 4)},
		{name: "classtoken", layer: &layers.ClassToken{}, inputs: sequence(4, 3)},
		{name: "first", layer: &layers.First{}, inputs: sequence(4, 3)},
		{name: "reverse", layer: &layers.Reverse{}, inputs: sequence(4, 3)},
		{name: "repeat", layer: &layers.Repeat{From: []int{2, 0, 2, 2}}, inputs: sequence(3, 4)},
		{name: "rotary", layer: &layers.Rotary{Heads: 2, Dim: 4, Base: 30}, inputs: sequence(11, 5)},
		{name: "rotary pairs", layer: &layers.Rotary{Heads: 2, Dim: 4, Pairs: []int{1, 3, 1, 3}}, inputs: sequence(6, 3)},
		{name: "flatten sequence", layer: &layers.Flatten{}, inputs: sequence(3, 4)},
	}
}

func TestGoldenSequenceLayers(t *testing.T) {
	for _, file := range []string{"testdata/goldens_sequence.json", "testdata/goldens_vision.json"} {
		var g struct {
			Layers []goldenLayer `json:"layers"`
		}
		readJSON(t, file, &g)
		for _, c := range g.Layers {
			t.Run(c.Name, func(t *testing.T) { c.check(t) })
		}
	}
}

func TestGroupedQueries(t *testing.T) {
	got := layers.GroupedQueries(4, 2, 2).From
	want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 10, 11, 12, 13, 12, 13, 14, 15, 14, 15}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestBadSequenceLayers(t *testing.T) {
	for _, c := range []struct {
		layer nn.Layer
		in    nn.Shape
		want  string
	}{
		{&layers.Tokens{}, nn.Shape{3, 4}, "tokens needs an image input of shape C×H×W, got 3×4"},
		{&layers.ClassToken{}, nn.Shape{3, 4, 4}, "classtoken needs a sequence of shape D×T, got 3×4×4"},
		{&layers.First{}, nn.Shape{3}, "first needs a sequence of shape D×T, got 3"},
		{&layers.Repeat{From: []int{0, 3}}, nn.Shape{3, 2}, "repeat: unit 3 is outside 0..2"},
		{&layers.Repeat{}, nn.Shape{3, 2}, "repeat: from lists 0 units, it must list at least 1"},
		{&layers.Rotary{Heads: 1, Dim: 3}, nn.Shape{6, 2}, "rotary: 1 heads of 3 dimensions; a head needs an even number of dimensions"},
		{&layers.Rotary{Heads: 2, Dim: 4}, nn.Shape{6, 2}, "rotary: the input has 6 units, the heads have 8"},
		{&layers.Rotary{Heads: 1, Dim: 4, Pairs: []int{0, 1, 0}}, nn.Shape{6, 2}, "rotary: pairs has pair 1 once, it needs both of its units"},
		{&layers.Rotary{Heads: 1, Dim: 4, Pairs: []int{0, 2}}, nn.Shape{6, 2},
			"rotary: pairs has 2 at unit 1, it must name each of the 2 pairs twice or not at all"},
		{&layers.Rotary{Heads: 1, Dim: 4, Base: 0.5}, nn.Shape{6, 2}, "rotary: base is 0.5, it must be above 1"},
	} {
		if _, err := c.layer.Init([]nn.Shape{c.in}, nil); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// embed compiles an embedding on given tokens.
func embed(t *testing.T, l *layers.Embedding, batch int, tokens, r []float32) *nn.Program {
	t.Helper()
	net, err := nn.New("embed", nn.Shape{1, len(tokens) / batch}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := net.Add("embedding", l); err != nil {
		t.Fatal(err)
	}
	p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: readout{r}})
	copy(p.X, tokens)
	return p
}

func TestGoldenEmbedding(t *testing.T) {
	var g struct {
		Embedding struct {
			Tokens, Output, DY, Grad []float32
			Weight                   array
		}
	}
	readJSON(t, "testdata/goldens_sequence.json", &g)
	c := g.Embedding
	shape := nn.Shape{4, 3}
	l := &layers.Embedding{Vocab: 6, Out: 4}
	p := embed(t, l, 2, c.Tokens, fromPyTorch(c.DY, shape))
	importParam(t, l.Params()[0], c.Weight)
	p.Run()
	requireClose(t, "output", toPyTorch(p.Output(), shape), c.Output, relative)
	requireClose(t, "gradient", exportGrad(p, l.Params()[0]), c.Grad, relative)
}

// Inputs that are no tokens show in the loss, whatever they are.
func TestEmbeddingOfNoToken(t *testing.T) {
	for _, bad := range []float64{-1, 6, 1e30, math.NaN(), math.Inf(1), math.Inf(-1)} {
		p := embed(t, &layers.Embedding{Vocab: 6, Out: 2}, 1, []float32{0, float32(bad), 5}, []float32{1, 0, 0, 0, 0, 0})
		p.Run()
		if !math.IsNaN(p.Loss()) {
			t.Errorf("token %g: the loss is %g", bad, p.Loss())
		}
	}
	p := embed(t, &layers.Embedding{Vocab: 6, Out: 2}, 1, []float32{0, 5, 5}, []float32{1, 0, 0, 0, 0, 0})
	p.Run()
	if p.Loss() != 0 {
		t.Errorf("the loss is %g", p.Loss())
	}
}

func TestSequenceShapes(t *testing.T) {
	for _, c := range []struct {
		layer    nn.Layer
		in, want nn.Shape
		macs     int64
	}{
		{&layers.Linear{Out: 7}, nn.Shape{5, 4}, nn.Shape{7, 4}, 7 * 5 * 4},
		{&layers.Embedding{Vocab: 9, Out: 3}, nn.Shape{1, 4}, nn.Shape{3, 4}, 0},
		{&layers.Position{}, nn.Shape{3, 4}, nn.Shape{3, 4}, 0},
		{&layers.Last{}, nn.Shape{3, 4}, nn.Shape{3}, 0},
		{&layers.LayerNorm{}, nn.Shape{3, 4}, nn.Shape{3, 4}, 0},
		{&layers.Attention{Heads: 2}, nn.Shape{12, 4}, nn.Shape{4, 4}, 16 * 8},
		{&layers.Attention{Heads: 2, Causal: true}, nn.Shape{12, 4}, nn.Shape{4, 4}, 10 * 8},
		{&layers.Attention{Heads: 1, QK: []int{3}, V: []int{2}}, nn.Shape{8, 4}, nn.Shape{2, 4}, 16 * 5},
		{&layers.LayerNorm{Width: 4, From: []int{2, -1}}, nn.Shape{3, 4}, nn.Shape{2, 4}, 0},
	} {
		got, err := c.layer.Init([]nn.Shape{c.in}, nil)
		if err != nil || !got.Equal(c.want) {
			t.Errorf("%s: %v, %v, expected %v", c.layer.Kind(), got, err, c.want)
		}
		if m, ok := c.layer.(nn.Coster); ok && m.MACs([]nn.Shape{c.in}) != c.macs {
			t.Errorf("%s: %d MACs, expected %d", c.layer.Kind(), m.MACs([]nn.Shape{c.in}), c.macs)
		}
	}
	for _, c := range []struct {
		layer nn.Layer
		in    nn.Shape
	}{
		{&layers.Embedding{Vocab: 9, Out: 3}, nn.Shape{2, 4}},
		{&layers.Embedding{Out: 3}, nn.Shape{1, 4}}, {&layers.Embedding{Vocab: 9, Out: 3}, nn.Shape{4}},
		{&layers.Position{}, nn.Shape{3}}, {&layers.Position{Index: []int{0, 3}, Units: 3}, nn.Shape{2, 4}},
		{&layers.Position{Units: 4}, nn.Shape{3, 4}}, {&layers.Last{}, nn.Shape{3}}, {&layers.Last{}, nn.Shape{3, 4, 4}},
		{&layers.Attention{Heads: 2}, nn.Shape{10, 4}}, {&layers.Attention{}, nn.Shape{12, 4}}, {&layers.Attention{Heads: 2}, nn.Shape{12}},
		{&layers.Attention{Heads: 2, QK: []int{1, 2}, V: []int{1, 1}}, nn.Shape{8, 4}}, // no scale
		{&layers.Attention{Heads: 2, QK: []int{1, 1}, V: []int{1}}, nn.Shape{5, 4}},
		{&layers.Attention{Heads: 2, QK: []int{2, 2}, V: []int{0, 4}}, nn.Shape{12, 4}},
		{&layers.Attention{Heads: 2, QK: []int{-1, 2}, V: []int{2, 2}, Scale: 1}, nn.Shape{6, 4}},
		{&layers.Attention{Heads: 1, Scale: -1}, nn.Shape{6, 4}}, {&layers.Attention{Heads: 1, QK: []int{1}, V: []int{1}}, nn.Shape{6, 4}},
		{&layers.Mul{}, nn.Shape{3}},
		{&layers.LayerNorm{}, nn.Shape{3, 4, 4, 4}}, {&layers.LayerNorm{Width: 2}, nn.Shape{3, 4}},
		{&layers.LayerNorm{Width: 3, From: []int{0, -1}}, nn.Shape{3, 4}}, {&layers.LayerNorm{From: []int{1, 0}}, nn.Shape{3, 4}},
		{&layers.LayerNorm{From: []int{3}}, nn.Shape{3, 4}}, {&layers.LayerNorm{Width: 9, From: []int{-2}}, nn.Shape{3, 4}},
	} {
		if out, err := c.layer.Init([]nn.Shape{c.in}, nil); err == nil {
			t.Errorf("%s of %v gives %v, an error was expected", c.layer.Kind(), c.in, out)
		}
	}
}
