package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/nn"
	"pare/nn/onnx"
)

// Select keeps the listed channels or features, in the listed order. Pruning puts it where
// one of several readers of a value needs fewer units than the others; a list of all channels in
// another order is the channel shuffle of ShuffleNet (Zhang et al. 2018).
type Select struct {
	Index []int `yaml:"index" json:"index" doc:"channels to keep, in the order of the output, each once"`

	in nn.Shape
}

func init() {
	nn.RegisterLayer("keep the listed channels", func() nn.Layer { return &Select{} })
}

func (l *Select) Kind() string { return "select" }

func (l *Select) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("select", in)
	if err != nil {
		return nil, err
	}
	l.in = s
	seen := make([]bool, s.Units())
	for _, u := range l.Index {
		if u < 0 || u >= len(seen) || seen[u] {
			return nil, fmt.Errorf("select: index %d is outside 0..%d or listed twice", u, len(seen)-1)
		}
		seen[u] = true
	}
	return s.WithUnits(len(l.Index)), nil
}

func (l *Select) Params() []*nn.Param { return nil }

// Traits implements nn.Describer.
func (l *Select) Traits() nn.Traits {
	return nn.Traits{Gathers: true, Wires: true, Identity: isRange(l.Index, l.in.Units())}
}

func (l *Select) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return buildGather("select", in[0], l.in.WithUnits(len(l.Index)).Batched(b.Batch), pickedUnits(l.Index, l.in))
}

// pickedUnits lists the offset, in one example of a shape, of each value of the listed units.
func pickedUnits(units []int, in nn.Shape) []int32 {
	c, k := in.Units(), len(units)
	src := make([]int32, in.Positions()*k)
	for i := range src {
		src[i] = int32(i/k*c + units[i%k])
	}
	return src
}

// Combine implements nn.Combiner.
func (l *Select) Combine(_ []nn.Shape, add func(out, k, i int, factor float64)) {
	gathered(pickedUnits(l.Index, l.in), add)
}

// OutUnits implements nn.UnitMapper.
func (l *Select) OutUnits(in []nn.Units, _ nn.UnitSpace) nn.Units { return pickUnits(in[0], l.Index) }

func (l *Select) Constants(in []nn.Known) nn.Known { return pickKnown(in[0], l.Index) }

func (l *Select) Needs(keep []bool, in []nn.Known) [][]bool { return pickNeeds(keep, in[0], l.Index) }

func (l *Select) Slice(s nn.Slicing) (nn.Layer, error) {
	place, n := placesIn(s.In[0]), &Select{}
	for _, j := range s.Out {
		n.Index = append(n.Index, place[l.Index[j]])
	}
	return n, nil
}

// ONNX is Gather.
func (l *Select) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return onnxGather(b, name, in[0], l.Index), nil
}
