package layers

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/conv"
	"pare/nn"
	"pare/nn/onnx"
)

// ConvTranspose is the transposed convolution of PyTorch's ConvTranspose2d: the gradient of
// a convolution with respect to its input, as a layer. Input [C, H, W], output [Out, H', W']
// with H' = (H−1)·Stride.H − Pad.Top − Pad.Bottom + (Kernel.H−1)·Dilation.H + OutputPad.H + 1.
type ConvTranspose struct {
	Out       int     `yaml:"out" json:"out" doc:"output channels; at least 1"`
	Kernel    Extent  `yaml:"kernel" json:"kernel" range:"[1,)" doc:"side of the kernel, or [height, width]; left out: 3"`
	Stride    Extent  `yaml:"stride,omitempty" json:"stride,omitzero" range:"[1,)" doc:"distance of the inputs in the output; left out: 1"`
	Dilation  Extent  `yaml:"dilation,omitempty" json:"dilation,omitzero" range:"[1,)" doc:"positions between taps; left out: 1"`
	Pad       Padding `yaml:"pad,omitempty" json:"pad,omitzero" doc:"positions that the output loses on every side; also a list as of conv"`
	OutputPad Extent  `yaml:"output_pad,omitempty" json:"output_pad,omitzero" doc:"rows and columns that the output gains at its end"`
	Groups    int     `yaml:"groups,omitempty" json:"groups,omitempty" range:"[1,)" doc:"groups of channels, convolved apart; left out: 1"`
	NoBias    bool    `yaml:"no_bias,omitempty" json:"no_bias,omitempty" doc:"leave the bias out"`

	weighted // weight [kh, kw, Out/Groups, C]
}

func init() {
	nn.RegisterLayer("transposed 2-D convolution", func() nn.Layer { return &ConvTranspose{} })
}

func (l *ConvTranspose) Kind() string { return "convtranspose" }

func (l *ConvTranspose) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	const kind = "convtranspose"
	c, h, w, err := oneImage(kind, in)
	if err != nil {
		return nil, err
	}
	l.Kernel, l.Stride, l.Groups = l.Kernel.orElse(Square(3)), l.Stride.orElse(Square(1)), cmp.Or(l.Groups, 1)
	if l.Dilation == Square(1) {
		l.Dilation = Extent{}
	}
	s := l.window()
	err = cmp.Or(s.checkOptions(kind, "kernel"), positive(kind, "out", l.Out), positive(kind, "groups", l.Groups))
	if err != nil {
		return nil, err
	}
	p, below := l.OutputPad, Extent{max(s.stride.H, s.dilation.H), max(s.stride.W, s.dilation.W)}
	if p.least() < 0 || p.H >= below.H || p.W >= below.W {
		return nil, fmt.Errorf("convtranspose: output_pad %s must be at least 0 and below %s, the larger of stride and dilation", p, below)
	}
	if c%l.Groups != 0 || l.Out%l.Groups != 0 {
		return nil, fmt.Errorf("convtranspose: %d input and %d output channels do not divide into %d groups", c, l.Out, l.Groups)
	}
	out := l.output(h, w)
	if out.least() < 1 {
		return nil, fmt.Errorf("convtranspose: pad %s leaves nothing of the output", l.Pad)
	}
	l.transposed = l.Groups
	// As many weights meet in an output, on average.
	fanIn := max(1, c/l.Groups*l.Kernel.H*l.Kernel.W/(l.Stride.H*l.Stride.W))
	params := []parameter{{&l.weight, "weight", nn.RoleWeight, []int{l.Kernel.H, l.Kernel.W, l.Out / l.Groups, c}, l.weightAxes(),
		[]int{3, 2, 0, 1}, normal(nn.HeStd(fanIn), rng)}}
	if !l.NoBias {
		params = append(params, unitParam(&l.bias, "bias", nn.RoleBias, l.Out, uniform(1/math.Sqrt(float64(fanIn)), rng)))
	}
	return nn.Shape{l.Out, out.H, out.W}, cmp.Or(out.size(kind, "the output"), initParams(params...))
}

// weightAxes: the outputs of a grouped layer count within a group, not over all.
func (l *ConvTranspose) weightAxes() []nn.Axis {
	if l.Groups > 1 {
		return []nn.Axis{nn.AxisOther, nn.AxisOther, nn.AxisOther, nn.AxisIn}
	}
	return []nn.Axis{nn.AxisOther, nn.AxisOther, nn.AxisOut, nn.AxisIn}
}

func (l *ConvTranspose) window() sliding {
	return sliding{kernel: l.Kernel, stride: l.Stride, dilation: l.Dilation.orElse(Square(1)), pad: l.Pad}
}

// output is the size of the output for an input of h×w positions.
func (l *ConvTranspose) output(h, w int) Extent {
	e := l.Kernel.dilated(l.window().dilation)
	return Extent{(h-1)*l.Stride.H + e.H + l.OutputPad.H - l.Pad.Top - l.Pad.Bottom,
		(w-1)*l.Stride.W + e.W + l.OutputPad.W - l.Pad.Left - l.Pad.Right}
}

// shape is the convolution whose gradient the layer is, from its output to its input. Rows
// that the output gains are padding that the convolution lacks.
func (l *ConvTranspose) shape(batch, c, h, w int) conv.Shape {
	out, p := l.output(h, w), l.Pad
	return conv.Shape{N: batch, H: out.H, W: out.W, C: l.Out, O: c, KH: l.Kernel.H, KW: l.Kernel.W,
		StrideH: l.Stride.H, StrideW: l.Stride.W, DilationH: l.Dilation.H, DilationW: l.Dilation.W, PadH: p.Top, PadW: p.Left,
		MoreH: p.Bottom - p.Top - l.OutputPad.H, MoreW: p.Right - p.Left - l.OutputPad.W, Groups: l.Groups}
}

func (l *ConvTranspose) MACs(in []nn.Shape) int64 {
	return int64(in[0].Positions()) * int64(l.weight.Size())
}

func (l *ConvTranspose) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	d := in[0].Shape()
	s := l.shape(d[0], d[3], d[1], d[2])
	plan, out := conv.New(s), tensor.Shape{d[0], s.H, s.W, l.Out}
	grads := []nn.GradFunc{
		nn.Gradient(nn.Op{Name: "convtranspose/dx", Shape: d.Clone(),
			Run: func(dst []float32, in [][]float32) { plan.Forward(dst, in[0], in[1], nil, conv.Epilogue{}) }}, nn.OutGrad, 1),
		nn.Gradient(nn.Op{Name: "convtranspose/dw", Shape: tensor.Shape(l.weight.Shape()).Clone(),
			Run: func(dst []float32, in [][]float32) { plan.BackwardWeights(dst, in[0], in[1]) }}, nn.OutGrad, 0),
	}
	nodes := []*gorgonia.Node{in[0], b.Param(l.weight)}
	if l.bias != nil {
		nodes = append(nodes, b.Param(l.bias))
		grads = append(grads, biasGrad("convtranspose/db", out.TotalSize()/l.Out, l.Out))
	}
	return nn.Apply(nn.Op{Name: "convtranspose", Shape: out, Grad: grads,
		Run: func(dst []float32, in [][]float32) {
			bias := third(in)
			for i := 0; bias != nil && i < len(dst); i += len(bias) {
				copy(dst[i:], bias)
			}
			plan.BackwardInput(dst, in[0], in[1], bias != nil)
		}}, nodes...)
}

// folds: an input that is constant adds the same to every output position only if it is 0.
// AbsorbAffine implements nn.AffineSink.
func (l *ConvTranspose) AbsorbAffine(factor, shift []float32) {
	l.scale(factor, shift)
	l.NoBias = false
}

func (l *ConvTranspose) folds(in nn.Known, unit int) bool { return in.Zero(unit) }

// Constants implements nn.Pruner.
func (l *ConvTranspose) Constants(in []nn.Known) nn.Known { return l.constants(in[0], l.folds) }

// Needs implements nn.Pruner, as for Conv.
func (l *ConvTranspose) Needs(keep []bool, in []nn.Known) [][]bool {
	need := l.needs(keep, in[0], l.folds)
	channelGroups(l.Groups).closeInputs(keep, need)
	return [][]bool{need}
}

// Close implements nn.Closer, as for Conv.
func (l *ConvTranspose) Close(keep []bool, in []nn.Known) {
	channelGroups(l.Groups).closeOutputs(keep, l.needs(keep, in[0], l.folds))
}

func (l *ConvTranspose) Slice(s nn.Slicing) (nn.Layer, error) {
	n := &ConvTranspose{Out: len(s.Out), Kernel: l.Kernel, Stride: l.Stride, Dilation: l.Dilation, Pad: l.Pad, OutputPad: l.OutputPad,
		Groups: 1, NoBias: l.NoBias}
	if l.Groups == 1 {
		n.weight = l.weight.Select(s.In[0], s.Out)
	} else {
		n.sliceGroups(l, s)
	}
	n.transposed = n.Groups
	if l.sliceBias(&n.weighted, s) {
		n.NoBias = false
	}
	return n, nil
}

// sliceGroups gives n the groups of l that remain, merged so that all have equally many
// channels.
func (n *ConvTranspose) sliceGroups(l *ConvTranspose, s nn.Slicing) {
	groups, ins, og := channelGroups(l.Groups), l.weight.Shape()[3], l.Out/l.Groups
	r := groups.regroup(s, ins, l.Out)
	n.Groups = r.parts
	per := n.Out / n.Groups
	n.weight = nn.NewParam("weight", nn.RoleWeight, []int{l.Kernel.H, l.Kernel.W, per, len(r.inputs)}, n.weightAxes()...)
	n.weight.Order = l.weight.Order
	taps := l.Kernel.H * l.Kernel.W
	pick := func(dst, src []float32) {
		r.each(func(k, j int) {
			i, o := r.inputs[j], r.outputs[k]
			if groups.of(i, ins) != groups.of(o, l.Out) {
				return
			}
			for t := range taps {
				dst[(t*per+k%per)*len(r.inputs)+j] = src[(t*og+o%og)*ins+i]
			}
		})
	}
	pick(n.weight.Data(), l.weight.Data())
	n.weight.SelectedFrom(l.weight, pick)
}

// ONNX is ConvTranspose.
func (l *ConvTranspose) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	attrs := append(l.window().onnx(), onnx.Int("group", int64(l.Groups)))
	if l.OutputPad != (Extent{}) {
		attrs = append(attrs, onnx.Ints("output_padding", int64(l.OutputPad.H), int64(l.OutputPad.W)))
	}
	return b.Node("ConvTranspose", onnxParams(b, name, in, l.weight, l.bias), attrs...), nil
}
