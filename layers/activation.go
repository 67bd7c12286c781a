package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/nn"
	"pare/nn/onnx"
)

// Activation applies a function to every value. Input and output have the same
// shape.
type Activation struct {
	passUnits
	kind     string
	forward  func(y, x []float32)
	backward func(dx, v, dy []float32)

	// fromOutput: the v of backward is the output. The input's buffer is then free as soon
	// as the output exists.
	fromOutput bool
	// onnx adds the operators to a graph; nil: there are none.
	onnx func(b *onnx.Builder, name, x string) string
}

// NewActivation returns a layer kind made of a function and its derivative at the input;
// both are called from several goroutines at once. Register a kind of your own with
// nn.RegisterLayer.
func NewActivation(kind string, f, df func(x float32) float32) *Activation {
	return &Activation{kind: kind,
		forward:  func(y, x []float32) { vector.Map(y, x, f) },
		backward: func(dx, x, dy []float32) { vector.MapGrad(dx, x, dy, df) }}
}

// leakySlope is the slope of leaky_relu below zero.
const leakySlope = 0.01

func init() {
	leaky := func(y, x []float32) { vector.LeakyReLU(y, x, leakySlope) }
	leakyBackward := func(dx, y, dy []float32) { vector.LeakyReLUBackward(dx, y, dy, leakySlope) }
	for _, a := range []struct {
		doc string
		Activation
	}{
		{"max(x, 0)", *ReLU()},
		{"x, or 0.01·x below 0", Activation{kind: "leaky_relu", forward: leaky, backward: leakyBackward, fromOutput: true,
			onnx: operator("LeakyRelu", onnx.Float("alpha", leakySlope))}},
		{"1/(1+e^−x)", Activation{kind: "sigmoid", forward: vector.Sigmoid, backward: vector.SigmoidBackward, fromOutput: true,
			onnx: operator("Sigmoid")}},
		{"hyperbolic tangent", Activation{kind: "tanh", forward: vector.Tanh, backward: vector.TanhBackward, fromOutput: true,
			onnx: operator("Tanh")}},
		{"x·Φ(x), exact (Hendrycks & Gimpel 2016)", Activation{kind: "gelu", forward: vector.GELU, backward: vector.GELUBackward,
			onnx: onnxGELU}},
		{"x·sigmoid(x)", Activation{kind: "silu", forward: vector.SiLU, backward: vector.SiLUBackward,
			onnx: func(b *onnx.Builder, _, x string) string {
				return b.Node("Mul", []string{x, b.Node("Sigmoid", []string{x})})
			}}},
		{"x, or e^x−1 below 0", Activation{kind: "elu", forward: vector.ELU, backward: vector.ELUBackward, fromOutput: true,
			onnx: operator("Elu")}},
		{"log(1+e^x)", Activation{kind: "softplus", forward: vector.Softplus, backward: vector.SoftplusBackward, fromOutput: true,
			onnx: operator("Softplus")}},
	} {
		nn.RegisterLayer(a.doc, func() nn.Layer { l := a.Activation; return &l })
	}
}

// ReLU returns the layer max(x, 0).
func ReLU() *Activation {
	return &Activation{kind: "relu", forward: vector.ReLU, backward: vector.ReLUBackward, fromOutput: true, onnx: operator("Relu")}
}

func (l *Activation) Kind() string { return l.kind }

func (l *Activation) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	return oneInput(l.kind, in)
}

// Traits implements nn.Describer.
func (l *Activation) Traits() nn.Traits { return nn.Traits{Rectifies: l.kind == "relu"} }

func (l *Activation) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape, relu, from := in[0].Shape().Clone(), l.Traits().Rectifies, 0
	if l.fromOutput {
		from = nn.Out
	}
	grad := nn.Gradient(nn.Op{Name: l.kind + "/dx", Shape: shape, Sparse: relu,
		Run: func(dst []float32, in [][]float32) { l.backward(dst, in[0], in[1]) }}, from, nn.OutGrad)
	return nn.Apply(nn.Op{Name: l.kind, Shape: shape, Grad: []nn.GradFunc{grad}, Rectified: relu,
		Run: func(dst []float32, in [][]float32) { l.forward(dst, in[0]) }}, in[0])
}

// Constants: the function of a constant is a constant, with the same bits that the compiled
// layer computes.
func (l *Activation) Constants(in []nn.Known) nn.Known { return mapped(in[0], l.forward) }

// mapped applies a function of vectors to every known constant.
func mapped(in nn.Known, f func(y, x []float32)) nn.Known {
	return mapKnown(in, func(_ int, v float32) float32 {
		y := []float32{v}
		f(y, y)
		return y[0]
	})
}

// Slice: activations have no parameters; the layer serves any width.
func (l *Activation) Slice(nn.Slicing) (nn.Layer, error) {
	c := *l
	return &c, nil
}

// ONNX is one operator or a few; an activation made with NewActivation has no ONNX form.
func (l *Activation) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	if l.onnx == nil {
		return "", fmt.Errorf("activation %q has no ONNX form", l.kind)
	}
	return l.onnx(b, name, in[0]), nil
}

func operator(op string, attrs ...onnx.Attr) func(b *onnx.Builder, name, x string) string {
	return func(b *onnx.Builder, _, x string) string { return b.Node(op, []string{x}, attrs...) }
}

// onnxGELU is ½x·(1 + erf(x/√2)); Gelu itself came with operator set 20.
func onnxGELU(b *onnx.Builder, name, x string) string {
	erf := b.Node("Erf", []string{b.Node("Mul", []string{x, onnxScalar(b, name+"/sqrt_half", 0.70710677)})})
	half := b.Node("Mul", []string{x, onnxScalar(b, name+"/half", 0.5)})
	return b.Node("Mul", []string{half, b.Node("Add", []string{erf, onnxScalar(b, name+"/one", 1)})})
}
