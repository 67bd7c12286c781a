package layers

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/nn"
	"pare/nn/onnx"
)

// Mul multiplies its two inputs value by value, as gated units do: relu(gate)·up
// (Shazeer 2020). Inputs and output have the same shape.
type Mul struct{}

func init() {
	nn.RegisterLayer("product of two inputs, value by value", func() nn.Layer { return &Mul{} })
}

func (l *Mul) Kind() string { return "mul" }

func (l *Mul) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if len(in) != 2 {
		return nil, fmt.Errorf("mul takes two inputs, got %d", len(in))
	}
	if !in[0].Equal(in[1]) {
		return nil, fmt.Errorf("mul: the inputs have shapes %s and %s", in[0], in[1])
	}
	return in[0], nil
}

func (l *Mul) Params() []*nn.Param { return nil }

// Traits implements nn.Describer.
func (l *Mul) Traits() nn.Traits { return nn.Traits{Multiplies: true} }

func (l *Mul) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	product := func(dst []float32, in [][]float32) { vector.Mul(dst, in[0], in[1]) }
	times := func(other int) nn.GradFunc {
		return nn.Gradient(nn.Op{Name: "mul/dx", Shape: shape, Sparse: nn.IsSparse(in[other]), Run: product}, other, nn.OutGrad)
	}
	return nn.Apply(nn.Op{Name: "mul", Shape: shape, Grad: []nn.GradFunc{times(1), times(0)},
		Sparse: nn.IsSparse(in[0]) || nn.IsSparse(in[1]), Run: product}, in...)
}

// OutUnits implements nn.UnitMapper: units that are multiplied are tied.
func (l *Mul) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	for u := range in[0] {
		space.Tie(in[0][u], in[1][u])
	}
	return in[0]
}

// Constants: 0 times anything is 0.
func (l *Mul) Constants(in []nn.Known) nn.Known {
	out := mapKnown(in[0], func(u int, v float32) float32 { return v * in[1].Value[u] })
	for u := range out.Const {
		out.Const[u] = out.Const[u] && in[1].Const[u]
		if in[0].Zero(u) || in[1].Zero(u) {
			out.Set(u, 0)
		}
	}
	return out
}

func (l *Mul) Needs(keep []bool, _ []nn.Known) [][]bool {
	return [][]bool{slices.Clone(keep), slices.Clone(keep)}
}

func (l *Mul) Slice(nn.Slicing) (nn.Layer, error) { return &Mul{}, nil }

// ONNX is Mul.
func (l *Mul) ONNX(b *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("Mul", in), nil
}
