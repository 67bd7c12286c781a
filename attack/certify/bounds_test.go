package certify_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/attack"
	"pare/attack/certify"
	"pare/layers"
	"pare/nn"
)

// build makes a network from pairs of a layer and the names of its inputs, "" for the layer before.
func build(t testing.TB, input nn.Shape, seed uint64, add func(add func(name string, l nn.Layer, inputs ...string))) *nn.Network {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	net, err := nn.New("test", input, rng)
	if err != nil {
		t.Fatal(err)
	}
	add(func(name string, l nn.Layer, inputs ...string) {
		t.Helper()
		if err := net.Add(name, l, inputs...); err != nil {
			t.Fatal(err)
		}
	})
	for _, p := range net.Params() { // statistics, scales and biases that matter
		for i := range p.Data() {
			switch p.Role {
			case nn.RoleBuffer, nn.RoleScale, nn.RoleGate:
				p.Data()[i] = 0.3 + rng.Float32()
			case nn.RoleShift, nn.RoleBias, nn.RoleSlope:
				p.Data()[i] = rng.Float32() - 0.5
			}
		}
	}
	return net
}

func newLayer(t testing.TB, kind string) nn.Layer {
	t.Helper()
	l, err := nn.Layers.New(kind)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// networks are one of each kind of layer with bounds.
func networks(t testing.TB) map[string]*nn.Network {
	image := nn.Shape{2, 8, 8}
	out := map[string]*nn.Network{
		"mlp": build(t, nn.Shape{12}, 1, func(add func(string, nn.Layer, ...string)) {
			add("fc1", &layers.Linear{Out: 20})
			add("relu1", layers.ReLU())
			add("fc2", &layers.Linear{Out: 20})
			add("bn", &layers.BatchNorm{})
			add("relu2", layers.ReLU())
			add("drop", &layers.Dropout{P: 0.5})
			add("fc3", &layers.Linear{Out: 5})
		}),
		"cnn": build(t, image, 2, func(add func(string, nn.Layer, ...string)) {
			add("conv1", &layers.Conv{Out: 16, Kernel: layers.Square(3), Pad: layers.Around(1)})
			add("bn1", &layers.BatchNorm{})
			add("relu1", layers.ReLU())
			add("pool1", &layers.MaxPool{Window: layers.Window{Kernel: layers.Square(2)}})
			add("conv2", &layers.Conv{Out: 8, Kernel: layers.Square(3), Pad: layers.Around(1), NoBias: true})
			add("leaky", &layers.LeakyReLU{})
			add("pool2", &layers.AvgPool{Window: layers.Window{Kernel: layers.Square(3), Stride: layers.Square(2), Pad: layers.Around(1)}})
			add("flatten", &layers.Flatten{})
			add("fc", &layers.Linear{Out: 4})
		}),
		"branches": build(t, image, 3, func(add func(string, nn.Layer, ...string)) {
			add("a", &layers.Conv{Out: 4, Kernel: layers.Square(1)}, "input")
			add("ga", &layers.Gate{})
			add("b", &layers.Conv{Out: 4, Kernel: layers.Square(3), Pad: layers.Around(2), Dilation: layers.Square(2), Groups: 2}, "input")
			add("gb", &layers.Gate{PerChannel: true})
			add("sum", &layers.Add{Bias: true}, "ga", "gb")
			add("relu", layers.ReLU())
			add("join", &layers.Concat{}, "relu", "input")
			add("select", &layers.Select{Index: []int{5, 0, 2}})
			add("prelu", &layers.PReLU{PerChannel: true})
			add("down", &layers.Conv{Out: 6, Kernel: layers.Square(3), Stride: layers.Square(2)})
			add("fat", &layers.FATReLU{Threshold: 0.1})
			add("global", &layers.GlobalPool{})
			add("fc", &layers.Linear{Out: 3})
		}),
		"resized": build(t, image, 4, func(add func(string, nn.Layer, ...string)) {
			add("conv", &layers.Conv{Out: 8, Kernel: layers.Square(3)})
			add("relu6", newLayer(t, "relu6"))
			add("shuffle", &layers.PixelShuffle{Factor: 2})
			add("up", &layers.Upsample{Mode: "bilinear", Size: layers.Extent{H: 15, W: 14}})
			add("adaptive", &layers.AdaptiveAvgPool{Out: layers.Extent{H: 4, W: 3}})
			add("tokens", &layers.Tokens{})
			add("position", &layers.Position{})
			add("line", &layers.Conv1d{Out: 4, Kernel: 3})
			add("reverse", &layers.Reverse{})
			add("pool1d", &layers.MaxPool1d{Window1d: layers.Window1d{Kernel: 3, Stride: 2}})
			add("repeat", &layers.Repeat{From: []int{0, 0, 3}})
			add("last", &layers.Last{})
			add("fc", &layers.Linear{Out: 3})
		}),
	}
	for k, kind := range []string{"sigmoid", "tanh", "hardsigmoid", "gelu", "gelu_tanh", "silu", "hardswish", "mish", "elu", "softplus"} {
		out[kind] = build(t, nn.Shape{6}, 10+uint64(k), func(add func(string, nn.Layer, ...string)) {
			add("fc1", &layers.Linear{Out: 10})
			add("act1", newLayer(t, kind))
			add("fc2", &layers.Linear{Out: 10})
			add("act2", newLayer(t, kind))
			add("fc3", &layers.Linear{Out: 3})
		})
	}
	return out
}

// program is the float32 network.
type program struct {
	*nn.Program
	size int
}

func compile(t testing.TB, net *nn.Network) program {
	t.Helper()
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: 1})
	if err != nil {
		t.Fatal(err)
	}
	return program{p, net.Input.Size()}
}

func (p program) outputs(x []float32) []float32 {
	copy(p.X, x)
	p.Run()
	return append([]float32(nil), p.Output()...)
}

// point draws a point of the ball of radius eps about x in the range 0..1: inside, at a corner, or
// on the sphere. Its distance is measured in float64.
func point(rng *rand.Rand, n attack.Norm, x []float32, eps float64) []float32 {
	d := make([]float64, len(x))
	switch mode := rng.IntN(3); {
	case n == attack.L2:
		norm := 0.0
		for i := range d {
			d[i] = rng.NormFloat64()
			if mode == 1 && i > 0 {
				d[i] = 0
			}
			norm += d[i] * d[i]
		}
		for i := range d {
			d[i] *= eps / math.Sqrt(norm)
		}
	case mode == 0:
		for i := range d {
			d[i] = eps * (2*rng.Float64() - 1)
		}
	default:
		for i := range d {
			d[i] = eps * float64(2*rng.IntN(2)-1)
		}
	}
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(min(max(float64(v)+d[i], 0), 1))
	}
	return out
}

func draw(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()
	}
	return x
}

// unitRange is the region of an input in the range 0..1 that is not normalised.
func unitRange(n attack.Norm, eps float64, x []float32) certify.Region {
	return certify.Ball(attack.Threat{Norm: n, Eps: eps, Range: attack.Range{Upper: 1}}, 1, x)
}

func TestNoPointOfTheRegionLeavesTheBounds(t *testing.T) {
	methods := []certify.Method{certify.IBP, certify.CROWNIBP, certify.CROWN}
	for name, net := range networks(t) {
		t.Run(name, func(t *testing.T) {
			c, err := certify.New(net)
			if err != nil {
				t.Fatal(err)
			}
			p := compile(t, net)
			rng := rand.New(rand.NewPCG(5, 6))
			for _, norm := range []attack.Norm{attack.Linf, attack.L2} {
				for _, eps := range []float64{0, 0.01, 0.1, 0.5} {
					x := draw(rng, p.size)
					r := unitRange(norm, eps, x)
					var low, high [3][]float64
					for k, m := range methods {
						low[k], high[k] = c.Outputs(r, m)
						for i := range low[k] {
							if k > 0 && (low[k][i] < low[k-1][i] || high[k][i] > high[k-1][i]) {
								t.Errorf("eps %g, output %d: %s [%g, %g] is looser than %s [%g, %g]", eps, i, m,
									low[k][i], high[k][i], methods[k-1], low[k-1][i], high[k-1][i])
							}
						}
					}
					for range 300 {
						at := point(rng, norm, x, eps)
						for i, v := range p.outputs(at) {
							if v := float64(v); v < low[2][i] || v > high[2][i] {
								t.Fatalf("norm %s, eps %g: output %d is %.9g, outside of [%.9g, %.9g]", norm, eps, i, v, low[2][i], high[2][i])
							}
						}
					}
					if eps == 0 {
						for i := range low[0] {
							if width := high[0][i] - low[0][i]; width > 0.02*(1+math.Abs(low[0][i])) {
								t.Errorf("eps 0: output %d is known to %g only", i, width)
							}
						}
					}
				}
			}
		})
	}
}

// The margin of a linear network is exact, and so is the point that reaches it.
func TestLinearNetworksAreExact(t *testing.T) {
	net := build(t, nn.Shape{9}, 7, func(add func(string, nn.Layer, ...string)) { add("fc", &layers.Linear{Out: 4}) })
	c, err := certify.New(net)
	if err != nil {
		t.Fatal(err)
	}
	w, b := net.Params()[0].Data(), net.Params()[1].Data()
	rng := rand.New(rand.NewPCG(8, 9))
	x := draw(rng, 9)
	for i := range x {
		x[i] = 0.4 + 0.2*x[i] // the range is not reached
	}
	rows, intercepts, at := make([][]float64, 4), make([]float64, 4), make([]float64, 9)
	for k := range rows {
		intercepts[k] = float64(b[k])
		for j := range at {
			at[j] = float64(x[j])
			rows[k] = append(rows[k], float64(w[j*4+k]))
		}
	}
	for _, norm := range []attack.Norm{attack.Linf, attack.L2} {
		for class := range 4 {
			exact := certify.LinearRadius(norm, rows, intercepts, at, class)
			const eps = 0.1
			method := certify.IBP
			if norm == attack.L2 {
				method = certify.CROWNIBP
			}
			var got certify.Margin
			err := c.Margins(context.Background(), 1, method, func(int) (certify.Region, int) { return unitRange(norm, eps, x), class },
				func(_ int, m certify.Margin) { got = m })
			if err != nil {
				t.Fatal(err)
			}
			worst := math.Inf(1)
			for k := range rows {
				if k == class {
					continue
				}
				m, n1, n2 := intercepts[class]-intercepts[k], 0.0, 0.0
				for j := range at {
					d := rows[class][j] - rows[k][j]
					m, n1, n2 = m+d*at[j], n1+math.Abs(d), n2+d*d
				}
				if norm == attack.L2 {
					n1 = math.Sqrt(n2)
				}
				worst = min(worst, m-eps*n1)
			}
			if !(got.Least <= worst && worst-got.Least < 2e-5) {
				t.Errorf("norm %s, class %d: margin %g, exactly %g", norm, class, got.Least, worst)
			}
			if (exact > eps) != (worst > 0) {
				t.Errorf("norm %s, class %d: radius %g, worst margin %g", norm, class, exact, worst)
			}
			var radius float64
			err = c.Radii(t.Context(), c.Lipschitz(norm, []float64{1}), 1, func(_ int, eps float64) (certify.Region, int) {
				return unitRange(norm, eps, x), class
			}, func(_ int, r float64) { radius = r })
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(radius-max(exact, 0)) > 1e-4 || radius > max(exact, 0) {
				t.Errorf("norm %s, class %d: Lipschitz radius %g, exactly %g", norm, class, radius, exact)
			}
		}
	}
}

// No two inputs have outputs that differ by more than the Lipschitz bound, and the spectral norm
// of a convolution is near its own.
func TestLipschitzBounds(t *testing.T) {
	for name, net := range networks(t) {
		c, err := certify.New(net)
		if err != nil {
			t.Fatal(err)
		}
		p := compile(t, net)
		rng := rand.New(rand.NewPCG(10, 11))
		for _, norm := range []attack.Norm{attack.Linf, attack.L2} {
			l := c.Lipschitz(norm, []float64{1})
			bound := l.Layers[len(l.Layers)-1]
			for range 200 {
				const eps = 0.01
				x := draw(rng, p.size)
				y := point(rng, norm, x, eps)
				a, b := p.outputs(x), p.outputs(y)
				diff, dist := 0.0, 0.0
				for i := range x {
					d := math.Abs(float64(x[i]) - float64(y[i]))
					if norm == attack.L2 {
						dist += d * d
					} else {
						dist = max(dist, d)
					}
				}
				for i := range a {
					d := math.Abs(float64(a[i]) - float64(b[i]))
					if norm == attack.L2 {
						diff += d * d
					} else {
						diff = max(diff, d)
					}
				}
				if norm == attack.L2 {
					diff, dist = math.Sqrt(diff), math.Sqrt(dist)
				}
				if diff > bound*dist+1e-5 {
					t.Fatalf("%s, norm %s: outputs differ by %g, at most %g", name, norm, diff, bound*dist)
				}
			}
		}
	}
}

func TestSpectralNormOfConvolutions(t *testing.T) {
	for _, l := range []*layers.Conv{
		{Out: 5, Kernel: layers.Square(3), Pad: layers.Around(1)},
		{Out: 3, Kernel: layers.Extent{H: 1, W: 5}},
		{Out: 4, Kernel: layers.Square(2), Stride: layers.Square(2), Groups: 2},
		{Out: 6, Kernel: layers.Square(1)},
	} {
		net := build(t, nn.Shape{4, 24, 24}, 20, func(add func(string, nn.Layer, ...string)) {
			add("conv", l)
			add("flatten", &layers.Flatten{})
		})
		c, err := certify.New(net)
		if err != nil {
			t.Fatal(err)
		}
		bound := c.Lipschitz(attack.L2, []float64{1}).Layers[0]
		found := powerIteration(l, net.Input)
		// A stride leaves out rows of the convolution on the plane, which the bound is of.
		if most := 1.08 * found; found > bound || l.Stride == layers.Square(1) && bound > most {
			t.Errorf("%+v: bound %g, found %g", l.Kernel, bound, found)
		}
	}
}

// powerIteration approaches the spectral norm of a layer from below.
func powerIteration(l nn.LinearMap, in nn.Shape) float64 {
	s := l.Sums(in)
	w := s.Weight.Data()
	outs := len(w) / s.Terms
	per := outs / s.Groups
	example := make([]float32, in.Size())
	for i := range example {
		example[i] = float32(i + 1)
	}
	places := make([]float32, s.Terms)
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, in.Size())
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	norm := 0.0
	for range 300 {
		size := 0.0
		for _, v := range x {
			size += v * v
		}
		back := make([]float64, len(x))
		for p := range s.Positions {
			for g := range s.Groups {
				s.Row(places, example, p, g)
				for u := g * per; u < (g+1)*per; u++ {
					y := 0.0
					for k, at := range places {
						if at > 0 {
							y += float64(w[k*outs+u]) * x[int(at)-1]
						}
					}
					for k, at := range places {
						if at > 0 {
							back[int(at)-1] += float64(w[k*outs+u]) * y
						}
					}
				}
			}
		}
		grown := 0.0
		for _, v := range back {
			grown += v * v
		}
		norm = math.Sqrt(math.Sqrt(grown / size))
		for i := range x {
			x[i] = back[i] / math.Sqrt(grown)
		}
	}
	return norm
}

func TestNetworksWithoutBounds(t *testing.T) {
	attention := build(t, nn.Shape{6, 4}, 1, func(add func(string, nn.Layer, ...string)) {
		add("norm", &layers.LayerNorm{})
		add("last", &layers.Last{})
	})
	sequence := build(t, nn.Shape{6, 4}, 1, func(add func(string, nn.Layer, ...string)) { add("fc", &layers.Linear{Out: 3}) })
	tokens := build(t, nn.Shape{1, 4}, 1, func(add func(string, nn.Layer, ...string)) { add("flatten", &layers.Flatten{}) })
	tokens.Vocabulary = 10
	for _, c := range []struct {
		net  *nn.Network
		want string
	}{
		{attention, "layer norm: there are no certified bounds for a layer of kind layernorm"},
		{sequence, "network test has outputs of shape 3×4: certified bounds need one vector of outputs for each example"},
		{tokens, "network test reads tokens: there are no intervals of tokens"},
	} {
		if _, err := certify.New(c.net); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// Margins come in order, do not depend on the number of threads, and stop with the context.
func TestMarginsInOrder(t *testing.T) {
	net := networks(t)["cnn"]
	c, err := certify.New(net)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var seen []string
	example := func(i int) (certify.Region, int) {
		return unitRange(attack.Linf, 0.001, draw(rand.New(rand.NewPCG(uint64(i), 3)), net.Input.Size())), i % 4
	}
	if err := c.Margins(ctx, 5, certify.CROWN, example, func(i int, m certify.Margin) { seen = append(seen, fmt.Sprint(i, m)) }); err != nil {
		t.Fatal(err)
	}
	for i, line := range seen {
		var alone certify.Margin
		err := c.Margins(ctx, 1, certify.CROWN, func(int) (certify.Region, int) { return example(i) }, func(_ int, m certify.Margin) { alone = m })
		if err != nil || line != fmt.Sprint(i, alone) {
			t.Errorf("%s, alone %v", line, alone)
		}
	}
	cancel()
	if err := c.Margins(ctx, 5, certify.IBP, example, func(int, certify.Margin) { t.Error("a margin after the end") }); err != context.Canceled {
		t.Errorf("error %v", err)
	}
}
func BenchmarkCROWN(b *testing.B) {
	net := build(b, nn.Shape{1, 8, 8}, 2, func(add func(string, nn.Layer, ...string)) {
		add("conv1", &layers.Conv{Out: 16, Kernel: layers.Square(3), Pad: layers.Around(1)})
		add("relu1", layers.ReLU())
		add("conv2", &layers.Conv{Out: 32, Kernel: layers.Square(3), Pad: layers.Around(1), NoBias: true})
		add("relu2", layers.ReLU())
		add("pool2", &layers.MaxPool{Window: layers.Window{Kernel: layers.Square(2)}})
		add("flatten", &layers.Flatten{})
		add("fc1", &layers.Linear{Out: 32})
		add("relu3", layers.ReLU())
		add("fc", &layers.Linear{Out: 10})
	})
	c, err := certify.New(net)
	if err != nil {
		b.Fatal(err)
	}
	x := draw(rand.New(rand.NewPCG(1, 3)), 64)
	for b.Loop() {
		err := c.Margins(context.Background(), 4, certify.CROWN,
			func(int) (certify.Region, int) { return unitRange(attack.Linf, 0.05, x), 1 }, func(int, certify.Margin) {})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// No attack changes a certified decision, with inputs that are normalised by channel: the least margin
// that it finds is not below the bound.
func TestAttacksStayWithinTheBounds(t *testing.T) {
	for _, name := range []string{"mlp", "cnn", "branches", "gelu"} {
		net := networks(t)[name]
		c, err := certify.New(net)
		if err != nil {
			t.Fatal(err)
		}
		p := compile(t, net)
		channels := net.Input.Units()
		r := attack.Range{Upper: 1}
		for i := range channels {
			r.Mean, r.Std = append(r.Mean, 0.3+0.1*float64(i)), append(r.Std, 0.5+0.2*float64(i))
		}
		model, err := attack.NewNetwork(net, 8)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(12, 13))
		const n = 8
		var x []float64
		var labels []int
		rows := make([][]float32, n)
		for i := range n {
			for j, v := range draw(rng, p.size) {
				rows[i] = append(rows[i], float32((float64(v)-r.Mean[j%channels])/r.Std[j%channels]))
				x = append(x, float64(rows[i][j]))
			}
			z := p.outputs(rows[i])
			best := 0
			for k, v := range z {
				if v > z[best] {
					best = k
				}
			}
			labels = append(labels, best)
		}
		for _, norm := range []attack.Norm{attack.Linf, attack.L2} {
			for _, eps := range []float64{0.01, 0.1} {
				threat := attack.Threat{Norm: norm, Eps: eps, Range: r}
				pgd := attack.NewPGD()
				pgd.Loss = "margin"
				a, err := attack.New(model, threat, pgd, attack.Options{Maximise: true})
				if err != nil {
					t.Fatal(err)
				}
				found, err := a.Run(t.Context(), attack.Examples{X: x, Labels: labels})
				if err != nil {
					t.Fatal(err)
				}
				example := func(i int) (certify.Region, int) { return certify.Ball(threat, channels, rows[i]), labels[i] }
				err = c.Margins(t.Context(), n, certify.CROWN, example, func(i int, m certify.Margin) {
					at := make([]float32, p.size)
					for j := range at {
						at[j] = float32(found.X[i*p.size+j])
					}
					region, class := example(i)
					for j, v := range at {
						if float64(v) < region.Low[j] || float64(v) > region.High[j] {
							t.Fatalf("%s: value %d of the attack, %g, is outside of the region [%g, %g]", name, j, v, region.Low[j], region.High[j])
						}
					}
					z, margin := p.outputs(at), math.Inf(1)
					for k, v := range z {
						if k != class {
							margin = min(margin, float64(z[class])-float64(v))
						}
					}
					if margin < m.Least {
						t.Errorf("%s, %s, eps %g: an attack reaches the margin %g, the bound of %s is %g", name, norm, eps, margin, m.By, m.Least)
					}
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
