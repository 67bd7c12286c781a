package layers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/nn"
)

// Embedding gives every token of a sequence a learned vector. Input [1, T], whole
// numbers from 0 to Vocab − 1; output [Out, T]. The vectors are drawn from N(0, 1)
// as PyTorch's are. An input that is no token makes the whole output NaN, with
// which training stops.
type Embedding struct {
	Vocab int `yaml:"vocab" json:"vocab"` // number of different tokens; at least 1
	Out   int `yaml:"out" json:"out"`     // length of the vectors; at least 1

	weight *nn.Param // [vocab, out]
}

func init() {
	nn.RegisterLayer("a learned vector for each token", func() nn.Layer { return &Embedding{} })
}

func (l *Embedding) Kind() string { return "embedding" }

func (l *Embedding) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("embedding", in)
	if err != nil {
		return nil, err
	}
	if len(s) != 2 || s.Units() != 1 {
		return nil, fmt.Errorf("embedding needs a sequence of tokens of shape 1×T, got %s", s)
	}
	if err := positive("embedding", map[string]int{"vocab": l.Vocab, "out": l.Out}); err != nil {
		return nil, err
	}
	shape := []int{l.Vocab, l.Out}
	l.weight, err = keepOrMake(l.weight, shape, func() *nn.Param {
		return nn.NewParam("weight", nn.RoleWeight, shape, nn.AxisOther, nn.AxisOut).Normal(1, rng)
	})
	return s.WithUnits(l.Out), err
}

func (l *Embedding) Params() []*nn.Param { return nonNil(l.weight) }

// Table implements nn.Lookup.
func (l *Embedding) Table() *nn.Param { return l.weight }

func (l *Embedding) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out := in[0].Shape().Clone()
	out[len(out)-1] = l.Out
	grad := func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: "embedding/dw", Shape: in[1].Shape().Clone(), Run: func(dst []float32, in [][]float32) {
			if !indices(in[0], l.Vocab) {
				fillNaN(dst)
				return
			}
			vector.ScatterAdd(dst, in[1], in[0], l.Out)
		}}, in[0], dy)
	}
	return nn.Apply(nn.Op{Name: "embedding", Shape: out, Grad: []nn.GradFunc{nil, grad}, Run: func(dst []float32, in [][]float32) {
		if !indices(in[0], l.Vocab) {
			fillNaN(dst)
			return
		}
		vector.Gather(dst, in[1], in[0], l.Out)
	}}, in[0], b.Param(l.weight))
}

// indices reports whether every value is an index below n.
func indices(values []float32, n int) bool {
	for _, v := range values {
		if !(v >= 0 && v < float32(n)) {
			return false
		}
	}
	return true
}

func fillNaN(dst []float32) {
	for i := range dst {
		dst[i] = float32(math.NaN())
	}
}

// Constants: a unit that is the same for all tokens.
func (l *Embedding) Constants([]nn.Known) nn.Known {
	out := nn.Unknown(l.Out)
	w := l.weight.Data()
	for u := range l.Out {
		same := true
		for i := u; i < len(w); i += l.Out {
			same = same && w[i] == w[u] && !l.weight.Holds(i)
		}
		if same {
			out.Set(u, w[u])
		}
	}
	return out
}

func (l *Embedding) Needs([]bool, []nn.Known) [][]bool { return [][]bool{{true}} }

func (l *Embedding) Slice(s nn.Slicing) (nn.Layer, error) {
	return &Embedding{Vocab: l.Vocab, Out: len(s.Out), weight: l.weight.Select(nil, s.Out)}, nil
}
