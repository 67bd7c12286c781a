package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/nn"
)

// Last picks the last position of a sequence. Input [D, T], output [D].
type Last struct {
	passUnits
	in nn.Shape
}

func init() {
	nn.RegisterLayer("the last position of a sequence", func() nn.Layer { return &Last{} })
}

func (l *Last) Kind() string { return "last" }

func (l *Last) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("last", in)
	if err != nil {
		return nil, err
	}
	if len(s) != 2 {
		return nil, fmt.Errorf("last needs a sequence of shape D×T, got %s", s)
	}
	l.in = s
	return s[:1], nil
}

func (l *Last) Params() []*nn.Param { return nil }

func (l *Last) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	src := make([]int32, l.in.Units())
	for u := range src {
		src[u] = int32(l.in.Size() - len(src) + u)
	}
	return buildGather("last", in[0], l.in[:1].Batched(b.Batch), src)
}

func (l *Last) Constants(in []nn.Known) nn.Known { return in[0] }

func (l *Last) Slice(nn.Slicing) (nn.Layer, error) { return &Last{}, nil }
