package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/nn"
)

// Add sums its inputs, which have the same shape. After pruning an operand may
// hold some channels only: Index says where they go. Bias holds what constant
// operands contributed.
type Add struct {
	// Index lists, for every input, the output channel of each of its channels,
	// ascending; nil for an input that has all of them.
	Index [][]int `yaml:"index,omitempty" json:"index,omitempty"`
	// Units is the number of output channels; 0 means that of the first input.
	Units int `yaml:"units,omitempty" json:"units,omitempty" range:"[1,)"`
	// Bias adds a learned value per channel.
	Bias bool `yaml:"bias,omitempty" json:"bias,omitempty"`

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
	if l.Units == 0 {
		l.Units = in[0].Units()
	}
	l.out = in[0].WithUnits(l.Units)
	l.inputs = len(in)
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
		var err error
		if l.bias, err = keepOrMake(l.bias, []int{l.Units}, func() *nn.Param {
			return nn.NewParam("bias", nn.RoleBias, []int{l.Units}, nn.AxisOut)
		}); err != nil {
			return nil, err
		}
	}
	return l.out, nil
}

// index is where the channels of input k go; nil: to the same places.
func (l *Add) index(k int) []int {
	if l.Index == nil {
		return nil
	}
	return l.Index[k]
}

func (l *Add) Params() []*nn.Param { return nonNil(l.bias) }

// IsSum implements nn.Summer.
func (l *Add) IsSum() bool { return l.Index == nil && l.bias == nil }

func (l *Add) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out := l.out.Batched(b.Batch)
	rows := out.TotalSize() / l.Units
	pass := func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) { return dy, nil }
	grads := make([]nn.GradFunc, len(in))
	for k := range in {
		grads[k] = pass
		if index := l.index(k); index != nil {
			shape := in[k].Shape().Clone()
			grads[k] = func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
				return nn.Apply(nn.Op{Name: "add/dx", Shape: shape,
					Run: func(dst []float32, in [][]float32) { gatherRows(dst, in[0], index, rows, l.Units) }}, dy)
			}
		}
	}
	nodes := append([]*gorgonia.Node(nil), in...)
	if l.bias != nil {
		nodes = append(nodes, b.Param(l.bias))
		grads = append(grads, biasGrad("add/db", rows, l.Units))
	}
	operands := len(in)
	return nn.Apply(nn.Op{Name: "add", Shape: out, Grad: grads, Run: func(dst []float32, in [][]float32) {
		l.sum(dst, in[:operands], rows)
		if len(in) > operands {
			addBias(dst, in[operands])
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

func addBias(dst, bias []float32) {
	for i := 0; i < len(dst); i += len(bias) {
		row := dst[i : i+len(bias)]
		for j, v := range bias {
			row[j] += v
		}
	}
}
