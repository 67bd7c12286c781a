package layers

import (
	"math/rand/v2"

	"pare/nn"
)

// Window1d has the hyper-parameters of max and average pooling along a sequence. Input
// [C, T], output [C, T'] with T' as for a convolution.
type Window1d struct {
	Kernel int    `yaml:"kernel" json:"kernel" range:"[1,)" doc:"length of the window; left out: 2"`
	Stride int    `yaml:"stride,omitempty" json:"stride,omitempty" range:"[1,)" doc:"positions between windows; left out: their length"`
	Pad    Margin `yaml:"pad,omitempty" json:"pad,omitzero" doc:"border, at most half the window, or [before, behind]"`
	Ceil   bool   `yaml:"ceil,omitempty" json:"ceil,omitempty" doc:"count a last, partial window"`
}

// window is the window over an image of one row.
func (w *Window1d) window() Window {
	if w.Kernel == 0 {
		w.Kernel = 2
	}
	if w.Stride == 0 {
		w.Stride = w.Kernel
	}
	return Window{Kernel: along(w.Kernel), Stride: along(w.Stride), Pad: w.Pad.padding(), Ceil: w.Ceil}
}

// MaxPool1d takes the maximum of each window of a sequence; padding never wins.
type MaxPool1d struct {
	Window1d `yaml:",inline"`
	Dilation int `yaml:"dilation,omitempty" json:"dilation,omitempty" range:"[1,)" doc:"distance of the positions in a window; left out: 1"`

	MaxPool `yaml:"-" json:"-"`
}

// AvgPool1d takes the mean of each window of a sequence; padding counts as zeros unless
// ExcludePad is set.
type AvgPool1d struct {
	Window1d   `yaml:",inline"`
	ExcludePad bool `yaml:"exclude_pad,omitempty" json:"exclude_pad,omitempty" doc:"leave the border out of means"`

	AvgPool `yaml:"-" json:"-"`
}

func init() {
	nn.RegisterLayer("maximum over windows of a sequence", func() nn.Layer { return &MaxPool1d{} })
	nn.RegisterLayer("mean over windows of a sequence", func() nn.Layer { return &AvgPool1d{} })
}

func (l *MaxPool1d) Kind() string { return "maxpool1d" }
func (l *AvgPool1d) Kind() string { return "avgpool1d" }

func (l *MaxPool1d) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if l.Dilation == 1 {
		l.Dilation = 0
	}
	l.MaxPool.Window = l.window()
	l.MaxPool.dilation = along(l.Dilation)
	return l.MaxPool.initLine("maxpool1d", in)
}

func (l *AvgPool1d) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	l.AvgPool = AvgPool{Window: l.window(), ExcludePad: l.ExcludePad}
	return l.AvgPool.initLine("avgpool1d", in)
}

func (l *MaxPool1d) Slice(nn.Slicing) (nn.Layer, error) {
	return &MaxPool1d{Window1d: l.Window1d, Dilation: l.Dilation}, nil
}

func (l *AvgPool1d) Slice(nn.Slicing) (nn.Layer, error) {
	return &AvgPool1d{Window1d: l.Window1d, ExcludePad: l.ExcludePad}, nil
}
