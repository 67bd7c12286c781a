package layers

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/vector"
	"pare/nn"
	"pare/nn/onnx"
)

// PReLU is x, or w·x below 0, with learned slopes w that start at 0.25: one for all values, or
// one for each channel (He et al. 2015). Input and output have the same shape.
type PReLU struct {
	PerChannel bool `yaml:"per_channel,omitempty" json:"per_channel,omitempty" doc:"a slope for each channel in place of one for all"`

	passUnits
	weight *nn.Param // [1] or [C]
}

func init() {
	nn.RegisterLayer("x, or a learned slope times x below 0 (He et al. 2015)", func() nn.Layer { return &PReLU{} })
}

func (l *PReLU) Kind() string { return "prelu" }

func (l *PReLU) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("prelu", in)
	if err != nil {
		return nil, err
	}
	shape, axis := []int{1}, nn.AxisOther
	if l.PerChannel {
		shape, axis = []int{s.Units()}, nn.AxisOut
	}
	return s, initParams(parameter{&l.weight, "weight", nn.RoleSlope, shape, []nn.Axis{axis}, nil, filled(0.25)})
}

func (l *PReLU) Params() []*nn.Param { return nonNil(l.weight) }

func (l *PReLU) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	c := shape[len(shape)-1]
	rows := shape.TotalSize() / c
	times := func(dst, x, v, w []float32) { vector.PReLUBackward(dst, x, v, w, rows, c) }
	if !l.PerChannel {
		times = func(dst, x, v, w []float32) { vector.LeakyReLUBackward(dst, x, v, w[0]) }
	}
	sums := make([]float32, c)
	grads := []nn.GradFunc{
		nn.Gradient(nn.Op{Name: "prelu/dx", Shape: shape,
			Run: func(dst []float32, in [][]float32) { times(dst, in[0], in[2], in[1]) }}, 0, 1, nn.OutGrad),
		nn.Gradient(nn.Op{Name: "prelu/dw", Shape: tensor.Shape{l.weight.Size()}, Run: func(dst []float32, in [][]float32) {
			vector.PReLUSlopes(sums, in[0], in[1], rows, c)
			if l.PerChannel {
				copy(dst, sums)
				return
			}
			total := 0.0
			for _, v := range sums {
				total += float64(v)
			}
			dst[0] = float32(total)
		}}, 0, nn.OutGrad),
	}
	return nn.Apply(nn.Op{Name: "prelu", Shape: shape, Grad: grads,
		Run: func(dst []float32, in [][]float32) { times(dst, in[0], in[0], in[1]) }}, in[0], b.Param(l.weight))
}

// Curve implements nn.Elementwise.
func (l *PReLU) Curve(unit int) nn.Curve {
	if !l.PerChannel {
		unit = 0
	}
	return slopeCurve(float64(l.weight.Data()[unit]))
}

// Constants: the function of a constant is a constant.
func (l *PReLU) Constants(in []nn.Known) nn.Known {
	return mapKnown(in[0], func(u int, v float32) float32 {
		if v > 0 {
			return v
		}
		if !l.PerChannel {
			u = 0
		}
		return v * l.weight.Data()[u]
	})
}

func (l *PReLU) Slice(s nn.Slicing) (nn.Layer, error) {
	return &PReLU{PerChannel: l.PerChannel, weight: l.weight.Select(nil, s.Out)}, nil
}

// ONNX is PRelu.
func (l *PReLU) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	slope := onnxParam(b, name, l.weight)
	if l.PerChannel {
		slope = onnxPerChannel(b, name, slope, shapes[0])
	}
	return b.Node("PRelu", []string{in[0], slope}), nil
}
