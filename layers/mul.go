package layers

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/nn"
	"pare/nn/onnx"
)

// Mul multiplies its two inputs value by value, as gated units do: relu(gate)·up
// (Shazeer 2020). They have the same shape, or one has a single value for each unit, [C] or
// [C, 1, 1], which multiplies all positions of the other one, [C, H, W], as in squeeze and
// excitation (Hu et al. 2018). The output has the shape of the larger one.
type Mul struct {
	in []nn.Shape // the shapes of the inputs
}

func init() {
	nn.RegisterLayer("product of two inputs, value by value", func() nn.Layer { return &Mul{} })
}

func (l *Mul) Kind() string { return "mul" }

func (l *Mul) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if len(in) != 2 {
		return nil, fmt.Errorf("mul takes two inputs, got %d", len(in))
	}
	large := in[wider(in[0].Positions() >= in[1].Positions() && len(in[0]) >= len(in[1]))]
	for _, s := range in {
		if !s.Equal(large) && (s.Units() != large.Units() || s.Positions() != 1) {
			return nil, fmt.Errorf("mul: the inputs have shapes %s and %s; they must be equal, or one have a single value for each unit",
				in[0], in[1])
		}
	}
	l.in = in
	return large, nil
}

func (l *Mul) Params() []*nn.Param { return nil }

// Traits implements nn.Describer.
func (l *Mul) Traits() nn.Traits { return nn.Traits{Multiplies: true, DropsEmptyInputs: true} }

func (l *Mul) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if in[0].Shape().TotalSize() != in[1].Shape().TotalSize() {
		return l.buildFactors(in)
	}
	product := func(dst []float32, in [][]float32) { vector.Mul(dst, in[0], in[1]) }
	shape := in[wider(len(in[0].Shape()) >= len(in[1].Shape()))].Shape().Clone()
	times := func(to, other int) nn.GradFunc {
		return nn.Gradient(nn.Op{Name: "mul/dx", Shape: in[to].Shape().Clone(), Sparse: nn.IsSparse(in[other]), Run: product},
			other, nn.OutGrad)
	}
	return nn.Apply(nn.Op{Name: "mul", Shape: shape, Grad: []nn.GradFunc{times(0, 1), times(1, 0)},
		Sparse: nn.IsSparse(in[0]) || nn.IsSparse(in[1]), Run: product}, in...)
}

// wider is the place of the first input, or of the second.
func wider(first bool) int {
	if first {
		return 0
	}
	return 1
}

// buildFactors multiplies all positions of one input by the factors in the other one.
func (l *Mul) buildFactors(in []*gorgonia.Node) (*gorgonia.Node, error) {
	x := wider(in[0].Shape().TotalSize() > in[1].Shape().TotalSize())
	f := 1 - x
	shape := in[x].Shape().Clone()
	n, c := shape[0], shape[len(shape)-1]
	rows := shape.TotalSize() / (n * c)
	sparse := nn.IsSparse(in[f])
	grads := make([]nn.GradFunc, 2)
	grads[x] = nn.Gradient(nn.Op{Name: "mul/dx", Shape: shape, Sparse: sparse,
		Run: func(dst []float32, in [][]float32) { vector.ScaleExamples(dst, in[1], in[0], n, rows, c) }}, f, nn.OutGrad)
	grads[f] = nn.Gradient(nn.Op{Name: "mul/df", Shape: in[f].Shape().Clone(),
		Run: func(dst []float32, in [][]float32) { vector.DotExamples(dst, in[0], in[1], n, rows, c) }}, x, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "mul", Shape: shape, Grad: grads, Sparse: sparse || nn.IsSparse(in[x]),
		Run: func(dst []float32, in [][]float32) { vector.ScaleExamples(dst, in[x], in[f], n, rows, c) }}, in...)
}

// OutUnits implements nn.UnitMapper: units that are multiplied are tied.
func (l *Mul) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	for u := range in[0] {
		space.Tie(in[0][u], in[1][u])
	}
	return in[0]
}

// Constants: 0 times anything is 0.
func (l *Mul) Constants(in []nn.Known) nn.Known {
	out := mapKnown(in[0], func(u int, v float32) float32 { return v * in[1].Value[u] })
	for u := range out.Const {
		out.Const[u] = out.Const[u] && in[1].Const[u]
		if in[0].Zero(u) || in[1].Zero(u) {
			out.Set(u, 0)
		}
	}
	return out
}

// Needs: factors that are all constant become a gate for each unit.
func (l *Mul) Needs(keep []bool, in []nn.Known) [][]bool {
	needs := [][]bool{slices.Clone(keep), slices.Clone(keep)}
	for k := range needs {
		if l.in[1-k].Size() >= l.in[k].Size() && len(l.in[1-k]) >= len(l.in[k]) && constant(keep, in[k]) {
			clear(needs[k])
			break
		}
	}
	return needs
}

// constant reports whether all the units are.
func constant(units []bool, in nn.Known) bool {
	for u, wanted := range units {
		if wanted && !in.Const[u] {
			return false
		}
	}
	return true
}

func (l *Mul) Slice(s nn.Slicing) (nn.Layer, error) {
	for k, units := range s.In {
		if len(units) > 0 {
			continue
		}
		gate := &Gate{PerChannel: true, gate: nn.NewParam("gate", nn.RoleGate, []int{len(s.Out)}, nn.AxisOut)}
		for j, u := range s.Out {
			gate.gate.Data()[j] = s.Known[k].Value[u]
		}
		return gate, nil
	}
	return &Mul{}, nil
}

// ONNX is Mul; axes of length 1 are appended to an input that has fewer.
func (l *Mul) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	in = slices.Clone(in)
	for k, s := range shapes {
		if missing := len(shapes[1-k]) - len(s); missing > 0 {
			axes := make([]int, missing)
			for i := range axes {
				axes[i] = len(s) + 1 + i
			}
			in[k] = b.Node("Unsqueeze", []string{in[k], b.Ints(name+"/axes", axes)})
		}
	}
	return b.Node("Mul", in), nil
}
