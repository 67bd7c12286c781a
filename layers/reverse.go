package layers

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/nn"
	"pare/nn/onnx"
)

// Reverse puts the positions of a sequence in the opposite order. Input and output [D, T].
// A recurrent layer between two of them reads the sequence from its end; joined with one
// that reads from the start it is a bidirectional layer (Schuster & Paliwal 1997).
type Reverse struct {
	passUnits
	in nn.Shape
}

func init() {
	nn.RegisterLayer("the positions of a sequence from last to first", func() nn.Layer { return &Reverse{} })
}

func (l *Reverse) Kind() string { return "reverse" }

func (l *Reverse) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneSequence("reverse", in)
	l.in = s
	return s, err
}

func (l *Reverse) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return buildGather("reverse", in[0], l.in.Batched(b.Batch), l.sources())
}

// sources lists the offset of each output in the channels-last layout of one example.
func (l *Reverse) sources() []int32 {
	d, t := l.in[0], l.in[1]
	src := make([]int32, l.in.Size())
	for i := range src {
		src[i] = int32((t-1-i/d)*d + i%d)
	}
	return src
}

// Combine implements nn.Combiner.
func (l *Reverse) Combine(_ []nn.Shape, add func(out, k, i int, factor float64)) {
	gathered(l.sources(), add)
}

func (l *Reverse) Slice(nn.Slicing) (nn.Layer, error) { return &Reverse{}, nil }

// ONNX is Slice with a negative step.
func (l *Reverse) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("Slice", []string{in[0], b.Ints(name+"/start", []int{-1}), b.Ints(name+"/end", []int{-maxValues}),
		b.Ints(name+"/axis", []int{2}), b.Ints(name+"/step", []int{-1})}), nil
}
