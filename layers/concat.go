package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/nn"
)

// Concat appends the channels of its inputs, which agree in all other axes.
type Concat struct {
	sizes []int // channels of each input
}

func init() {
	nn.RegisterLayer("channels of the inputs one after another", func() nn.Layer { return &Concat{} })
}

func (l *Concat) Kind() string { return "concat" }

func (l *Concat) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if len(in) == 0 {
		return nil, fmt.Errorf("concat needs at least one input")
	}
	l.sizes = nil
	total := 0
	for k, s := range in {
		if !s.Equal(in[0].WithUnits(s.Units())) {
			return nil, fmt.Errorf("concat: input %d has shape %s, which does not fit %s", k+1, s, in[0])
		}
		l.sizes = append(l.sizes, s.Units())
		total += s.Units()
	}
	return in[0].WithUnits(total), nil
}

func (l *Concat) Params() []*nn.Param { return nil }

func (l *Concat) total() int {
	n := 0
	for _, s := range l.sizes {
		n += s
	}
	return n
}

func (l *Concat) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	width := l.total()
	out := in[0].Shape().Clone()
	out[len(out)-1] = width
	rows := out.TotalSize() / width
	grads := make([]nn.GradFunc, len(in))
	offset := 0
	for k, size := range l.sizes {
		at, shape := offset, in[k].Shape().Clone()
		grads[k] = func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
			return nn.Apply(nn.Op{Name: "concat/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
				for r := range rows {
					copy(dst[r*size:(r+1)*size], in[0][r*width+at:])
				}
			}}, dy)
		}
		offset += size
	}
	return nn.Apply(nn.Op{Name: "concat", Shape: out, Grad: grads, Run: func(dst []float32, in [][]float32) {
		at := 0
		for k, size := range l.sizes {
			for r := range rows {
				copy(dst[r*width+at:r*width+at+size], in[k][r*size:])
			}
			at += size
		}
	}}, in...)
}

// OutUnits implements nn.UnitMapper.
func (l *Concat) OutUnits(in []nn.Units, _ nn.UnitSpace) nn.Units {
	var out nn.Units
	for _, u := range in {
		out = append(out, u...)
	}
	return out
}

func (l *Concat) Constants(in []nn.Known) nn.Known {
	var out nn.Known
	for _, k := range in {
		out.Const = append(out.Const, k.Const...)
		out.Value = append(out.Value, k.Value...)
	}
	return out
}

func (l *Concat) Needs(keep []bool, in []nn.Known) [][]bool {
	needs := make([][]bool, len(in))
	at := 0
	for k, known := range in {
		needs[k] = append([]bool(nil), keep[at:at+len(known.Const)]...)
		at += len(known.Const)
	}
	return needs
}

func (l *Concat) Slice(nn.Slicing) (nn.Layer, error) { return &Concat{}, nil }

// DropsEmptyInputs implements nn.InputDropper.
func (l *Concat) DropsEmptyInputs() {}

// IsIdentity implements nn.Identity.
func (l *Concat) IsIdentity() bool { return len(l.sizes) == 1 }
