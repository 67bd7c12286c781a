package layers

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/conv"
	"pare/internal/kernel/sparse"
	"pare/nn"
	"pare/nn/onnx"
)

// Conv is a two-dimensional convolution (cross-correlation, as in PyTorch).
// Input [C, H, W], output [Out, H', W'] with
// H' = ⌊(H + Pad.Top + Pad.Bottom − (Kernel.H−1)·Dilation.H − 1)/Stride.H⌋ + 1.
type Conv struct {
	Out      int     `yaml:"out" json:"out" doc:"output channels; at least 1"`
	Kernel   Extent  `yaml:"kernel" json:"kernel" range:"[1,)" doc:"side of the kernel, or [height, width]; left out: 3"`
	Stride   Extent  `yaml:"stride,omitempty" json:"stride,omitzero" range:"[1,)" doc:"positions between outputs; left out: 1"`
	Dilation Extent  `yaml:"dilation,omitempty" json:"dilation,omitzero" range:"[1,)" doc:"positions between taps; left out: 1"`
	Pad      Padding `yaml:"pad,omitempty" json:"pad,omitzero" doc:"zeros on every side, [height, width] or [top, left, bottom, right]"`
	Groups   int     `yaml:"groups,omitempty" json:"groups,omitempty" range:"[1,)" doc:"groups of channels, convolved apart; left out: 1"`
	NoBias   bool    `yaml:"no_bias,omitempty" json:"no_bias,omitempty" doc:"leave the bias out"`

	weighted // weight [kh, kw, C/Groups, Out]
	// folded is set when pruning created the bias, so that a following
	// normalisation may take it over.
	folded bool
	// line: the layer is a Conv1d. Kernel, stride and dilation have height 1, the image has
	// one row, and the weight has no axis for rows.
	line bool
}

func init() {
	nn.RegisterLayer("2-D convolution with stride, padding and groups", func() nn.Layer { return &Conv{} })
}

func (l *Conv) Kind() string { return "conv" }

func (l *Conv) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	if _, _, _, err := oneImage("conv", in); err != nil {
		return nil, err
	}
	return l.init("conv", in[0], rng)
}

// init is Init for an image of that shape.
func (l *Conv) init(kind string, image nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	l.Kernel, l.Stride, l.Groups = l.Kernel.orElse(Square(3)), l.Stride.orElse(Square(1)), cmp.Or(l.Groups, 1)
	if l.Dilation == Square(1) {
		l.Dilation = Extent{}
	}
	err := cmp.Or(l.window().check(kind, "kernel", image), positive(kind, "out", l.Out), positive(kind, "groups", l.Groups))
	if err != nil {
		return nil, err
	}
	c := image.Units()
	if c%l.Groups != 0 || l.Out%l.Groups != 0 {
		return nil, fmt.Errorf("%s: %d input and %d output channels do not divide into %d groups", kind, c, l.Out, l.Groups)
	}
	fanIn := c / l.Groups * l.Kernel.H * l.Kernel.W
	shape, axes, order := l.weightAxes(c / l.Groups)
	params := []parameter{{&l.weight, "weight", nn.RoleWeight, shape, axes, order, normal(nn.HeStd(fanIn), rng)}}
	if !l.NoBias {
		params = append(params, unitParam(&l.bias, "bias", nn.RoleBias, l.Out, uniform(1/math.Sqrt(float64(fanIn)), rng)))
	}
	k := l.shape(1, c, image[1], image[2])
	return nn.Shape{l.Out, k.OutH(), k.OutW()}, initParams(params...)
}

// weightAxes describes the weight of a layer with per inputs in a group. They count within a
// group, not over all inputs, where there are several.
func (l *Conv) weightAxes(per int) (shape []int, axes []nn.Axis, order []int) {
	shape, axes, order = []int{l.Kernel.H, l.Kernel.W, per, l.Out},
		[]nn.Axis{nn.AxisOther, nn.AxisOther, nn.AxisIn, nn.AxisOut}, []int{3, 2, 0, 1}
	if l.line {
		shape, axes, order = shape[1:], axes[1:], []int{2, 1, 0}
	}
	if l.Groups > 1 {
		axes[len(axes)-2] = nn.AxisOther
	}
	return shape, axes, order
}

func (l *Conv) shape(batch, c, h, w int) conv.Shape {
	p := l.Pad
	return conv.Shape{N: batch, H: h, W: w, C: c, O: l.Out, KH: l.Kernel.H, KW: l.Kernel.W, StrideH: l.Stride.H, StrideW: l.Stride.W,
		DilationH: l.Dilation.H, DilationW: l.Dilation.W, PadH: p.Top, PadW: p.Left, MoreH: p.Bottom - p.Top, MoreW: p.Right - p.Left,
		Groups: l.Groups}
}

func (l *Conv) window() sliding {
	return sliding{l.Kernel, l.Stride, l.Dilation.orElse(Square(1)), l.Pad, l.line}
}

func (l *Conv) MACs(in []nn.Shape) int64 {
	image := in[0]
	if l.line {
		image = oneRow(image)
	}
	s := l.shape(1, image[0], image[1], image[2])
	return int64(s.OutH()) * int64(s.OutW()) * int64(l.weight.Size())
}

// Fuses implements nn.Fuser.
func (l *Conv) Fuses(s nn.Step) bool { return s == nn.ReLUStep || s == nn.FrozenSumStep }

func (l *Conv) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return l.BuildFused(b, in, nn.Epilogue{})
}

// BuildFused implements nn.Fuser.
func (l *Conv) BuildFused(b *nn.Builder, in []*gorgonia.Node, e nn.Epilogue) (*gorgonia.Node, error) {
	d := in[0].Shape() // (B, H, W, C), or (B, T, C)
	h, w, c := d[1], d[len(d)-2], d[len(d)-1]
	if l.line {
		h = 1
	}
	s := l.shape(d[0], c, h, w)
	out := tensor.Shape{d[0], s.OutH(), s.OutW(), l.Out}
	if l.line {
		out = tensor.Shape{d[0], s.OutW(), l.Out}
	}
	pixels := s.Groups == 1 && s.Single() && e.SkipGate == nil // the layer is linear at each
	rows := d.TotalSize() / c
	if pixels {
		if k := skipWeights(b, l.weight, l.bias, c, l.Out, rows); k != nil {
			return applyRows("conv", k, rows, out, e, in[0])
		}
	}
	plan := conv.New(s)
	if b.Frozen() {
		plan = conv.NewInference(s)
	}
	b.Freeze(l.weight, plan)
	grads := []nn.GradFunc{
		nn.Gradient(nn.Op{Name: "conv/dx", Shape: d.Clone(),
			Run:        func(dst []float32, in [][]float32) { plan.BackwardInput(dst, in[0], in[1], false) },
			Accumulate: func(dst []float32, in [][]float32) { plan.BackwardInput(dst, in[0], in[1], true) }}, nn.OutGrad, 1),
		nn.Gradient(nn.Op{Name: "conv/dw", Shape: tensor.Shape(l.weight.Shape()).Clone(),
			Run: func(dst []float32, in [][]float32) { plan.BackwardWeights(dst, in[0], in[1]) }}, 0, nn.OutGrad),
	}
	nodes := []*gorgonia.Node{in[0], b.Param(l.weight)}
	if l.bias != nil {
		nodes = append(nodes, b.Param(l.bias))
		grads = append(grads, biasGrad("conv/db", out.TotalSize()/l.Out, l.Out))
	}
	epilogue := conv.Epilogue{ReLU: e.ReLU}
	if m := b.MomentsWanted(l.Out); m != nil {
		epilogue.Mean, epilogue.Variance = m.Mean, m.Variance
	}
	run := func(dst []float32, in [][]float32) { plan.Forward(dst, in[0], in[1], third(in), epilogue) }
	var pitched func(pitch int) nn.Kernel
	if e.Skip == nil && epilogue.Mean == nil && plan.TakesPitch() {
		pitched = func(pitch int) nn.Kernel {
			with := epilogue
			with.Pitch = pitch
			return func(dst []float32, in [][]float32) { plan.Forward(dst, in[0], in[1], third(in), with) }
		}
	}
	if e.SkipGate != nil {
		epilogue.SkipFactor = slices.Repeat(e.SkipGate.Data(), l.Out/e.SkipGate.Size())
	}
	last := 0
	if e.Skip != nil {
		last = len(nodes)
		nodes, grads = append(nodes, e.Skip), append(grads, nn.PassGrad)
		run = func(dst []float32, in [][]float32) {
			with := epilogue
			with.Skip = in[last]
			plan.Forward(dst, in[0], in[1], third(in[:last]), with)
		}
	}
	if nn.IsSparse(in[0]) {
		if pixels {
			if k := skipInputs(b, l.weight, l.bias, c, l.Out, rows); k != nil {
				run = withInputZeros(k, rows, e, last, run)
				pitched = inRows(pitched, l.Out, rows, func(dst []float32, in [][]float32) bool {
					pays := k.Pays(in[0], rows)
					if pays {
						k.Forward(dst, in[0], rows, e.ReLU)
					}
					return pays
				})
			}
		} else if k := l.skipZeros(b, s); k != nil {
			run = withZeros(k, plan, s.N, epilogue, last)
			pitched = inRows(pitched, l.Out, out.TotalSize()/l.Out, func(dst []float32, in [][]float32) bool {
				return k.Forward(dst, in[0], s.N, sparse.ConvEpilogue{ReLU: e.ReLU})
			})
		}
	}
	if e.ReLU {
		grads = behindReLU(grads)
	}
	return nn.Apply(nn.Op{Name: "conv", Shape: out, Grad: grads, Rectified: e.ReLU && b.Frozen(), Run: run, Rows: pitched}, nodes...)
}

// AbsorbAffine implements nn.AffineSink.
func (l *Conv) AbsorbAffine(factor, shift []float32) {
	l.scale(factor, shift)
	l.NoBias = false
}

// folds: a constant input channel does not add the same next to zero padding, unless it
// is 0.
func (l *Conv) folds(in nn.Known, unit int) bool {
	return in.Const[unit] && (l.Pad == Padding{} || in.Value[unit] == 0)
}

// Constants implements nn.Pruner.
func (l *Conv) Constants(in []nn.Known) nn.Known { return l.constants(in[0], l.folds) }

// Needs implements nn.Pruner. Grouped convolutions need equally many inputs in every part.
func (l *Conv) Needs(keep []bool, in []nn.Known) [][]bool {
	need := l.needs(keep, in[0], l.folds)
	channelGroups(l.Groups).closeInputs(keep, need)
	return [][]bool{need}
}

// Close implements nn.Closer: parts of a grouped convolution must have equally many outputs.
func (l *Conv) Close(keep []bool, in []nn.Known) {
	channelGroups(l.Groups).closeOutputs(keep, l.needs(keep, in[0], l.folds))
}

func (l *Conv) Slice(s nn.Slicing) (nn.Layer, error) {
	n := &Conv{Out: len(s.Out), Kernel: l.Kernel, Stride: l.Stride, Dilation: l.Dilation, Pad: l.Pad, Groups: 1,
		NoBias: l.NoBias, folded: l.folded, line: l.line}
	if l.Groups == 1 {
		n.weight = l.weight.Select(s.In[0], s.Out)
	} else {
		n.sliceGroups(l, s)
	}
	if l.sliceBias(&n.weighted, s) {
		n.NoBias, n.folded = false, true
	}
	return n, nil
}

// sliceGroups gives n the groups of l that remain, merged so that all have equally many
// channels.
func (n *Conv) sliceGroups(l *Conv, s nn.Slicing) {
	ig, outs := l.perGroup()
	groups := channelGroups(l.Groups)
	r := groups.regroup(s, ig*l.Groups, outs)
	per := len(r.inputs) / r.parts
	n.Groups = r.parts
	shape, axes, order := n.weightAxes(per)
	n.weight = nn.NewParam("weight", nn.RoleWeight, shape, axes...)
	n.weight.Order = order
	taps := l.Kernel.H * l.Kernel.W
	pick := func(dst, src []float32) {
		r.each(func(k, j int) {
			i, o := r.inputs[j], r.outputs[k]
			if i/ig != groups.of(o, outs) {
				return
			}
			for t := range taps {
				dst[(t*per+j%per)*n.Out+k] = src[(t*ig+i%ig)*outs+o]
			}
		})
	}
	pick(n.weight.Data(), l.weight.Data())
	n.weight.SelectedFrom(l.weight, pick)
}

// Sums implements nn.LinearMap.
func (l *Conv) Sums(in nn.Shape) nn.Sums {
	s := l.shape(1, in[0], in[1], in[2])
	return l.sums(s.C, s.OutH()*s.OutW(), s.Patch)
}

// TakeShift implements nn.ShiftSource.
func (l *Conv) TakeShift() []float32 {
	if !l.folded || l.bias == nil {
		return nil
	}
	shift := l.bias.Data()
	l.bias, l.NoBias, l.folded = nil, true, false
	return shift
}

// ONNX is Conv, with groups.
func (l *Conv) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	attrs := append(l.window().onnx(), onnx.Int("group", int64(l.Groups)))
	return b.Node("Conv", onnxParams(b, name, in, l.weight, l.bias), attrs...), nil
}
