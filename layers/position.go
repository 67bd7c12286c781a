package layers

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/vector"
	"pare/nn"
	"pare/nn/onnx"
)

// Position adds a learned vector to each position of a sequence, zero at first.
// Input and output [D, T]. After pruning the input may hold some units only:
// Index says which.
type Position struct {
	// Index lists the output unit of each input unit, ascending; nil: the input
	// has all.
	Index []int `yaml:"index,omitempty" json:"index,omitempty" doc:"output unit of each input unit, ascending; left out: the input has all"`
	Units int   `yaml:"units,omitempty" json:"units,omitempty" range:"[1,)" doc:"output units; left out: as many as the input has"`

	weight *nn.Param // [T, D]
}

func init() {
	nn.RegisterLayer("adds a learned vector per position", func() nn.Layer { return &Position{} })
}

func (l *Position) Kind() string { return "position" }

func (l *Position) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneSequence("position", in)
	if err != nil {
		return nil, err
	}
	l.Units = cmp.Or(l.Units, s.Units())
	want := l.Units
	if l.Index != nil {
		want = len(l.Index)
		if err := checkIndex("position", l.Index, l.Units); err != nil {
			return nil, err
		}
	}
	if s.Units() != want {
		return nil, fmt.Errorf("position: the input has %d units, expected %d", s.Units(), want)
	}
	return s.WithUnits(l.Units), initParams(parameter{&l.weight, "weight", nn.RoleBias, []int{s[1], l.Units},
		[]nn.Axis{nn.AxisOther, nn.AxisOut}, nil, nil})
}

func (l *Position) Params() []*nn.Param { return nonNil(l.weight) }

func (l *Position) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	batch, width := shape[0], l.Units
	rows, size := batch*shape[1], shape[1]*width
	out := shape.Clone()
	out[2] = width
	toInput := nn.PassGrad
	if l.Index != nil {
		toInput = nn.Gradient(nn.Op{Name: "position/dx", Shape: shape,
			Run: func(dst []float32, in [][]float32) { gatherRows(dst, in[0], l.Index, rows, width) }}, nn.OutGrad)
	}
	toWeight := nn.Gradient(nn.Op{Name: "position/dw", Shape: tensor.Shape(l.weight.Shape()).Clone(),
		Run: func(dst []float32, in [][]float32) { vector.ColumnSums(dst, in[0], batch, size) }}, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "position", Shape: out, Grad: []nn.GradFunc{toInput, toWeight},
		Run: func(dst []float32, in [][]float32) {
			for n := 0; n < len(dst); n += size {
				if l.Index == nil {
					vector.Add(dst[n:n+size], in[0][n:n+size], in[1])
				} else {
					copy(dst[n:n+size], in[1])
				}
			}
			if l.Index != nil {
				scatterAddRows(dst, in[0], l.Index, rows, width)
			}
		}}, in[0], b.Param(l.weight))
}

// place is the output unit of input unit j.
func (l *Position) place(j int) int {
	if l.Index == nil {
		return j
	}
	return l.Index[j]
}

// Combine implements nn.Combiner.
func (l *Position) Combine(in []nn.Shape, add func(out, k, i int, factor float64)) {
	for i := range in[0].Size() {
		add(i/in[0].Units()*l.Units+l.place(i%in[0].Units()), 0, i, 1)
	}
	for out, v := range l.weight.Data() {
		add(out, -1, 0, float64(v))
	}
}

// OutUnits implements nn.UnitMapper: the units of the input where it has them.
func (l *Position) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	if l.Index == nil {
		return in[0]
	}
	out := space.Fresh(l.Units)
	for j, u := range l.Index {
		out[u] = in[0][j]
	}
	return out
}

// inputs returns the analysis of each output unit's input; a unit without one
// is always 0.
func (l *Position) inputs(in nn.Known) nn.Known {
	out := nn.Unknown(l.Units)
	for u := range l.Units {
		out.Set(u, 0)
	}
	for j, c := range in.Const {
		out.Const[l.place(j)], out.Value[l.place(j)] = c, in.Value[j]
	}
	return out
}

// Constants: a constant plus a vector that is the same at all positions.
func (l *Position) Constants(in []nn.Known) nn.Known {
	x, out := l.inputs(in[0]), nn.Unknown(l.Units)
	for u, constant := range x.Const {
		if constant && sameInRows(l.weight, u) {
			out.Set(u, x.Value[u]+l.weight.Data()[u])
		}
	}
	return out
}

// Close implements nn.Closer: at least one unit must come from the input, because a layer
// has an input.
func (l *Position) Close(keep []bool, _ []nn.Known) {
	for u := range keep {
		if keep[u] && (l.Index == nil || slices.Contains(l.Index, u)) {
			return
		}
	}
	keep[l.place(0)] = true
}

// Needs: constants fold into the vectors. Where the input has nothing but constants, one
// of them stays.
func (l *Position) Needs(keep []bool, in []nn.Known) [][]bool {
	need := make([]bool, len(in[0].Const))
	first, any := -1, false
	for j, c := range in[0].Const {
		kept := keep[l.place(j)]
		if kept && first < 0 {
			first = j
		}
		need[j] = kept && !c
		any = any || need[j]
	}
	if !any {
		need[first] = true
	}
	return [][]bool{need}
}

func (l *Position) Slice(s nn.Slicing) (nn.Layer, error) {
	n := &Position{Units: len(s.Out), weight: l.weight.Select(nil, s.Out)}
	fed := map[int]bool{}
	for _, j := range s.In[0] {
		fed[l.place(j)] = true
	}
	x, w := l.inputs(s.Known[0]), n.weight.Data()
	for k, u := range s.Out {
		if fed[u] {
			n.Index = append(n.Index, k)
			continue
		}
		for i := k; i < len(w); i += n.Units {
			w[i] += x.Value[u]
		}
	}
	if isRange(n.Index, n.Units) {
		n.Index = nil
	}
	return n, nil
}

// ONNX is Add, with the units that the input lacks put in first.
func (l *Position) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	x := in[0]
	if l.Index != nil {
		x = onnxPlace(b, name, x, l.Index, l.Units, shapes[0])
	}
	table := b.Node("Transpose", []string{onnxParam(b, name, l.weight)}, onnx.Ints("perm", 1, 0))
	return b.Node("Add", []string{x, table}), nil
}
