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

func init() {
	nn.RegisterLayer("the last position of a sequence", func() nn.Layer { return &Last{} })
}

func (l *Last) Kind() string { return "last" }

func (l *Last) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneSequence("last", in)
	if err != nil {
		return nil, err
	}
	l.in = s
	return s[:1], nil
}

func (l *Last) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	src := make([]int32, l.in.Units())
	for u := range src {
		src[u] = int32(l.in.Size() - len(src) + u)
	}
	return buildGather("last", in[0], l.in[:1].Batched(b.Batch), src)
}

func (l *Last) Slice(nn.Slicing) (nn.Layer, error) { return &Last{}, nil }

// ONNX is Gather of one position and Flatten.
func (l *Last) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	at := b.Ints(name+"/index", []int{shapes[0][1] - 1})
	return b.Node("Flatten", []string{b.Node("Gather", []string{in[0], at}, onnx.Int("axis", 2))}), nil
}
