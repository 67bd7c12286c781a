package layers_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"

	"pare/nn"
)

// probe is a test layer whose output is its parameter, whatever the input: the
// gradient of that parameter is the gradient with respect to the input of the layer
// behind it, element by element.
type probe struct {
	shape nn.Shape
	batch int
	value *nn.Param
}

func (p *probe) Kind() string { return "test-probe" }

func (p *probe) Init([]nn.Shape, *rand.Rand) (nn.Shape, error) {
	if p.value == nil {
		dims := p.shape.Batched(p.batch)
		p.value = nn.NewParam("value", nn.RoleWeight, dims, make([]nn.Axis, len(dims))...)
		switch len(dims) {
		case 3:
			p.value.Order = []int{0, 2, 1}
		case 4:
			p.value.Order = []int{0, 3, 1, 2}
		}
	}
	return p.shape, nil
}

func (p *probe) Params() []*nn.Param { return []*nn.Param{p.value} }

func (p *probe) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	pass := func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) { return dy, nil }
	return nn.Apply(nn.Op{Name: "probe", Shape: p.shape.Batched(b.Batch), Grad: []nn.GradFunc{nil, pass},
		Run: func(dst []float32, in [][]float32) { copy(dst, in[1]) }}, in[0], b.Param(p.value))
}

// readout is the linear loss Σ r·y: its gradient with respect to y is r.
type readout struct{ r []float32 }

func (l readout) Build(_ *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	shape := output.Shape().Clone()
	grad := func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: "readout/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
			for i, r := range l.r {
				dst[i] = r * in[0][0]
			}
		}}, dy)
	}
	return nn.Apply(nn.Op{Name: "readout", Grad: []nn.GradFunc{grad, nil}, Run: func(dst []float32, in [][]float32) {
		dst[0] = float32(dot(l.r, in[0]))
	}}, output, target)
}

func dot(x, y []float32) float64 {
	sum := 0.0
	for i, v := range x {
		sum += float64(v) * float64(y[i])
	}
	return sum
}

// around returns a network of the layer alone, fed by one probe per input
// shape, named x0, x1, ….
func around(t *testing.T, layer nn.Layer, batch int, rng *rand.Rand, inputs ...nn.Shape) (*nn.Network, []*probe) {
	t.Helper()
	net, err := nn.New("test", nn.Shape{1}, rng)
	if err != nil {
		t.Fatal(err)
	}
	var probes []*probe
	var names []string
	for k, s := range inputs {
		p := &probe{shape: s, batch: batch}
		name := fmt.Sprintf("x%d", k)
		if err := net.Add(name, p, nn.InputName); err != nil {
			t.Fatal(err)
		}
		probes, names = append(probes, p), append(names, name)
	}
	if err := net.Add("layer", layer, names...); err != nil {
		t.Fatal(err)
	}
	return net, probes
}

func compile(t *testing.T, net *nn.Network, o nn.CompileOptions) *nn.Program {
	t.Helper()
	p, err := nn.Compile(net, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newLayer(t *testing.T, kind string) nn.Layer {
	t.Helper()
	l, err := nn.Layers.New(kind)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func normal(n int, rng *rand.Rand) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// requireClose fails when two slices differ by more than tol times the largest
// magnitude in want.
func requireClose(t *testing.T, what string, got, want []float32, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, expected %d", what, len(got), len(want))
	}
	scale := 0.0
	for _, v := range want {
		scale = max(scale, math.Abs(float64(v)))
	}
	for i, v := range got {
		if d := math.Abs(float64(v) - float64(want[i])); !(d <= tol*max(scale, 1e-3)) {
			t.Fatalf("%s[%d] = %g, expected %g", what, i, v, want[i])
		}
	}
}
