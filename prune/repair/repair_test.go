package repair

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pare/layers"
	"pare/nn"
	"pare/prune"
	"pare/prune/importance"
)

// fataler is a test of either package.
type fataler interface{ Fatal(args ...any) }

// network builds layers, each with the names of its inputs; none: the layer before.
type network struct {
	t   fataler
	net *nn.Network
}

func newNetwork(t fataler, input nn.Shape, seed uint64) *network {
	net, err := nn.New("test", input, rand.New(rand.NewPCG(seed, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return &network{t, net}
}

func (n *network) add(name string, l nn.Layer, inputs ...string) *network {
	if err := n.net.Add(name, l, inputs...); err != nil {
		n.t.Fatal(err)
	}
	return n
}

func clone(t fataler, net *nn.Network) *nn.Network {
	c, err := net.Clone()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func param(net *nn.Network, name string) *nn.Param {
	for _, p := range net.Params() {
		if p.Full == name {
			return p.Param
		}
	}
	panic(name)
}

// zeroUnit makes a unit of a layer 0.
func zeroUnit(net *nn.Network, layer string, unit int) {
	node, _ := net.Lookup(layer)
	for _, p := range node.Layer.Params() {
		axis := p.FindAxis(nn.AxisOut)
		n, stride := p.AxisLen(axis)
		for i := range p.Data() {
			if i/stride%n == unit {
				p.Data()[i] = 0
			}
		}
	}
}

func normal(seed uint64, n int) []float32 {
	rng := rand.New(rand.NewPCG(seed, 2))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

func outputs(t fataler, net *nn.Network, x []float32) []float32 {
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: len(x) / net.Input.Size()})
	if err != nil {
		t.Fatal(err)
	}
	copy(p.X, x)
	p.Run()
	return p.Output()
}

// distance is the largest difference as a share of the largest value of want.
func distance(got, want []float32) float64 {
	most, size := 0.0, 0.0
	for i, w := range want {
		most, size = max(most, math.Abs(float64(got[i])-float64(w))), max(size, math.Abs(float64(w)))
	}
	return most / size
}

func values(net *nn.Network) (all []float32) {
	for _, p := range net.Params() {
		all = append(all, p.Data()...)
	}
	return all
}

// The weights and the errors are NumPy's (testdata/golden.py).
func TestGolden(t *testing.T) {
	var g struct {
		Ridge, Before, After float64
		Gone                 []int
		X, A, B, Fitted      []float32
		ABias                []float32 `json:"a_bias"`
		BBias                []float32 `json:"b_bias"`
		FittedBias           []float32 `json:"fitted_bias"`
	}
	data, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	net := newNetwork(t, nn.Shape{2, 6, 6}, 1).add("a", &layers.Conv{Out: 5, Pad: layers.Around(1)}).add("relu", layers.ReLU()).
		add("b", &layers.Conv{Out: 3, Pad: layers.Around(1), Stride: layers.Square(2)}).net
	for name, v := range map[string][]float32{"a.weight": g.A, "a.bias": g.ABias, "b.weight": g.B, "b.bias": g.BBias} {
		p := param(net, name)
		if err := p.Import(p.ExportShape(), v); err != nil {
			t.Fatal(err)
		}
	}
	small := clone(t, net)
	for _, u := range g.Gone {
		zeroUnit(small, "a", u)
	}
	x := make([]float32, len(g.X)) // channels last
	for i, v := range g.X {
		x[i/72*72+i%36*2+i/36%2] = v
	}
	fits, err := Reconstruct(context.Background(), net, small, Options{Inputs: x, Ridge: g.Ridge})
	if err != nil {
		t.Fatal(err)
	}
	if len(fits) != 1 || fits[0].Layer != "b" || fits[0].Rows != 45 ||
		math.Abs(fits[0].Before-g.Before) > 1e-5 || math.Abs(fits[0].After-g.After) > 1e-5 {
		t.Errorf("fits are %+v, want errors %g and %g", fits, g.Before, g.After)
	}
	if d := distance(param(small, "b.weight").Export(), g.Fitted); d > 1e-5 {
		t.Errorf("weights differ by %g", d)
	}
	if d := distance(param(small, "b.bias").Data(), g.FittedBias); d > 1e-5 {
		t.Errorf("the bias differs by %g", d)
	}
}

func tanh(t fataler) nn.Layer {
	l, err := nn.Layers.New("tanh")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// residual is a network with every kind of layer that a repair sees through or fits.
func residual(t fataler, seed uint64) *nn.Network {
	return newNetwork(t, nn.Shape{3, 8, 8}, seed).
		add("stem", &layers.Conv{Out: 6, Pad: layers.Around(1), NoBias: true}).add("bn0", &layers.BatchNorm{}).add("relu0", layers.ReLU()).
		add("conv1", &layers.Conv{Out: 8, Pad: layers.Around(1), NoBias: true}).add("bn1", &layers.BatchNorm{}).add("relu1", layers.ReLU()).
		add("dw", &layers.Depthwise{Pad: layers.Around(1)}).add("conv2", &layers.Conv{Out: 6, Kernel: layers.Square(1), NoBias: true}).
		add("bn2", &layers.BatchNorm{}).add("gate", &layers.Gate{}).add("sum", &layers.Add{}, "gate", "relu0").
		add("relu2", layers.ReLU()).add("pool", &layers.MaxPool{}).
		add("grouped", &layers.Conv{Out: 8, Groups: 2, Stride: layers.Square(2), Pad: layers.Around(1)}).add("tanh", tanh(t)).
		add("flatten", &layers.Flatten{}).add("fc1", &layers.Linear{Out: 10}).add("relu3", layers.ReLU()).
		add("fc2", &layers.Linear{Out: 4}).net
}

// Where nothing is removed nothing changes, not even a bit.
func TestNothingRemoved(t *testing.T) {
	net := residual(t, 1)
	small := clone(t, net)
	fits, err := Reconstruct(context.Background(), net, small, Options{Inputs: normal(1, 40*net.Input.Size())})
	if err != nil || fits != nil || !slices.Equal(values(net), values(small)) {
		t.Errorf("%d layers changed: %v", len(fits), err)
	}
}

// A removed unit that is a linear combination of others costs nothing after the repair.
func TestExactCombination(t *testing.T) {
	combine := func(p *nn.Param, shift bool) { // unit 3 is 2·unit 0 − unit 1
		n := p.Shape()[len(p.Shape())-1]
		for i := 0; i < p.Size(); i += n {
			p.Data()[i+3] = 2*p.Data()[i] - p.Data()[i+1]
			if shift {
				p.Data()[i+3] += 0.5
			}
		}
	}
	for name, net := range map[string]*nn.Network{
		"conv": newNetwork(t, nn.Shape{2, 7, 7}, 3).add("a", &layers.Conv{Out: 5, Pad: layers.Around(1)}).
			add("b", &layers.Conv{Out: 4, Stride: layers.Square(2)}).add("relu", layers.ReLU()).add("c", &layers.Conv{Out: 3, Kernel: layers.Square(1)}).net,
		"linear": newNetwork(t, nn.Shape{6}, 4).add("a", &layers.Linear{Out: 5}).add("b", &layers.Linear{Out: 4}).
			add("relu", layers.ReLU()).add("c", &layers.Linear{Out: 3}).net,
		"sequence": newNetwork(t, nn.Shape{6, 3}, 5).add("a", &layers.Linear{Out: 5}).add("b", &layers.Linear{Out: 4}).net,
		"into a normalisation": newNetwork(t, nn.Shape{2, 7, 7}, 6).add("a", &layers.Conv{Out: 5}).
			add("b", &layers.Conv{Out: 4, NoBias: true}).add("bn", &layers.BatchNorm{}).add("c", &layers.Conv{Out: 3}).net,
	} {
		combine(param(net, "a.weight"), false)
		combine(param(net, "a.bias"), true)
		small := clone(t, net)
		zeroUnit(small, "a", 3)
		x := normal(7, 200*net.Input.Size())
		if d := distance(outputs(t, small, x), outputs(t, net, x)); d < 0.01 {
			t.Errorf("%s: the unit is worth %g", name, d)
		}
		fits, err := Reconstruct(context.Background(), net, small, Options{Inputs: x, Ridge: 1e-10})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if fits[0].After > 1e-9 {
			t.Errorf("%s: fits are %+v", name, fits)
		}
		if name == "into a normalisation" { // whose statistics were measured
			continue
		}
		fresh := normal(8, 50*net.Input.Size())
		if d := distance(outputs(t, small, fresh), outputs(t, net, fresh)); d > 1e-5 {
			t.Errorf("%s: outputs differ by %g after the repair", name, d)
		}
	}
}

// On random networks with random units removed: the error of no fit grows, zeros stay zeros, the
// removal is exact, and the same options give the same bits.
func TestRandomNetworks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64Range(0, 1<<20).Draw(t, "seed")
		net := residual(t, seed)
		rng := rand.New(rand.NewPCG(seed, 9))
		for _, p := range net.Params() { // running statistics of a trained network
			for i := range p.Data() {
				if p.Role == nn.RoleScale || p.Name == "running_var" {
					p.Data()[i] = 0.5 + rng.Float32()
				} else if p.Role == nn.RoleShift || p.Name == "running_mean" {
					p.Data()[i] = rng.Float32() - 0.5
				}
			}
		}
		small := clone(t, net)
		share := rapid.Float64Range(0.3, 0.9).Draw(t, "share")
		if err := (prune.Selection{Importance: importance.Random{}, MACs: share, Seed: seed}).Zero(small); err != nil {
			t.Skip(err)
		}
		zeroed := clone(t, small)
		o := Options{Inputs: normal(seed, 37*net.Input.Size()), Seed: seed}
		fits, err := Reconstruct(context.Background(), net, small, o)
		if err != nil {
			t.Fatal(err)
		}
		if len(fits) == 0 && prune.Compare(net, small).After.NonZero != net.Count().NonZero {
			t.Error("no layer was fitted")
		}
		for _, f := range fits {
			if !(f.After <= f.Before*(1+1e-9)) || math.IsNaN(f.Before) {
				t.Errorf("the error grows: %+v", f)
			}
		}
		if a, b := small.Count().NonZero, zeroed.Count().NonZero; a != b {
			t.Errorf("%d values are not 0 before, %d after", b, a)
		}
		if _, _, err := prune.Prune(small, prune.Options{Seed: seed}); err != nil {
			t.Error(err)
		}
		if seed%4 != 0 { // once in a while is enough
			return
		}
		if _, err := Reconstruct(context.Background(), net, zeroed, o); err != nil || !slices.Equal(values(small), values(zeroed)) {
			t.Errorf("another repair differs: %v", err)
		}
	})
}

// Single weights that are 0 stay 0, and the others make up for them.
func TestSingleWeights(t *testing.T) {
	net := newNetwork(t, nn.Shape{12}, 2).add("a", &layers.Linear{Out: 9}).add("relu", layers.ReLU()).add("b", &layers.Linear{Out: 4}).net
	small := clone(t, net)
	gone := param(small, "a.weight").Data()
	for i := range gone {
		if i%3 == 0 {
			gone[i] = 0
		}
	}
	b := param(small, "b.weight").Data()
	for i := range b {
		if i%4 == 1 {
			b[i] = 0
		}
	}
	before := small.Count().NonZero
	fits, err := Reconstruct(context.Background(), net, small, Options{Inputs: normal(3, 400*12)})
	if err != nil {
		t.Fatal(err)
	}
	if len(fits) != 1 || fits[0].After > 0.9*fits[0].Before || small.Count().NonZero != before {
		t.Errorf("fits are %+v, %d values are not 0 of %d", fits, small.Count().NonZero, before)
	}
}

func TestRefuses(t *testing.T) {
	net, other := residual(t, 1), newNetwork(t, nn.Shape{3, 8, 8}, 1).add("a", &layers.Conv{Out: 6}).net
	x := normal(1, net.Input.Size())
	for want, c := range map[string]struct {
		dense *nn.Network
		o     Options
	}{
		"do not have the same layers":          {other, Options{Inputs: x}},
		"0 input values are not examples":      {net, Options{}},
		"5 input values are not examples":      {net, Options{Inputs: x[:5]}},
		"ridge is -1, it must not be negative": {net, Options{Inputs: x, Ridge: -1}},
	} {
		if _, err := Reconstruct(context.Background(), c.dense, clone(t, net), c.o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Reconstruct(ctx, net, clone(t, net), Options{Inputs: x}); err != context.Canceled {
		t.Errorf("the error is %v", err)
	}
}
