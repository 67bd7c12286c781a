package layers_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

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

var _ nn.Layer = (*Swish)(nil)
