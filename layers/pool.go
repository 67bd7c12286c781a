package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/pooling"
	"pare/nn"
	"pare/nn/onnx"
)

// Window has the hyper-parameters of max and average pooling. Input [C, H, W], output
// [C, H', W'] with H' as for a convolution.
type Window struct {
	Kernel Extent  `yaml:"kernel" json:"kernel" range:"[1,)" doc:"side of the window, or [height, width]; left out: 2"`
	Stride Extent  `yaml:"stride,omitempty" json:"stride,omitzero" range:"[1,)" doc:"positions between windows; left out: their size"`
	Pad    Padding `yaml:"pad,omitempty" json:"pad,omitzero" doc:"border, at most half the window; also a list as of conv"`
	Ceil   bool    `yaml:"ceil,omitempty" json:"ceil,omitempty" doc:"count a last, partial window"`

	dilation Extent // distance of the positions in a window, of maxima alone; zero is 1
	line     bool   // windows over a sequence, one row high
}

func (w *Window) init(kind string, in []nn.Shape) (nn.Shape, error) {
	if _, _, _, err := oneImage(kind, in); err != nil {
		return nil, err
	}
	return w.initImage(kind, in[0])
}

// initLine is init for a sequence.
func (w *Window) initLine(kind string, in []nn.Shape) (nn.Shape, error) {
	s, err := oneSequence(kind, in)
	if err != nil {
		return nil, err
	}
	w.line = true
	s, err = w.initImage(kind, oneRow(s))
	if err != nil {
		return nil, err
	}
	return nn.Shape{s[0], s[2]}, nil
}

// initImage is init for an image of that shape.
func (w *Window) initImage(kind string, image nn.Shape) (nn.Shape, error) {
	w.Kernel = w.Kernel.orElse(Square(2))
	w.Stride = w.Stride.orElse(w.Kernel)
	s := w.sliding()
	if err := s.check(kind, "window", image); err != nil {
		return nil, err
	}
	if e := s.kernel.dilated(s.dilation); 2*max(w.Pad.Top, w.Pad.Bottom) > e.H || 2*max(w.Pad.Left, w.Pad.Right) > e.W {
		return nil, fmt.Errorf("%s: pad %s is more than half the kernel %s", kind, s.padText(), s.text(e))
	}
	k := w.shape(1, image[0], image[1], image[2])
	return nn.Shape{image[0], k.OutH(), k.OutW()}, nil
}

func (w *Window) sliding() sliding {
	return sliding{w.Kernel, w.Stride, w.dilation.orElse(Square(1)), w.Pad, w.line}
}

func (w *Window) shape(n, c, h, wd int) pooling.Shape {
	p := w.Pad
	return pooling.Shape{N: n, H: h, W: wd, C: c, KH: w.Kernel.H, KW: w.Kernel.W, StrideH: w.Stride.H, StrideW: w.Stride.W,
		DilationH: w.dilation.H, DilationW: w.dilation.W, PadH: p.Top, PadW: p.Left, MoreH: p.Bottom - p.Top, MoreW: p.Right - p.Left,
		Ceil: w.Ceil}
}

// graph returns the kernel shape of an input node and the output's shape.
func (w *Window) graph(x *gorgonia.Node) (pooling.Shape, tensor.Shape) {
	d := x.Shape()
	if w.line {
		s := w.shape(d[0], d[2], 1, d[1])
		return s, tensor.Shape{d[0], s.OutW(), d[2]}
	}
	s := w.shape(d[0], d[3], d[1], d[2])
	return s, tensor.Shape{d[0], s.OutH(), s.OutW(), d[3]}
}

// MaxPool takes the maximum of each window; padding never wins.
type MaxPool struct {
	Window   `yaml:",inline"`
	Dilation Extent `yaml:"dilation,omitempty" json:"dilation,omitzero" range:"[1,)" doc:"distance of its positions; left out: 1"`
	passUnits
}

// AvgPool takes the mean of each window; padding counts as zeros unless
// ExcludePad is set.
type AvgPool struct {
	Window     `yaml:",inline"`
	ExcludePad bool `yaml:"exclude_pad,omitempty" json:"exclude_pad,omitempty" doc:"leave the border out of means"`
	passUnits
}

// GlobalPool takes the mean over all positions: [C, H, W] to [C], or to [C, 1, 1] with KeepDims;
// [C, T] to [C].
type GlobalPool struct {
	KeepDims bool `yaml:"keep_dims,omitempty" json:"keep_dims,omitempty" doc:"keep the result an image of one position"`

	passUnits
}

func init() {
	nn.RegisterLayer("maximum over windows", func() nn.Layer { return &MaxPool{} })
	nn.RegisterLayer("mean over windows", func() nn.Layer { return &AvgPool{} })
	nn.RegisterLayer("mean over all positions of a channel", func() nn.Layer { return &GlobalPool{} })
}

func (l *MaxPool) Kind() string    { return "maxpool" }
func (l *AvgPool) Kind() string    { return "avgpool" }
func (l *GlobalPool) Kind() string { return "globalpool" }

func (l *MaxPool) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if l.Dilation == Square(1) {
		l.Dilation = Extent{}
	}
	l.dilation = l.Dilation
	return l.init("maxpool", in)
}

func (l *AvgPool) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) { return l.init("avgpool", in) }

func (l *GlobalPool) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if len(in) == 1 && len(in[0]) == 2 && !l.KeepDims {
		return in[0][:1], nil
	}
	c, _, _, err := oneImage("globalpool", in)
	if l.KeepDims {
		return nn.Shape{c, 1, 1}, err
	}
	return nn.Shape{c}, err
}

func (l *MaxPool) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	s, out := l.graph(in[0])
	grad := nn.Gradient(nn.Op{Name: "maxpool/dx", Shape: in[0].Shape().Clone(),
		Run: func(dst []float32, in [][]float32) { pooling.MaxBackward(dst, in[0], in[1], in[2], s) }}, 0, nn.Out, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "maxpool", Shape: out, Grad: []nn.GradFunc{grad},
		Run: func(dst []float32, in [][]float32) { pooling.Max(dst, in[0], s) }}, in[0])
}

func (l *AvgPool) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	s, out := l.graph(in[0])
	include := !l.ExcludePad
	grad := nn.Gradient(nn.Op{Name: "avgpool/dx", Shape: in[0].Shape().Clone(),
		Run: func(dst []float32, in [][]float32) { pooling.MeanBackward(dst, in[0], s, include) }}, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "avgpool", Shape: out, Grad: []nn.GradFunc{grad},
		Run: func(dst []float32, in [][]float32) { pooling.Mean(dst, in[0], s, include) }}, in[0])
}

func (l *GlobalPool) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	n, c := shape[0], shape[len(shape)-1]
	hw := shape.TotalSize() / (n * c)
	grad := nn.Gradient(nn.Op{Name: "globalpool/dx", Shape: shape,
		Run: func(dst []float32, in [][]float32) { pooling.GlobalMeanBackward(dst, in[0], n, hw, c) }}, nn.OutGrad)
	out := tensor.Shape{n, c}
	if l.KeepDims {
		out = tensor.Shape{n, 1, 1, c}
	}
	return nn.Apply(nn.Op{Name: "globalpool", Shape: out, Grad: []nn.GradFunc{grad},
		Run: func(dst []float32, in [][]float32) { pooling.GlobalMean(dst, in[0], n, hw, c) }}, in[0])
}

// image is the shape of one example as an image.
func (w *Window) image(in nn.Shape) nn.Shape {
	if w.line {
		return oneRow(in)
	}
	return in
}

// positions calls window for each window with its place among the outputs, the places of its values
// among the inputs, of one unit, and their factor in the mean.
func (w *Window) positions(in nn.Shape, padded bool, window func(out int, of []int, factor float64)) {
	s := w.image(in)
	w.shape(1, s[0], s[1], s[2]).Windows(padded, window)
}

// Windows implements nn.Maximum.
func (l *MaxPool) Windows(in nn.Shape, window func(out int, of []int)) {
	c := in.Units()
	var places []int
	l.positions(in, false, func(out int, of []int, _ float64) {
		for u := range c {
			places = places[:0]
			for _, p := range of {
				places = append(places, p*c+u)
			}
			window(out*c+u, places)
		}
	})
}

// Combine implements nn.Combiner.
func (l *AvgPool) Combine(in []nn.Shape, add func(out, k, i int, factor float64)) {
	c := in[0].Units()
	l.positions(in[0], !l.ExcludePad, func(out int, of []int, factor float64) {
		for _, p := range of {
			for u := range c {
				add(out*c+u, 0, p*c+u, factor)
			}
		}
	})
}

// Combine implements nn.Combiner.
func (l *GlobalPool) Combine(in []nn.Shape, add func(out, k, i int, factor float64)) {
	c := in[0].Units()
	for i := range in[0].Size() {
		add(i%c, 0, i, 1/float64(in[0].Positions()))
	}
}

// Constants: zero padding mixes into the mean at the border, unless the
// constant is 0 as well. A partial window divides by the number of positions it covers.
func (l *AvgPool) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(len(in[0].Const))
	for u, c := range in[0].Const {
		if c && (l.Pad == Padding{} || l.ExcludePad || in[0].Value[u] == 0) {
			out.Set(u, in[0].Value[u])
		}
	}
	return out
}

func (l *MaxPool) Slice(nn.Slicing) (nn.Layer, error) {
	return &MaxPool{Window: l.Window, Dilation: l.Dilation}, nil
}

func (l *AvgPool) Slice(nn.Slicing) (nn.Layer, error) {
	return &AvgPool{Window: l.Window, ExcludePad: l.ExcludePad}, nil
}
func (l *GlobalPool) Slice(nn.Slicing) (nn.Layer, error) {
	return &GlobalPool{KeepDims: l.KeepDims}, nil
}

// ends returns the padding with which windows counted downwards are as many as Ceil counts;
// without Ceil it is Pad. ONNX has a ceil_mode, but its rule for a window that starts in the
// padding differs from PyTorch's in older operator sets and runtimes.
func (w *Window) ends(s nn.Shape) Padding {
	p := w.Pad
	if w.Ceil {
		s = w.image(s)
		k, e := w.shape(1, s[0], s[1], s[2]), w.Kernel.dilated(w.sliding().dilation)
		p.Bottom = max(0, (k.OutH()-1)*w.Stride.H+e.H-s[1]-p.Top)
		p.Right = max(0, (k.OutW()-1)*w.Stride.W+e.W-s[2]-p.Left)
	}
	return p
}

// onnx adds a pooling operator with that padding.
func (w *Window) onnx(b *onnx.Builder, op, x string, pad Padding, attrs ...onnx.Attr) string {
	s := w.sliding()
	s.pad = pad
	return b.Node(op, []string{x}, append(s.onnx(), attrs...)...)
}

// ONNX is MaxPool, where padding never wins either.
func (l *MaxPool) ONNX(b *onnx.Builder, _ string, in []string, shapes []nn.Shape) (string, error) {
	return l.Window.onnx(b, "MaxPool", in[0], l.ends(shapes[0])), nil
}

// ONNX is AveragePool. A partial window divides by the positions it covers in image and
// padding but not by those beyond, so padding that counts becomes a Pad of
// its own there.
func (l *AvgPool) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	p, ends := l.Pad, l.ends(shapes[0])
	count := func(v int64) onnx.Attr { return onnx.Int("count_include_pad", v) }
	switch {
	case l.ExcludePad:
		return l.Window.onnx(b, "AveragePool", in[0], ends, count(0)), nil
	case ends.Bottom <= p.Bottom && ends.Right <= p.Right:
		return l.Window.onnx(b, "AveragePool", in[0], ends, count(1)), nil
	}
	padded := in[0]
	if p != (Padding{}) {
		pads := []int{0, 0, p.Top, p.Left, 0, 0, p.Bottom, p.Right}
		if l.line {
			pads = []int{0, 0, p.Left, 0, 0, p.Right}
		}
		padded = b.Node("Pad", []string{in[0], b.Ints(name+"/pads", pads)})
	}
	beyond := Padding{Bottom: max(0, ends.Bottom-p.Bottom), Right: max(0, ends.Right-p.Right)}
	return l.Window.onnx(b, "AveragePool", padded, beyond, count(0)), nil
}

// ONNX is GlobalAveragePool and, without KeepDims, Flatten.
func (l *GlobalPool) ONNX(b *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	mean := b.Node("GlobalAveragePool", in)
	if l.KeepDims {
		return mean, nil
	}
	return b.Node("Flatten", []string{mean}), nil
}
