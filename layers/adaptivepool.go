package layers

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/pooling"
	"pare/internal/kernel/resample"
	"pare/nn"
	"pare/nn/onnx"
)

// AdaptiveAvgPool takes means over as many windows as Out has rows and columns, whatever
// the size of the image: window i of an axis of n positions covers ⌊i·n/Out⌋ to
// ⌈(i+1)·n/Out⌉ − 1, as in PyTorch. Input [C, H, W], output [C, Out.H, Out.W].
type AdaptiveAvgPool struct {
	Out Extent `yaml:"out" json:"out" range:"[1,)" doc:"side of the output, or [height, width]; left out: 1"`

	same bool // every window is one position
	passUnits
}

func init() {
	nn.RegisterLayer("mean over windows, as many as the output has positions", func() nn.Layer { return &AdaptiveAvgPool{} })
}

func (l *AdaptiveAvgPool) Kind() string { return "adaptiveavgpool" }

func (l *AdaptiveAvgPool) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	c, h, w, err := oneImage("adaptiveavgpool", in)
	if err != nil {
		return nil, err
	}
	l.Out = l.Out.orElse(Square(1))
	l.same = l.Out == Extent{h, w}
	return nn.Shape{c, l.Out.H, l.Out.W}, l.Out.size("adaptiveavgpool", "out")
}

// Traits implements nn.Describer.
func (l *AdaptiveAvgPool) Traits() nn.Traits { return nn.Traits{Wires: l.same, Identity: l.same} }

// window is the window of an image of h×w positions if all windows are equal.
func (l *AdaptiveAvgPool) window(h, w int) (Window, bool) {
	k := Extent{h / l.Out.H, w / l.Out.W}
	return Window{Kernel: k, Stride: k}, h%l.Out.H == 0 && w%l.Out.W == 0
}

func (l *AdaptiveAvgPool) axes(h, w int) (rows, columns resample.Axis) {
	return resample.Means(h, l.Out.H), resample.Means(w, l.Out.W)
}

func (l *AdaptiveAvgPool) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	d := in[0].Shape()
	n, h, w, c := d[0], d[1], d[2], d[3]
	if window, ok := l.window(h, w); ok {
		if l.Out == Square(1) { // one long row is faster
			window, h, w = Window{Kernel: Extent{1, h * w}, Stride: Extent{1, h * w}}, 1, h*w
		}
		s := window.shape(n, c, h, w)
		return apply("adaptiveavgpool", in[0], resized(in[0], l.Out), func(y, x []float32) { pooling.Mean(y, x, s, false) },
			func(dx, dy []float32) { pooling.MeanBackward(dx, dy, s, false) })
	}
	rows, columns := l.axes(h, w)
	plan := resample.New(n, c, rows, columns)
	return apply("adaptiveavgpool", in[0], resized(in[0], l.Out), plan.Forward, plan.Backward)
}

// Combine implements nn.Combiner.
func (l *AdaptiveAvgPool) Combine(in []nn.Shape, add func(out, k, i int, factor float64)) {
	rows, columns := l.axes(in[0][1], in[0][2])
	resampled(in[0].Units(), rows, columns, add)
}

// resampled lists the terms of a resampled image of c channels.
func resampled(c int, rows, columns resample.Axis, add func(out, k, i int, factor float64)) {
	for i := range rows.Runs {
		for j := range columns.Runs {
			row, column := rows.Runs[i], columns.Runs[j]
			for y, wy := range row.Weights {
				for x, wx := range column.Weights {
					from := (row.First+y)*columns.In + column.First + x
					for u := range c {
						add((i*len(columns.Runs)+j)*c+u, 0, from*c+u, float64(wy)*float64(wx))
					}
				}
			}
		}
	}
}

func (l *AdaptiveAvgPool) Slice(nn.Slicing) (nn.Layer, error) {
	return &AdaptiveAvgPool{Out: l.Out}, nil
}

// ONNX is AveragePool for equal windows, one window included: the result of GlobalAveragePool is a
// vector to readers, and layers behind it may need an image. ONNX has no other adaptive pooling:
// means over windows of rows and of columns are two products with matrices.
func (l *AdaptiveAvgPool) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	h, w := shapes[0][1], shapes[0][2]
	if window, ok := l.window(h, w); ok {
		return window.onnx(b, "AveragePool", in[0], Padding{}), nil
	}
	rows, columns := l.axes(h, w)
	return onnxResample(b, name, in[0], rows, columns), nil
}

// resized is the shape of a node of images with another height and width.
func resized(x *gorgonia.Node, size Extent) tensor.Shape {
	d := x.Shape()
	return tensor.Shape{d[0], size.H, size.W, d[3]}
}

// apply builds an op with one input whose gradient depends on the gradient behind it alone.
func apply(name string, x *gorgonia.Node, out tensor.Shape, forward, backward func(dst, src []float32)) (*gorgonia.Node, error) {
	grad := nn.Gradient(nn.Op{Name: name + "/dx", Shape: x.Shape().Clone(),
		Run: func(dst []float32, in [][]float32) { backward(dst, in[0]) }}, nn.OutGrad)
	return nn.Apply(nn.Op{Name: name, Shape: out, Grad: []nn.GradFunc{grad},
		Run: func(dst []float32, in [][]float32) { forward(dst, in[0]) }}, x)
}

// onnxResample multiplies columns and rows of an image by the matrices of the axes.
func onnxResample(b *onnx.Builder, name, x string, rows, columns resample.Axis) string {
	in, out := columns.In, len(columns.Runs)
	right := make([]float32, in*out)
	for i, v := range columns.Matrix() {
		right[i%in*out+i/in] = v
	}
	x = b.Node("MatMul", []string{x, b.Initializer(name+"/columns", []int{in, out}, right)})
	return b.Node("MatMul", []string{b.Initializer(name+"/rows", []int{len(rows.Runs), rows.In}, rows.Matrix()), x})
}
