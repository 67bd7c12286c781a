package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/nn"
)

// Flatten turns an image [C, H, W] into a vector in PyTorch's order, position
// (c, h, w) at c·H·W + h·W + w. With Index it keeps only some positions, which
// is how pruning removes single pixels of a feature map.
type Flatten struct {
	Index []int `yaml:"index,omitempty" json:"index,omitempty"` // kept positions in the flattened order; nil keeps all

	in nn.Shape
}

func init() {
	nn.RegisterLayer("image to vector, in PyTorch's order", func() nn.Layer { return &Flatten{} })
}

func (l *Flatten) Kind() string { return "flatten" }

func (l *Flatten) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("flatten", in)
	if err != nil {
		return nil, err
	}
	l.in = s
	if l.Index == nil {
		return nn.Shape{s.Size()}, nil
	}
	if err := checkIndex("flatten", l.Index, s.Size()); err != nil {
		return nil, err
	}
	return nn.Shape{len(l.Index)}, nil
}

// checkIndex requires ascending positions below n.
func checkIndex(kind string, index []int, n int) error {
	for i, v := range index {
		if v < 0 || v >= n {
			return fmt.Errorf("%s: index %d is outside 0..%d", kind, v, n-1)
		}
		if i > 0 && v <= index[i-1] {
			return fmt.Errorf("%s: index must ascend, but %d follows %d", kind, v, index[i-1])
		}
	}
	return nil
}

func (l *Flatten) Params() []*nn.Param { return nil }

// source lists, for every output position, its offset in the channels-last
// layout of one example.
func (l *Flatten) source() []int32 {
	c, positions := l.in.Units(), l.in.Positions()
	from := func(flat int) int32 { return int32(flat%positions*c + flat/positions) }
	if l.Index == nil {
		src := make([]int32, l.in.Size())
		for i := range src {
			src[i] = from(i)
		}
		return src
	}
	src := make([]int32, len(l.Index))
	for i, v := range l.Index {
		src[i] = from(v)
	}
	return src
}

func (l *Flatten) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return buildGather("flatten", in[0], tensor.Shape{b.Batch, len(l.source())}, l.source())
}

// buildGather makes out[n, j] = x[n, src[j]] with its gradient, the scatter. src
// has no repeats.
func buildGather(name string, x *gorgonia.Node, out tensor.Shape, src []int32) (*gorgonia.Node, error) {
	shape := x.Shape().Clone()
	batch := shape[0]
	size := shape.TotalSize() / batch
	grad := func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: name + "/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
			if len(src) < size {
				clear(dst)
			}
			for n := range batch {
				row, dy := dst[n*size:(n+1)*size], in[0][n*len(src):(n+1)*len(src)]
				for j, s := range src {
					row[s] = dy[j]
				}
			}
		}}, dy)
	}
	return nn.Apply(nn.Op{Name: name, Shape: out, Grad: []nn.GradFunc{grad}, Run: func(dst []float32, in [][]float32) {
		for n := range batch {
			row, y := in[0][n*size:(n+1)*size], dst[n*len(src):(n+1)*len(src)]
			for j, s := range src {
				y[j] = row[s]
			}
		}
	}}, x)
}

// kept returns the flattened position of output j.
func (l *Flatten) kept(j int) int {
	if l.Index == nil {
		return j
	}
	return l.Index[j]
}

func (l *Flatten) outputs() int {
	if l.Index == nil {
		return l.in.Size()
	}
	return len(l.Index)
}

// OutUnits implements nn.UnitMapper: every position belongs to its channel.
func (l *Flatten) OutUnits(in []nn.Units, _ nn.UnitSpace) nn.Units {
	out := make(nn.Units, l.outputs())
	for j := range out {
		out[j] = in[0][l.kept(j)/l.in.Positions()]
	}
	return out
}

// Constants: a constant channel is constant at every position.
func (l *Flatten) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(l.outputs())
	for j := range out.Const {
		if c := l.kept(j) / l.in.Positions(); in[0].Const[c] {
			out.Set(j, in[0].Value[c])
		}
	}
	return out
}

// Needs: a channel is needed when one of its positions is.
func (l *Flatten) Needs(keep []bool, in []nn.Known) [][]bool {
	need := make([]bool, len(in[0].Const))
	for j, k := range keep {
		if k {
			need[l.kept(j)/l.in.Positions()] = true
		}
	}
	return [][]bool{need}
}

func (l *Flatten) Slice(s nn.Slicing) (nn.Layer, error) {
	positions := l.in.Positions()
	place := map[int]int{}
	for k, c := range s.In[0] {
		place[c] = k
	}
	index := make([]int, len(s.Out))
	for k, j := range s.Out {
		flat := l.kept(j)
		index[k] = place[flat/positions]*positions + flat%positions
	}
	if isRange(index, len(s.In[0])*positions) {
		index = nil
	}
	return &Flatten{Index: index}, nil
}

// GathersInput implements nn.Gatherer.
func (l *Flatten) GathersInput() {}
