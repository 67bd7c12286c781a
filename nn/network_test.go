package nn_test

import (
	"slices"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

func TestAddErrors(t *testing.T) {
	net := network(t, nn.Shape{3, 4, 4}, 1,
		row{"a", &layers.Conv{Out: 4, Kernel: layers.Square(3)}, nil},
		row{"b", &layers.Conv{Out: 5, Kernel: layers.Square(1)}, nil})
	for _, c := range []struct {
		name   string
		layer  nn.Layer
		inputs []string
		want   []string // all of them
	}{
		{"", layers.ReLU(), nil, []string{"relu", "no name"}},
		{"a", layers.ReLU(), nil, []string{`"a"`}},
		{"input", layers.ReLU(), nil, []string{`"input"`}},
		{"c", layers.ReLU(), []string{"z"}, []string{"layer c", `"z"`}},
		{"c", &layers.Add{}, []string{"a", "b"}, []string{"layer c", "5×2×2", "4×2×2"}},
		{"c", &layers.Concat{}, []string{"a", "input"}, []string{"layer c", "3×4×4", "4×2×2"}},
		{"c", &layers.Linear{Out: 2}, nil, []string{"layer c", "5×2×2", "flatten"}},
		{"c", &layers.Conv{Out: 2, Kernel: layers.Square(5)}, []string{"b"}, []string{"layer c", "kernel 5", "2×2"}},
		{"c", &layers.Conv{Out: 4, Groups: 4, Kernel: layers.Square(1)}, []string{"b"}, []string{"layer c", "5 input", "4 groups"}},
		{"c", &layers.MaxPool{Window: layers.Window{Kernel: layers.Square(3)}}, []string{"b"}, []string{"layer c", "5×2×2"}},
		{"c", &layers.GlobalPool{}, []string{"a", "b"}, []string{"layer c", "one input, got 2"}},
	} {
		before := len(net.Nodes)
		err := net.Add(c.name, c.layer, c.inputs...)
		if err == nil {
			t.Fatalf("layer %s %s was added", c.name, c.layer.Kind())
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q does not say %q in one line", err, want)
			}
		}
		if len(net.Nodes) != before {
			t.Fatal("a layer that failed was added")
		}
	}
	if err := net.Add("c", layers.ReLU()); err != nil {
		t.Errorf("a name is taken by a layer that failed: %v", err)
	}
}

func TestNewErrors(t *testing.T) {
	for _, s := range []nn.Shape{nil, {}, {0}, {3, 0, 4}, {-3, -4, 5}, {-1}} {
		if _, err := nn.New("n", s, nil); err == nil {
			t.Errorf("a network with input %v was made", []int(s))
		}
	}
}

func TestCompileErrors(t *testing.T) {
	empty := network(t, nn.Shape{3}, 1)
	image := network(t, nn.Shape{3, 2, 2}, 1, row{"conv", &layers.Conv{Out: 2, Kernel: layers.Square(1)}, nil})
	norm := network(t, nn.Shape{3}, 1, row{"bn", &layers.BatchNorm{}, nil})
	loss := layers.CrossEntropy{}
	for _, c := range []struct {
		net  *nn.Network
		o    nn.CompileOptions
		want string
	}{
		{empty, nn.CompileOptions{Mode: nn.Infer, Batch: 1}, "no layers"},
		{image, nn.CompileOptions{Mode: nn.Infer}, "batch size 0"},
		{image, nn.CompileOptions{Mode: nn.Train, Batch: 1}, "need a loss"},
		{image, nn.CompileOptions{Mode: nn.Eval, Batch: 1}, "need a loss"},
		{image, nn.CompileOptions{Mode: nn.Eval, Batch: 1, Loss: loss}, "vector of logits"},
		{norm, nn.CompileOptions{Mode: nn.Train, Batch: 1, Loss: loss}, "layer bn"},
		{norm, nn.CompileOptions{Mode: nn.Train, Batch: 2, Loss: layers.CrossEntropy{Smoothing: 1}}, "smoothing is 1"},
	} {
		if _, err := nn.Compile(c.net, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("compile: %v, expected %q", err, c.want)
		}
	}
}

func TestNetworkLists(t *testing.T) {
	net := network(t, nn.Shape{2, 4, 4}, 1,
		row{"conv", &layers.Conv{Out: 3, Kernel: layers.Square(3), Pad: layers.Around(1)}, nil},
		row{"bn", &layers.BatchNorm{}, nil},
		row{"add", &layers.Add{}, []string{"bn", "conv"}},
		row{"pool", &layers.GlobalPool{}, nil},
		row{"fc", &layers.Linear{Out: 5}, nil})
	var names []string
	for _, p := range net.Params() {
		names = append(names, p.Full)
	}
	want := []string{"conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "fc.weight", "fc.bias"}
	if !slices.Equal(names, want) {
		t.Errorf("parameters are %v, expected %v", names, want)
	}
	c := net.Count()
	if params, macs := int64(2*9*3+3+3+3+15+5), int64(2*9*3*16+15); c.Params != params || c.MACs != macs {
		t.Errorf("%d parameters and %d MACs, expected %d and %d", c.Params, c.MACs, params, macs)
	}
	if c.NonZero != c.Params-3 { // β starts at 0
		t.Errorf("%d of %d parameters are not 0", c.NonZero, c.Params)
	}
	consumers := net.Consumers()
	if !slices.Equal(consumers[0], []int{1, 2}) || !slices.Equal(consumers[5], []int{0}) || consumers[4] != nil {
		t.Errorf("consumers are %v", consumers)
	}
	if _, ok := net.Lookup(nn.InputName); ok {
		t.Error("the input is not a node")
	}
	if n, ok := net.Lookup("fc"); !ok || n != net.Output() {
		t.Error("lookup of the last layer is not the output")
	}
}

// TestPlacement: pixels go in channels last and come out channels last.
func TestPlacement(t *testing.T) {
	net := network(t, nn.Shape{2, 1, 3}, 1, row{"select", &layers.Select{Index: []int{1}}, nil})
	p := compile(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: 2})
	for i := range p.X {
		p.X[i] = float32(i)
	}
	p.Run()
	if want := []float32{1, 3, 5, 7, 9, 11}; !slices.Equal(p.Output(), want) {
		t.Errorf("channel 1 is %v, expected %v", p.Output(), want)
	}
}
