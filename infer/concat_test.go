package infer_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"pare/infer"
	"pare/layers"
	"pare/nn"
)

// branches reads the inputs of the concatenation, so that they have values of their own.
type branches []string

func (p branches) ReadsOutputs() []string { return p }
func (p branches) Build(b *nn.Builder) (*gorgonia.Node, error) {
	var in []*gorgonia.Node
	for _, name := range p {
		v, _ := b.Output(name)
		in = append(in, v)
	}
	return nn.Apply(nn.Op{Name: "branches", Run: func(dst []float32, _ [][]float32) { dst[0] = 0 }}, in...)
}

// TestConcatInPlace: convolutions that write into the rows of a concat give it the bits that a
// copy of their values gives, beside inputs that are copied.
func TestConcatInPlace(t *testing.T) {
	net, err := nn.New("branches", nn.Shape{5, 9, 7}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	add := func(name string, l nn.Layer, in ...string) {
		t.Helper()
		if err := net.Add(name, l, in...); err != nil {
			t.Fatal(err)
		}
	}
	conv := func(out, side int) nn.Layer {
		return &layers.Conv{Out: out, Kernel: layers.Square(side), Pad: layers.Around(side / 2)}
	}
	add("stem", conv(12, 3))
	add("one", conv(9, 1), "stem")
	add("three", conv(17, 3), "stem")
	relu, err := nn.Layers.New("relu")
	if err != nil {
		t.Fatal(err)
	}
	add("relu", relu, "three")
	add("five", conv(3, 5), "stem")
	add("apart", &layers.Conv{Out: 12, Pad: layers.Around(1), Groups: 12}, "stem")
	add("pool", &layers.MaxPool{Window: layers.Window{Kernel: layers.Square(3), Stride: layers.Square(1), Pad: layers.Around(1)}}, "stem")
	add("concat", &layers.Concat{}, "one", "relu", "stem", "five", "apart", "pool")
	add("again", &layers.Concat{}, "concat", "one")
	add("fc", conv(4, 1), "again")
	disturb(net, rand.New(rand.NewPCG(5, 6)))

	p := predictor(t, net, infer.Options{ChannelsLast: true, Zeros: infer.Dense})
	for _, n := range []int{1, 2, 9} {
		x := examples(net, n, rand.New(rand.NewPCG(3, 4)))
		placed, err := p.Compile(n)
		if err != nil {
			t.Fatal(err)
		}
		copied, err := p.Compile(n, branches{"one", "relu", "stem", "five", "apart", "pool"})
		if err != nil {
			t.Fatal(err)
		}
		for _, program := range []*nn.Program{placed, copied} {
			copy(program.X, x)
			for range 2 {
				program.Run()
			}
		}
		if d := distance(placed.Output(), copied.Output()); d != 0 {
			t.Errorf("%d examples: outputs differ by %g", n, d)
		}
	}
	program, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	x := examples(net, 2, rand.New(rand.NewPCG(3, 4)))
	copy(program.X, x)
	program.X[len(x)/2+3] = float32(math.NaN())
	if bad := program.FirstNonFinite(); !strings.Contains(bad, "layer stem") {
		t.Errorf("the first operation with NaN is %q, expected one of stem", bad)
	}
}

// TestConcatSavesCopies: where nothing else reads the inputs there is no operation for the concat. A
// convolution that measures whether it skips zeros has no place in it.
func TestConcatSavesCopies(t *testing.T) {
	net := network(t, "inception", images, 3)
	program, err := predictor(t, net, infer.Options{Zeros: infer.Dense}).Compile(2)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range program.Operations() {
		if strings.Contains(name, "concat") {
			t.Error(name)
		}
	}
}

// TestConcatInPlaceSkips: kernels that skip zeros write into the rows of a concat, too.
func TestConcatInPlaceSkips(t *testing.T) {
	net, err := nn.New("branches", nn.Shape{16, 9, 7}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	conv := func(out, side int) nn.Layer {
		return &layers.Conv{Out: out, Kernel: layers.Square(side), Pad: layers.Around(side / 2)}
	}
	for _, l := range []struct {
		name  string
		layer nn.Layer
		in    []string
	}{{"stem", conv(64, 3), nil}, {"relu", layers.ReLU(), nil}, {"one", conv(65, 1), []string{"relu"}}, {"three", conv(33, 3), []string{"relu"}},
		{"concat", &layers.Concat{}, []string{"one", "three"}}, {"fc", conv(4, 1), nil}} {
		if err := net.Add(l.name, l.layer, l.in...); err != nil {
			t.Fatal(err)
		}
	}
	bias := net.Nodes[0].Layer.Params()[1].Data()
	for i := range bias { // about a fortieth of the values is active
		bias[i] = -1.2
	}
	dense := predictor(t, net, infer.Options{Zeros: infer.Dense})
	skips := predictor(t, net, infer.Options{Zeros: 1})
	for _, n := range []int{1, 5} {
		x := examples(net, n, rand.New(rand.NewPCG(3, 4)))
		want, got := make([]float32, n*4*63), make([]float32, n*4*63)
		if err := dense.Predict(want, x, n); err != nil {
			t.Fatal(err)
		}
		if err := skips.Predict(got, x, n); err != nil {
			t.Fatal(err)
		}
		if d := distance(got, want); d > 1e-5 || slices.Equal(got, want) {
			t.Errorf("%d examples: outputs differ by %g", n, d)
		}
	}
}
