package activity_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/layers"
	"pare/layers/activity"
	"pare/nn"
)

type step struct {
	name  string
	layer nn.Layer
	in    []string
}

func build(t *testing.T, input nn.Shape, steps ...step) *nn.Network {
	t.Helper()
	net, err := nn.New("test", input, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if err := net.Add(s.name, s.layer, s.in...); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

// rectifier is a layer of another module: no package knows its type.
type rectifier struct{ layers.FATReLU }

func (*rectifier) Kind() string      { return "test-rectifier" }
func (*rectifier) Traits() nn.Traits { return nn.Traits{Rectifies: true, Threshold: 2} }

// A threshold found for a layer of another module is not lowered, and takes its place.
func TestForeignRectifier(t *testing.T) {
	nn.RegisterLayer("for a test", func() nn.Layer { return &rectifier{} })
	net := build(t, nn.Shape{2}, step{"r", &rectifier{}, nil}, step{"out", &layers.Linear{Out: 1}, nil})
	if sites := activity.Sites(net); len(sites) != 1 || activity.NewHistograms(net).Empty() {
		t.Errorf("sites are %v", sites)
	}
	for tau, want := range map[float64]float64{1: 2, 3: 3} {
		got, err := activity.WithThresholds(net, map[string]float64{"r": tau})
		if err != nil {
			t.Fatal(err)
		}
		if f, ok := got.Nodes[0].Layer.(*layers.FATReLU); !ok || f.Threshold != want {
			t.Errorf("threshold %v: the layer is %+v", tau, got.Nodes[0].Layer)
		}
	}
}

// TestSites: outputs that nothing reads do not count, and a gated unit is the
// product, unless the gate is read by others.
func TestSites(t *testing.T) {
	gated := func(reads ...string) *nn.Network {
		return build(t, nn.Shape{2, 3}, step{"gate", &layers.Linear{Out: 4}, nil}, step{"relu", &layers.FATReLU{Threshold: 1}, nil},
			step{"up", &layers.Linear{Out: 4}, []string{"input"}}, step{"mul", &layers.Mul{}, []string{"relu", "up"}},
			step{"sum", &layers.Add{}, reads}, step{"out", layers.ReLU(), nil})
	}
	for _, c := range []struct {
		net  *nn.Network
		want string
	}{
		{gated("mul", "up"), "mul"}, {gated("mul", "relu"), "relu mul"},
		{build(t, nn.Shape{2}, step{"relu", layers.ReLU(), nil}), ""},
	} {
		var names []string
		for _, i := range activity.Sites(c.net) {
			names = append(names, c.net.Nodes[i].Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("sites are %q, expected %q", got, c.want)
		}
	}
}

// TestMeter counts on a network made by hand: ReLUs of the input and of its
// negation at two positions. One example of the second run does not count.
func TestMeter(t *testing.T) {
	net := build(t, nn.Shape{4, 2}, step{"a", layers.ReLU(), nil}, step{"gate", &layers.Gate{}, []string{"input"}},
		step{"b", layers.ReLU(), nil}, step{"sum", &layers.Add{}, []string{"a", "b"}})
	net.Params()[0].Data()[0] = -1
	m := activity.NewMeter(net)
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: 2, Probes: m.Probes()})
	if err != nil {
		t.Fatal(err)
	}
	if m.Report() != nil {
		t.Error("there is a report before any run")
	}
	run := func() *activity.Report {
		m.Reset()
		copy(p.X, []float32{
			1, 0, 0, 0, 1, 1, 0, -1,
			0, 0, 0, 0, 2, 0, 0, 0})
		m.Expect(2)
		p.Run()
		m.Add()
		copy(p.X, []float32{
			-3, 0, 0, 0, 0, 0, 0, 0,
			9, 9, 9, 9, 9, 9, 9, 9})
		m.Expect(1)
		p.Run()
		m.Add()
		return m.Report()
	}
	for range 2 { // Reset forgets all
		r := run()
		two := (2 - 2/math.Sqrt2) // of two equal values among four
		for name, want := range map[string]activity.Layer{
			"a": {Density: 4.0 / 24, Units: 4, Dead: 2, Hoyer: (1 + two + 1) / 3},
			"b": {Density: 2.0 / 24, Units: 4, Dead: 2, Hoyer: 1},
		} {
			got := r.Layers[name]
			if math.Abs(got.Hoyer-want.Hoyer) > 1e-6 {
				t.Errorf("%s: Hoyer's index is %v, expected %v", name, got.Hoyer, want.Hoyer)
			}
			if got.Hoyer = want.Hoyer; got != want {
				t.Errorf("%s: %+v, expected %+v", name, got, want)
			}
		}
		if r.Overall != 6.0/48 || r.Dead != 0.5 {
			t.Errorf("overall %v, dead %v", r.Overall, r.Dead)
		}
	}
}

func TestMeterWithoutSites(t *testing.T) {
	m := activity.NewMeter(build(t, nn.Shape{2}, step{"fc", &layers.Linear{Out: 2}, nil}))
	if m.Probes() != nil || m.Report() != nil {
		t.Error("a network without ReLUs has a report")
	}
}
