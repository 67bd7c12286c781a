package main

import (
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/nn"
	"pare/nn/onnx"
)

// Softsign is x/(1+|x|) for every value.
type Softsign struct{}

func init() { nn.RegisterLayer("x/(1+|x|)", func() nn.Layer { return &Softsign{} }) }

func (*Softsign) Kind() string                                       { return "softsign" }
func (*Softsign) Params() []*nn.Param                                { return nil }
func (*Softsign) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) { return in[0], nil }

// Build implements nn.Layer.
func (*Softsign) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	grad := nn.Gradient(nn.Op{Name: "softsign/dx", Shape: shape, Run: func(dx []float32, in [][]float32) {
		for i, x := range in[0] {
			dx[i] = in[1][i] / ((1 + abs(x)) * (1 + abs(x)))
		}
	}}, 0, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "softsign", Shape: shape, Grad: []nn.GradFunc{grad}, Run: func(y []float32, in [][]float32) {
		for i, x := range in[0] {
			y[i] = x / (1 + abs(x))
		}
	}}, in[0])
}

// OutUnits, Constants, Needs and Slice tell pruning that every unit passes by itself.

func (*Softsign) OutUnits(in []nn.Units, _ nn.UnitSpace) nn.Units { return in[0] }

func (*Softsign) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(len(in[0].Const))
	for u, known := range in[0].Const {
		if x := in[0].Value[u]; known {
			out.Set(u, x/(1+abs(x)))
		}
	}
	return out
}

func (*Softsign) Needs(keep []bool, _ []nn.Known) [][]bool { return [][]bool{keep} }
func (*Softsign) Slice(nn.Slicing) (nn.Layer, error)       { return &Softsign{}, nil }

// ONNX implements nn.ONNXLayer.
func (*Softsign) ONNX(b *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("Softsign", in), nil
}

func abs(x float32) float32 { return float32(math.Abs(float64(x))) }
