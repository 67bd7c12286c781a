package layers

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/nn"
	"pare/nn/onnx"
)

// Add sums its inputs, which have the same shape. After pruning an operand may
// hold some channels only: Index says where they go. Bias holds the sum of constant
// operands.
type Add struct {
	// Index lists, for every input, the output channel of each of its channels,
	// ascending; nil for an input that has all of them.
	Index [][]int `yaml:"index,omitempty" json:"index,omitempty" doc:"for each input, the output channel of each of its channels; left out: in order"`
	Units int     `yaml:"units,omitempty" json:"units,omitempty" range:"[1,)" doc:"output channels; left out: as many as the first input has"`
	Bias  bool    `yaml:"bias,omitempty" json:"bias,omitempty" doc:"adds a learned value to each channel"`

	bias   *nn.Param
	out    nn.Shape
	inputs int
}

func init() {
	nn.RegisterLayer("sum of the inputs", func() nn.Layer { return &Add{} })
}

func (l *Add) Kind() string { return "add" }

func (l *Add) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if len(in) == 0 {
		return nil, fmt.Errorf("add needs at least one input")
	}
	if l.Index != nil && len(l.Index) != len(in) {
		return nil, fmt.Errorf("add has %d inputs and %d index lists", len(in), len(l.Index))
	}
	l.Units = cmp.Or(l.Units, in[0].Units())
	l.out, l.inputs = in[0].WithUnits(l.Units), len(in)
	for k, s := range in {
		want := l.Units
		if index := l.index(k); index != nil {
			want = len(index)
			if err := checkIndex("add", index, l.Units); err != nil {
				return nil, err
			}
		}
		if !s.Equal(l.out.WithUnits(want)) {
			return nil, fmt.Errorf("add: input %d has shape %s, expected %s", k+1, s, l.out.WithUnits(want))
		}
	}
	if l.Bias {
		return l.out, initParams(unitParam(&l.bias, "bias", nn.RoleBias, l.Units, nil))
	}
	return l.out, nil
}

// Pad returns the sum that puts the channels of its one input at the given
// places among as many channels as values has, and fills the others from values.
func Pad(index []int, values []float32) *Add {
	return &Add{Index: [][]int{index}, Units: len(values), Bias: true, bias: newBias(values)}
}

// index lists the places of the channels of input k; nil: they stay where they are.
func (l *Add) index(k int) []int {
	if l.Index == nil {
		return nil
	}
	return l.Index[k]
}

// unit returns the output channel of channel j of input k.
func (l *Add) unit(k, j int) int {
	if index := l.index(k); index != nil {
		return index[j]
	}
	return j
}

func (l *Add) Params() []*nn.Param { return nonNil(l.bias) }

// Traits implements nn.Describer. Constants are held in the bias.
func (l *Add) Traits() nn.Traits {
	return nn.Traits{Sums: l.Index == nil && l.bias == nil, DropsEmptyInputs: true, HoldsConstants: true,
		Wires: true, Identity: l.inputs == 1 && l.index(0) == nil && l.bias == nil}
}

func (l *Add) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out := l.out.Batched(b.Batch)
	rows := out.TotalSize() / l.Units
	grads := make([]nn.GradFunc, len(in))
	for k := range in {
		grads[k] = nn.PassGrad
		if index := l.index(k); index != nil {
			grads[k] = nn.Gradient(nn.Op{Name: "add/dx", Shape: in[k].Shape().Clone(),
				Run: func(dst []float32, in [][]float32) { gatherRows(dst, in[0], index, rows, l.Units) }}, nn.OutGrad)
		}
	}
	nodes, operands := slices.Clone(in), len(in)
	if l.bias != nil {
		nodes = append(nodes, b.Param(l.bias))
		grads = append(grads, biasGrad("add/db", rows, l.Units))
	}
	return nn.Apply(nn.Op{Name: "add", Shape: out, Grad: grads, Run: func(dst []float32, in [][]float32) {
		l.sum(dst, in[:operands], rows)
		for _, bias := range in[operands:] {
			for i := 0; i < len(dst); i += len(bias) {
				row := dst[i : i+len(bias)]
				for j, v := range bias {
					row[j] += v
				}
			}
		}
	}}, nodes...)
}

func (l *Add) sum(dst []float32, in [][]float32, rows int) {
	if len(in) == 2 && l.index(0) == nil && l.index(1) == nil {
		vector.Add(dst, in[0], in[1])
		return
	}
	start := 0
	if l.index(0) == nil {
		copy(dst, in[0])
		start = 1
	} else {
		clear(dst)
	}
	for k := start; k < len(in); k++ {
		if index := l.index(k); index != nil {
			scatterAddRows(dst, in[k], index, rows, l.Units)
		} else {
			vector.AddTo(dst, in[k])
		}
	}
}

// scatterAddRows adds src[r, j] to dst[r, index[j]].
func scatterAddRows(dst, src []float32, index []int, rows, width int) {
	n := len(index)
	for r := range rows {
		d, s := dst[r*width:(r+1)*width], src[r*n:(r+1)*n]
		for j, u := range index {
			d[u] += s[j]
		}
	}
}

// gatherRows sets dst[r, j] to src[r, index[j]].
func gatherRows(dst, src []float32, index []int, rows, width int) {
	n := len(index)
	for r := range rows {
		d, s := dst[r*n:(r+1)*n], src[r*width:(r+1)*width]
		for j, u := range index {
			d[j] = s[u]
		}
	}
}

// Combine implements nn.Combiner.
func (l *Add) Combine(in []nn.Shape, add func(out, k, i int, factor float64)) {
	for p := range l.out.Positions() {
		for k, s := range in {
			for j := range s.Units() {
				add(p*l.Units+l.unit(k, j), k, p*s.Units()+j, 1)
			}
		}
		for u, v := range valuesOf(l.bias) {
			add(p*l.Units+u, -1, 0, float64(v))
		}
	}
}

// OutUnits implements nn.UnitMapper: a sum ties the channels it adds.
func (l *Add) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	out := make(nn.Units, l.Units)
	for u := range out {
		out[u] = -1
	}
	for k, units := range in {
		for j, id := range units {
			if u := l.unit(k, j); out[u] < 0 {
				out[u] = id
			} else {
				space.Tie(out[u], id)
			}
		}
	}
	for u := range out {
		if out[u] < 0 {
			out[u] = space.Fresh(1)[0]
		}
	}
	return out
}

// Constants: a sum of constants is a constant.
func (l *Add) Constants(in []nn.Known) nn.Known {
	sums := make([]float64, l.Units)
	varies := make([]bool, l.Units)
	for k, known := range in {
		for j, c := range known.Const {
			u := l.unit(k, j)
			varies[u] = varies[u] || !c
			sums[u] += float64(known.Value[j])
		}
	}
	out := nn.Unknown(l.Units)
	for u, v := range varies {
		if v {
			continue
		}
		if l.bias != nil {
			sums[u] += float64(l.bias.Data()[u])
		}
		out.Set(u, float32(sums[u]))
	}
	return out
}

// Needs: an operand's channel is needed when its output channel is kept and it
// is not a constant, which goes into the bias.
func (l *Add) Needs(keep []bool, in []nn.Known) [][]bool {
	needs := make([][]bool, len(in))
	for k, known := range in {
		needs[k] = make([]bool, len(known.Const))
		for j, c := range known.Const {
			needs[k][j] = keep[l.unit(k, j)] && !c
		}
	}
	return needs
}

// Slice leaves operands without channels out; the pruning pass drops those
// inputs in the same order.
func (l *Add) Slice(s nn.Slicing) (nn.Layer, error) {
	place, n, plain := placesIn(s.Out), &Add{Units: len(s.Out)}, true
	for k, units := range s.In {
		if len(units) == 0 {
			continue
		}
		index := make([]int, len(units))
		for i, j := range units {
			index[i] = place[l.unit(k, j)]
		}
		if isRange(index, n.Units) {
			index = nil
		}
		plain = plain && index == nil
		n.Index = append(n.Index, index)
	}
	if plain {
		n.Index = nil
	}
	bias := newBias(make([]float32, n.Units))
	if n.Bias = l.bias != nil; n.Bias {
		bias = l.bias.Select(nil, s.Out)
	}
	for k, known := range s.Known {
		for j, c := range known.Const {
			if i, kept := place[l.unit(k, j)]; kept && c && known.Value[j] != 0 {
				bias.Data()[i] += known.Value[j]
				n.Bias = true
			}
		}
	}
	if n.Bias {
		n.bias = bias
	}
	return n, nil
}

// ONNX is a chain of Add in the order in which the layer adds.
func (l *Add) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	sum := ""
	for k, x := range in {
		if index := l.index(k); index != nil {
			x = onnxPlace(b, fmt.Sprintf("%s/operand%d", name, k+1), x, index, l.Units, shapes[k])
		}
		if k == 0 {
			sum = x
		} else {
			sum = b.Node("Add", []string{sum, x})
		}
	}
	if l.bias != nil {
		sum = b.Node("Add", []string{sum, onnxPerChannel(b, name, onnxParam(b, name, l.bias), l.out)})
	}
	return sum, nil
}
