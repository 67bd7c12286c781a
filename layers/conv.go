package layers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/conv"
	"pare/nn"
)

// Conv is a two-dimensional convolution (cross-correlation, as in PyTorch).
// Input [C, H, W], output [Out, H', W'] with H' = ⌊(H + 2·Pad − Kernel)/Stride⌋+1.
type Conv struct {
	Out    int  `yaml:"out" json:"out"`                                        // output channels; at least 1
	Kernel int  `yaml:"kernel" json:"kernel" range:"[1,)"`                     // side of the square kernel; 0 means 3
	Stride int  `yaml:"stride,omitempty" json:"stride,omitempty" range:"[1,)"` // 0 means 1
	Pad    int  `yaml:"pad,omitempty" json:"pad,omitempty"`                    // zeros on every side
	Groups int  `yaml:"groups,omitempty" json:"groups,omitempty" range:"[1,)"` // 0 means 1
	NoBias bool `yaml:"no_bias,omitempty" json:"no_bias,omitempty"`            // leave the bias out

	weight, bias *nn.Param // [kh, kw, C/Groups, Out], [Out]
	// folded is set when pruning created the bias, so that a following
	// normalisation may take it over.
	folded bool
}

func init() {
	nn.RegisterLayer("2-D convolution with stride, padding and groups", func() nn.Layer { return &Conv{} })
	nn.RegisterLayer("2-D convolution of each channel by itself", func() nn.Layer { return &Depthwise{} })
}

func (l *Conv) Kind() string { return "conv" }

func (l *Conv) defaults() {
	if l.Kernel == 0 {
		l.Kernel = 3
	}
	l.Stride = max(l.Stride, 0)
	if l.Stride == 0 {
		l.Stride = 1
	}
	if l.Groups == 0 {
		l.Groups = 1
	}
}

func (l *Conv) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("conv", in)
	if err != nil {
		return nil, err
	}
	c, h, w, err := s.ImageShape("conv")
	if err != nil {
		return nil, err
	}
	if l.Stride < 0 || l.Pad < 0 || l.Groups < 0 || l.Kernel < 0 {
		return nil, fmt.Errorf("conv: kernel %d, stride %d, pad %d and groups %d must not be negative", l.Kernel, l.Stride, l.Pad, l.Groups)
	}
	l.defaults()
	if err := extents("conv", l.Kernel, l.Stride, l.Pad); err != nil {
		return nil, err
	}
	if err := positive("conv", map[string]int{"out": l.Out}); err != nil {
		return nil, err
	}
	if c%l.Groups != 0 || l.Out%l.Groups != 0 {
		return nil, fmt.Errorf("conv: %d input and %d output channels do not divide into %d groups", c, l.Out, l.Groups)
	}
	k := l.shape(1, c, h, w)
	if h+2*l.Pad < l.Kernel || w+2*l.Pad < l.Kernel {
		return nil, fmt.Errorf("conv: kernel %d is larger than the padded input %d×%d", l.Kernel, h+2*l.Pad, w+2*l.Pad)
	}
	cg := c / l.Groups
	fanIn := cg * l.Kernel * l.Kernel
	dims := []int{l.Kernel, l.Kernel, cg, l.Out}
	if l.weight, err = keepOrMake(l.weight, dims, func() *nn.Param {
		inAxis := nn.AxisIn
		if l.Groups > 1 {
			inAxis = nn.AxisOther // counts within a group, not over all inputs
		}
		p := nn.NewParam("weight", nn.RoleWeight, dims, nn.AxisOther, nn.AxisOther, inAxis, nn.AxisOut).
			Normal(nn.HeStd(fanIn), rng)
		p.Order = []int{3, 2, 0, 1}
		return p
	}); err != nil {
		return nil, err
	}
	if !l.NoBias {
		l.bias, err = keepOrMake(l.bias, []int{l.Out}, func() *nn.Param {
			return nn.NewParam("bias", nn.RoleBias, []int{l.Out}, nn.AxisOut).Uniform(1/math.Sqrt(float64(fanIn)), rng)
		})
	}
	return nn.Shape{l.Out, k.OutH(), k.OutW()}, err
}

func (l *Conv) shape(batch, c, h, w int) conv.Shape {
	return conv.Shape{N: batch, H: h, W: w, C: c, O: l.Out, KH: l.Kernel, KW: l.Kernel,
		StrideH: l.Stride, StrideW: l.Stride, PadH: l.Pad, PadW: l.Pad, Groups: l.Groups}
}

func (l *Conv) Params() []*nn.Param { return nonNil(l.weight, l.bias) }

func (l *Conv) MACs(in []nn.Shape) int64 {
	c, h, w, err := in[0].ImageShape("conv")
	if err != nil {
		return 0
	}
	s := l.shape(1, c, h, w)
	return int64(s.OutH()) * int64(s.OutW()) * int64(l.weight.Size())
}

var _ nn.Fuser = (*Conv)(nil)

// Fuses implements nn.Fuser.
func (l *Conv) Fuses(s nn.Step) bool { return s == nn.ReLUStep }

func (l *Conv) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return l.BuildFused(b, in, nn.Epilogue{})
}

// BuildFused implements nn.Fuser.
func (l *Conv) BuildFused(b *nn.Builder, in []*gorgonia.Node, e nn.Epilogue) (*gorgonia.Node, error) {
	d := in[0].Shape() // (B, H, W, C)
	s := l.shape(d[0], d[3], d[1], d[2])
	plan := conv.New(s)
	out := tensor.Shape{d[0], s.OutH(), s.OutW(), l.Out}
	weightShape := tensor.Shape(l.weight.Shape()).Clone()
	grads := []nn.GradFunc{
		func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
			return nn.Apply(nn.Op{Name: "conv/dx", Shape: d.Clone(),
				Run:        func(dst []float32, in [][]float32) { plan.BackwardInput(dst, in[0], in[1], false) },
				Accumulate: func(dst []float32, in [][]float32) { plan.BackwardInput(dst, in[0], in[1], true) }}, dy, in[1])
		},
		func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
			return nn.Apply(nn.Op{Name: "conv/dw", Shape: weightShape,
				Run: func(dst []float32, in [][]float32) { plan.BackwardWeights(dst, in[0], in[1]) }}, in[0], dy)
		},
	}
	nodes := []*gorgonia.Node{in[0], b.Param(l.weight)}
	if l.bias != nil {
		nodes = append(nodes, b.Param(l.bias))
		grads = append(grads, biasGrad("conv/db", out[0]*out[1]*out[2], l.Out))
	}
	epilogue := conv.Epilogue{ReLU: e.ReLU}
	if m := b.MomentsWanted(l.Out); m != nil {
		epilogue.Mean, epilogue.Variance = m.Mean, m.Variance
	}
	if e.ReLU {
		grads = behindReLU(grads)
	}
	return nn.Apply(nn.Op{Name: "conv", Shape: out, Grad: grads,
		Run: func(dst []float32, in [][]float32) { plan.Forward(dst, in[0], in[1], third(in), epilogue) }}, nodes...)
}
