package layers_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/layers"
	"pare/nn"
)

// Swish is x·sigmoid(β·x) with a learned β (Ramachandran et al. 2017).
type Swish struct {
	Start float64 `yaml:"start" json:"start"` // β before training; 0 means 0
	beta  *nn.Param
}

func init() { nn.RegisterLayer("x·sigmoid(β·x)", func() nn.Layer { return &Swish{Start: 1} }) }

func (l *Swish) Kind() string        { return "swish" }
func (l *Swish) Params() []*nn.Param { return []*nn.Param{l.beta} }

func (l *Swish) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if len(in) != 1 {
		return nil, fmt.Errorf("swish takes one input, got %d", len(in))
	}
	if l.beta == nil {
		l.beta = nn.NewParam("beta", nn.RoleScale, []int{1}, nn.AxisOther).Fill(float32(l.Start))
	}
	return in[0], nil
}

func (l *Swish) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	sigmoid := func(z float32) float32 { return float32(1 / (1 + math.Exp(-float64(z)))) }
	toX := func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: "swish/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
			for i, x := range in[0] {
				z := in[1][0] * x
				dst[i] = in[2][i] * sigmoid(z) * (1 + z*sigmoid(-z))
			}
		}}, in[0], in[1], dy)
	}
	toBeta := func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: "swish/dbeta", Shape: tensor.Shape{1}, Run: func(dst []float32, in [][]float32) {
			dst[0] = 0
			for i, x := range in[0] {
				z := in[1][0] * x
				dst[0] += in[2][i] * x * x * sigmoid(z) * sigmoid(-z)
			}
		}}, in[0], in[1], dy)
	}
	return nn.Apply(nn.Op{Name: "swish", Shape: shape, Grad: []nn.GradFunc{toX, toBeta},
		Run: func(dst []float32, in [][]float32) {
			for i, x := range in[0] {
				dst[i] = x * sigmoid(in[1][0]*x)
			}
		}}, in[0], b.Param(l.beta))
}

// A layer of one's own is a type with a parameter and a gradient; registered, it
// is known to configs and architecture files by its kind.
func Example_customLayer() {
	net, err := nn.New("example", nn.Shape{4}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		fmt.Println(err)
		return
	}
	swish, _ := nn.NewLayer("swish")
	for _, l := range []nn.Layer{&layers.Linear{Out: 8}, swish, &layers.Linear{Out: 3}} {
		if err := net.Add(l.Kind()+fmt.Sprint(len(net.Nodes)), l); err != nil {
			fmt.Println(err)
			return
		}
	}
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: 2, Loss: layers.CrossEntropy{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	copy(p.X, []float32{1, 2, 3, 4, -1, 0, 1, 0})
	copy(p.Target, []float32{0, 2})
	p.Run()
	before := p.Loss()
	for _, param := range net.Params() { // one step of gradient descent
		for i, g := range p.Grad(param.Param) {
			param.Data()[i] -= 0.05 * g
		}
	}
	p.Run()
	fmt.Println("loss falls:", p.Loss() < before)
	fmt.Println("β learns:", swish.Params()[0].Data()[0] != 1)
	// Output:
	// loss falls: true
	// β learns: true
}

var _ nn.Layer = (*Swish)(nil)
