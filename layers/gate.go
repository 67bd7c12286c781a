package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/vector"
	"pare/nn"
)

// Gate multiplies its input by a learned gate that starts at 1: one for the
// whole path, or one per channel. A penalty that drives it to 0 removes the
// path or the channel. Input and output have the same shape.
type Gate struct {
	PerChannel bool `yaml:"per_channel,omitempty" json:"per_channel,omitempty"`

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
	l.gate, err = keepOrMake(l.gate, shape, func() *nn.Param {
		return nn.NewParam("gate", nn.RoleGate, shape, axis).Fill(1)
	})
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	return s, nil
}

func (l *Gate) Params() []*nn.Param { return nonNil(l.gate) }

// Factor implements nn.Scaler.
func (l *Gate) Factor() *nn.Param { return l.gate }

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
		func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
			return nn.Apply(nn.Op{Name: "gate/dx", Shape: shape, Run: forward}, dy, in[1])
		},
		func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
			return nn.Apply(nn.Op{Name: "gate/dg", Shape: size, Run: toGate}, in[0], dy)
		},
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

// Constants: a gate at 0 gives 0 whatever comes in.
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

func (l *Gate) Slice(s nn.Slicing) (nn.Layer, error) {
	return &Gate{PerChannel: l.PerChannel, gate: l.gate.Select(nil, s.Out)}, nil
}
