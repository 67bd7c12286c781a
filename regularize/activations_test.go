package regularize

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"pare/layers"
	"pare/nn"
)

// nothing is a loss without a value and without a gradient: the outputs times 0.
type nothing struct{}

func (nothing) Build(_ *nn.Builder, output, _ *gorgonia.Node) (*gorgonia.Node, error) {
	return nn.Apply(nn.Op{Name: "nothing", Run: func(dst []float32, _ [][]float32) { dst[0] = 0 },
		Grad: []nn.GradFunc{func(in gorgonia.Nodes, _, _ *gorgonia.Node) (*gorgonia.Node, error) {
			return nn.Apply(nn.Op{Name: "nothing/dx", Shape: in[0].Shape().Clone(),
				Run: func(dst []float32, _ [][]float32) { clear(dst) }}, in[0])
		}}}, output)
}

func compilePenalty(t testing.TB, net *nn.Network, s Spec, batch int) (*nn.Program, *Activations) {
	t.Helper()
	s.On = activations.Name
	term, err := NewActivations(net, s)
	if err != nil {
		t.Fatal(err)
	}
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: nothing{}, Terms: []nn.Term{term}})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(8, 9))
	for i := range p.X {
		p.X[i] = rng.Float32()*2 - 1
	}
	return p, term
}

// formula is a penalty of one vector and its gradient.
func formula(kind string, beta float64, a []float64) (f float64, df []float64) {
	abs, square := 0.0, 0.0
	for _, v := range a {
		abs, square = abs+math.Abs(v), square+v*v
	}
	for _, v := range a {
		s, m := 0.0, math.Abs(v)
		if v != 0 {
			s = math.Copysign(1, v)
		}
		switch kind {
		case "l1":
			f += m
			df = append(df, s)
		case "transformed_l1":
			f += (1 + beta) * m / (beta + m)
			df = append(df, (1+beta)*beta*s/((beta+m)*(beta+m)))
		case "hoyer_square":
			df = append(df, 2*abs/square*s-2*abs*abs/(square*square)*v)
		}
	}
	if kind == "hoyer_square" {
		f = abs * abs / square
	}
	return f, df
}

var activationSpecs = []Spec{{Type: "l1", Lambda: 0.7}, {Type: "hoyer_square", Lambda: 0.7},
	{Type: "transformed_l1", Lambda: 0.7}, {Type: "transformed_l1", Penalty: &TransformedL1{Beta: 0.25}, Lambda: 0.7}}

// beta is β of a penalty that saturates.
func beta(term *Activations) float64 {
	if p, ok := term.pen.(Saturating); ok {
		b, _ := p.Saturation()
		return b
	}
	return 0
}

// TestActivationClosedForm penalises a learned position, which is an output and a
// parameter in one, at zeros and at values of both signs.
func TestActivationClosedForm(t *testing.T) {
	const batch, units, positions = 3, 11, 4
	for _, s := range activationSpecs {
		net := build(t, nn.Shape{units, positions}, step{"position", &layers.Position{}, nil}, step{"fc", &layers.Linear{Out: 2}, nil})
		s.Layers = []string{"position"}
		p, term := compilePenalty(t, net, s, batch)
		clear(p.X)
		position := net.Params()[0].Param
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range position.Data() {
			if position.Data()[i] = 0; i%3 > 0 {
				position.Data()[i] = float32(rng.NormFloat64())
			}
		}
		p.Run()
		want := 0.0
		grad := p.Grad(position)
		for at := range positions {
			a := make([]float64, units)
			for u := range a {
				a[u] = float64(position.Data()[at*units+u])
			}
			f, df := formula(s.Type, beta(term), a)
			want += 0.7 * f / positions
			for u := range a {
				if g, w := float64(grad[at*units+u]), 0.7*df[u]/positions; math.Abs(g-w) > 1e-6 {
					t.Fatalf("%s: the gradient at %v is %v, expected %v", term.Name(), a[u], g, w)
				}
			}
		}
		if v := p.TermValue(0); math.Abs(v-want) > 1e-5*want {
			t.Errorf("%s is %v, expected %v", term.Name(), v, want)
		}
	}
}

// TestActivationGradients compares with finite differences where no value comes
// near 0, on images and tokens and with several layers of different factors.
func TestActivationGradients(t *testing.T) {
	const h, batch = 1.0 / 32, 2
	for name, c := range map[string]struct {
		net    func(testing.TB) *nn.Network
		layers []string
	}{"images": {plain, []string{"conv", "fc1"}}, "sequences": {stream, []string{"up", "down"}}} {
		for _, s := range activationSpecs {
			net := c.net(t)
			rng := rand.New(rand.NewPCG(4, 5))
			for _, p := range net.Params() {
				for i := range p.Data() {
					p.Data()[i] = float32(rng.NormFloat64()) * 0.2
					if p.Role == nn.RoleBias {
						p.Data()[i] = 3 * float32(1-2*(i%2))
					}
				}
			}
			s.Layers, s.Factors = c.layers, map[string]float64{c.layers[0]: 0.25}
			p, _ := compilePenalty(t, net, s, batch)
			if name == "sequences" {
				for i := range p.X {
					p.X[i] = float32(i % 6)
				}
			}
			value := func(x *float32, by float32) float64 {
				old := *x
				*x = old + by
				p.Run()
				*x = old
				return p.TermValue(0)
			}
			checked := 0
			for _, q := range net.Params() {
				if p.Grad(q.Param) == nil {
					continue
				}
				p.Run()
				grad := slices.Clone(p.Grad(q.Param))
				for i := 0; i < len(grad); i += 1 + len(grad)/20 {
					x := &q.Data()[i]
					want := (8*(value(x, h)-value(x, -h)) - (value(x, 2*h) - value(x, -2*h))) / (12 * h)
					if math.Abs(float64(grad[i])-want) > 2e-4*(1+math.Abs(want)) {
						t.Errorf("%s, %s: the gradient of %s[%d] is %v, expected %v", name, s.Type, q.Full, i, grad[i], want)
					}
					checked++
				}
			}
			if checked < 20 {
				t.Errorf("%s: only %d gradients were checked", name, checked)
			}
		}
	}
}

// TestActivationHoyerOfImages holds that the vector of an image is all of it.
func TestActivationHoyerOfImages(t *testing.T) {
	net := build(t, nn.Shape{2, 3, 3}, step{"conv", &layers.Conv{Out: 4}, nil}, step{"relu", layers.ReLU(), nil},
		step{"pool", &layers.GlobalPool{}, nil})
	p, _ := compilePenalty(t, net, Spec{Type: "hoyer_square", Lambda: 1}, 2)
	p.Run()
	q, err := nn.Compile(build(t, nn.Shape{2, 3, 3}, step{"conv", &layers.Conv{Out: 4}, nil}, step{"relu", layers.ReLU(), nil}),
		nn.CompileOptions{Mode: nn.Infer, Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	copy(q.X, p.X)
	q.Run()
	want, size := 0.0, len(q.Output())/2
	for e := range 2 {
		var a []float64
		for _, v := range q.Output()[e*size:][:size] {
			a = append(a, float64(v))
		}
		f, _ := formula("hoyer_square", 0, a)
		want += f / float64(2*size/4)
	}
	if v := p.TermValue(0); math.Abs(v-want) > 1e-5 {
		t.Errorf("the penalty is %v, expected %v", v, want)
	}
}

// TestActivationScale: weights in front of a ReLU are divided by 4 and those
// behind it multiplied, which leaves the function as it is. That is worth a
// factor 4 of l1 and nothing of Hoyer-square.
func TestActivationScale(t *testing.T) {
	for kind, want := range map[string]float64{"l1": 0.25, "hoyer_square": 1} {
		net := plain(t)
		s := Spec{Type: kind, Lambda: 1, Layers: []string{"act"}}
		p, _ := compilePenalty(t, net, s, 2)
		p.Run()
		before := p.TermValue(0)
		output := slices.Clone(p.Output())
		for _, q := range net.Params() {
			for i := range q.Data() {
				switch q.Full {
				case "fc1.weight", "fc1.bias":
					q.Data()[i] /= 4
				case "fc2.weight":
					q.Data()[i] *= 4
				}
			}
		}
		p.Run()
		if !slices.Equal(output, p.Output()) {
			t.Fatal("the function changed")
		}
		if got := p.TermValue(0) / before; math.Abs(got-want) > 1e-6 {
			t.Errorf("%s changed by %v, expected %v", kind, got, want)
		}
	}
}

// TestActivationKeepsFusion: a ReLU whose output is read stays in one pass with
// the layer in front of it.
func TestActivationKeepsFusion(t *testing.T) {
	for _, net := range []*nn.Network{plain(t), residual(t), stream(t)} {
		p, _ := compilePenalty(t, net, Spec{Type: "l1", Lambda: 1}, 2)
		for _, op := range p.Operations() {
			if strings.HasPrefix(op, "relu of") {
				t.Errorf("%s has a pass of its own", op)
			}
		}
	}
}

func TestActivationSites(t *testing.T) {
	for want, net := range map[string]*nn.Network{"relu,act": plain(t), "relu0,relu1": residual(t), "relu": stream(t), "mul": attentive(t)} {
		term, err := NewActivations(net, Spec{Type: "l1", On: activations.Name})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(term.ReadsOutputs(), ","); got != want {
			t.Errorf("penalised are %s, expected %s", got, want)
		}
	}
}

func TestActivationRunsWithoutAllocating(t *testing.T) {
	p, term := compilePenalty(t, stream(t), Spec{Type: "hoyer_square", Lambda: 1, Revive: &Revive{After: 3}}, 2)
	clear(p.X)
	p.Run()
	if n := testing.AllocsPerRun(5, func() { p.Run(); term.AfterStep() }); n > 0 && !raceEnabled {
		t.Errorf("%g allocations a run", n)
	}
}

func TestActivationErrors(t *testing.T) {
	for want, s := range map[string]Spec{
		"type: group_lasso is no penalty of activations; use hoyer_square, l1 or transformed_l1":     {Type: "group_lasso", On: "activations"},
		"type: it is l1, and the penalty is transformed_l1":                                          {Type: "l1", On: "activations", Penalty: &TransformedL1{}},
		"beta must be above 0, got -2":                                                               {Penalty: &TransformedL1{Beta: -2}, On: "activations"},
		"type: hoyer_square is a penalty of activations, not of weights; use on: activations":        {Type: "hoyer_square", On: "weights"},
		"mode: it has no meaning for on: activations; leave it out":                                  {Type: "l1", On: "activations", Mode: "prox"},
		"scale: it has no meaning for on: activations; leave it out":                                 {Type: "l1", On: "activations", Scale: "none"},
		"members: it has no meaning for on: activations; leave it out":                               {Type: "l1", On: "activations", Members: "auto"},
		"revive: it has no meaning for on: weights; leave it out":                                    {Type: "l1", On: "weights", Revive: &Revive{After: 1}},
		"revive.after must be at least 1 and below 16777216, got 0":                                  {Type: "l1", On: "activations", Revive: &Revive{}},
		"revive.floor must be at least 0 and below 1, got 1":                                         {Type: "l1", On: "activations", Revive: &Revive{After: 1, Floor: 1}},
		`layers: "a*b" matches no layer with an output; there are b1, b2, cat, fc, b2_bn and 2 more`: {Type: "l1", On: "activations", Layers: []string{"a*b"}},
		"on: the network has no ReLU whose output another layer reads; name outputs with layers":     {Type: "l1", On: "activations"},
		"revive: the units of layer gates have no bias to push; use push: 0":                         {Type: "l1", On: "activations", Layers: []string{"gates"}, Revive: &Revive{After: 1, Push: 1}},
	} {
		_, err := NewActivations(inception(t), s)
		if s.On == "weights" {
			_, err = NewTerm(inception(t), s)
		}
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, expected %s", err, want)
		}
	}
}

// TestRevival follows a unit that never fires: after three steps it is pushed until it
// does, and meanwhile the penalty leaves alone units that fire too seldom.
func TestRevival(t *testing.T) {
	net := build(t, nn.Shape{2}, step{"up", &layers.Linear{Out: 3}, nil}, step{"relu", layers.ReLU(), nil},
		step{"down", &layers.Linear{Out: 2}, nil})
	weight, bias := net.Params()[0].Param, net.Params()[1].Param
	clear(weight.Data())
	copy(bias.Data(), []float32{1, -0.5, 1})
	p, term := compilePenalty(t, net, Spec{Type: "l1", Lambda: 3, Revive: &Revive{After: 3, Floor: 0.5, Push: 0.125}}, 4)
	var biases []float32
	for range 9 {
		p.Run()
		term.AfterStep()
		biases = append(biases, bias.Data()[1])
	}
	if want := []float32{-0.5, -0.5, -0.375, -0.25, -0.125, 0, 0.125, 0.125, 0.125}; !slices.Equal(biases, want) {
		t.Errorf("the bias was %v, expected %v", biases, want)
	}
	if bias.Data()[0] != 1 || bias.Data()[2] != 1 {
		t.Errorf("units that fire were pushed: %v", bias.Data())
	}
	// The unit fired in the last two of nine steps: a rate of 5/9 with three
	// steps to average over, and below the floor one step earlier.
	if rate := term.State()[0].Data[1]; math.Abs(float64(rate)-5.0/9) > 1e-6 {
		t.Errorf("the rate is %v", rate)
	}
	p.Run()
	if g := p.Grad(bias); !slices.Equal(g, []float32{3, 3, 3}) {
		t.Errorf("gradients are %v", g)
	}
	term.State()[0].Data[1] = 0.4
	p.Run()
	if g := p.Grad(bias); !slices.Equal(g, []float32{3, 0, 3}) {
		t.Errorf("gradients below the floor are %v", g)
	}
}

// TestRevivalFindsTheBias: of a gated unit it is that of the gate, behind a
// normalisation its shift.
func TestRevivalFindsTheBias(t *testing.T) {
	for _, c := range []struct {
		net        *nn.Network
		site, want string
	}{{attentive(t), "mul", "gate.bias"}, {residual(t), "relu1", "bn1.bias"}, {plain(t), "relu", "conv.bias"}, {stream(t), "relu", "up.bias"}} {
		node := slices.IndexFunc(c.net.Nodes, func(n *nn.Node) bool { return n.Name == c.site })
		got := shiftOf(c.net, node)
		for _, p := range c.net.Params() {
			if p.Param == got && p.Full != c.want {
				t.Errorf("the bias of %s is %s, expected %s", c.site, p.Full, c.want)
			}
		}
		if got == nil {
			t.Errorf("%s has no bias", c.site)
		}
	}
}
