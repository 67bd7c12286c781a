package layers

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/nn"
	"pare/nn/onnx"
)

// LeakyReLU is x, or Slope·x below 0 (Maas et al. 2013). Input and output have the same shape.
type LeakyReLU struct {
	Slope float64 `yaml:"slope,omitempty" json:"slope,omitempty" range:"(0,)" doc:"factor of negative values; left out: 0.01"`

	passUnits
}

func init() {
	nn.RegisterLayer("x, or slope·x below 0", func() nn.Layer { return &LeakyReLU{} })
}

func (l *LeakyReLU) Kind() string { return "leaky_relu" }

func (l *LeakyReLU) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if !(l.Slope >= 0 && l.Slope <= math.MaxFloat32) {
		return nil, fmt.Errorf("leaky_relu: slope is %g, it must be a finite number above 0", l.Slope)
	}
	return oneInput("leaky_relu", in)
}

func (l *LeakyReLU) slope() float32 { return float32(cmp.Or(l.Slope, 0.01)) }

func (l *LeakyReLU) function() elementwise {
	slope := l.slope()
	return elementwise{fromOutput: true,
		forward:  func(y, x []float32) { vector.LeakyReLU(y, x, slope) },
		backward: func(dx, y, dy []float32) { vector.LeakyReLUBackward(dx, y, dy, slope) }}
}

func (l *LeakyReLU) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return l.function().build("leaky_relu", in[0])
}

// Curve implements nn.Elementwise.
func (l *LeakyReLU) Curve(int) nn.Curve { return slopeCurve(float64(l.slope())) }

// Constants: the function of a constant is a constant.
func (l *LeakyReLU) Constants(in []nn.Known) nn.Known { return mapped(in[0], l.function().forward) }

func (l *LeakyReLU) Slice(nn.Slicing) (nn.Layer, error) { return &LeakyReLU{Slope: l.Slope}, nil }

// ONNX is LeakyRelu.
func (l *LeakyReLU) ONNX(b *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("LeakyRelu", in, onnx.Float("alpha", l.slope())), nil
}
