package layers_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

// tiedEmbedding is a network of tokens whose embedding is the output layer too, with a linear
// layer that is used twice between them.
func tiedEmbedding(t *testing.T) *nn.Network {
	t.Helper()
	net, err := nn.New("tied", nn.Shape{1, 3}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	net.Vocabulary = 5
	tanh, err := nn.Layers.New("tanh")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct {
		name  string
		layer nn.Layer
		tied  string
	}{
		{"embed", &layers.Embedding{Vocab: 5, Out: 4}, ""}, {"fc1", &layers.Linear{Out: 4}, ""}, {"tanh", tanh, ""},
		{"fc2", &layers.Linear{}, "fc1"}, {"out", &layers.Linear{}, "embed"},
	} {
		if l.tied == "" {
			err = net.Add(l.name, l.layer)
		} else {
			err = net.AddTied(l.name, l.layer, l.tied)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return net
}

// TestTiedGradients: gradients of shared parameters are sums over their uses, as differences of
// the loss say.
func TestTiedGradients(t *testing.T) {
	net := tiedEmbedding(t)
	if got, want := net.Count(), (nn.Counts{Params: 5*4 + 4*4 + 4 + 5, NonZero: 5*4 + 4*4 + 4 + 5, MACs: 3 * (16 + 16 + 20)}); got != want {
		t.Errorf("counts %+v, expected %+v", got, want)
	}
	var names []string
	for _, p := range net.Params() {
		names = append(names, p.Full)
	}
	if got := strings.Join(names, " "); got != "embed.weight fc1.weight fc1.bias out.bias" {
		t.Errorf("parameters %s", got)
	}
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: 2, Loss: layers.CrossEntropy{}})
	if err != nil {
		t.Fatal(err)
	}
	copy(p.X, []float32{0, 1, 2, 4, 4, 1})
	copy(p.Target, []float32{1, 2, 3, 0, 4, 4})
	for _, param := range net.Params() {
		p.Run()
		grad := append([]float32(nil), p.Grad(param.Param)...)
		for i := range param.Data() {
			const h = 1e-2
			v := param.Data()[i]
			param.Data()[i] = v + h
			p.Run()
			up := p.Loss()
			param.Data()[i] = v - h
			p.Run()
			slope := (up - p.Loss()) / (2 * h)
			param.Data()[i] = v
			if math.Abs(slope-float64(grad[i])) > 3e-4 {
				t.Errorf("%s[%d]: gradient %g, differences give %g", param.Full, i, grad[i], slope)
			}
		}
	}
}

// TestTiedClone: a clone shares its parameters in the same way and computes the same.
func TestTiedClone(t *testing.T) {
	net := tiedEmbedding(t)
	clone, err := net.Clone()
	if err != nil {
		t.Fatal(err)
	}
	first, _ := clone.Lookup("fc1")
	second, _ := clone.Lookup("fc2")
	out, _ := clone.Lookup("out")
	if first.Layer != second.Layer || second.Tied != "fc1" || out.Tied != "embed" || len(clone.Params()) != 4 {
		t.Errorf("the clone shares nothing: %q %q, %d parameters", second.Tied, out.Tied, len(clone.Params()))
	}
	var outputs [2][]float32
	for i, n := range []*nn.Network{net, clone} {
		p, err := nn.Compile(n, nn.CompileOptions{Mode: nn.Infer, Batch: 1})
		if err != nil {
			t.Fatal(err)
		}
		copy(p.X, []float32{3, 0, 4})
		p.Run()
		outputs[i] = p.Output()
	}
	for i, v := range outputs[0] {
		if v != outputs[1][i] {
			t.Fatalf("output %d is %g, of the clone %g", i, v, outputs[1][i])
		}
	}
}

// TestTiedUnits: units that one parameter makes or weighs in two places are the same.
func TestTiedUnits(t *testing.T) {
	net := tiedEmbedding(t)
	units := nn.MapUnits(net)
	embed, fc1, fc2 := units.Out(0), units.Out(1), units.Out(3)
	for i := range embed { // fc2 reads the units of fc1, which are those that it makes
		if fc1[i] != fc2[i] || embed[i] != fc1[i] {
			t.Errorf("unit %d is %d, %d and %d", i, embed[i], fc1[i], fc2[i])
		}
	}
	seen := map[nn.Slot]bool{}
	for _, slots := range units.Slots() {
		for _, s := range slots {
			key := nn.Slot{Param: s.Param, Axis: s.Axis, Index: s.Index}
			if seen[key] {
				t.Errorf("%s has position %d of axis %d twice", s.Param.Name, s.Index, s.Axis)
			}
			seen[key] = true
		}
	}
}

// TestTiedOptionsAsWritten: the options of a second use may be written out, as the first one's are,
// with or without those that the layer fills in.
func TestTiedOptionsAsWritten(t *testing.T) {
	one := layers.Square(1)
	for _, again := range []*layers.Conv{{}, {Out: 3, Pad: layers.Around(1)}, {Out: 3, Stride: one, Dilation: one, Pad: layers.Around(1)}} {
		net, err := nn.New("net", nn.Shape{3, 5, 5}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := net.Add("conv", &layers.Conv{Out: 3, Kernel: layers.Square(3), Pad: layers.Around(1)}); err != nil {
			t.Fatal(err)
		}
		if err := net.AddTied("again", again, "conv"); err != nil {
			t.Error(err)
		}
	}
	net, err := nn.New("net", nn.Shape{3, 5, 5}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := net.Add("conv", &layers.Conv{Out: 3, Pad: layers.Around(1)}); err != nil {
		t.Fatal(err)
	}
	err = net.AddTied("again", &layers.Conv{Out: 3, Pad: layers.Around(1), Groups: 3}, "conv")
	if want := "layer again: tied: its options differ from the options of conv; leave them out"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestTiedRefuses(t *testing.T) {
	for _, c := range []struct {
		layer nn.Layer
		to    string
		input string
		want  string
	}{
		{&layers.Linear{}, "fc9", "fc1", `layer again: tied: "fc9" is not a layer before it`},
		{&layers.Linear{Out: 3}, "fc1", "fc1", "layer again: tied: its options differ from the options of fc1; leave them out"},
		{&layers.Linear{}, "relu", "fc1", "layer again: tied: a layer linear cannot share the parameters of relu, a layer relu"},
		{layers.ReLU(), "relu", "fc1", "layer again: tied: a layer relu has no parameters to share; leave tied out"},
		{&layers.BatchNorm{}, "norm", "norm",
			"layer again: tied: running_mean of norm belongs to one place in the network; give each place a layer of its own"},
		{&layers.Linear{}, "fc1", "fc2",
			"layer again: tied: it reads [3×3] and fc1 reads [4×3]; layers of one kind share parameters for inputs of the same shapes"},
		{&layers.Linear{Out: 6}, "embed", "fc1", "layer again: linear: out is 6, but the layer that it is tied to has 5 vectors; leave out out"},
		{&layers.Linear{}, "embed", "fc2", "layer again: linear: the input has 3 units, the vectors that it is tied to have 4"},
	} {
		net, err := nn.New("net", nn.Shape{1, 3}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []struct {
			name  string
			layer nn.Layer
		}{
			{"embed", &layers.Embedding{Vocab: 5, Out: 4}}, {"norm", &layers.BatchNorm{}}, {"fc1", &layers.Linear{Out: 4}},
			{"relu", layers.ReLU()}, {"fc2", &layers.Linear{Out: 3}},
		} {
			if err := net.Add(l.name, l.layer); err != nil {
				t.Fatal(err)
			}
		}
		if err := net.AddTied("again", c.layer, c.to, c.input); err == nil || err.Error() != c.want {
			t.Errorf("%v, expected %s", err, c.want)
		}
	}
}
