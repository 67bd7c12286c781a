package nn_test

import (
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/parallel"
	"pare/layers"
	"pare/nn"
)

func TestRunAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	p := train(t, convNet(t, 1), 4)
	p.Run()
	if n := testing.AllocsPerRun(5, p.Run); n != 0 {
		t.Errorf("a training run allocates %g times", n)
	}
}

// trained runs three steps of gradient descent and returns the losses, the last
// gradients and the parameters, running statistics included.
func trained(t *testing.T, threads int) []float32 {
	t.Helper()
	parallel.SetThreads(threads)
	defer parallel.SetThreads(0)
	net := convNet(t, 1)
	p := train(t, net, 16)
	var out []float32
	for range 3 {
		p.Run()
		out = append(out, float32(p.Loss()))
		for _, param := range net.Params() {
			for i, g := range p.Grad(param.Param) {
				param.Data()[i] -= 0.05 * g
			}
		}
	}
	for _, param := range net.Params() {
		out = append(append(out, p.Grad(param.Param)...), param.Data()...)
	}
	return append(out, p.Output()...)
}

func TestThreadsDoNotChangeResults(t *testing.T) {
	one := trained(t, 1)
	for _, threads := range []int{1, 2, 3} {
		if got := trained(t, threads); !slices.Equal(one, got) {
			t.Errorf("results with %d threads differ from those with 1", threads)
		}
	}
	for _, v := range one {
		if v-v != 0 {
			t.Fatal("training gave a value that is not finite")
		}
	}
}

func TestModesShareParameters(t *testing.T) {
	net := convNet(t, 1)
	p := train(t, net, 4)
	eval := compile(t, net, nn.CompileOptions{Mode: nn.Eval, Batch: 4, Loss: layers.CrossEntropy{}})
	infer := compile(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: 2})
	fillExamples(eval, 5)
	copy(infer.X, eval.X)
	eval.Run()
	before := slices.Clone(eval.Output())
	p.Run()
	eval.Run()
	if slices.Equal(before, eval.Output()) {
		t.Error("a training run moved the running statistics but evaluation did not see them")
	}
	before = slices.Clone(eval.Output())
	stats := slices.Clone(net.Params()[3].Data())
	for _, param := range net.Params() {
		for i, g := range p.Grad(param.Param) {
			param.Data()[i] -= 0.1 * g
		}
	}
	eval.Run()
	infer.Run()
	if slices.Equal(before, eval.Output()) {
		t.Error("evaluation does not see changed parameters")
	}
	// Kernels are chosen by the shape, so rounding may depend on the batch size.
	near(t, "inference, two of the four examples", infer.Output(), eval.Output()[:10])
	if !slices.Equal(stats, net.Params()[3].Data()) {
		t.Error("evaluation changed running statistics")
	}
	if eval.Loss() == 0 || infer.Loss() != 0 || infer.Target != nil {
		t.Error("evaluation has a loss, inference has neither loss nor targets")
	}
	if eval.Grad(net.Params()[0].Param) != nil {
		t.Error("evaluation has gradients")
	}
}

func TestUnusedParametersHaveNoGradient(t *testing.T) {
	net := network(t, nn.Shape{4}, 1,
		row{"used", &layers.Linear{Out: 3}, nil},
		row{"unused", &layers.Linear{Out: 3}, []string{"input"}},
		row{"cut", &layers.Linear{Out: 3}, []string{"input"}},
		row{"constant", &layers.Constant{Shape: []int{3}}, nil},
		row{"sum", &layers.Add{}, []string{"used", "constant"}})
	p := train(t, net, 2)
	p.Run()
	for _, param := range net.Params() {
		want := param.Node.Name == "used" || param.Node.Name == "constant"
		if got := p.Grad(param.Param) != nil; got != want {
			t.Errorf("%s has a gradient: %t, expected %t", param.Full, got, want)
		}
	}
}

// TestNothingToTrain: a network without a parameter compiles for training.
func TestNothingToTrain(t *testing.T) {
	net := network(t, nn.Shape{4}, 1, row{"relu", layers.ReLU(), nil})
	p := train(t, net, 2)
	p.Run()
	if !(p.Loss() > 0) {
		t.Errorf("loss is %g", p.Loss())
	}
}

// TestSameValueTwice: a layer may read one value as several of its inputs.
func TestSameValueTwice(t *testing.T) {
	for name, l := range map[string]nn.Layer{"sum": &layers.Add{}, "concat": &layers.Concat{}} {
		net := network(t, nn.Shape{3}, 1,
			row{"fc", &layers.Linear{Out: 4}, nil},
			row{name, l, []string{"fc", "fc", "fc"}})
		p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: 1, Loss: total{}})
		p.Run()
		for i, g := range p.Grad(net.Params()[1].Param) {
			if g != 3 {
				t.Errorf("%s: bias gradient %d is %g, expected 3", name, i, g)
			}
		}
	}
}

// total is the loss Σ y.
type total struct{}

func (total) Build(_ *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	shape := output.Shape().Clone()
	grad := func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: "total/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
			for i := range dst {
				dst[i] = in[0][0]
			}
		}}, dy)
	}
	return nn.Apply(nn.Op{Name: "total", Grad: []nn.GradFunc{grad, nil}, Run: func(dst []float32, in [][]float32) {
		dst[0] = 0
		for _, v := range in[0] {
			dst[0] += v
		}
	}}, output, target)
}

// square is the penalty ½·Σ w² on one layer's weight, as a loss term.
type square struct{ layer string }

func (s square) Name() string { return "square" }

func (s square) Build(b *nn.Builder, net *nn.Network) (*gorgonia.Node, error) {
	node, _ := net.Lookup(s.layer)
	w := node.Layer.Params()[0]
	grad := func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: "square/dx", Shape: w.Shape(), Run: func(dst []float32, in [][]float32) {
			for i, v := range in[0] {
				dst[i] = v * in[1][0]
			}
		}}, in[0], dy)
	}
	return nn.Apply(nn.Op{Name: "square", Grad: []nn.GradFunc{grad}, Run: func(dst []float32, in [][]float32) {
		dst[0] = 0
		for _, v := range in[0] {
			dst[0] += v * v / 2
		}
	}}, b.Param(w))
}

func TestTermsAddToTheGradient(t *testing.T) {
	net := network(t, nn.Shape{4}, 1, row{"a", &layers.Linear{Out: 3}, nil}, row{"b", &layers.Linear{Out: 2}, nil})
	plain := train(t, net, 2)
	terms := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: 2, Loss: layers.CrossEntropy{},
		Terms: []nn.Term{square{"a"}, square{"b"}}})
	fillExamples(terms, 2)
	plain.Run()
	terms.Run()
	if plain.Loss() != terms.Loss() {
		t.Errorf("loss %g with terms, %g without; terms are counted apart", terms.Loss(), plain.Loss())
	}
	for i, name := range []string{"a", "b"} {
		node, _ := net.Lookup(name)
		w, want := node.Layer.Params()[0], 0.0
		for j, v := range w.Data() {
			want += float64(v) * float64(v) / 2
			if d := terms.Grad(w)[j] - plain.Grad(w)[j] - v; math.Abs(float64(d)) > 1e-6 {
				t.Errorf("%s: the term adds a wrong gradient at %d: off by %g", name, j, d)
			}
		}
		if math.Abs(terms.TermValue(i)-want) > 1e-5 {
			t.Errorf("term %s is %g, expected %g", name, terms.TermValue(i), want)
		}
	}
}

func TestFirstNonFinite(t *testing.T) {
	net := convNet(t, 1)
	p := train(t, net, 2)
	if name := p.FirstNonFinite(); name != "" {
		t.Errorf("%s is said to be not finite", name)
	}
	node, _ := net.Lookup("fc1")
	node.Layer.Params()[0].Data()[0] = float32(math.Inf(1))
	if name := p.FirstNonFinite(); len(name) < 6 || name[:6] != "linear" {
		t.Errorf("the first operation that is not finite is %q, expected the linear one", name)
	}
}
