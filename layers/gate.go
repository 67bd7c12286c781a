package layers

import (
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/vector"
	"pare/nn"
	"pare/nn/onnx"
)

// Gate multiplies its input by a learned gate that starts at 1: one for the
// whole path, or one per channel. A penalty that drives it to 0 removes the
// path or the channel. Input and output have the same shape.
type Gate struct {
	PerChannel bool `yaml:"per_channel,omitempty" json:"per_channel,omitempty" doc:"a factor for each channel in place of one for the path"`

	passUnits
	gate *nn.Param // [1] or [C]
}

func init() {
	nn.RegisterLayer("learned factor for a path or for each channel", func() nn.Layer { return &Gate{} })
}

func (l *Gate) Kind() string { return "gate" }

func (l *Gate) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("gate", in)
	if err != nil {
		return nil, err
	}
	shape, axis := []int{1}, nn.AxisOther
	if l.PerChannel {
		shape, axis = []int{s.Units()}, nn.AxisOut
	}
	return s, initParams(parameter{&l.gate, "gate", nn.RoleGate, shape, []nn.Axis{axis}, nil, filled(1)})
}

func (l *Gate) Params() []*nn.Param { return nonNil(l.gate) }

// Traits implements nn.Describer.
func (l *Gate) Traits() nn.Traits { return nn.Traits{Factor: l.gate} }

func (l *Gate) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	c := shape[len(shape)-1]
	rows := shape.TotalSize() / c
	forward := func(dst []float32, in [][]float32) { vector.Scale(dst, in[0], in[1][0]) }
	toGate := func(dst []float32, in [][]float32) { dst[0] = vector.Dot(in[0], in[1]) }
	if l.PerChannel {
		forward = func(dst []float32, in [][]float32) { vector.ScaleChannels(dst, in[0], in[1], rows, c) }
		toGate = func(dst []float32, in [][]float32) { vector.DotChannels(dst, in[0], in[1], rows, c) }
	}
	size := tensor.Shape{l.gate.Size()}
	grads := []nn.GradFunc{
		nn.Gradient(nn.Op{Name: "gate/dx", Shape: shape, Run: forward}, nn.OutGrad, 1),
		nn.Gradient(nn.Op{Name: "gate/dg", Shape: size, Run: toGate}, 0, nn.OutGrad),
	}
	return nn.Apply(nn.Op{Name: "gate", Shape: shape, Grad: grads, Run: forward}, in[0], b.Param(l.gate))
}

// at is the gate of a unit, and whether it is closed: 0 and not held.
func (l *Gate) at(unit int) (v float32, closed bool) {
	if !l.PerChannel {
		unit = 0
	}
	v = l.gate.Data()[unit]
	return v, v == 0 && !l.gate.Holds(unit)
}

// Constants: a gate at 0 gives 0 for any input.
func (l *Gate) Constants(in []nn.Known) nn.Known {
	out := mapKnown(in[0], func(u int, v float32) float32 {
		gate, _ := l.at(u)
		return v * gate
	})
	for u := range out.Const {
		if _, closed := l.at(u); closed {
			out.Set(u, 0)
		}
	}
	return out
}

// Affine implements nn.Affine.
func (l *Gate) Affine(units int) (factor, shift []float32) {
	return slices.Repeat(l.gate.Data(), units/l.gate.Size()), make([]float32, units)
}

func (l *Gate) Slice(s nn.Slicing) (nn.Layer, error) {
	return &Gate{PerChannel: l.PerChannel, gate: l.gate.Select(nil, s.Out)}, nil
}

// ONNX is Mul.
func (l *Gate) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	gate := onnxParam(b, name, l.gate)
	if l.PerChannel {
		gate = onnxPerChannel(b, name, gate, shapes[0])
	}
	return b.Node("Mul", []string{in[0], gate}), nil
}
