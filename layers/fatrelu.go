package layers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/internal/onnx"
	"pare/nn"
)

// FATReLU is a ReLU with a forced threshold: x where x ≥ τ, else 0 (Kurtz et al.
// 2020). Input and output have the same shape. The gradient is that of the part
// of the function where the input lies; τ itself is not trained.
type FATReLU struct {
	passUnits
	Threshold float64 `yaml:"threshold,omitempty" json:"threshold,omitempty"` // τ ≥ 0, used in float32; 0 is a ReLU
}

func init() {
	nn.RegisterLayer("x where x is at least threshold, else 0 (Kurtz et al. 2020)", func() nn.Layer { return &FATReLU{} })
}

func (l *FATReLU) Kind() string        { return "fatrelu" }
func (l *FATReLU) Params() []*nn.Param { return nil }

func (l *FATReLU) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if !(l.Threshold >= 0 && l.Threshold <= math.MaxFloat32) {
		return nil, fmt.Errorf("fatrelu: threshold is %g, it must be a finite number of at least 0", l.Threshold)
	}
	return oneInput("fatrelu", in)
}

// IsReLU implements nn.Rectifier: without a threshold it is one.
func (l *FATReLU) IsReLU() bool { return float32(l.Threshold) == 0 }

func (l *FATReLU) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	tau := float32(l.Threshold)
	// What is kept is positive, so the gradient is that of a ReLU at the output.
	grad := func(_ gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) { return reluGrad(y, dy) }
	return nn.Apply(nn.Op{Name: "fatrelu", Shape: in[0].Shape().Clone(), Grad: []nn.GradFunc{grad}, Rectified: true,
		Run: func(dst []float32, in [][]float32) { vector.Threshold(dst, in[0], tau) }}, in[0])
}

// Constants: the function of a constant is a constant.
func (l *FATReLU) Constants(in []nn.Known) nn.Known {
	tau := float32(l.Threshold)
	return mapKnown(in[0], func(_ int, v float32) float32 {
		y := []float32{v}
		vector.Threshold(y, y, tau)
		return y[0]
	})
}

// Slice: the layer serves any width.
func (l *FATReLU) Slice(nn.Slicing) (nn.Layer, error) {
	c := *l
	return &c, nil
}

// ONNX is ThresholdedRelu, which keeps x above alpha: the largest number below τ.
func (l *FATReLU) ONNX(b *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	if l.IsReLU() {
		return b.Node("Relu", in), nil
	}
	below := math.Nextafter32(float32(l.Threshold), 0)
	return b.Node("ThresholdedRelu", in, onnx.Float("alpha", below)), nil
}
