package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/nn"
	"pare/nn/onnx"
)

// Flatten turns an image [C, H, W] into a vector in PyTorch's order, position
// (c, h, w) at c·H·W + h·W + w. With Index it keeps only some positions, which
// is how pruning removes single pixels of a feature map.
type Flatten struct {
	Index []int `yaml:"index,omitempty" json:"index,omitempty" doc:"positions to keep, in the flattened order; left out: all"`

	in     nn.Shape
	stored bool // outputs are in the order of storage, [positions, units]
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
	return nn.Shape{len(l.Index)}, checkIndex("flatten", l.Index, s.Size())
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

// Traits implements nn.Describer.
func (l *Flatten) Traits() nn.Traits { return nn.Traits{Gathers: true} }

// kept lists the position in the flattened order of each output.
func (l *Flatten) kept() []int {
	if l.Index == nil {
		return upTo(l.in.Size())
	}
	return l.Index
}

// channels lists the input channel of each output.
func (l *Flatten) channels() []int {
	out := make([]int, len(l.kept()))
	for j, flat := range l.kept() {
		out[j] = flat / l.in.Positions()
	}
	return out
}

func (l *Flatten) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	c, positions := l.in.Units(), l.in.Positions()
	if whole := l.Index == nil && (l.stored || min(c, positions) == 1); whole && b.Mode == nn.Infer {
		return nn.View("flatten", in[0], 0, tensor.Shape{b.Batch, c * positions})
	}
	src := l.sources()
	return buildGather("flatten", in[0], tensor.Shape{b.Batch, len(src)}, src)
}

// sources lists the offset of each output in the channels-last layout of one example.
func (l *Flatten) sources() []int32 {
	c, positions := l.in.Units(), l.in.Positions()
	var src []int32
	if l.stored {
		for i := range c * positions {
			src = append(src, int32(i))
		}
		return src
	}
	for _, flat := range l.kept() {
		src = append(src, int32(flat%positions*c+flat/positions))
	}
	return src
}

// Combine implements nn.Combiner.
func (l *Flatten) Combine(_ []nn.Shape, add func(out, k, i int, factor float64)) {
	gathered(l.sources(), add)
}

// Turns implements nn.Turner.
func (l *Flatten) Turns() (units, positions int) {
	if l.Index != nil {
		return 0, 0
	}
	return l.in.Units(), l.in.Positions()
}

// AsStored implements nn.Turner.
func (l *Flatten) AsStored() nn.Layer { return &Flatten{in: l.in, stored: true} }

// buildGather makes out[n, j] = x[n, src[j]] with its gradient, the scatter. src
// has no repeats.
func buildGather(name string, x *gorgonia.Node, out tensor.Shape, src []int32) (*gorgonia.Node, error) {
	shape := x.Shape().Clone()
	batch := shape[0]
	size := shape.TotalSize() / batch
	grad := nn.Gradient(nn.Op{Name: name + "/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
		if len(src) < size {
			clear(dst)
		}
		for n := range batch {
			row, dy := dst[n*size:(n+1)*size], in[0][n*len(src):(n+1)*len(src)]
			for j, s := range src {
				row[s] = dy[j]
			}
		}
	}}, nn.OutGrad)
	return nn.Apply(nn.Op{Name: name, Shape: out, Grad: []nn.GradFunc{grad}, Run: func(dst []float32, in [][]float32) {
		for n := range batch {
			row, y := in[0][n*size:(n+1)*size], dst[n*len(src):(n+1)*len(src)]
			for j, s := range src {
				y[j] = row[s]
			}
		}
	}}, x)
}

// OutUnits implements nn.UnitMapper: every position belongs to its channel.
func (l *Flatten) OutUnits(in []nn.Units, _ nn.UnitSpace) nn.Units {
	return pickUnits(in[0], l.channels())
}

// Constants: a constant channel is constant at every position.
func (l *Flatten) Constants(in []nn.Known) nn.Known { return pickKnown(in[0], l.channels()) }

// Needs: a channel is needed when one of its positions is.
func (l *Flatten) Needs(keep []bool, in []nn.Known) [][]bool {
	return pickNeeds(keep, in[0], l.channels())
}

func (l *Flatten) Slice(s nn.Slicing) (nn.Layer, error) {
	positions, place, kept := l.in.Positions(), placesIn(s.In[0]), l.kept()
	index := make([]int, len(s.Out))
	for k, j := range s.Out {
		index[k] = place[kept[j]/positions]*positions + kept[j]%positions
	}
	if isRange(index, len(s.In[0])*positions) {
		index = nil
	}
	return &Flatten{Index: index}, nil
}

// ONNX is Flatten, with a Gather after it where positions were removed.
func (l *Flatten) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	flat := b.Node("Flatten", in)
	if l.Index == nil {
		return flat, nil
	}
	return onnxGather(b, name, flat, l.Index), nil
}
