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

// Conv is a two-dimensional convolution (cross-correlation, as in PyTorch).
// Input [C, H, W], output [Out, H', W'] with H' = ⌊(H + 2·Pad − Kernel)/Stride⌋+1.
type Conv struct {
	Out    int  `yaml:"out" json:"out" doc:"output channels; at least 1"`
	Kernel int  `yaml:"kernel" json:"kernel" range:"[1,)" doc:"side of the square kernel; left out: 3"`
	Stride int  `yaml:"stride,omitempty" json:"stride,omitempty" range:"[1,)" doc:"positions between outputs; left out: 1"`
	Pad    int  `yaml:"pad,omitempty" json:"pad,omitempty" doc:"zeros on every side"`
	Groups int  `yaml:"groups,omitempty" json:"groups,omitempty" range:"[1,)" doc:"groups of channels, each convolved by itself; left out: 1"`
	NoBias bool `yaml:"no_bias,omitempty" json:"no_bias,omitempty" doc:"leave the bias out"`

	weighted // weight [kh, kw, C/Groups, Out]
	// folded is set when pruning created the bias, so that a following
	// normalisation may take it over.
	folded bool
}

func init() {
	nn.RegisterLayer("2-D convolution with stride, padding and groups", func() nn.Layer { return &Conv{} })
}

func (l *Conv) Kind() string { return "conv" }

func (l *Conv) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	c, h, w, err := oneImage("conv", in)
	if err != nil {
		return nil, err
	}
	if l.Stride < 0 || l.Pad < 0 || l.Groups < 0 || l.Kernel < 0 {
		return nil, fmt.Errorf("conv: kernel %d, stride %d, pad %d and groups %d must not be negative", l.Kernel, l.Stride, l.Pad, l.Groups)
	}
	l.Kernel, l.Stride, l.Groups = cmp.Or(l.Kernel, 3), cmp.Or(l.Stride, 1), cmp.Or(l.Groups, 1)
	if err := cmp.Or(extents("conv", l.Kernel, l.Stride, l.Pad), positive("conv", "out", l.Out)); err != nil {
		return nil, err
	}
	if c%l.Groups != 0 || l.Out%l.Groups != 0 {
		return nil, fmt.Errorf("conv: %d input and %d output channels do not divide into %d groups", c, l.Out, l.Groups)
	}
	if h+2*l.Pad < l.Kernel || w+2*l.Pad < l.Kernel {
		return nil, fmt.Errorf("conv: kernel %d is larger than the padded input %d×%d", l.Kernel, h+2*l.Pad, w+2*l.Pad)
	}
	fanIn := c / l.Groups * l.Kernel * l.Kernel
	axes := []nn.Axis{nn.AxisOther, nn.AxisOther, nn.AxisIn, nn.AxisOut}
	if l.Groups > 1 {
		axes[2] = nn.AxisOther // counts within a group, not over all inputs
	}
	params := []parameter{{&l.weight, "weight", nn.RoleWeight, []int{l.Kernel, l.Kernel, c / l.Groups, l.Out}, axes,
		[]int{3, 2, 0, 1}, normal(nn.HeStd(fanIn), rng)}}
	if !l.NoBias {
		params = append(params, unitParam(&l.bias, "bias", nn.RoleBias, l.Out, uniform(1/math.Sqrt(float64(fanIn)), rng)))
	}
	k := l.shape(1, c, h, w)
	return nn.Shape{l.Out, k.OutH(), k.OutW()}, initParams(params...)
}

func (l *Conv) shape(batch, c, h, w int) conv.Shape {
	return conv.Shape{N: batch, H: h, W: w, C: c, O: l.Out, KH: l.Kernel, KW: l.Kernel,
		StrideH: l.Stride, StrideW: l.Stride, PadH: l.Pad, PadW: l.Pad, Groups: l.Groups}
}

func (l *Conv) MACs(in []nn.Shape) int64 {
	s := l.shape(1, in[0][0], in[0][1], in[0][2])
	return int64(s.OutH()) * int64(s.OutW()) * int64(l.weight.Size())
}

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

// folds: a constant input channel does not add the same next to zero padding, unless it
// is 0.
func (l *Conv) folds(in nn.Known, unit int) bool {
	return in.Const[unit] && (l.Pad == 0 || in.Value[unit] == 0)
}

// Constants implements nn.Pruner.
func (l *Conv) Constants(in []nn.Known) nn.Known { return l.constants(in[0], l.folds) }

// Needs implements nn.Pruner. Grouped convolutions need equally many inputs in every group
// left.
func (l *Conv) Needs(keep []bool, in []nn.Known) [][]bool {
	need := l.needs(keep, in[0], l.folds)
	if l.Groups > 1 {
		l.equalise(need, 1, keep)
	}
	return [][]bool{need}
}

// Close implements nn.Closer: groups that stay must have equally many outputs.
func (l *Conv) Close(keep []bool, _ []nn.Known) {
	if l.Groups > 1 {
		l.equalise(keep, 0, keep)
	}
}

// equalise adds channels so that every group with an output that is kept has as many as
// the fullest one, and at least least.
func (l *Conv) equalise(set []bool, least int, keep []bool) {
	size, og := len(set)/l.Groups, l.Out/l.Groups
	most := least
	var live [][]bool // channels of each group that stays
	for g := range l.Groups {
		if count(keep[g*og:(g+1)*og]) > 0 {
			live = append(live, set[g*size:(g+1)*size])
			most = max(most, count(live[len(live)-1]))
		}
	}
	for _, members := range live {
		for i, missing := 0, most-count(members); missing > 0; i++ {
			if !members[i] {
				members[i] = true
				missing--
			}
		}
	}
}

func count(set []bool) int {
	n := 0
	for _, v := range set {
		if v {
			n++
		}
	}
	return n
}

func (l *Conv) Slice(s nn.Slicing) (nn.Layer, error) {
	n := &Conv{Out: len(s.Out), Kernel: l.Kernel, Stride: l.Stride, Pad: l.Pad, Groups: 1, NoBias: l.NoBias, folded: l.folded}
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

// sliceGroups gives n the groups of l that remain: for every output, the inputs that
// remain in its group.
func (n *Conv) sliceGroups(l *Conv, s nn.Slicing) {
	ig, outs := l.perGroup()
	og, taps := l.Out/l.Groups, l.Kernel*l.Kernel
	live, inputs := map[int]bool{}, map[int][]int{} // by group
	for _, o := range s.Out {
		live[o/og] = true
	}
	for _, i := range s.In[0] {
		inputs[i/ig] = append(inputs[i/ig], i%ig)
	}
	per := len(inputs[s.Out[0]/og])
	n.Groups = len(live)
	n.weight = nn.NewParam("weight", nn.RoleWeight, []int{l.Kernel, l.Kernel, per, n.Out}, l.weight.Axes...)
	n.weight.Order = l.weight.Order
	pick := func(dst, src []float32) {
		for t := range taps {
			for k, o := range s.Out {
				for j, i := range inputs[o/og] {
					dst[(t*per+j)*n.Out+k] = src[(t*ig+i)*outs+o]
				}
			}
		}
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
	pad := int64(l.Pad)
	return b.Node("Conv", onnxParams(b, name, in, l.weight, l.bias),
		square("kernel_shape", l.Kernel), square("strides", l.Stride),
		onnx.Ints("pads", pad, pad, pad, pad), onnx.Int("group", int64(l.Groups))), nil
}
