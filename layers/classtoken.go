package layers

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/nn"
	"pare/nn/onnx"
)

// ClassToken puts a learned vector in front of a sequence, zero at first. A vision transformer
// classifies the image from this position (Dosovitskiy et al. 2021). Input [D, T], output
// [D, T+1].
type ClassToken struct {
	passUnits
	weight *nn.Param // [D]
}

func init() {
	nn.RegisterLayer("a learned vector in front of a sequence", func() nn.Layer { return &ClassToken{} })
}

func (l *ClassToken) Kind() string { return "classtoken" }

func (l *ClassToken) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneSequence("classtoken", in)
	if err != nil {
		return nil, err
	}
	return nn.Shape{s[0], s[1] + 1}, initParams(unitParam(&l.weight, "weight", nn.RoleBias, s[0], nil))
}

func (l *ClassToken) Params() []*nn.Param { return nonNil(l.weight) }

func (l *ClassToken) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	out := shape.Clone()
	out[1]++
	units, size := shape[2], shape[1]*shape[2] // size of an example before
	longer := size + units
	toInput := nn.Gradient(nn.Op{Name: "classtoken/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
		for n := range shape[0] {
			copy(dst[n*size:][:size], in[0][n*longer+units:])
		}
	}}, nn.OutGrad)
	toWeight := nn.Gradient(nn.Op{Name: "classtoken/dw", Shape: tensor.Shape{units}, Run: func(dst []float32, in [][]float32) {
		clear(dst)
		for n := range shape[0] {
			for u, g := range in[0][n*longer:][:units] {
				dst[u] += g
			}
		}
	}}, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "classtoken", Shape: out, Grad: []nn.GradFunc{toInput, toWeight}, Run: func(dst []float32, in [][]float32) {
		for n := range shape[0] {
			y := dst[n*longer:][:longer]
			copy(y, in[1])
			copy(y[units:], in[0][n*size:][:size])
		}
	}}, in[0], b.Param(l.weight))
}

// Constants: a unit is constant where the vector has the same value as all positions.
func (l *ClassToken) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(len(in[0].Const))
	for u, constant := range in[0].Const {
		if w := l.weight.Data()[u]; constant && w == in[0].Value[u] && (w != 0 || !l.weight.Holds(u)) {
			out.Set(u, w)
		}
	}
	return out
}

func (l *ClassToken) Slice(s nn.Slicing) (nn.Layer, error) {
	return &ClassToken{weight: l.weight.Select(nil, s.Out)}, nil
}

// ONNX is Concat behind the vector, expanded to the batch size of the input.
func (l *ClassToken) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	batch := b.Node("Shape", in, onnx.Int("start", 0), onnx.Int("end", 1))
	shape := b.Node("Concat", []string{batch, b.Ints(name+"/shape", []int{shapes[0][0], 1})}, onnx.Int("axis", 0))
	token := b.Node("Expand", []string{onnxPerChannel(b, name, onnxParam(b, name, l.weight), shapes[0]), shape})
	return b.Node("Concat", []string{token, in[0]}, onnx.Int("axis", 2)), nil
}
