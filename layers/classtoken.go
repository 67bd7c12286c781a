package layers

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/nn"
	"pare/nn/onnx"
)

// ClassToken puts a learned vector in front of a sequence, zero at first: input [D, T],
// output [D, T+1]. The classifier of a vision transformer reads that position (Dosovitskiy
// et al. 2021, after Devlin et al. 2019).
type ClassToken struct {
	passUnits
	weight *nn.Param // [D]
	in     nn.Shape
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
	l.in = s
	return nn.Shape{s[0], s[1] + 1}, initParams(unitParam(&l.weight, "weight", nn.RoleBias, s[0], nil))
}

func (l *ClassToken) Params() []*nn.Param { return nonNil(l.weight) }

func (l *ClassToken) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	d, batch := l.in[0], b.Batch
	size := l.in.Size() // of an example, without the token
	toInput := nn.Gradient(nn.Op{Name: "classtoken/dx", Shape: in[0].Shape().Clone(), Run: func(dst []float32, in [][]float32) {
		for n := range batch {
			copy(dst[n*size:(n+1)*size], in[0][n*(size+d)+d:])
		}
	}}, nn.OutGrad)
	toWeight := nn.Gradient(nn.Op{Name: "classtoken/dw", Shape: tensor.Shape{d}, Run: func(dst []float32, in [][]float32) {
		clear(dst)
		for n := range batch {
			for u, v := range in[0][n*(size+d) : n*(size+d)+d] {
				dst[u] += v
			}
		}
	}}, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "classtoken", Shape: nn.Shape{d, l.in[1] + 1}.Batched(batch),
		Grad: []nn.GradFunc{toInput, toWeight}, Run: func(dst []float32, in [][]float32) {
			for n := range batch {
				at := n * (size + d)
				copy(dst[at:], in[1])
				copy(dst[at+d:], in[0][n*size:(n+1)*size])
			}
		}}, in[0], b.Param(l.weight))
}

// Constants: a unit that has the same value in the token and in a constant input.
func (l *ClassToken) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(len(in[0].Const))
	for u, c := range in[0].Const {
		if c && in[0].Value[u] == l.weight.Data()[u] && !l.weight.Holds(u) {
			out.Set(u, in[0].Value[u])
		}
	}
	return out
}

func (l *ClassToken) Slice(s nn.Slicing) (nn.Layer, error) {
	return &ClassToken{weight: l.weight.Select(nil, s.Out)}, nil
}

// ONNX is Concat of the token, expanded to the batch, and the sequence.
func (l *ClassToken) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	token := onnxPerChannel(b, name, onnxParam(b, name, l.weight), nn.Shape{l.in[0], 1})
	batch := b.Node("Slice", []string{b.Node("Shape", in), b.Ints(name+"/begin", []int{0}), b.Ints(name+"/end", []int{1})})
	shape := b.Node("Concat", []string{batch, b.Ints(name+"/shape", []int{l.in[0], 1})}, onnx.Int("axis", 0))
	return b.Node("Concat", []string{b.Node("Expand", []string{token, shape}), in[0]}, onnx.Int("axis", 2)), nil
}
