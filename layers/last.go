package layers

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/nn"
	"pare/nn/onnx"
)

// Last picks the last position of a sequence. Input [D, T], output [D].
type Last struct{ onePosition }

// First picks the first position of a sequence, such as a class token. Input
// [D, T], output [D].
type First struct{ onePosition }

func init() {
	nn.RegisterLayer("the last position of a sequence", func() nn.Layer { return &Last{} })
	nn.RegisterLayer("the first position of a sequence", func() nn.Layer { return &First{} })
}

func (l *Last) Kind() string  { return "last" }
func (l *First) Kind() string { return "first" }

func (l *Last) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	return l.init("last", in, func(t int) int { return t - 1 })
}

func (l *First) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	return l.init("first", in, func(int) int { return 0 })
}

func (l *Last) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return l.build(b, "last", in[0])
}

func (l *First) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return l.build(b, "first", in[0])
}

func (l *Last) Slice(nn.Slicing) (nn.Layer, error)  { return &Last{}, nil }
func (l *First) Slice(nn.Slicing) (nn.Layer, error) { return &First{}, nil }

// onePosition is a layer that picks a position of a sequence.
type onePosition struct {
	passUnits
	in nn.Shape
	at int
}

func (l *onePosition) init(kind string, in []nn.Shape, at func(positions int) int) (nn.Shape, error) {
	s, err := oneSequence(kind, in)
	if err != nil {
		return nil, err
	}
	l.in, l.at = s, at(s[1])
	return s[:1], nil
}

func (l *onePosition) build(b *nn.Builder, kind string, x *gorgonia.Node) (*gorgonia.Node, error) {
	return buildGather(kind, x, l.in[:1].Batched(b.Batch), l.sources())
}

// sources lists the offset of each output in the channels-last layout of one example.
func (l *onePosition) sources() []int32 {
	src := make([]int32, l.in.Units())
	for u := range src {
		src[u] = int32(l.at*len(src) + u)
	}
	return src
}

// Combine implements nn.Combiner.
func (l *onePosition) Combine(_ []nn.Shape, add func(out, k, i int, factor float64)) {
	gathered(l.sources(), add)
}

// ONNX is Gather of one position and Flatten.
func (l *onePosition) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	at := b.Ints(name+"/index", []int{l.at})
	return b.Node("Flatten", []string{b.Node("Gather", []string{in[0], at}, onnx.Int("axis", 2))}), nil
}
