package layers_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

// tableFeatures are two numbers, and variables of three and two values between them.
var tableFeatures = []nn.Feature{{Name: "a"}, {Name: "j=x", Variable: "j", Category: "j"}, {Name: "j=y", Variable: "j", Category: "j"},
	{Name: "j=z", Variable: "j", Category: "j"}, {Name: "b"}, {Name: "b=(missing)", Variable: "b"},
	{Name: "s=f", Variable: "s", Category: "s"}, {Name: "s=m", Variable: "s", Category: "s"}}

func tableNetwork(t *testing.T, features []nn.Feature) (*nn.Network, error) {
	t.Helper()
	net, err := nn.New("table", nn.Shape{len(tableFeatures)}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	net.Features = features
	return net, net.Add("embed", &layers.Embed{Dim: 4})
}

// TestEmbed: the layer is a linear layer for each variable that reads its columns, beside the
// numbers.
func TestEmbed(t *testing.T) {
	net, err := tableNetwork(t, tableFeatures)
	if err != nil {
		t.Fatal(err)
	}
	embed := net.Nodes[0].Layer.(*layers.Embed)
	if want := [][]int{{1, 2, 3}, {6, 7}}; !slices.EqualFunc(embed.Columns, want, slices.Equal) || !slices.Equal(embed.Dims, []int{2, 1}) {
		t.Fatalf("columns %v, dims %v", embed.Columns, embed.Dims)
	}
	if c := net.Count(); c.Params != 8 || c.MACs != 8 {
		t.Errorf("%+v", c)
	}
	parts, err := nn.New("parts", net.Input, nil)
	if err != nil {
		t.Fatal(err)
	}
	add := func(name string, l nn.Layer, in ...string) {
		if err := parts.Add(name, l, in...); err != nil {
			t.Fatal(err)
		}
	}
	add("numbers", &layers.Select{Index: []int{0, 4, 5}})
	add("j", &layers.Select{Index: []int{1, 2, 3}}, nn.InputName)
	add("jw", &layers.Linear{Out: 2, NoBias: true})
	add("s", &layers.Select{Index: []int{6, 7}}, nn.InputName)
	add("sw", &layers.Linear{Out: 1, NoBias: true})
	add("out", &layers.Concat{}, "numbers", "jw", "sw")
	for i, p := range parts.Params() {
		copy(p.Data(), net.Params()[i].Data())
	}
	var out [2][]float32
	for i, n := range []*nn.Network{net, parts} {
		p, err := nn.Compile(n, nn.CompileOptions{Mode: nn.Infer, Batch: 2})
		if err != nil {
			t.Fatal(err)
		}
		copy(p.X, []float32{0.5, 0, 1, 0, -2, 0, 0, 1, 1.5, 0, 0, 0, 3, 1, 0.5, 2})
		p.Run()
		out[i] = slices.Clone(p.Output())
	}
	for i, v := range out[0] {
		if math.Abs(float64(v-out[1][i])) > 1e-6 {
			t.Errorf("output %d is %g, want %g", i, v, out[1][i])
		}
	}
}

// TestEmbedErrors: inputs without categorical variables, and columns that make no sense.
func TestEmbedErrors(t *testing.T) {
	for _, features := range [][]nn.Feature{nil, {{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}, {Name: "e"}, {Name: "f"}, {Name: "g"}, {Name: "h"}}} {
		if _, err := tableNetwork(t, features); err == nil || !strings.Contains(err.Error(), "layer embed: embed: the inputs have no categorical variables") {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		layer *layers.Embed
		want  string
	}{
		{&layers.Embed{Columns: [][]int{{0, 1}}}, "dim is 0"},
		{&layers.Embed{Dim: 2}, "columns must list the units"},
		{&layers.Embed{Dim: 2, Columns: [][]int{{0, 4}}}, "column 4, which is outside 0..3"},
		{&layers.Embed{Dim: 2, Columns: [][]int{{0, 1}, {1}}}, "in two places"},
		{&layers.Embed{Dim: 2, Columns: [][]int{{}}}, "0 columns"},
		{&layers.Embed{Dim: 2, Columns: [][]int{{0}}, Dims: []int{1, 1}}, "dims has 2 entries for 1 variables"},
	} {
		if _, err := c.layer.Init([]nn.Shape{{4}}, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// TestLossUnits: errors in units are those of outputs and targets in units.
func TestLossUnits(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	units := []float32{2, 0.5, 100}
	value := func(loss nn.Loss, scale []float32) (value float64, grad []float32) {
		net, err := nn.New("n", nn.Shape{3}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := net.Add("out", &layers.Gate{PerChannel: true}); err != nil {
			t.Fatal(err)
		}
		p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: 2, Loss: loss})
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.X {
			p.X[i], p.Target[i] = float32(rng.NormFloat64())*units[i%3]/scale[i%3], float32(rng.NormFloat64())*units[i%3]/scale[i%3]
		}
		p.Run()
		return p.Loss(), p.Grad(net.Params()[0].Param)
	}
	for name, of := range map[string]func(units []float32) nn.Loss{
		"mse":   func(u []float32) nn.Loss { return layers.MeanSquare{Units: u} },
		"huber": func(u []float32) nn.Loss { return layers.Huber{Delta: 0.7, Units: u} },
	} {
		rng = rand.New(rand.NewPCG(3, 4))
		a, ga := value(of(units), []float32{1, 1, 1})
		rng = rand.New(rand.NewPCG(3, 4))
		b, gb := value(of(nil), units)
		if math.Abs(a-b) > 1e-6 {
			t.Errorf("%s: %g, want %g", name, a, b)
		}
		for i := range ga { // by the factors, which do not change with the unit
			if math.Abs(float64(ga[i]-gb[i])) > 1e-5 {
				t.Errorf("%s: gradient %g, want %g", name, ga[i], gb[i])
			}
		}
	}
}
