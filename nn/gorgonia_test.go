package nn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/layers"
	"pare/nn"
)

// requireClose compares with a tolerance for another order of summation.
func requireClose(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, expected %d", what, len(got), len(want))
	}
	for i, v := range got {
		if d := math.Abs(float64(v - want[i])); !(d <= 1e-5*max(1, math.Abs(float64(want[i])))) {
			t.Fatalf("%s[%d] = %g, expected %g", what, i, v, want[i])
		}
	}
}

// TestTapeMachine runs a training graph, loss and gradients, on Gorgonia's own
// machine: our operations are Gorgonia operations.
func TestTapeMachine(t *testing.T) {
	const batch = 4
	net := convNet(t, 1)
	s := &spy{Loss: layers.CrossEntropy{}}
	p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: s, Seed: 9})
	fillExamples(p, 5)
	let := func(n *gorgonia.Node, data []float32) {
		v := tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(slices.Clone(data)))
		if err := gorgonia.Let(n, v); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range s.builder.Graph.Inputs() {
		switch n.Name() {
		case nn.InputName:
			let(n, p.X)
		case "target":
			let(n, p.Target)
		}
	}
	var loss gorgonia.Value
	gorgonia.Read(s.loss, &loss)
	grads := map[string]*gorgonia.Value{}
	for _, param := range net.Params() {
		if param.Trainable() {
			n := s.builder.Param(param.Param)
			let(n, param.Data())
			grads[param.Full] = new(gorgonia.Value)
			gorgonia.Read(n.Deriv(), grads[param.Full])
		}
	}
	vm := gorgonia.NewTapeMachine(s.builder.Graph)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	p.Run()
	if got := float64(loss.Data().(float32)); math.Abs(got-p.Loss()) > 1e-6 {
		t.Errorf("the tape machine's loss is %g, the program's %g", got, p.Loss())
	}
	for _, param := range net.Params() {
		if v, ok := grads[param.Full]; ok {
			requireClose(t, "gradient of "+param.Full, (*v).Data().([]float32), p.Grad(param.Param))
		}
	}
}

// stock is a layer of Gorgonia's own functions alone: tanh((x·W)∘s) with a
// transposed weight when asked for.
type stock struct {
	transpose     bool
	weight, scale *nn.Param
}

func (l *stock) Kind() string        { return "test-stock" }
func (l *stock) Params() []*nn.Param { return []*nn.Param{l.weight, l.scale} }

func (l *stock) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	const out = 3
	dims := []int{in[0].Units(), out}
	if l.transpose {
		dims = []int{out, in[0].Units()}
	}
	l.weight = nn.NewParam("weight", nn.RoleWeight, dims, nn.AxisOther, nn.AxisOther).Normal(1, rng)
	l.scale = nn.NewParam("scale", nn.RoleScale, []int{5, out}, nn.AxisOther, nn.AxisOther).Normal(1, rng)
	return nn.Shape{out}, nil
}

func (l *stock) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	w := b.Param(l.weight)
	if l.transpose {
		var err error
		if w, err = gorgonia.Transpose(w); err != nil {
			return nil, err
		}
	}
	y, err := gorgonia.Mul(in[0], w)
	if err != nil {
		return nil, err
	}
	if y, err = gorgonia.HadamardProd(y, b.Param(l.scale)); err != nil {
		return nil, err
	}
	return gorgonia.Tanh(y)
}

// meanSquare is a loss of Gorgonia's own functions: the mean of y².
type meanSquare struct{}

func (meanSquare) Build(_ *nn.Builder, output, _ *gorgonia.Node) (*gorgonia.Node, error) {
	sq, err := gorgonia.Square(output)
	if err != nil {
		return nil, err
	}
	return gorgonia.Mean(sq)
}

func TestStockOperations(t *testing.T) {
	for _, transpose := range []bool{false, true} {
		t.Run(fmt.Sprintf("transpose=%t", transpose), func(t *testing.T) {
			const batch, inner, out = 5, 4, 3
			l := &stock{transpose: transpose}
			net := network(t, nn.Shape{6}, 1, row{"fc", &layers.Linear{Out: inner}, nil}, row{"stock", l, nil})
			p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: meanSquare{}})
			fillExamples(p, 1)
			fc := net.Nodes[0].Layer.Params()
			// By the definition, in float64.
			loss := func() float64 {
				total := 0.0
				for n := range batch {
					for o := range out {
						sum := 0.0
						for j := range inner {
							h := float64(fc[1].Data()[j])
							for i := range 6 {
								h += float64(p.X[n*6+i]) * float64(fc[0].Data()[i*inner+j])
							}
							at := j*out + o
							if transpose {
								at = o*inner + j
							}
							sum += h * float64(l.weight.Data()[at])
						}
						y := math.Tanh(sum * float64(l.scale.Data()[n*out+o]))
						total += y * y
					}
				}
				return total / (batch * out)
			}
			p.Run()
			if math.Abs(p.Loss()-loss()) > 1e-6 {
				t.Errorf("loss %g, expected %g", p.Loss(), loss())
			}
			for _, param := range net.Params() {
				for i, g := range p.Grad(param.Param) {
					const h = 1.0 / 512
					v := param.Data()[i]
					param.Data()[i] = v + h
					up := loss()
					param.Data()[i] = v - h
					want := (up - loss()) / float64((v+h)-(v-h))
					param.Data()[i] = v
					// Second-order differences of a float64 loss: off by h² times a
					// third derivative of a few tens.
					if math.Abs(float64(g)-want) > 1e-3 {
						t.Fatalf("gradient of %s[%d] is %g, differences give %g", param.Full, i, g, want)
					}
				}
			}
		})
	}
}
