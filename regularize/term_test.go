package regularize

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pare/layers"
	"pare/nn"
)

// collect visits the groups value by value, for comparison with the fast layouts.
func collect(net *nn.Network, s Spec, visit func(g *group, values []*float32, params []*nn.Param, offsets []int)) {
	groups, err := (&finder{}).findGroups(newTopology(net), s)
	if err != nil {
		panic(err)
	}
	for _, g := range groups {
		var v []*float32
		var params []*nn.Param
		var offsets []int
		seen := map[*float32]bool{} // rows and columns of a group have values in common
		for _, s := range g.slots {
			n, stride := s.Param.AxisLen(s.Axis)
			for i := range s.Param.Size() {
				if w := &s.Param.Data()[i]; i/stride%n == s.Index && !seen[w] {
					seen[w] = true
					v = append(v, w)
					params, offsets = append(params, s.Param), append(offsets, i)
				}
			}
		}
		visit(g, v, params, offsets)
	}
}

var termSpecs = []struct {
	net  func(testing.TB) *nn.Network
	spec Spec
}{
	{residual, Spec{Type: "group_lasso", On: "channels"}},
	{residual, Spec{Type: "group_lasso", On: "channels", Members: "out"}},
	{residual, Spec{Type: "group_lasso", On: "channels", Members: "in", Scale: "macs"}},
	{residual, Spec{Type: "l1", On: "channels", Members: "out", Scale: "sqrt"}},
	{residual, Spec{Type: "l1", On: "channels", Members: "norm"}},
	{plain, Spec{Penalty: &ElasticNet{Alpha: 0.5}, On: "channels", Members: "in"}},
	{plain, Spec{Type: "group_lasso", On: "neurons"}},
	{plain, Spec{Type: "group_lasso", On: "positions"}},
	{inception, Spec{Type: "group_lasso", On: "branches"}},
	{inception, Spec{Type: "group_lasso", On: "channels", Members: "out", Layers: []string{"b1"}}},
	{inception, Spec{Type: "group_lasso", On: "channels", Members: "in", Layers: []string{"b1"}}}, // fc reads b2 as well
	{inception, Spec{Type: "l1", On: "gates", Scale: "macs"}},
	{tagger, Spec{Type: "group_lasso", On: "neurons"}},
	{tagger, Spec{Type: "group_lasso", On: "neurons", Members: "in", Scale: "macs"}},
	{tagger, Spec{Type: "group_lasso", On: "recurrent_units"}},
	{tagger, Spec{Type: "group_lasso", On: "recurrent_units", Scale: "macs", Layers: []string{"lstm"}}},
	{tagger, Spec{Type: "l1", On: "recurrent_units"}},
}

// Prox over the laid out memory is the penalty's own map on each group; a value in
// two groups is scaled by both.
func TestProxIsThePenaltysOnEachGroup(t *testing.T) {
	for _, c := range termSpecs {
		for _, adaptive := range []bool{false, true} {
			c.spec.Lambda = 0.7
			fast, slow := c.net(t), c.net(t)
			randomise(fast)
			randomise(slow)
			term, err := NewTerm(fast, c.spec)
			if err != nil {
				t.Fatal(err)
			}
			var metric func(*nn.Param) []float32
			if adaptive {
				metric = fixedMetric()
			}
			term.Prox(0.5, metric)
			pen := penaltyOf(c.spec)
			before := map[*float32]float32{}
			collect(slow, c.spec, func(_ *group, values []*float32, _ []*nn.Param, _ []int) {
				for _, v := range values {
					before[v] = *v
				}
			})
			collect(slow, c.spec, func(g *group, values []*float32, params []*nn.Param, offsets []int) {
				w, d := make([]float32, len(values)), make([]float32, len(values))
				for i, v := range values {
					w[i], d[i] = before[v], 1
					if adaptive {
						d[i] = metricAt(offsets[i])
					}
				}
				pen.Prox(w, d, float32(0.5*0.7*scaleOf(slow, c.spec, g)))
				for i, v := range values {
					*v *= w[i] / before[v]
				}
			})
			assertSameParams(t, term.Name(), fast, slow)
		}
	}
}

func randomise(net *nn.Network) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, p := range net.Params() {
		for i := range p.Data() {
			p.Data()[i] = float32(rng.NormFloat64())
		}
	}
}

func metricAt(offset int) float32 { return 0.3 + 0.1*float32(offset%17) }

func fixedMetric() func(*nn.Param) []float32 {
	made := map[*nn.Param][]float32{}
	return func(p *nn.Param) []float32 {
		if made[p] == nil {
			made[p] = make([]float32, p.Size())
			for i := range made[p] {
				made[p][i] = metricAt(i)
			}
		}
		return made[p]
	}
}

// scaleOf is s_g of the group with that label.
func scaleOf(net *nn.Network, s Spec, g *group) float64 {
	groups, _ := (&finder{}).findGroups(newTopology(net), s)
	pen := penaltyOf(s)
	i := slices.IndexFunc(groups, func(o *group) bool { return o.label == g.label })
	return (&finder{}).scaleGroups(groups, s.scale(pen))[i]
}

func assertSameParams(t *testing.T, name string, a, b *nn.Network) {
	t.Helper()
	for k, p := range a.Params() {
		for i, v := range p.Data() {
			if want := b.Params()[k].Data()[i]; math.Abs(float64(v-want)) > 1e-5 {
				t.Fatalf("%s: %s[%d] is %g, expected %g", name, p.Full, i, v, want)
			}
		}
	}
}

func compile(t *testing.T, net *nn.Network, term *Term) *nn.Program {
	t.Helper()
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: 4, Loss: layers.CrossEntropy{}, Terms: []nn.Term{term}})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range p.X {
		p.X[i] = float32(rng.NormFloat64())
	}
	return p
}

// The node is λ·Σ s·f(w) and follows SetEpoch; in prox mode it adds no gradient,
// in subgradient mode that of its value.
func TestNodeValueAndGradient(t *testing.T) {
	specs := append(termSpecs, struct {
		net  func(testing.TB) *nn.Network
		spec Spec
	}{plain, Spec{Type: "l1", On: "weights", Scale: "macs"}})
	for _, c := range specs {
		net := c.net(t)
		randomise(net)
		c.spec.Lambda, c.spec.Ramp = 0.5, 2
		term, err := NewTerm(net, c.spec)
		if err != nil {
			t.Fatal(err)
		}
		prox := compile(t, net, term)
		term.SetEpoch(1)
		prox.Run()
		value := prox.TermValue(0)
		if c.spec.On != "weights" {
			want := 0.0
			pen := penaltyOf(c.spec)
			collect(net, c.spec, func(g *group, values []*float32, _ []*nn.Param, _ []int) {
				var w []float32
				for _, v := range values {
					w = append(w, *v)
				}
				want += 0.25 * scaleOf(net, c.spec, g) * pen.Value(w)
			})
			if math.Abs(value-want) > 1e-4*(1+want) {
				t.Errorf("%s is %g, expected %g", term.Name(), value, want)
			}
		}
		c.spec.Mode = "subgradient"
		slope, err := NewTerm(net, c.spec)
		if err != nil {
			t.Fatal(err)
		}
		slope.SetEpoch(1)
		with := compile(t, net, slope)
		with.Run()
		for _, p := range net.Params() {
			if !p.Trainable() {
				continue
			}
			checkSlope(t, prox, with, slope, p)
		}
	}
}

// checkSlope compares the difference of the gradients with and without the term
// to finite differences of the term.
func checkSlope(t *testing.T, without, with *nn.Program, term *Term, p nn.NamedParam) {
	t.Helper()
	const h = 1e-2
	for i := 0; i < p.Size(); i += 1 + p.Size()/7 {
		v := p.Data()[i]
		p.Data()[i] = v + h
		up := termValue(term)
		p.Data()[i] = v - h
		down := termValue(term)
		p.Data()[i] = v
		want := (up - down) / (2 * h)
		got := float64(with.Grad(p.Param)[i] - without.Grad(p.Param)[i])
		if math.Abs(got-want) > 2e-3*(1+math.Abs(want)) {
			t.Errorf("%s: gradient at %s[%d] = %g is %g, expected %g", term.Name(), p.Full, i, v, got, want)
		}
	}
}

func termValue(term *Term) float64 {
	sum := 0.0
	for _, p := range term.parts {
		var data [][]float32
		for _, q := range p.params() {
			data = append(data, q.Data())
		}
		sum += p.value(data)
	}
	return term.lambda * sum
}

func TestStepsAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector drops recycled memory")
	}
	for _, c := range termSpecs {
		c.spec.Lambda = 1e-3
		net := c.net(t)
		term, err := NewTerm(net, c.spec)
		if err != nil {
			t.Fatal(err)
		}
		program := compile(t, net, term)
		metric := fixedMetric()
		for _, p := range net.Params() {
			metric(p.Param)
		}
		n := testing.AllocsPerRun(3, func() {
			term.Prox(0.1, nil)
			term.Prox(0.1, metric)
			term.Groups()
		})
		if n != 0 {
			t.Errorf("%s: a step allocates %g times", term.Name(), n)
		}
		program.Run()
	}
}

// A convolution of 256 to 256 channels, 3×3, and the weights that read it, 2×2.
func BenchmarkProx(b *testing.B) {
	for _, m := range []string{"out", "in"} {
		net := build(b, nn.Shape{256, 4, 4}, step{"a", &layers.Conv{Out: 256, NoBias: true}, nil},
			step{"b", &layers.Conv{Out: 256, Kernel: layers.Square(2), NoBias: true}, nil},
			step{"p", &layers.GlobalPool{}, nil}, step{"fc", &layers.Linear{Out: 10}, nil})
		term, err := NewTerm(net, Spec{Type: "group_lasso", On: "channels", Layers: []string{"a"}, Members: m, Lambda: 1e-9})
		if err != nil {
			b.Fatal(err)
		}
		metric := fixedMetric()
		size := 0
		for _, p := range term.Governs() {
			size += p.Size()
		}
		b.Run(m+"/euclidean", func(b *testing.B) {
			b.SetBytes(int64(4 * size))
			for range b.N {
				term.Prox(0.1, nil)
			}
		})
		b.Run(m+"/metric", func(b *testing.B) {
			b.SetBytes(int64(4 * size))
			for range b.N {
				term.Prox(0.1, metric)
			}
		})
	}
}

func penaltyOf(s Spec) Penalty {
	s, err := s.checked()
	if err != nil {
		panic(err)
	}
	return s.penalty()
}
