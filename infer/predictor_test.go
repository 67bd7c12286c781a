package infer_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"pare/infer"
	"pare/layers"
	"pare/models"
	"pare/nn"
)

// images, sequences and texts are tasks that the models of the package are built for.
var (
	images    = models.Task{Input: nn.Shape{3, 16, 16}, Classes: 10}
	digits    = models.Task{Input: nn.Shape{1, 28, 28}, Classes: 10}
	sequences = models.Task{Input: nn.Shape{5, 12}, Classes: 4}
	texts     = models.Task{Input: nn.Shape{1, 17}, Classes: 11, Targets: 17, Vocabulary: 11, NextToken: true}
)

// systems are all kinds of models, each with the tasks that it fits.
var systems = []struct {
	model string
	tasks []models.Task
}{
	{"mlp", []models.Task{digits}}, {"lenet5", []models.Task{digits}}, {"cnn", []models.Task{images}}, {"inception", []models.Task{images}},
	{"resnet8", []models.Task{images}}, {"rnn", []models.Task{sequences, texts}}, {"lstm", []models.Task{sequences, texts}},
	{"gru", []models.Task{sequences, texts}}, {"transformer", []models.Task{sequences, texts}},
}

// network builds a model, with parameters that leave no layer at its initial values.
func network(t testing.TB, model string, task models.Task, seed uint64) *nn.Network {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	_, m, err := models.Preset(model)
	if err != nil {
		t.Fatal(err)
	}
	net, err := models.Build(m, task, rng)
	if err != nil {
		t.Fatal(err)
	}
	disturb(net, rng)
	return net
}

// disturb moves biases, scales and running statistics away from 0 and 1.
func disturb(net *nn.Network, rng *rand.Rand) {
	for _, p := range net.Params() {
		if p.Role == nn.RoleWeight {
			continue
		}
		for i := range p.Data() {
			p.Data()[i] += 0.2 * rng.Float32()
		}
	}
}

// examples draws n examples.
func examples(net *nn.Network, n int, rng *rand.Rand) []float32 {
	x := make([]float32, n*net.Input.Size())
	for i := range x {
		if net.Vocabulary > 0 {
			x[i] = float32(rng.IntN(net.Vocabulary))
		} else {
			x[i] = float32(rng.NormFloat64())
		}
	}
	return x
}

// fataler is a test, of rapid too.
type fataler interface {
	Helper()
	Fatal(...any)
}

// plain computes outputs by a program that reads the parameters at each run, without folding.
func plain(t fataler, net *nn.Network, x []float32) []float32 {
	t.Helper()
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: len(x) / net.Input.Size()})
	if err != nil {
		t.Fatal(err)
	}
	copy(p.X, x)
	p.Run()
	return p.Output()
}

func predictor(t fataler, net *nn.Network, o infer.Options) *infer.Predictor {
	t.Helper()
	p, err := infer.New(net, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// distance is the largest difference over the largest value, or over 1.
func distance(got, want []float32) float64 {
	most, d := 1.0, 0.0
	for i, v := range want {
		most = max(most, math.Abs(float64(v)))
		d = max(d, math.Abs(float64(v)-float64(got[i])))
	}
	return d / most
}

// TestPredictEqualsProgram: for every kind of model and batches of many sizes a predictor gives
// the outputs of the network compiled as it is.
func TestPredictEqualsProgram(t *testing.T) {
	for _, s := range systems {
		for i, task := range s.tasks {
			t.Run(fmt.Sprintf("%s/%d", s.model, i), func(t *testing.T) {
				net := network(t, s.model, task, 7)
				p := predictor(t, net, infer.Options{ChannelsLast: true})
				rng := rand.New(rand.NewPCG(2, 3))
				for _, n := range []int{1, 3, 17, 1, p.MaxBatch(), p.MaxBatch() + 3} {
					x := examples(net, n, rng)
					out := make([]float32, n*net.Output().Shape.Size())
					if err := p.Predict(out, x, n); err != nil {
						t.Fatal(err)
					}
					if d := distance(out, plain(t, net, x)); d > 1e-5 {
						t.Errorf("batch %d: outputs differ by %.2g", n, d)
					}
				}
			})
		}
	}
}

// TestSnapshot: the network stays as it is, and its later values have no effect.
func TestSnapshot(t *testing.T) {
	net := network(t, "resnet8", images, 3)
	before, err := net.Clone()
	if err != nil {
		t.Fatal(err)
	}
	p := predictor(t, net, infer.Options{})
	x := examples(net, 2, rand.New(rand.NewPCG(4, 5)))
	first, second := make([]float32, 20), make([]float32, 20)
	if err := p.Predict(first, x, 2); err != nil {
		t.Fatal(err)
	}
	for i, q := range net.Params() {
		if d := distance(q.Data(), before.Params()[i].Data()); d != 0 {
			t.Fatalf("%s changed", q.Full)
		}
		q.Fill(0.5)
	}
	if err := p.Predict(second, x, 2); err != nil {
		t.Fatal(err)
	}
	if distance(first, second) != 0 {
		t.Error("later values of the parameters changed the outputs")
	}
	if len(p.Network().Nodes) >= len(net.Nodes) {
		t.Errorf("%d layers of %d are left", len(p.Network().Nodes), len(net.Nodes))
	}
}

// TestSharesLayers: a predictor that shares layers leaves the network as it is and gives the same
// outputs.
func TestSharesLayers(t *testing.T) {
	for _, s := range systems {
		net := network(t, s.model, s.tasks[0], 3)
		before, err := net.Clone()
		if err != nil {
			t.Fatal(err)
		}
		x := examples(net, 2, rand.New(rand.NewPCG(4, 5)))
		out := make([][]float32, 2)
		for i, p := range []*infer.Predictor{
			predictor(t, net, infer.Options{Zeros: infer.Dense}), predictor(t, net, infer.Options{Zeros: infer.Dense, SharesLayers: true})} {
			out[i] = make([]float32, 2*net.Output().Shape.Size())
			if err := p.Predict(out[i], x, 2); err != nil {
				t.Fatal(err)
			}
		}
		if distance(out[0], out[1]) != 0 {
			t.Errorf("%s: outputs differ", s.model)
		}
		for i, p := range net.Params() {
			if p.Full != before.Params()[i].Full || distance(p.Data(), before.Params()[i].Data()) != 0 {
				t.Errorf("%s: %s changed", s.model, p.Full)
			}
		}
	}
}

// TestChannelsFirst: by default values are in the order of the shapes.
func TestChannelsFirst(t *testing.T) {
	net := network(t, "transformer", texts, 3)
	x := examples(net, 3, rand.New(rand.NewPCG(4, 5)))
	size, shape := net.Output().Shape.Size(), net.Output().Shape
	got, want := make([]float32, 3*size), plain(t, net, x)
	if err := predictor(t, net, infer.Options{}).Predict(got, x, 3); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		for c := range shape[0] {
			for at := range shape[1] {
				g, w := got[n*size+c*shape[1]+at], want[n*size+at*shape[0]+c]
				if math.Abs(float64(g-w)) > 1e-4 {
					t.Fatalf("example %d, class %d, position %d: %g, expected %g", n, c, at, g, w)
				}
			}
		}
	}
	image := network(t, "cnn", images, 3)
	x = examples(image, 2, rand.New(rand.NewPCG(4, 5)))
	turned := make([]float32, len(x))
	for n := range 2 {
		for c := range 3 {
			for at := range 256 {
				turned[n*768+c*256+at] = x[n*768+at*3+c]
			}
		}
	}
	out := make([]float32, 20)
	if err := predictor(t, image, infer.Options{}).Predict(out, turned, 2); err != nil {
		t.Fatal(err)
	}
	if d := distance(out, plain(t, image, x)); d > 1e-5 {
		t.Errorf("images: outputs differ by %.2g", d)
	}
}

// TestConcurrentCallers: callers of many batch sizes at once get the outputs that each would get
// alone.
func TestConcurrentCallers(t *testing.T) {
	for _, s := range []struct {
		model string
		task  models.Task
	}{{"resnet8", images}, {"lstm", texts}} {
		net := network(t, s.model, s.task, 9)
		p := predictor(t, net, infer.Options{ChannelsLast: true, Sessions: 3})
		sizes := []int{1, 2, 5, 13}
		var in, want [][]float32
		for i, n := range sizes {
			in = append(in, examples(net, n, rand.New(rand.NewPCG(uint64(i), 5))))
			want = append(want, make([]float32, n*net.Output().Shape.Size()))
			if err := p.Predict(want[i], in[i], n); err != nil {
				t.Fatal(err)
			}
		}
		var callers sync.WaitGroup
		for k := range 64 {
			callers.Go(func() {
				for round := range 3 {
					i := (k + round) % len(sizes)
					out := make([]float32, len(want[i]))
					if err := p.Predict(out, in[i], sizes[i]); err != nil {
						t.Error(err)
						return
					}
					if distance(out, want[i]) != 0 {
						t.Errorf("%s: caller %d has other outputs", s.model, k)
					}
				}
			})
		}
		callers.Wait()
	}
}

// TestNoAllocations: a warm predictor allocates nothing.
func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools drop items")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties pools
	for _, s := range systems {
		net := network(t, s.model, s.tasks[0], 9)
		p := predictor(t, net, infer.Options{})
		for _, n := range []int{1, 9} {
			x, out := examples(net, n, rand.New(rand.NewPCG(1, 5))), make([]float32, n*net.Output().Shape.Size())
			run := func() {
				if err := p.Predict(out, x, n); err != nil {
					t.Fatal(err)
				}
			}
			if a := allocations(run); a != 0 {
				t.Errorf("%s, batch %d: %g allocations", s.model, n, a)
			}
		}
	}
}

// allocations counts the allocations of a warm call.
func allocations(run func()) (n float64) {
	for range 5 { // a worker that takes part late makes its workspace then
		if n = testing.AllocsPerRun(5, run); n == 0 {
			break
		}
	}
	return n
}

// TestUndefinedInputs: a NaN reaches the outputs of its example, as it does in the network
// compiled as it is, and a token outside of the vocabulary makes outputs NaN.
func TestUndefinedInputs(t *testing.T) {
	for _, s := range systems {
		net := network(t, s.model, s.tasks[len(s.tasks)-1], 9)
		p := predictor(t, net, infer.Options{ChannelsLast: true})
		x := examples(net, 3, rand.New(rand.NewPCG(1, 5)))
		size, width := net.Input.Size(), net.Output().Shape.Size()
		x[size+size/2] = float32(math.NaN())
		if net.Vocabulary > 0 {
			x[size+size/2] = float32(net.Vocabulary)
		}
		out := make([]float32, 3*width)
		if err := p.Predict(out, x, 3); err != nil {
			t.Fatal(err)
		}
		undefined := func(v []float32) (n int) {
			for _, f := range v {
				if f != f {
					n++
				}
			}
			return n
		}
		want := plain(t, net, x)
		for n := range 3 {
			got, expected := undefined(out[n*width:][:width]), undefined(want[n*width:][:width])
			if n == 1 && got == 0 || got != expected {
				t.Errorf("%s, example %d: %d outputs are NaN, expected %d", s.model, n, got, expected)
			}
		}
	}
}

func TestBadCalls(t *testing.T) {
	net := network(t, "mlp", digits, 1)
	for _, c := range []struct {
		o    infer.Options
		want string
	}{
		{infer.Options{MaxBatch: -1}, "predictor: at most -1 examples at once; MaxBatch must not be negative"},
		{infer.Options{Sessions: -2}, "predictor: -2 sessions; Sessions must not be negative"},
		{infer.Options{Zeros: 1.5}, "predictor: Zeros is 1.5; it must be Measured, Dense, or a share above 0 and at most 1"},
		{infer.Options{Zeros: infer.Zeros(math.NaN())}, "predictor: Zeros is NaN; it must be Measured, Dense, or a share above 0 and at most 1"},
	} {
		if _, err := infer.New(net, c.o); err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v, expected %s", c.o, err, c.want)
		}
	}
	p := predictor(t, net, infer.Options{})
	for _, c := range []struct{ out, in, n int }{{10, 783, 1}, {9, 784, 1}, {10, 784, 2}, {0, 0, -1}} {
		err := p.Predict(make([]float32, c.out), make([]float32, c.in), c.n)
		want := fmt.Sprintf("predict: %d inputs and %d outputs for %d examples of 784 inputs and 10 outputs each", c.in, c.out, c.n)
		if err == nil || err.Error() != want {
			t.Errorf("%+v: %v, expected %s", c, err, want)
		}
	}
	if err := p.Predict(nil, nil, 0); err != nil {
		t.Errorf("no examples: %v", err)
	}
}

// chain is a network of layers one after another.
func chain(t testing.TB, input nn.Shape, rng *rand.Rand, list ...nn.Layer) *nn.Network {
	t.Helper()
	net, err := nn.New("chain", input, rng)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range list {
		if err := net.Add(fmt.Sprint(l.Kind(), i), l); err != nil {
			t.Fatal(err)
		}
	}
	disturb(net, rng)
	return net
}

// TestFold: scales behind weighted sums are folded into them, with and without a bias; outputs
// stay.
func TestFold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		bare := rapid.Bool().Draw(rt, "no bias")
		per := rapid.Bool().Draw(rt, "gate of each channel")
		var head nn.Layer
		input := nn.Shape{4, 6, 5}
		switch rapid.IntRange(0, 4).Draw(rt, "head") {
		case 0:
			head = &layers.Conv{Out: 6, Kernel: layers.Square(3), Pad: layers.Around(1), Groups: 2, NoBias: bare}
		case 1:
			head = &layers.Depthwise{Multiplier: 2, Kernel: layers.Square(3), NoBias: bare}
		case 2:
			head = &layers.ConvTranspose{Out: 6, Groups: 2, Kernel: layers.Square(3), Stride: layers.Square(2), NoBias: bare}
		case 3:
			head = &layers.Linear{Out: 7, NoBias: bare}
		case 4:
			head, input = &layers.Conv1d{Out: 5, NoBias: bare}, nn.Shape{4, 11}
		}
		net := chain(t, input, rng, head, &layers.BatchNorm{}, &layers.Gate{PerChannel: per}, layers.ReLU())
		folded, err := infer.Fold(net)
		if err != nil {
			rt.Fatal(err)
		}
		if len(folded.Nodes) != 2 {
			rt.Fatalf("%d layers are left", len(folded.Nodes))
		}
		x := examples(net, 3, rng)
		if d := distance(plain(t, folded, x), plain(t, net, x)); d > 1e-5 {
			rt.Errorf("outputs differ by %.2g", d)
		}
	})
}

// TestFoldLeaves: values that others read, tied parameters and the last layer in a network with
// layers that nothing reads stay.
func TestFoldLeaves(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	add := func(net *nn.Network, name string, l nn.Layer, inputs ...string) {
		t.Helper()
		if err := net.Add(name, l, inputs...); err != nil {
			t.Fatal(err)
		}
	}
	build := func(layout func(net *nn.Network)) *nn.Network {
		net, err := nn.New("net", nn.Shape{5}, rng)
		if err != nil {
			t.Fatal(err)
		}
		layout(net)
		return net
	}
	for what, net := range map[string]*nn.Network{
		"read twice": build(func(net *nn.Network) {
			add(net, "a", &layers.Linear{Out: 5}, "input")
			add(net, "gate", &layers.Gate{}, "a")
			add(net, "sum", &layers.Add{}, "a", "gate")
		}),
		"tied": build(func(net *nn.Network) {
			add(net, "a", &layers.Linear{Out: 5}, "input")
			add(net, "gate", &layers.Gate{}, "a")
			if err := net.AddTied("b", &layers.Linear{Out: 5}, "a", "gate"); err != nil {
				t.Fatal(err)
			}
		}),
		"of the input": build(func(net *nn.Network) {
			add(net, "gate", &layers.Gate{}, "input")
			add(net, "a", &layers.Linear{Out: 5}, "gate")
		}),
		"before a layer that nothing reads": build(func(net *nn.Network) {
			add(net, "a", &layers.Linear{Out: 5}, "input")
			add(net, "unread", &layers.Linear{Out: 3}, "input")
			add(net, "gate", &layers.Gate{}, "a")
		}),
	} {
		disturb(net, rng)
		folded, err := infer.Fold(net)
		if err != nil {
			t.Fatal(err)
		}
		if len(folded.Nodes) != len(net.Nodes) {
			t.Errorf("%s: %d layers of %d are left", what, len(folded.Nodes), len(net.Nodes))
		}
		x := examples(net, 2, rng)
		if d := distance(plain(t, folded, x), plain(t, net, x)); d != 0 {
			t.Errorf("%s: outputs differ by %.2g", what, d)
		}
	}
	over := chain(t, nn.Shape{4}, rng, &layers.Linear{Out: 3}, &layers.BatchNorm{})
	over.Params()[3].Data()[1] = float32(math.Inf(1)) // β
	folded, err := infer.Fold(over)
	if err != nil || len(folded.Nodes) != 2 {
		t.Errorf("an infinite shift was folded: %v", err)
	}
}

// TestFusedSum: a residual block of a folded network is its two convolutions.
func TestFusedSum(t *testing.T) {
	net := network(t, "resnet8", images, 3)
	program, err := predictor(t, net, infer.Options{}).Compile(2)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range program.Operations() {
		for _, gone := range []string{"batchnorm", "add", "relu", "gate"} {
			if strings.HasPrefix(op, gone+" ") {
				t.Errorf("the program has the operation %s", op)
			}
		}
	}
}
