package layers

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/nn"
)

// Select keeps the listed channels or features, in order. Pruning puts it where
// one of several readers of a value needs fewer units than the others.
type Select struct {
	Index []int `yaml:"index" json:"index"` // ascending

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
	if err := checkIndex("select", l.Index, s.Units()); err != nil {
		return nil, err
	}
	return s.WithUnits(len(l.Index)), nil
}

func (l *Select) Params() []*nn.Param { return nil }

func (l *Select) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	c, k := l.in.Units(), len(l.Index)
	src := make([]int32, l.in.Positions()*k)
	for i := range src {
		src[i] = int32(i/k*c + l.Index[i%k])
	}
	return buildGather("select", in[0], l.in.WithUnits(k).Batched(b.Batch), src)
}

// OutUnits implements nn.UnitMapper.
func (l *Select) OutUnits(in []nn.Units, _ nn.UnitSpace) nn.Units {
	out := make(nn.Units, len(l.Index))
	for j, u := range l.Index {
		out[j] = in[0][u]
	}
	return out
}

func (l *Select) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(len(l.Index))
	for j, u := range l.Index {
		if in[0].Const[u] {
			out.Set(j, in[0].Value[u])
		}
	}
	return out
}

func (l *Select) Needs(keep []bool, in []nn.Known) [][]bool {
	need := make([]bool, len(in[0].Const))
	for j, u := range l.Index {
		need[u] = keep[j]
	}
	return [][]bool{need}
}

func (l *Select) Slice(s nn.Slicing) (nn.Layer, error) {
	units := make([]int, len(s.Out))
	for k, j := range s.Out {
		units[k] = l.Index[j]
	}
	return &Select{Index: positions(units, s.In[0])}, nil
}

// GathersInput implements nn.Gatherer.
func (l *Select) GathersInput() {}

// IsIdentity implements nn.Identity.
func (l *Select) IsIdentity() bool { return isRange(l.Index, l.in.Units()) }
