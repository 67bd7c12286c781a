package layers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/attention"
	"pare/nn"
)

// Attention is multi-head scaled dot-product attention (Vaswani et al. 2017)
// without the projections around it. Input [units, T]: the queries of all heads,
// their keys, then their values, as one linear layer gives them. Output the
// results of all heads one after another, as many units as there are values.
type Attention struct {
	Heads int `yaml:"heads" json:"heads"` // at least 1
	// Causal lets a position see itself and those before it only.
	Causal bool `yaml:"causal,omitempty" json:"causal,omitempty"`
	// QK and V list the dimensions of each head's queries and keys and of its
	// values. Empty: the same for all, a third of the input shared out.
	QK []int `yaml:"qk,omitempty" json:"qk,omitempty"`
	V  []int `yaml:"v,omitempty" json:"v,omitempty"`
	// Scale multiplies the products of queries and keys; 0 means 1/√d for queries
	// of d dimensions, which must then be the same for all heads.
	Scale float64 `yaml:"scale,omitempty" json:"scale,omitempty" range:"(0,)"`

	in nn.Shape
}

func init() {
	nn.RegisterLayer("softmax attention of several heads over queries, keys and values", func() nn.Layer { return &Attention{} })
}

func (l *Attention) Kind() string { return "attention" }

func (l *Attention) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("attention", in)
	if err != nil {
		return nil, err
	}
	if len(s) != 2 {
		return nil, fmt.Errorf("attention needs a sequence of shape D×T, got %s", s)
	}
	if err := positive("attention", map[string]int{"heads": l.Heads}); err != nil {
		return nil, err
	}
	if l.QK == nil && l.V == nil {
		d := s.Units() / (3 * l.Heads)
		if d*3*l.Heads != s.Units() {
			return nil, fmt.Errorf("attention: the %d units of the input are not queries, keys and values of %d heads", s.Units(), l.Heads)
		}
		for range l.Heads {
			l.QK, l.V = append(l.QK, d), append(l.V, d)
		}
	}
	if err := l.checkDimensions(s.Units()); err != nil {
		return nil, err
	}
	l.in = s
	return s.WithUnits(sum(l.V)), nil
}

// checkDimensions requires that QK and V describe an input of n units, and sets
// the scale.
func (l *Attention) checkDimensions(n int) error {
	if len(l.QK) != l.Heads || len(l.V) != l.Heads {
		return fmt.Errorf("attention: %d heads, qk lists %d and v %d of them", l.Heads, len(l.QK), len(l.V))
	}
	for h, d := range l.QK {
		if d < 0 || d > maxExtent || l.V[h] < 1 || l.V[h] > maxExtent {
			return fmt.Errorf("attention: head %d has %d dimensions of queries and %d of values", h+1, d, l.V[h])
		}
		if l.Scale == 0 && (d < 1 || d != l.QK[0]) {
			return fmt.Errorf("attention: scale must be given where heads differ or have no queries, qk is %v", l.QK)
		}
	}
	if want := 2*sum(l.QK) + sum(l.V); want != n {
		return fmt.Errorf("attention: the input has %d units, qk and v make %d", n, want)
	}
	if math.IsNaN(l.Scale) || l.Scale < 0 || math.IsInf(l.Scale, 0) {
		return fmt.Errorf("attention: scale is %g, it must be a positive number", l.Scale)
	}
	if l.Scale == 0 {
		l.Scale = 1 / math.Sqrt(float64(l.QK[0]))
	}
	return nil
}

func sum(values []int) int {
	n := 0
	for _, v := range values {
		n += v
	}
	return n
}

func (l *Attention) Params() []*nn.Param { return nil }

// MACs counts the products of queries with keys, and of probabilities with
// values, that a position sees.
func (l *Attention) MACs(in []nn.Shape) int64 {
	t := int64(in[0][1])
	pairs := t * t
	if l.Causal {
		pairs = t * (t + 1) / 2
	}
	return pairs * int64(sum(l.QK)+sum(l.V))
}

func (l *Attention) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	plan := attention.New(b.Batch, l.in[1], l.QK, l.V, float32(l.Scale), l.Causal)
	out := shape.Clone()
	out[2] = sum(l.V)
	grad := func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: "attention/dx", Shape: shape,
			Run: func(dst []float32, in [][]float32) { plan.Backward(dst, in[0], in[1]) }}, in[0], dy)
	}
	return nn.Apply(nn.Op{Name: "attention", Shape: out, Grad: []nn.GradFunc{grad},
		Run: func(dst []float32, in [][]float32) { plan.Forward(dst, in[0]) }}, in[0])
}
