package layers

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/nn"
)

// Position adds a learned vector to each position of a sequence, zero at first.
// Input and output [D, T]. After pruning the input may hold some units only:
// Index says which.
type Position struct {
	// Index lists the output unit of each input unit, ascending; nil: the input
	// has all.
	Index []int `yaml:"index,omitempty" json:"index,omitempty"`
	// Units is the number of output units; 0 means that of the input.
	Units int `yaml:"units,omitempty" json:"units,omitempty" range:"[1,)"`

	weight *nn.Param // [T, D]
}

func init() {
	nn.RegisterLayer("adds a learned vector per position", func() nn.Layer { return &Position{} })
}

func (l *Position) Kind() string { return "position" }

func (l *Position) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("position", in)
	if err != nil {
		return nil, err
	}
	if len(s) != 2 {
		return nil, fmt.Errorf("position needs a sequence of shape D×T, got %s", s)
	}
	if l.Units == 0 {
		l.Units = s.Units()
	}
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
	shape := []int{s[1], l.Units}
	l.weight, err = keepOrMake(l.weight, shape, func() *nn.Param {
		return nn.NewParam("weight", nn.RoleBias, shape, nn.AxisOther, nn.AxisOut)
	})
	return s.WithUnits(l.Units), err
}

func (l *Position) Params() []*nn.Param { return nonNil(l.weight) }

func (l *Position) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	batch, width := shape[0], l.Units
	rows, size := batch*shape[1], shape[1]*width
	out := shape.Clone()
	out[2] = width
	toInput := func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		if l.Index == nil {
			return dy, nil
		}
		return nn.Apply(nn.Op{Name: "position/dx", Shape: shape,
			Run: func(dst []float32, in [][]float32) { gatherRows(dst, in[0], l.Index, rows, width) }}, dy)
	}
	toWeight := func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: "position/dw", Shape: in[1].Shape().Clone(),
			Run: func(dst []float32, in [][]float32) { vector.ColumnSums(dst, in[0], batch, size) }}, dy)
	}
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

// inputs returns what is known of each output unit's input; a unit without one
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
	x, w := l.inputs(in[0]), l.weight.Data()
	out := nn.Unknown(l.Units)
	for u, same := range x.Const {
		for i := u; i < len(w); i += l.Units {
			same = same && w[i] == w[u] && !l.weight.Holds(i)
		}
		if same {
			out.Set(u, x.Value[u]+w[u])
		}
	}
	return out
}

// Close implements nn.Closer: one unit at least comes from the input, for there
// is no layer without one.
func (l *Position) Close(keep []bool) {
	for u := range keep {
		if keep[u] && (l.Index == nil || slices.Contains(l.Index, u)) {
			return
		}
	}
	keep[l.place(0)] = true
}

// Needs: constants fold into the vectors, but for one where nothing else is
// left of the input.
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
