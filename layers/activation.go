package layers

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/nn"
)

// Activation applies a function to every value. Input and output have the same
// shape.
type Activation struct {
	passUnits
	kind     string
	forward  func(y, x []float32)
	backward func(dx, v, dy []float32)

	// fromOutput tells that v of backward is the output. The input's buffer is
	// then free as soon as the output exists.
	fromOutput bool
}

// NewActivation returns a layer kind made of a function and its derivative at
// the input; both are called from several goroutines at once. Kinds of one's
// own are registered with nn.RegisterLayer.
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
		{"x, or 0.01·x below 0", Activation{kind: "leaky_relu", forward: leaky, backward: leakyBackward, fromOutput: true}},
		{"1/(1+e^−x)", Activation{kind: "sigmoid", forward: vector.Sigmoid, backward: vector.SigmoidBackward, fromOutput: true}},
		{"hyperbolic tangent", Activation{kind: "tanh", forward: vector.Tanh, backward: vector.TanhBackward, fromOutput: true}},
		{"x·Φ(x), exact (Hendrycks & Gimpel 2016)", Activation{kind: "gelu", forward: vector.GELU, backward: vector.GELUBackward}},
		{"x·sigmoid(x)", Activation{kind: "silu", forward: vector.SiLU, backward: vector.SiLUBackward}},
		{"x, or e^x−1 below 0", Activation{kind: "elu", forward: vector.ELU, backward: vector.ELUBackward, fromOutput: true}},
		{"log(1+e^x)", Activation{kind: "softplus", forward: vector.Softplus, backward: vector.SoftplusBackward, fromOutput: true}},
	} {
		nn.RegisterLayer(a.doc, func() nn.Layer { l := a.Activation; return &l })
	}
}

// ReLU returns the layer max(x, 0).
func ReLU() *Activation {
	return &Activation{kind: "relu", forward: vector.ReLU, backward: vector.ReLUBackward, fromOutput: true}
}

func (l *Activation) Kind() string { return l.kind }

func (l *Activation) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	return oneInput(l.kind, in)
}

func (l *Activation) Params() []*nn.Param { return nil }

// IsReLU implements nn.Rectifier.
func (l *Activation) IsReLU() bool { return l.kind == "relu" }

func (l *Activation) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	grad := func(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
		v := in[0]
		if l.fromOutput {
			v = y
		}
		return nn.Apply(nn.Op{Name: l.kind + "/dx", Shape: shape, Sparse: l.IsReLU(),
			Run: func(dst []float32, in [][]float32) { l.backward(dst, in[0], in[1]) }}, v, dy)
	}
	return nn.Apply(nn.Op{Name: l.kind, Shape: shape, Grad: []nn.GradFunc{grad}, Rectified: l.IsReLU(),
		Run: func(dst []float32, in [][]float32) { l.forward(dst, in[0]) }}, in[0])
}

// reluGrad is dy where y, the output of a ReLU, is positive.
func reluGrad(y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	if nn.IsMaskedBy(dy, y) {
		return dy, nil
	}
	return nn.Apply(nn.Op{Name: "relu/dx", Shape: y.Shape().Clone(), Sparse: true,
		Run: func(dst []float32, in [][]float32) { vector.ReLUBackward(dst, in[0], in[1]) }}, y, dy)
}

// behindReLU turns the gradients of an op into those of the op with a ReLU in
// the same pass: they share the gradient in front of it.
func behindReLU(grads []nn.GradFunc) []nn.GradFunc {
	var masked *gorgonia.Node
	out := make([]nn.GradFunc, len(grads))
	for i, f := range grads {
		out[i] = func(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
			if masked == nil {
				var err error
				if masked, err = reluGrad(y, dy); err != nil {
					return nil, err
				}
			}
			return f(in, y, masked)
		}
	}
	return out
}

// Constants: the function of a constant is a constant, the very one that the
// compiled layer computes.
func (l *Activation) Constants(in []nn.Known) nn.Known {
	return mapKnown(in[0], func(_ int, v float32) float32 {
		y := []float32{v}
		l.forward(y, y)
		return y[0]
	})
}

// Slice: activations have no parameters; the layer serves any width.
func (l *Activation) Slice(nn.Slicing) (nn.Layer, error) {
	c := *l
	return &c, nil
}
