package layers

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/norm"
	"pare/nn"
	"pare/nn/onnx"
)

// InstanceNorm normalises each unit of an example over its positions, then scales by γ and
// shifts by β (Ulyanov et al. 2016). Input and output have the same shape, [C, H, W] or
// [D, T], of more than one position.
type InstanceNorm struct {
	Eps float64 `yaml:"eps,omitempty" json:"eps,omitempty" range:"(0,)" doc:"added to the variance; left out: 1e-5"`

	passUnits
	weight, bias *nn.Param
}

func init() {
	nn.RegisterLayer("normalisation of each unit over all positions (Ulyanov et al. 2016)", func() nn.Layer { return &InstanceNorm{} })
}

func (l *InstanceNorm) Kind() string { return "instancenorm" }

func (l *InstanceNorm) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("instancenorm", in)
	if err != nil {
		return nil, err
	}
	if s.Positions() < 2 {
		return nil, fmt.Errorf("instancenorm needs units of more than one position, got %s", s)
	}
	if l.Eps < 0 {
		return nil, fmt.Errorf("instancenorm: eps is %g, it must not be negative", l.Eps)
	}
	l.Eps = cmp.Or(l.Eps, 1e-5)
	c := s.Units()
	return s, initParams(unitParam(&l.weight, "weight", nn.RoleScale, c, filled(1)), unitParam(&l.bias, "bias", nn.RoleShift, c, nil))
}

func (l *InstanceNorm) Params() []*nn.Param { return nonNil(l.weight, l.bias) }

func (l *InstanceNorm) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape()
	n, c := shape[0], shape[len(shape)-1]
	rows := shape.TotalSize() / (n * c)
	g := norm.Groups{N: n, Rows: rows, C: c, Group: upTo(c), Count: rows, Eps: float32(l.Eps)}
	return buildGroups(b, "instancenorm", in[0], l.weight, l.bias, g, c, newColumns(n*rows, c, nil))
}

// Constants: γ = 0 gives β for any input, and so does a constant, which is its own mean.
func (l *InstanceNorm) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(len(in[0].Const))
	for u, v := range l.bias.Data() {
		if in[0].Const[u] || l.weight.Data()[u] == 0 && !l.weight.Holds(u) {
			out.Set(u, v)
		}
	}
	return out
}

func (l *InstanceNorm) Slice(s nn.Slicing) (nn.Layer, error) {
	return &InstanceNorm{Eps: l.Eps, weight: l.weight.Select(nil, s.Out), bias: l.bias.Select(nil, s.Out)}, nil
}

// AbsorbShift implements nn.ShiftSink: a constant that is added to a unit changes nothing.
func (l *InstanceNorm) AbsorbShift([]float32) {}

// ONNX is InstanceNormalization.
func (l *InstanceNorm) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("InstanceNormalization", onnxParams(b, name, in, l.weight, l.bias), onnx.Float("epsilon", float32(l.Eps))), nil
}
