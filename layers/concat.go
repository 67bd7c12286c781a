package layers

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/parallel"
	"pare/nn"
	"pare/nn/onnx"
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
	for k, s := range in {
		if !s.Equal(in[0].WithUnits(s.Units())) {
			return nil, fmt.Errorf("concat: input %d has shape %s, which does not fit %s", k+1, s, in[0])
		}
		l.sizes = append(l.sizes, s.Units())
	}
	return in[0].WithUnits(sum(l.sizes)), nil
}

func (l *Concat) Params() []*nn.Param { return nil }

// Traits implements nn.Describer.
func (l *Concat) Traits() nn.Traits {
	return nn.Traits{DropsEmptyInputs: true, Wires: true, Identity: len(l.sizes) == 1}
}

func (l *Concat) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	width := sum(l.sizes)
	out := in[0].Shape().Clone()
	out[len(out)-1] = width
	rows := out.TotalSize() / width
	grads := make([]nn.GradFunc, len(in))
	offset := 0
	for k, size := range l.sizes {
		at := offset
		grads[k] = nn.Gradient(nn.Op{Name: "concat/dx", Shape: in[k].Shape().Clone(), Run: func(dst []float32, in [][]float32) {
			for r := range rows {
				copy(dst[r*size:(r+1)*size], in[0][r*width+at:])
			}
		}}, nn.OutGrad)
		offset += size
	}
	without := func(placed []bool) nn.Kernel {
		return func(dst []float32, in [][]float32) {
			joins.Do(rows, parallel.Rows(width), join{dst, in, l.sizes, placed, width}, (*join).rows)
		}
	}
	return nn.Apply(nn.Op{Name: "concat", Shape: out, Grad: grads, Run: without(make([]bool, len(in))), Join: without}, in...)
}

// join is a concatenation in progress.
type join struct {
	dst    []float32
	in     [][]float32
	sizes  []int
	placed []bool // inputs whose values are in dst
	width  int    // of a row of dst
}

var joins parallel.Loop[join]

// rows copies the rows [lo,hi).
func (j *join) rows(lo, hi, _ int) {
	at := 0
	for k, size := range j.sizes {
		src := j.in[k]
		for r := lo; r < hi && !j.placed[k]; r++ {
			copy(j.dst[r*j.width+at:][:size], src[r*size:])
		}
		at += size
	}
}

// Combine implements nn.Combiner.
func (l *Concat) Combine(in []nn.Shape, add func(out, k, i int, factor float64)) {
	out := 0
	for p := range in[0].Positions() {
		for k, size := range l.sizes {
			for j := range size {
				add(out, k, p*size+j, 1)
				out++
			}
		}
	}
}

// OutUnits implements nn.UnitMapper.
func (l *Concat) OutUnits(in []nn.Units, _ nn.UnitSpace) nn.Units { return slices.Concat(in...) }

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
	for k, known := range in {
		n := len(known.Const)
		needs[k], keep = slices.Clone(keep[:n]), keep[n:]
	}
	return needs
}

func (l *Concat) Slice(nn.Slicing) (nn.Layer, error) { return &Concat{}, nil }

// ONNX is Concat.
func (l *Concat) ONNX(b *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("Concat", in, onnx.Int("axis", 1)), nil
}
