package layers

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/nn"
	"pare/nn/onnx"
)

// Tokens reads an image as the sequence of its positions, row by row. Input [C, H, W], output
// [C, H·W]. Behind a convolution whose stride is its kernel, these are the patches of a vision
// transformer (Dosovitskiy et al. 2021).
type Tokens struct{ passUnits }

func init() {
	nn.RegisterLayer("image to the sequence of its positions, row by row", func() nn.Layer { return &Tokens{} })
}

func (l *Tokens) Kind() string { return "tokens" }

func (l *Tokens) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	c, h, w, err := oneImage("tokens", in)
	return nn.Shape{c, h * w}, err
}

// Build copies: channels last, an image is the sequence of its positions.
func (l *Tokens) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	out := shape.Clone()[:3]
	out[1], out[2] = shape[1]*shape[2], shape[3]
	copied := func(dst []float32, in [][]float32) { copy(dst, in[0]) }
	grad := nn.Gradient(nn.Op{Name: "tokens/dx", Shape: shape, Run: copied}, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "tokens", Shape: out, Grad: []nn.GradFunc{grad}, Run: copied}, in[0])
}

func (l *Tokens) Slice(nn.Slicing) (nn.Layer, error) { return &Tokens{}, nil }

// ONNX is Reshape.
func (l *Tokens) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("Reshape", []string{in[0], b.Ints(name+"/shape", []int{0, 0, -1})}), nil
}
