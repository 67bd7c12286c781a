package infer_test

import (
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"pare/infer"
	"pare/internal/kernel/sparse"
	"pare/layers"
	"pare/nn"
)

// sparsify zeros a share of the weights, and moves the biases of a network so that behind
// ReLUs few units are active, or none, or all.
func sparsify(net *nn.Network, weights float64, bias float32, rng *rand.Rand) {
	for _, p := range net.Params() {
		for i := range p.Data() {
			switch {
			case p.Role == nn.RoleBias:
				p.Data()[i] += bias
			case p.Role == nn.RoleWeight && rng.Float64() < weights:
				p.Data()[i] = 0
			}
		}
	}
}

// skipping are networks, one for each kernel that skips zeros.
var skipping = []struct {
	name   string
	input  nn.Shape
	layers func() []nn.Layer
}{
	{"ffn", nn.Shape{256, 1}, func() []nn.Layer {
		return []nn.Layer{&layers.Linear{Out: 1024}, layers.ReLU(), &layers.Linear{Out: 256}}
	}},
	{"mlp", nn.Shape{784}, func() []nn.Layer {
		return []nn.Layer{&layers.Linear{Out: 1024}, layers.ReLU(), &layers.Linear{Out: 1024}, layers.ReLU(), &layers.Linear{Out: 10}}
	}},
	{"conv", nn.Shape{64, 14, 14}, func() []nn.Layer {
		conv := func() nn.Layer { return &layers.Conv{Out: 64, Kernel: layers.Square(3), Pad: layers.Around(1)} }
		return []nn.Layer{conv(), layers.ReLU(), conv(), layers.ReLU(), conv(), layers.ReLU(), conv()}
	}},
	{"rnn", nn.Shape{64, 28}, func() []nn.Layer {
		rnn := func() nn.Layer { return &layers.RNN{Hidden: 128, Nonlinearity: "relu"} }
		return []nn.Layer{rnn(), rnn()}
	}},
}

// activate makes a share of all units active, by their biases.
func activate(net *nn.Network, share float64, rng *rand.Rand) {
	for _, p := range net.Params() {
		if p.Role != nn.RoleBias {
			continue
		}
		for i := range p.Data() {
			p.Data()[i] = 40
			if rng.Float64() > share {
				p.Data()[i] = -40000
			}
		}
	}
}

// drawSparse draws a network in which all kinds of layers read zeros.
func drawSparse(t *rapid.T, rng *rand.Rand) *nn.Network {
	size := func(what string, least, most int) int { return rapid.IntRange(least, most).Draw(t, what) }
	activation := func() nn.Layer {
		if rapid.Bool().Draw(t, "threshold") {
			return &layers.FATReLU{Threshold: 1e-3}
		}
		return layers.ReLU()
	}
	var shape nn.Shape
	kind := rapid.SampledFrom([]string{"chain", "gated", "images", "recurrent"}).Draw(t, "kind")
	switch kind {
	case "images":
		shape = nn.Shape{size("channels", 1, 40), size("height", 3, 8), size("width", 3, 8)}
	default:
		shape = nn.Shape{size("features", 20, 70), size("positions", 1, 9)}
	}
	net, err := nn.New(kind, shape, rng)
	if err != nil {
		t.Fatal(err)
	}
	add := func(name string, l nn.Layer, inputs ...string) {
		if err := net.Add(name, l, inputs...); err != nil {
			t.Fatal(err)
		}
	}
	bare := rapid.Bool().Draw(t, "no bias")
	linear := func(what string) nn.Layer { return &layers.Linear{Out: size(what, 20, 300), NoBias: bare} }
	switch kind {
	case "chain":
		add("a", linear("a"))
		add("act", activation())
		add("b", linear("b"))
		add("act2", activation())
		add("c", &layers.Linear{Out: shape[0]})
		if rapid.Bool().Draw(t, "sum") {
			add("sum", &layers.Add{}, "c", "input")
			add("relu", layers.ReLU())
		}
	case "gated":
		hidden := size("hidden", 20, 300)
		add("gate", &layers.Linear{Out: hidden, NoBias: bare})
		add("act", activation())
		add("up", &layers.Linear{Out: hidden}, "input")
		if rapid.Bool().Draw(t, "gate first") {
			add("mul", &layers.Mul{}, "act", "up")
		} else {
			add("mul", &layers.Mul{}, "up", "act")
		}
		add("down", &layers.Linear{Out: shape[0], NoBias: bare})
		if rapid.Bool().Draw(t, "sum") {
			add("sum", &layers.Add{}, "input", "down")
		}
	case "images":
		add("act", activation())
		kernel := layers.Conv{Kernel: layers.Square(3), Pad: layers.Around(size("pad", 0, 1))}
		if rapid.Bool().Draw(t, "five columns") {
			kernel = layers.Conv{Kernel: layers.Square(5), Pad: layers.Around(2)}
		}
		add("conv", &layers.Conv{Out: size("a", 8, 70), Kernel: kernel.Kernel, Pad: kernel.Pad, NoBias: bare})
		add("act2", layers.ReLU())
		width := size("b", 8, 70)
		add("one", &layers.Conv{Out: width, Kernel: layers.Square(1)})
		add("act3", layers.ReLU())
		add("conv2", &layers.Conv{Out: width, Kernel: layers.Square(3), Pad: layers.Around(1), NoBias: bare})
		if rapid.Bool().Draw(t, "residual") {
			if rapid.Bool().Draw(t, "gate of the skip") {
				add("skip", &layers.Gate{PerChannel: rapid.Bool().Draw(t, "each channel")}, "act3")
				add("sum", &layers.Add{}, "conv2", "skip")
			} else {
				add("sum", &layers.Add{}, "conv2", "act3")
			}
			add("act4", layers.ReLU())
		}
	case "recurrent":
		add("act", activation())
		add("rnn", &layers.RNN{Hidden: size("units", 20, 70), Nonlinearity: "relu"})
		add("head", linear("head"))
	}
	return net
}

// TestZerosEqualDense: layers that skip the zeros of their inputs and weights give the outputs of
// the network compiled as it is, whatever the widths, the batch and the share of zeros.
func TestZerosEqualDense(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		net := drawSparse(t, rng)
		sparsify(net, rapid.SampledFrom([]float64{0, 0, 0.6, 0.9, 1}).Draw(t, "zero weights"),
			rapid.SampledFrom([]float32{-50, -0.5, -0.2, 0, 50}).Draw(t, "bias"), rng)
		p, err := infer.New(net, infer.Options{ChannelsLast: true, Zeros: rapid.SampledFrom([]infer.Zeros{0.3, 1}).Draw(t, "break-even")})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, rapid.SampledFrom([]int{2, 7, 33, 64}).Draw(t, "batch")} {
			x := examples(net, n, rng)
			out := make([]float32, n*net.Output().Shape.Size())
			if err := p.Predict(out, x, n); err != nil {
				t.Fatal(err)
			}
			if d := distance(out, plain(t, net, x)); !(d <= 1e-5) {
				t.Fatalf("%s, batch %d: outputs differ by %.2g", net.Name, n, d)
			}
		}
	})
}

// TestZerosOfCallers: callers at the same time get the outputs of a caller alone.
func TestZerosOfCallers(t *testing.T) {
	for _, c := range skipping {
		rng := rand.New(rand.NewPCG(1, 2))
		net := chain(t, c.input, rng, c.layers()...)
		activate(net, 0.1, rng)
		p := predictor(t, net, infer.Options{})
		x := examples(net, 1, rng)
		want := make([]float32, net.Output().Shape.Size())
		if err := p.Predict(want, x, 1); err != nil {
			t.Fatal(err)
		}
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(func() {
				out := make([]float32, len(want))
				for range 3 {
					if err := p.Predict(out, x, 1); err != nil || distance(out, want) != 0 {
						t.Errorf("%s: outputs differ: %v", c.name, err)
						return
					}
				}
			})
		}
		callers.Wait()
	}
}

// TestZerosWithoutAllocations: a warm predictor that skips zeros allocates nothing.
func TestZerosWithoutAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools drop items")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties pools
	for _, c := range skipping {
		rng := rand.New(rand.NewPCG(1, 2))
		net := chain(t, c.input, rng, c.layers()...)
		activate(net, 0.1, rng)
		p := predictor(t, net, infer.Options{Zeros: 0.5})
		for _, n := range []int{1, 33} {
			x, out := examples(net, n, rng), make([]float32, n*net.Output().Shape.Size())
			run := func() {
				if err := p.Predict(out, x, n); err != nil {
					t.Fatal(err)
				}
			}
			run()
			if a := allocations(run); a != 0 {
				t.Errorf("%s, batch %d: %g allocations", c.name, n, a)
			}
		}
	}
}

// TestCounting: a feed-forward layer counts the work of active units and says that it computes the
// layers before it, a linear layer behind it counts its own, and a dense program counts nothing.
func TestCounting(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	net, err := nn.New("counted", nn.Shape{64, 3}, rng)
	if err != nil {
		t.Fatal(err)
	}
	first := &layers.Linear{Out: 80}
	for _, l := range []struct {
		name   string
		layer  nn.Layer
		inputs []string
	}{{"gate", first, nil}, {"relu", layers.ReLU(), nil}, {"up", &layers.Linear{Out: 80}, []string{"input"}},
		{"mul", &layers.Mul{}, []string{"relu", "up"}}, {"down", &layers.Linear{Out: 64}, nil}, {"relu2", layers.ReLU(), nil}, {"head", &layers.Linear{Out: 20}, nil}} {
		if err := net.Add(l.name, l.layer, l.inputs...); err != nil {
			t.Fatal(err)
		}
	}
	for i := range first.Params()[1].Data() { // ten units are active
		first.Params()[1].Data()[i] = -1e4
		if i%8 == 0 {
			first.Params()[1].Data()[i] = 1e4
		}
	}
	const batch = 2
	x := examples(net, batch, rng)
	for zeros, want := range map[infer.Zeros]map[string]nn.LayerWork{
		1: {"gate": {MACs: batch * 3 * 64 * 80, Within: "down"}, "up": {MACs: batch * 3 * 64 * 10, Within: "down"},
			"down": {MACs: batch * 3 * 10 * 64}},
		infer.Dense: {},
	} {
		var work nn.Work
		p, err := predictor(t, net, infer.Options{Zeros: zeros}).CompileCounting(batch, &work)
		if err != nil {
			t.Fatal(err)
		}
		copy(p.X, x)
		p.Run()
		p.Run()
		for name, l := range want {
			got := work.Layers[name]
			if got == nil || got.MACs != 2*l.MACs || got.Within != l.Within {
				t.Errorf("zeros %g: %s has %+v, want twice %+v", zeros, name, got, l)
			}
		}
		head := work.Layers["head"]
		if zeros == infer.Dense && len(work.Layers) > 0 || zeros == 1 && (head == nil || head.MACs <= 0 || head.MACs > 2*batch*3*64*20) {
			t.Errorf("zeros %g: %d layers count, the head %+v", zeros, len(work.Layers), head)
		}
	}
}

// TestDenseRepeats: predictors that skip nothing give the same bits.
func TestDenseRepeats(t *testing.T) {
	net := network(t, "transformer", sequences, 3)
	x := examples(net, 5, rand.New(rand.NewPCG(4, 5)))
	first, second := make([]float32, 20), make([]float32, 20)
	for _, out := range [][]float32{first, second} {
		if err := predictor(t, net, infer.Options{Zeros: infer.Dense}).Predict(out, x, 5); err != nil {
			t.Fatal(err)
		}
	}
	if distance(first, second) != 0 {
		t.Error("outputs differ")
	}
}

// TestFeedForwardIsOne: a feed-forward layer, plain or with a gate, is one operation, with the sum
// behind it, unless it skips nothing or its hidden layer has another reader.
func TestFeedForwardIsOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct {
		gated, read bool
		zeros       infer.Zeros
		want        []string
	}{
		"plain":                          {zeros: 0.5, want: []string{"ffn"}},
		"gated":                          {zeros: 0.5, gated: true, want: []string{"ffn"}},
		"dense":                          {zeros: infer.Dense, want: []string{"linear", "linear"}},
		"gated, dense":                   {zeros: infer.Dense, gated: true, want: []string{"linear", "linear", "mul", "linear"}},
		"hidden layer with more readers": {zeros: 0.5, read: true, want: []string{"linear", "linear", "linear"}},
	} {
		net, err := nn.New(name, nn.Shape{64, 5}, rng)
		if err != nil {
			t.Fatal(err)
		}
		add := func(name string, l nn.Layer, inputs ...string) {
			if err := net.Add(name, l, inputs...); err != nil {
				t.Fatal(err)
			}
		}
		add("first", &layers.Linear{Out: 96})
		add("relu", layers.ReLU())
		if c.gated {
			add("up", &layers.Linear{Out: 96}, "input")
			add("mul", &layers.Mul{}, "relu", "up")
		}
		add("down", &layers.Linear{Out: 64})
		add("sum", &layers.Add{}, "input", "down")
		if c.read {
			add("other", &layers.Linear{Out: 64}, "relu")
			add("sum2", &layers.Add{}, "sum", "other")
		}
		program, err := predictor(t, net, infer.Options{Zeros: c.zeros}).Compile(2)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, op := range program.Operations() {
			got = append(got, strings.Fields(op)[0])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: operations %q, expected %q", name, got, c.want)
		}
	}
}

// TestFeedForwardByRows: where a feed-forward layer never skips for a number of rows it is built layer
// by layer for that number.
func TestFeedForwardByRows(t *testing.T) {
	net := chain(t, nn.Shape{64}, rand.New(rand.NewPCG(1, 2)), &layers.Linear{Out: 96}, layers.ReLU(), &layers.Linear{Out: 64})
	frozen := nn.Frozen{Zeros: &sparse.Calibration{Fixed: &sparse.BreakEven{Row: 0.5}}}
	for batch, want := range map[int]string{1: "ffn", 2: "linear linear"} {
		program, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: batch, Frozen: &frozen})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, op := range program.Operations() {
			got = append(got, strings.Fields(op)[0])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("batch %d: operations %q, expected %q", batch, got, want)
		}
	}
}
