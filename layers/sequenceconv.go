package layers

import (
	"math/rand/v2"

	"pare/nn"
)

// Conv1d is a convolution along a sequence. Input [C, T], output [Out, T'] with
// T' = ⌊(T + Pad.Before + Pad.Behind − (Kernel−1)·Dilation − 1)/Stride⌋ + 1. Everything but
// its hyper-parameters is Conv's, of an image of one row.
type Conv1d struct {
	Out      int    `yaml:"out" json:"out" doc:"output channels; at least 1"`
	Kernel   int    `yaml:"kernel" json:"kernel" range:"[1,)" doc:"length of the kernel; left out: 3"`
	Stride   int    `yaml:"stride,omitempty" json:"stride,omitempty" range:"[1,)" doc:"positions between outputs; left out: 1"`
	Dilation int    `yaml:"dilation,omitempty" json:"dilation,omitempty" range:"[1,)" doc:"positions between taps; left out: 1"`
	Pad      Margin `yaml:"pad,omitempty" json:"pad,omitzero" doc:"zeros on both sides, or [before, behind]"`
	Groups   int    `yaml:"groups,omitempty" json:"groups,omitempty" range:"[1,)" doc:"groups of channels, convolved apart; left out: 1"`
	NoBias   bool   `yaml:"no_bias,omitempty" json:"no_bias,omitempty" doc:"leave the bias out"`

	Conv `yaml:"-" json:"-"`
}

func init() {
	nn.RegisterLayer("convolution along a sequence", func() nn.Layer { return &Conv1d{} })
}

func (l *Conv1d) Kind() string { return "conv1d" }

func (l *Conv1d) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	s, err := oneSequence("conv1d", in)
	if err != nil {
		return nil, err
	}
	if l.Kernel == 0 {
		l.Kernel = 3
	}
	c := &l.Conv
	c.Out, c.Groups, c.NoBias, c.line = l.Out, l.Groups, l.NoBias, true
	c.Kernel, c.Stride, c.Dilation, c.Pad = along(l.Kernel), along(l.Stride), along(l.Dilation), l.Pad.padding()
	s, err = c.init("conv1d", oneRow(s), rng)
	if err != nil {
		return nil, err
	}
	l.readBack()
	return nn.Shape{s[0], s[2]}, nil
}

// readBack copies the hyper-parameters of the convolution.
func (l *Conv1d) readBack() {
	c := &l.Conv
	l.Out, l.Kernel, l.Stride, l.Dilation, l.Groups, l.NoBias = c.Out, c.Kernel.W, c.Stride.W, c.Dilation.W, c.Groups, c.NoBias
	l.Pad = Margin{c.Pad.Left, c.Pad.Right}
}

func (l *Conv1d) Slice(s nn.Slicing) (nn.Layer, error) {
	sliced, err := l.Conv.Slice(s)
	if err != nil {
		return nil, err
	}
	n := &Conv1d{Conv: *sliced.(*Conv)}
	n.readBack()
	return n, nil
}

// Sums implements nn.LinearMap.
func (l *Conv1d) Sums(in nn.Shape) nn.Sums { return l.Conv.Sums(oneRow(in)) }

// AbsorbAffine implements nn.AffineSink.
func (l *Conv1d) AbsorbAffine(factor, shift []float32) {
	l.Conv.AbsorbAffine(factor, shift)
	l.NoBias = false
}

// TakeShift implements nn.ShiftSource.
func (l *Conv1d) TakeShift() []float32 {
	shift := l.Conv.TakeShift()
	l.NoBias = l.Conv.NoBias
	return shift
}
