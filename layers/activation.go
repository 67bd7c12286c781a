package layers

import (
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel"
	"pare/nn"
)

// Activation applies a function to every value. Input and output have the same
// shape.
type Activation struct {
	passUnits
	kind string
	f    func(x float32) float32
	df   func(x float32) float32 // derivative at the input x
}

// NewActivation returns a layer kind made of a function and its derivative;
// kinds of one's own are registered with nn.RegisterLayer.
func NewActivation(kind string, f, df func(x float32) float32) *Activation {
	return &Activation{kind: kind, f: f, df: df}
}

func init() {
	for _, a := range []struct {
		kind, doc string
		f, df     func(float64) float64
	}{
		{"leaky_relu", "x, or 0.01·x below 0", leaky, leakyD},
		{"sigmoid", "1/(1+e^−x)", sigmoid, func(x float64) float64 { s := sigmoid(x); return s * (1 - s) }},
		{"tanh", "hyperbolic tangent", math.Tanh, func(x float64) float64 { t := math.Tanh(x); return 1 - t*t }},
		{"gelu", "x·Φ(x), exact (Hendrycks & Gimpel 2016)", gelu, geluD},
		{"silu", "x·sigmoid(x)", func(x float64) float64 { return x * sigmoid(x) },
			func(x float64) float64 { s := sigmoid(x); return s * (1 + x*(1-s)) }},
		{"elu", "x, or e^x−1 below 0", elu, func(x float64) float64 { return min(1, math.Exp(min(x, 0))) }},
		{"softplus", "log(1+e^x)", softplus, sigmoid},
	} {
		f, df := single(a.f), single(a.df)
		nn.RegisterLayer(a.doc, func() nn.Layer { return NewActivation(a.kind, f, df) })
	}
	nn.RegisterLayer("max(x, 0)", func() nn.Layer { return ReLU() })
}

// ReLU returns the layer max(x, 0).
func ReLU() *Activation {
	return NewActivation("relu",
		func(x float32) float32 {
			if x < 0 {
				return 0
			}
			return x
		},
		func(x float32) float32 {
			if x > 0 {
				return 1
			}
			return 0
		})
}

func single(f func(float64) float64) func(float32) float32 {
	return func(x float32) float32 { return float32(f(float64(x))) }
}

func leaky(x float64) float64 {
	if x < 0 {
		return 0.01 * x
	}
	return x
}

func leakyD(x float64) float64 {
	if x <= 0 { // at 0 as PyTorch has it
		return 0.01
	}
	return 1
}

func sigmoid(x float64) float64 {
	if x < 0 {
		e := math.Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-x))
}

func elu(x float64) float64 {
	if x < 0 {
		return math.Expm1(x)
	}
	return x
}

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func gelu(x float64) float64 { return x * normalCDF(x) }
func geluD(x float64) float64 {
	return normalCDF(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
}
func normalCDF(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

func (l *Activation) Kind() string { return l.kind }

func (l *Activation) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	return oneInput(l.kind, in)
}

func (l *Activation) Params() []*nn.Param { return nil }

// IsReLU implements nn.Rectifier.
func (l *Activation) IsReLU() bool { return l.kind == "relu" }

func (l *Activation) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	if l.kind == "relu" {
		return buildReLU(in[0])
	}
	grad := func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: l.kind + "/dx", Shape: shape,
			Run: func(dst []float32, in [][]float32) { kernel.MapGrad(dst, in[0], in[1], l.df) }}, in[0], dy)
	}
	return nn.Apply(nn.Op{Name: l.kind, Shape: shape, Grad: []nn.GradFunc{grad},
		Run: func(dst []float32, in [][]float32) { kernel.Map(dst, in[0], l.f) }}, in[0])
}

// buildReLU differentiates from the output, so that the input's buffer is free
// as soon as the output exists.
func buildReLU(x *gorgonia.Node) (*gorgonia.Node, error) {
	grad := func(_ gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) { return reluGrad(y, dy) }
	return nn.Apply(nn.Op{Name: "relu", Shape: x.Shape().Clone(), Grad: []nn.GradFunc{grad},
		Run: func(dst []float32, in [][]float32) { kernel.ReLU(dst, in[0]) }}, x)
}

// reluGrad is dy where y, the output of a ReLU, is positive.
func reluGrad(y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	return nn.Apply(nn.Op{Name: "relu/dx", Shape: y.Shape().Clone(),
		Run: func(dst []float32, in [][]float32) { kernel.ReLUBackward(dst, in[0], in[1]) }}, y, dy)
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

// Constants: f of a constant is a constant.
func (l *Activation) Constants(in []nn.Known) nn.Known {
	return mapKnown(in[0], func(_ int, v float32) float32 { return l.f(v) })
}

// Slice: activations have no parameters; the layer serves any width.
func (l *Activation) Slice(nn.Slicing) (nn.Layer, error) {
	return NewActivation(l.kind, l.f, l.df), nil
}
