package layers

import (
	"cmp"
	"math/rand/v2"

	"pare/nn"
)

// Depthwise is a convolution of each channel by itself: a Conv with as many
// groups as input channels and Multiplier outputs for each. Everything but its
// hyper-parameters is Conv's.
type Depthwise struct {
	Multiplier int     `yaml:"multiplier,omitempty" json:"multiplier,omitempty" range:"[1,)" doc:"outputs for each channel; left out: 1"`
	Kernel     Extent  `yaml:"kernel" json:"kernel" range:"[1,)" doc:"side of the kernel, or [height, width]; left out: 3"`
	Stride     Extent  `yaml:"stride,omitempty" json:"stride,omitzero" range:"[1,)" doc:"positions between outputs; left out: 1"`
	Dilation   Extent  `yaml:"dilation,omitempty" json:"dilation,omitzero" range:"[1,)" doc:"positions between taps; left out: 1"`
	Pad        Padding `yaml:"pad,omitempty" json:"pad,omitzero" doc:"zeros on every side, [height, width] or [top, left, bottom, right]"`
	NoBias     bool    `yaml:"no_bias,omitempty" json:"no_bias,omitempty" doc:"leave the bias out"`

	Conv `yaml:"-" json:"-"`
}

func init() {
	nn.RegisterLayer("2-D convolution of each channel by itself", func() nn.Layer { return &Depthwise{} })
}

func (l *Depthwise) Kind() string { return "depthwise" }

func (l *Depthwise) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	l.Multiplier = cmp.Or(l.Multiplier, 1)
	s, err := oneInput("depthwise", in)
	if err = cmp.Or(err, positive("depthwise", "multiplier", l.Multiplier)); err != nil {
		return nil, err
	}
	c := s.Units()
	l.Conv.Out, l.Conv.Groups = c*l.Multiplier, c
	l.Conv.Kernel, l.Conv.Stride, l.Conv.Dilation, l.Conv.Pad, l.Conv.NoBias = l.Kernel, l.Stride, l.Dilation, l.Pad, l.NoBias
	shape, err := l.Conv.Init(in, rng)
	l.Kernel, l.Stride, l.Dilation = l.Conv.Kernel, l.Conv.Stride, l.Conv.Dilation
	return shape, err
}

// OutUnits implements nn.UnitMapper: without a multiplier the units pass.
func (l *Depthwise) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	if l.Multiplier > 1 {
		return space.Fresh(len(in[0]) * l.Multiplier)
	}
	return in[0]
}

// Slice keeps the layer depthwise.
func (l *Depthwise) Slice(s nn.Slicing) (nn.Layer, error) {
	sliced, err := l.Conv.Slice(s)
	if err != nil {
		return nil, err
	}
	c := sliced.(*Conv)
	return &Depthwise{Multiplier: len(s.Out) / len(s.In[0]), Kernel: c.Kernel, Stride: c.Stride, Dilation: c.Dilation,
		Pad: c.Pad, NoBias: c.NoBias, Conv: *c}, nil
}

// AbsorbAffine implements nn.AffineSink.
func (l *Depthwise) AbsorbAffine(factor, shift []float32) {
	l.Conv.AbsorbAffine(factor, shift)
	l.NoBias = false
}

// TakeShift implements nn.ShiftSource.
func (l *Depthwise) TakeShift() []float32 {
	shift := l.Conv.TakeShift()
	l.NoBias = l.Conv.NoBias
	return shift
}
