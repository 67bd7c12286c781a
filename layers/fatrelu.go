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

// FATReLU is a ReLU with a forced threshold: x where x ≥ τ, else 0 (Kurtz et al.
// 2020). Input and output have the same shape. The gradient is the derivative on the side
// of τ where the input lies; τ itself is not trained.
type FATReLU struct {
	passUnits
	Threshold float64 `yaml:"threshold,omitempty" json:"threshold,omitempty" doc:"smallest value that passes, at least 0; 0 is a ReLU"`
}

func init() {
	nn.RegisterLayer("x where x is at least threshold, else 0 (Kurtz et al. 2020)", func() nn.Layer { return &FATReLU{} })
}

func (l *FATReLU) Kind() string { return "fatrelu" }

func (l *FATReLU) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if !(l.Threshold >= 0 && l.Threshold <= math.MaxFloat32) {
		return nil, fmt.Errorf("fatrelu: threshold is %g, it must be a finite number of at least 0", l.Threshold)
	}
	return oneInput("fatrelu", in)
}

// Traits implements nn.Describer.
func (l *FATReLU) Traits() nn.Traits { return nn.Traits{Rectifies: true, Threshold: l.Threshold} }

// apply is the function itself.
func (l *FATReLU) apply(y, x []float32) { vector.Threshold(y, x, float32(l.Threshold)) }

func (l *FATReLU) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	// The values above τ are positive, so a ReLU's gradient at the output is the gradient.
	return nn.Apply(nn.Op{Name: "fatrelu", Shape: in[0].Shape().Clone(), Grad: []nn.GradFunc{reluGrad}, Rectified: true,
		Run: func(dst []float32, in [][]float32) { l.apply(dst, in[0]) }}, in[0])
}

// Curve implements nn.Elementwise. The jump is a ramp below τ, as narrow as float32 has it.
func (l *FATReLU) Curve(int) nn.Curve {
	tau := float32(l.Threshold)
	if tau == 0 {
		return clipCurve(0, math.Inf(1))
	}
	below := float64(math.Nextafter32(tau, 0))
	return nn.Curve{Knots: []float64{below, float64(tau)}, Steepest: math.Inf(1), At: func(x float64) float64 {
		if x <= below {
			return 0
		}
		return x
	}}
}

// Constants: the function of a constant is a constant.
func (l *FATReLU) Constants(in []nn.Known) nn.Known { return mapped(in[0], l.apply) }

func (l *FATReLU) Slice(nn.Slicing) (nn.Layer, error) { return &FATReLU{Threshold: l.Threshold}, nil }

// ONNX is ThresholdedRelu, which keeps x above alpha: the largest number below τ.
func (l *FATReLU) ONNX(b *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	if float32(l.Threshold) == 0 {
		return b.Node("Relu", in), nil
	}
	below := math.Nextafter32(float32(l.Threshold), 0)
	return b.Node("ThresholdedRelu", in, onnx.Float("alpha", below)), nil
}
