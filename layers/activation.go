package layers

import (
	"fmt"
	"math"
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
	elementwise
	kind string
	// onnx adds the operators to a graph; nil: there are none.
	onnx func(b *onnx.Builder, name, x string) string
	// curve is the function for bounds; nil: not known.
	curve func() nn.Curve
}

// elementwise is a function of single values, with its gradient.
type elementwise struct {
	forward  func(y, x []float32)
	backward func(dx, v, dy []float32)

	// fromOutput: the v of backward is the output. The input's buffer is then free as soon
	// as the output exists.
	fromOutput bool
	rectified  bool // see nn.Op; the function is a ReLU
	sparse     bool // many values of the output, and of gradients, are 0
}

// build applies the function to x.
func (f elementwise) build(kind string, x *gorgonia.Node) (*gorgonia.Node, error) {
	shape, from := x.Shape().Clone(), 0
	if f.fromOutput {
		from = nn.Out
	}
	grad := nn.Gradient(nn.Op{Name: kind + "/dx", Shape: shape, Sparse: f.rectified || f.sparse,
		Run: func(dst []float32, in [][]float32) { f.backward(dst, in[0], in[1]) }}, from, nn.OutGrad)
	return nn.Apply(nn.Op{Name: kind, Shape: shape, Grad: []nn.GradFunc{grad}, Rectified: f.rectified, Sparse: f.sparse,
		Run: func(dst []float32, in [][]float32) { f.forward(dst, in[0]) }}, x)
}

// NewActivation returns a layer kind made of a function and its derivative at the input;
// both are called from several goroutines at once. Register a kind of your own with
// nn.RegisterLayer.
func NewActivation(kind string, f, df func(x float32) float32) *Activation {
	return &Activation{kind: kind, elementwise: elementwise{
		forward:  func(y, x []float32) { vector.Map(y, x, f) },
		backward: func(dx, x, dy []float32) { vector.MapGrad(dx, x, dy, df) }}}
}

func init() {
	ofInput := func(kind string, forward func(y, x []float32), backward func(dx, x, dy []float32), curve func() nn.Curve,
		onnx func(b *onnx.Builder, name, x string) string) Activation {
		return Activation{kind: kind, elementwise: elementwise{forward: forward, backward: backward}, curve: curve, onnx: onnx}
	}
	ofOutput := func(kind string, forward func(y, x []float32), backward func(dx, y, dy []float32), curve func() nn.Curve,
		onnx func(b *onnx.Builder, name, x string) string) Activation {
		return Activation{kind: kind, elementwise: elementwise{forward: forward, backward: backward, fromOutput: true}, curve: curve,
			onnx: onnx}
	}
	zero, six := 0.0, 6.0
	for _, a := range []struct {
		doc string
		Activation
	}{
		{"max(x, 0)", *ReLU()},
		{"min(max(x, 0), 6)", Activation{kind: "relu6", elementwise: clipping(0, 6),
			curve: func() nn.Curve { return clipCurve(0, 6) }, onnx: func(b *onnx.Builder, name, x string) string {
				return onnxClip(b, name, x, &zero, &six)
			}}},
		{"1/(1+e^−x)", ofOutput("sigmoid", vector.Sigmoid, vector.SigmoidBackward, monotone(sigmoid, 0.25), operator("Sigmoid"))},
		{"min(max(x+3, 0), 6)/6", ofOutput("hardsigmoid", vector.HardSigmoid, vector.HardSigmoidBackward,
			piecewise(func(x float64) float64 { return min(max(x+3, 0), 6) / 6 }, 1.0/6, -3, 3),
			operator("HardSigmoid", onnx.Float("alpha", 1.0/6), onnx.Float("beta", 0.5)))},
		{"hyperbolic tangent", ofOutput("tanh", vector.Tanh, vector.TanhBackward, monotone(math.Tanh, 1), operator("Tanh"))},
		{"x·Φ(x), exact (Hendrycks & Gimpel 2016)", ofInput("gelu", vector.GELU, vector.GELUBackward,
			swish(func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 }), onnxGELU)},
		{"x/2·(1+tanh(√(2/π)·(x+0.044715·x³))), near gelu (Hendrycks & Gimpel 2016)",
			ofInput("gelu_tanh", vector.GELUTanh, vector.GELUTanhBackward, swish(func(x float64) float64 {
				return x * sigmoid(2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))
			}), onnxGELUTanh)},
		{"x·sigmoid(x)", ofInput("silu", vector.SiLU, vector.SiLUBackward, swish(func(x float64) float64 { return x * sigmoid(x) }), timesOperator("Sigmoid"))},
		{"x·hardsigmoid(x) (Howard et al. 2019)", ofInput("hardswish", vector.HardSwish, vector.HardSwishBackward,
			swish(func(x float64) float64 { return x * min(max(x+3, 0), 6) / 6 }), operator("HardSwish"))},
		{"x·tanh(softplus(x)) (Misra 2019)", ofInput("mish", vector.Mish, vector.MishBackward,
			swish(func(x float64) float64 { return x * math.Tanh(softplus(x)) }), timesOperator("Softplus", "Tanh"))},
		{"x, or e^x−1 below 0", ofOutput("elu", vector.ELU, vector.ELUBackward, monotone(func(x float64) float64 { return max(x, math.Expm1(min(x, 0))) }, 1), operator("Elu"))},
		{"log(1+e^x)", ofOutput("softplus", vector.Softplus, vector.SoftplusBackward, monotone(softplus, 1), operator("Softplus"))},
	} {
		nn.RegisterLayer(a.doc, func() nn.Layer { l := a.Activation; return &l })
	}
}

// ReLU returns the layer max(x, 0).
func ReLU() *Activation {
	return &Activation{kind: "relu", onnx: operator("Relu"), curve: func() nn.Curve { return clipCurve(0, math.Inf(1)) },
		elementwise: elementwise{forward: vector.ReLU, backward: vector.ReLUBackward, fromOutput: true, rectified: true}}
}

func (l *Activation) Kind() string { return l.kind }

func (l *Activation) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	return oneInput(l.kind, in)
}

// Traits implements nn.Describer.
func (l *Activation) Traits() nn.Traits { return nn.Traits{Rectifies: l.rectified} }

func (l *Activation) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return l.build(l.kind, in[0])
}

// Curve implements nn.Elementwise; it is not known for an activation made with NewActivation.
func (l *Activation) Curve(int) nn.Curve {
	if l.curve == nil {
		return nn.Curve{}
	}
	return l.curve()
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

// timesOperator is the input times the result of the operators, one after the other.
func timesOperator(ops ...string) func(b *onnx.Builder, name, x string) string {
	return func(b *onnx.Builder, _, x string) string {
		y := x
		for _, op := range ops {
			y = b.Node(op, []string{y})
		}
		return b.Node("Mul", []string{x, y})
	}
}

// onnxGELU is ½x·(1 + erf(x/√2)); Gelu itself came with operator set 20.
func onnxGELU(b *onnx.Builder, name, x string) string {
	erf := b.Node("Erf", []string{b.Node("Mul", []string{x, onnxScalar(b, name+"/sqrt_half", 0.70710677)})})
	half := b.Node("Mul", []string{x, onnxScalar(b, name+"/half", 0.5)})
	return b.Node("Mul", []string{half, b.Node("Add", []string{erf, onnxScalar(b, name+"/one", 1)})})
}

// onnxGELUTanh is ½x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
func onnxGELUTanh(b *onnx.Builder, name, x string) string {
	cube := b.Node("Mul", []string{b.Node("Mul", []string{x, x}), x})
	inner := b.Node("Add", []string{x, b.Node("Mul", []string{cube, onnxScalar(b, name+"/cube", 0.044715)})})
	tanh := b.Node("Tanh", []string{b.Node("Mul", []string{inner, onnxScalar(b, name+"/scale", 0.7978846)})})
	half := b.Node("Mul", []string{x, onnxScalar(b, name+"/half", 0.5)})
	return b.Node("Mul", []string{half, b.Node("Add", []string{tanh, onnxScalar(b, name+"/one", 1)})})
}
