package layers

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/nn"
	"pare/nn/onnx"
)

// Last picks the last position of a sequence. Input [D, T], output [D].
type Last struct {
	passUnits
	in nn.Shape
}

// First picks the first position of a sequence, such as a class token's. Input [D, T], output [D].
type First struct {
	passUnits
	in nn.Shape
}

func init() {
	nn.RegisterLayer("the last position of a sequence", func() nn.Layer { return &Last{} })
	nn.RegisterLayer("the first position of a sequence", func() nn.Layer { return &First{} })
}

func (l *Last) Kind() string  { return "last" }
func (l *First) Kind() string { return "first" }

func (l *Last) Init(in []nn.Shape, _ *rand.Rand) (s nn.Shape, err error) {
	l.in, err = oneSequence("last", in)
	return l.in[:min(1, len(l.in))], err
}

func (l *First) Init(in []nn.Shape, _ *rand.Rand) (s nn.Shape, err error) {
	l.in, err = oneSequence("first", in)
	return l.in[:min(1, len(l.in))], err
}

func (l *Last) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return buildPosition("last", b, in[0], l.in, l.in[1]-1)
}

func (l *First) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return buildPosition("first", b, in[0], l.in, 0)
}

// buildPosition picks position at of a sequence of that shape.
func buildPosition(name string, b *nn.Builder, x *gorgonia.Node, in nn.Shape, at int) (*gorgonia.Node, error) {
	src := make([]int32, in.Units())
	for u := range src {
		src[u] = int32(at*len(src) + u)
	}
	return buildGather(name, x, in[:1].Batched(b.Batch), src)
}

func (l *Last) Slice(nn.Slicing) (nn.Layer, error)  { return &Last{}, nil }
func (l *First) Slice(nn.Slicing) (nn.Layer, error) { return &First{}, nil }

// ONNX is Gather of one position and Flatten.
func (l *Last) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	return onnxPosition(b, name, in[0], shapes[0][1]-1), nil
}

// ONNX is Gather of one position and Flatten.
func (l *First) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return onnxPosition(b, name, in[0], 0), nil
}

func onnxPosition(b *onnx.Builder, name, x string, at int) string {
	return b.Node("Flatten", []string{b.Node("Gather", []string{x, b.Ints(name+"/index", []int{at})}, onnx.Int("axis", 2))})
}
