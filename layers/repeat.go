package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/nn"
	"pare/nn/onnx"
)

// Repeat has the listed units of its input as its output, in any order and any number of
// times. Between a linear layer and attention it gives several heads of queries the same
// keys and values (grouped-query attention, Ainslie et al. 2023). Input [C, …], output
// [len(From), …].
type Repeat struct {
	From []int `yaml:"from" json:"from" doc:"input unit of each output unit"`

	in nn.Shape
}

func init() {
	nn.RegisterLayer("units of the input in any order, any number of times", func() nn.Layer { return &Repeat{} })
}

// GroupedQueries is the Repeat between a linear layer and Attention of heads heads of d
// dimensions: it reads queries of all heads, then keys and values of groups heads, each of
// which serves heads/groups heads of queries that follow each other.
func GroupedQueries(heads, groups, d int) *Repeat {
	l := &Repeat{From: upTo(heads * d)}
	for part := range 2 { // keys, values
		for h := range heads {
			for j := range d {
				l.From = append(l.From, heads*d+(part*groups+h*groups/heads)*d+j)
			}
		}
	}
	return l
}

func (l *Repeat) Kind() string { return "repeat" }

func (l *Repeat) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("repeat", in)
	if err != nil {
		return nil, err
	}
	for _, u := range l.From {
		if u < 0 || u >= s.Units() {
			return nil, fmt.Errorf("repeat: unit %d is outside 0..%d", u, s.Units()-1)
		}
	}
	if len(l.From) == 0 || len(l.From) > maxValues {
		return nil, fmt.Errorf("repeat: from lists %d units, it must list at least 1", len(l.From))
	}
	l.in = s
	return s.WithUnits(len(l.From)), nil
}

func (l *Repeat) Params() []*nn.Param { return nil }

// Traits implements nn.Describer.
func (l *Repeat) Traits() nn.Traits {
	return nn.Traits{Gathers: true, Wires: true, Identity: isRange(l.From, l.in.Units())}
}

func (l *Repeat) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	c, k, from := l.in.Units(), len(l.From), l.From
	rows := b.Batch * l.in.Positions()
	grad := nn.Gradient(nn.Op{Name: "repeat/dx", Shape: in[0].Shape().Clone(), Run: func(dst []float32, in [][]float32) {
		clear(dst)
		for r := range rows {
			row, dy := dst[r*c:(r+1)*c], in[0][r*k:(r+1)*k]
			for j, u := range from {
				row[u] += dy[j]
			}
		}
	}}, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "repeat", Shape: l.in.WithUnits(k).Batched(b.Batch), Grad: []nn.GradFunc{grad},
		Run: func(dst []float32, in [][]float32) {
			for r := range rows {
				row, y := in[0][r*c:(r+1)*c], dst[r*k:(r+1)*k]
				for j, u := range from {
					y[j] = row[u]
				}
			}
		}}, in[0])
}

// Combine implements nn.Combiner.
func (l *Repeat) Combine(_ []nn.Shape, add func(out, k, i int, factor float64)) {
	gathered(pickedUnits(l.From, l.in), add)
}

// OutUnits implements nn.UnitMapper.
func (l *Repeat) OutUnits(in []nn.Units, _ nn.UnitSpace) nn.Units { return pickUnits(in[0], l.From) }

// Constants implements nn.Pruner.
func (l *Repeat) Constants(in []nn.Known) nn.Known { return pickKnown(in[0], l.From) }

// Needs implements nn.Pruner.
func (l *Repeat) Needs(keep []bool, in []nn.Known) [][]bool { return pickNeeds(keep, in[0], l.From) }

// Slice is a Select where no unit is left twice.
func (l *Repeat) Slice(s nn.Slicing) (nn.Layer, error) {
	place, from := placesIn(s.In[0]), make([]int, len(s.Out))
	for k, j := range s.Out {
		from[k] = place[l.From[j]]
	}
	if len(placesIn(from)) == len(from) {
		return &Select{Index: from}, nil
	}
	return &Repeat{From: from}, nil
}

// ONNX is Gather.
func (l *Repeat) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return onnxGather(b, name, in[0], l.From), nil
}
