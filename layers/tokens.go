package layers

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/nn"
	"pare/nn/onnx"
)

// Tokens turns an image into the sequence of its pixels, row by row: input [C, H, W],
// output [C, H·W]. Behind a convolution whose stride is its kernel these are the patches of
// a vision transformer (Dosovitskiy et al. 2021).
type Tokens struct {
	passUnits
	in nn.Shape
}

func init() {
	nn.RegisterLayer("image to sequence, a position for each pixel", func() nn.Layer { return &Tokens{} })
}

func (l *Tokens) Kind() string { return "tokens" }

func (l *Tokens) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	c, h, w, err := oneImage("tokens", in)
	if err != nil {
		return nil, err
	}
	l.in = nn.Shape{c, h, w}
	return nn.Shape{c, h * w}, nil
}

// Build copies, because both layouts have the channels last.
func (l *Tokens) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	copies := func(dst []float32, in [][]float32) { copy(dst, in[0]) }
	shape, sparse := in[0].Shape().Clone(), nn.IsSparse(in[0])
	grad := nn.Gradient(nn.Op{Name: "tokens/dx", Shape: shape, Run: copies}, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "tokens", Shape: nn.Shape{l.in[0], l.in.Positions()}.Batched(b.Batch),
		Grad: []nn.GradFunc{grad}, Sparse: sparse, Run: copies}, in[0])
}

// Combine implements nn.Combiner.
func (l *Tokens) Combine(in []nn.Shape, add func(out, k, i int, factor float64)) {
	gathered(upTo(in[0].Size()), add)
}

func (l *Tokens) Slice(nn.Slicing) (nn.Layer, error) { return &Tokens{}, nil }

// ONNX is Reshape to [batch, C, H·W].
func (l *Tokens) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	shape := b.Ints(name+"/shape", []int{0, shapes[0].Units(), shapes[0].Positions()})
	return b.Node("Reshape", []string{in[0], shape}), nil
}
