package prune

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pare/layers"
	"pare/nn"
)

// generator draws a random network: chains, residual sums, concatenations,
// gates, depthwise, grouped and strided convolutions, pools, flattens and
// linear layers.
type generator struct {
	t   *rapid.T
	net *nn.Network
	n   int
}

func (g *generator) draw(what string, lo, hi int) int { return rapid.IntRange(lo, hi).Draw(g.t, what) }

func (g *generator) add(l nn.Layer, inputs ...string) string {
	g.n++
	name := fmt.Sprintf("%s%d", l.Kind(), g.n)
	if err := g.net.Add(name, l, inputs...); err != nil {
		g.t.Fatalf("add %s: %v", name, err)
	}
	return name
}

func (g *generator) shape(name string) nn.Shape {
	if n, ok := g.net.Lookup(name); ok {
		return n.Shape
	}
	return g.net.Input
}

var activations = []string{"relu", "sigmoid", "tanh", "gelu", "leaky_relu", "fatrelu", "relu6", "hardswish", "prelu", "clip"}

// activation draws a layer. A threshold is a jump, at which rounding may change a
// value by all of it, so those drawn are small.
func (g *generator) activation() nn.Layer {
	l, err := nn.Layers.New(activations[g.draw("act", 0, len(activations)-1)])
	if err != nil {
		g.t.Fatal(err)
	}
	if f, ok := l.(*layers.FATReLU); ok {
		f.Threshold = 1e-6 * float64(g.draw("threshold", 0, 1))
	}
	if p, ok := l.(*layers.PReLU); ok {
		p.PerChannel = g.draw("pc", 0, 1) == 1
	}
	if c, ok := l.(*layers.Clip); ok {
		lo, hi := -float64(g.draw("min", 0, 2)), float64(g.draw("max", 0, 2))
		c.Min, c.Max = &lo, &hi
	}
	return l
}

func (g *generator) unary(x string) string {
	s := g.shape(x)
	c, h := s[0], min(s[1], s[2])
	switch g.draw("layer", 0, 12) {
	case 11, 12:
		return g.add(g.norm(s), x)
	case 0, 1:
		pad := g.draw("pad", 0, 1)
		if h < 3 {
			pad = 1
		}
		return g.add(&layers.Conv{Out: g.draw("out", 1, 6), Kernel: layers.Square(3), Pad: layers.Around(pad),
			Stride: layers.Square(g.draw("stride", 1, 2)), NoBias: g.draw("nobias", 0, 1) == 1}, x)
	case 2:
		return g.add(&layers.Conv{Out: g.draw("out", 1, 6), Kernel: layers.Square(1), NoBias: true}, x)
	case 3:
		return g.add(&layers.Depthwise{Kernel: layers.Square(3), Pad: layers.Around(1), Multiplier: g.draw("mult", 1, 2),
			NoBias: g.draw("nobias", 0, 1) == 1}, x)
	case 4:
		if c%2 == 0 {
			return g.add(&layers.Conv{Out: 2 * g.draw("out", 1, 3), Kernel: layers.Square(3), Pad: layers.Around(1), Groups: 2}, x)
		}
		return x
	case 5, 6:
		return g.add(&layers.BatchNorm{}, x)
	case 7:
		return g.add(g.activation(), x)
	case 8:
		return g.add(&layers.Gate{PerChannel: g.draw("pc", 0, 1) == 1}, x)
	case 9:
		if h < 4 {
			return x
		}
		if g.draw("avg", 0, 1) == 1 {
			return g.add(&layers.AvgPool{Window: layers.Window{Kernel: layers.Square(3), Stride: layers.Square(2), Pad: layers.Around(1)}}, x)
		}
		return g.add(&layers.MaxPool{}, x)
	default:
		return g.add(&layers.Dropout{P: 0.3}, x)
	}
}

// same returns a path from x that keeps the shape.
func (g *generator) same(x string) string {
	s := g.shape(x)
	y := x
	if g.draw("depth", 0, 1) == 1 {
		y = g.add(&layers.Conv{Out: g.draw("mid", 1, 5), Kernel: layers.Square(3), Pad: layers.Around(1)}, y)
		y = g.add(&layers.BatchNorm{}, y)
		y = g.add(layers.ReLU(), y)
	}
	y = g.add(&layers.Conv{Out: s[0], Kernel: layers.Square(3), Pad: layers.Around(1), NoBias: true}, y)
	y = g.add(&layers.BatchNorm{}, y)
	return g.add(&layers.Gate{PerChannel: g.draw("pc", 0, 1) == 1}, y)
}

// excite multiplies the channels of x by factors made of their means.
func (g *generator) excite(x string) string {
	c := g.shape(x)[0]
	y := x
	hidden := func(l nn.Layer, pixel nn.Layer, keep bool) nn.Layer {
		if keep {
			return pixel
		}
		return l
	}
	keep := g.draw("keep", 0, 1) == 1
	y = g.add(&layers.GlobalPool{KeepDims: keep}, y)
	n := g.draw("hidden", 1, 4)
	y = g.add(hidden(&layers.Linear{Out: n}, &layers.Conv{Out: n, Kernel: layers.Square(1)}, keep), y)
	y = g.add(g.activation(), y)
	y = g.add(hidden(&layers.Linear{Out: c}, &layers.Conv{Out: c, Kernel: layers.Square(1), NoBias: true}, keep), y)
	y = g.add(g.activation(), y)
	if g.draw("order", 0, 1) == 1 {
		return g.add(&layers.Mul{}, y, x)
	}
	return g.add(&layers.Mul{}, x, y)
}

func randomNetwork(t *rapid.T) *nn.Network {
	g := &generator{t: t}
	side := g.draw("side", 4, 8)
	seed := uint64(g.draw("seed", 0, 1<<20))
	rng := rand.New(rand.NewPCG(seed, 7))
	var err error
	if g.net, err = nn.New("random", nn.Shape{g.draw("channels", 1, 3), side, side}, rng); err != nil {
		t.Fatal(err)
	}
	x := g.add(&layers.Conv{Out: g.draw("out", 1, 6), Kernel: layers.Square(3), Pad: layers.Around(1)}, nn.InputName)
	for range g.draw("length", 1, 6) {
		switch g.draw("block", 0, 6) {
		case 0:
			skip := x
			if g.draw("gated", 0, 1) == 1 {
				skip = g.add(&layers.Gate{}, x)
			}
			x = g.add(&layers.Add{}, skip, g.same(x))
			x = g.add(layers.ReLU(), x)
		case 6:
			x = g.excite(x)
		case 1:
			x = g.add(&layers.Concat{}, g.same(x), g.add(layers.ReLU(), x), g.same(x))
		default:
			x = g.unary(x)
		}
	}
	if g.draw("head", 0, 1) == 1 {
		x = g.add(&layers.Flatten{}, x)
	} else {
		x = g.add(&layers.GlobalPool{}, x)
	}
	for range g.draw("fcs", 0, 2) {
		x = g.add(&layers.Linear{Out: g.draw("hidden", 1, 8), NoBias: g.draw("nobias", 0, 1) == 1}, x)
		x = g.add(layers.ReLU(), x)
	}
	g.add(&layers.Linear{Out: 3}, x)
	randomise(t, g.net, rng)
	return g.net
}

// randomise gives normalisations statistics of their own and zeroes random
// slices of random parameters along random axes.
func randomise(t *rapid.T, net *nn.Network, rng *rand.Rand) {
	rate := rapid.SampledFrom([]float64{0, 0.2, 0.5, 0.8, 1}).Draw(t, "rate")
	for _, p := range net.Params() {
		d := p.Data()
		switch {
		case p.Name == "running_var":
			for i := range d {
				d[i] = 0.5 + rng.Float32()
			}
		case p.Role != nn.RoleWeight:
			for i := range d {
				d[i] = float32(rng.NormFloat64())
			}
		}
		if p.Role == nn.RoleBuffer || rng.Float64() > rate || isMean(p) {
			continue
		}
		axis := rng.IntN(len(p.Axes))
		n, stride := p.AxisLen(axis)
		for k := range n {
			if rng.Float64() > rate {
				continue
			}
			for i := range d {
				if i/stride%n == k {
					d[i] = 0
				}
			}
		}
	}
}

// isMean reports whether a parameter is the mean of a layer's output over the positions. With a
// mean of 0, a pool over the positions would leave rounding errors and nothing else, and no two
// networks agree in these.
func isMean(p nn.NamedParam) bool {
	switch l := p.Node.Layer.(type) {
	case *layers.InstanceNorm:
		return p.Name == "bias"
	case *layers.GroupNorm:
		return p.Name == "bias" && l.Width == 1
	}
	return false
}

// TestPruneProperty: whatever is zeroed, the pruned network computes the same
// and nothing prunable is left in it.
func TestPruneProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkPrune(t, randomNetwork(t)) })
}

func checkPrune(t *rapid.T, net *nn.Network) {
	before := values(net)
	left, err := Remaining(net)
	if err != nil || !slices.Equal(values(net), before) {
		t.Fatalf("counting what would be left: %v, or it changed the network %s", err, kinds(net))
	}
	small, report, err := Prune(net, Options{Random: 8})
	if err != nil {
		t.Fatalf("prune: %v\nbefore %v\nafter  %v", err, kinds(net), kinds(small))
	}
	if left != report.After {
		t.Fatalf("%+v would be left, %+v is", left, report.After)
	}
	if report.After.Params > report.Before.Params+int64(len(net.Nodes))*8 || report.After.MACs > report.Before.MACs {
		t.Fatalf("the network grew: %+v to %+v", report.Before, report.After)
	}
	again, second, err := Prune(small, Options{Random: 4})
	if err != nil {
		t.Fatalf("second prune: %v", err)
	}
	if second.After != second.Before || kinds(again) != kinds(small) {
		t.Fatalf("a second pass changed the network:\n%s %+v\n%s %+v", kinds(small), second.Before, kinds(again), second.After)
	}
}

// values are all values of all parameters.
func values(net *nn.Network) (out []float32) {
	for _, p := range net.Params() {
		out = append(out, p.Data()...)
	}
	return out
}

func kinds(net *nn.Network) string {
	out := ""
	for _, n := range net.Nodes {
		out += fmt.Sprintf("%s(%s) ", n.Layer.Kind(), n.Shape)
	}
	return out
}
