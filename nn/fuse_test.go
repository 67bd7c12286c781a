package nn_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"pare/layers"
	"pare/nn"
)

// keepAll is a loss term of 0 that reads the output of every layer, so that none
// is computed along with another.
type keepAll struct{ names []string }

func (keepAll) Name() string             { return "nothing" }
func (k keepAll) ReadsOutputs() []string { return k.names }
func (k keepAll) Build(b *nn.Builder, _ *nn.Network) (*gorgonia.Node, error) {
	n, _ := b.Output(k.names[0])
	return nn.Apply(nn.Op{Name: "nothing", Run: func(dst []float32, _ [][]float32) { dst[0] = 0 }}, n)
}

func conv(out int) *layers.Conv {
	return &layers.Conv{Out: out, Kernel: layers.Square(3), Pad: layers.Around(1), NoBias: true}
}

// fusable are networks whose layers can be computed in one pass in all the ways
// there are.
func fusable() map[string][]row {
	head := func(rows ...row) []row {
		return append(rows, row{"pool", &layers.GlobalPool{}, nil}, row{"fc", &layers.Linear{Out: 4}, nil})
	}
	return map[string][]row{
		"relu": head(row{"conv", conv(9), nil}, row{"bn", &layers.BatchNorm{}, nil}, row{"relu", layers.ReLU(), nil}),
		"conv with relu": head(row{"a", &layers.Conv{Out: 7, Kernel: layers.Square(3), Pad: layers.Around(1)}, nil}, row{"ra", layers.ReLU(), nil},
			row{"b", &layers.Conv{Out: 8, Kernel: layers.Square(3), Stride: layers.Square(2)}, nil}, row{"rb", layers.ReLU(), nil}),
		"gates, sum and relu": head(row{"stem", conv(8), nil}, row{"a", conv(8), nil}, row{"bn", &layers.BatchNorm{}, nil},
			row{"g", &layers.Gate{}, nil}, row{"h", &layers.Gate{}, []string{"stem"}},
			row{"add", &layers.Add{}, []string{"h", "g"}}, row{"relu", layers.ReLU(), nil}),
		"gates per channel": head(row{"stem", conv(10), nil}, row{"a", conv(10), nil}, row{"bn", &layers.BatchNorm{}, nil},
			row{"g", &layers.Gate{PerChannel: true}, nil}, row{"h", &layers.Gate{PerChannel: true}, []string{"stem"}},
			row{"add", &layers.Add{}, []string{"g", "h"}}, row{"relu", layers.ReLU(), nil}),
		"sum without relu": head(row{"stem", conv(8), nil}, row{"a", conv(8), nil}, row{"bn", &layers.BatchNorm{}, nil},
			row{"add", &layers.Add{}, []string{"stem", "bn"}}),
		"two normalisations": head(row{"stem", conv(8), nil}, row{"a", conv(8), nil}, row{"bn1", &layers.BatchNorm{}, nil},
			row{"b", conv(8), []string{"stem"}}, row{"bn2", &layers.BatchNorm{}, nil}, row{"g2", &layers.Gate{}, nil},
			row{"add", &layers.Add{}, []string{"bn1", "g2"}}, row{"relu", layers.ReLU(), nil}),
		"input as skip": head(row{"a", conv(3), nil}, row{"bn", &layers.BatchNorm{}, nil},
			row{"add", &layers.Add{}, []string{"bn", nn.InputName}}, row{"relu", layers.ReLU(), nil}),
		"twice the same": head(row{"a", conv(8), nil}, row{"bn", &layers.BatchNorm{}, nil},
			row{"add", &layers.Add{}, []string{"bn", "bn"}}, row{"relu", layers.ReLU(), nil}),
		"vectors": {row{"flat", &layers.Flatten{}, nil}, row{"fc1", &layers.Linear{Out: 12}, nil}, row{"bn", &layers.BatchNorm{}, nil},
			row{"relu", layers.ReLU(), nil}, row{"fc2", &layers.Linear{Out: 12}, nil}, row{"relu2", layers.ReLU(), nil},
			row{"fc3", &layers.Linear{Out: 4}, nil}},
		"linear with relu read by two": {row{"flat", &layers.Flatten{}, nil}, row{"fc1", &layers.Linear{Out: 20}, nil}, row{"relu", layers.ReLU(), nil},
			row{"a", &layers.Linear{Out: 18}, nil}, row{"b", &layers.Linear{Out: 18}, []string{"relu"}},
			row{"add", &layers.Add{}, []string{"a", "b"}}, row{"fc2", &layers.Linear{Out: 4}, nil}},
		"linear with sum": {row{"flat", &layers.Flatten{}, nil}, row{"fc1", &layers.Linear{Out: 20}, nil}, row{"relu", layers.ReLU(), nil},
			row{"a", &layers.Linear{Out: 20}, nil}, row{"add", &layers.Add{}, []string{"fc1", "a"}}, row{"fc2", &layers.Linear{Out: 4}, nil}},
		"linear with sum and relu": {row{"flat", &layers.Flatten{}, nil}, row{"fc1", &layers.Linear{Out: 20}, nil}, row{"relu", layers.ReLU(), nil},
			row{"a", &layers.Linear{Out: 20, NoBias: true}, nil}, row{"add", &layers.Add{}, []string{"a", "relu"}}, row{"relu2", layers.ReLU(), nil},
			row{"fc2", &layers.Linear{Out: 4}, nil}},
		"linear added to itself": {row{"flat", &layers.Flatten{}, nil}, row{"a", &layers.Linear{Out: 20}, nil},
			row{"add", &layers.Add{}, []string{"a", "a"}}, row{"fc2", &layers.Linear{Out: 4}, nil}},
		"relu read twice": head(row{"a", conv(8), nil}, row{"bn", &layers.BatchNorm{}, nil}, row{"relu", layers.ReLU(), nil},
			row{"b", conv(8), nil}, row{"bn2", &layers.BatchNorm{}, nil}, row{"add", &layers.Add{}, []string{"relu", "bn2"}}),
	}
}

// TestFusedEqualsUnfused compares outputs, losses, gradients and running
// statistics of networks compiled with and without passes in common.
func TestFusedEqualsUnfused(t *testing.T) {
	for name, rows := range fusable() {
		t.Run(name, func(t *testing.T) {
			net := network(t, nn.Shape{3, 6, 5}, 7, rows...)
			rng := rand.New(rand.NewPCG(3, 4))
			for _, p := range net.Params() {
				if d := p.Data(); p.Role != nn.RoleBuffer && p.Role != nn.RoleWeight {
					for i := range d {
						d[i] += float32(0.3 * rng.NormFloat64())
					}
				}
			}
			other, err := net.Clone()
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, n := range other.Nodes {
				names = append(names, n.Name)
			}
			o := nn.CompileOptions{Mode: nn.Train, Batch: 5, Loss: layers.CrossEntropy{}}
			fused, err := nn.Compile(net, o)
			if err != nil {
				t.Fatal(err)
			}
			o.Terms = []nn.Term{keepAll{names}}
			plain, err := nn.Compile(other, o)
			if err != nil {
				t.Fatal(err)
			}
			for i := range fused.X {
				fused.X[i] = float32(rng.NormFloat64())
			}
			copy(plain.X, fused.X)
			for i := range fused.Target {
				fused.Target[i] = float32(i % 4)
			}
			copy(plain.Target, fused.Target)
			fused.Run()
			plain.Run()
			near(t, "output", fused.Output(), plain.Output())
			for i, p := range net.Params() {
				q := other.Params()[i]
				if p.Trainable() {
					near(t, "gradient of "+p.Full, fused.Grad(p.Param), plain.Grad(q.Param))
				} else {
					near(t, p.Full, p.Data(), q.Data())
				}
			}
			eval := func(n *nn.Network, terms []nn.Term) []float32 {
				p, err := nn.Compile(n, nn.CompileOptions{Mode: nn.Infer, Batch: 5, Terms: terms})
				if err != nil {
					t.Fatal(err)
				}
				copy(p.X, fused.X)
				p.Run()
				return p.Output()
			}
			near(t, "inference", eval(net, nil), eval(other, o.Terms))
		})
	}
}

// near compares with a tolerance of float32 sums, relative to the largest value.
func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	scale := 1e-3
	for _, v := range want {
		scale = max(scale, math.Abs(float64(v)))
	}
	for i, v := range got {
		if d := math.Abs(float64(v) - float64(want[i])); !(d <= 2e-5*scale) {
			t.Fatalf("%s[%d] is %g, expected %g", what, i, v, want[i])
		}
	}
}

// TestFusionSavesPasses: a gated residual block with its normalisations is four
// operations forward.
func TestFusionSavesPasses(t *testing.T) {
	net := network(t, nn.Shape{3, 6, 5}, 7, fusable()["gates, sum and relu"]...)
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	ops := strings.Join(p.Operations(), "; ")
	if want := "conv of layer stem; conv of layer a; batchnorm of layer bn; globalpool of layer pool; linear of layer fc"; ops != want {
		t.Errorf("the operations are %s; expected %s", ops, want)
	}
}
