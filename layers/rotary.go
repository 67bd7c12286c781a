package layers

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"

	"pare/nn"
	"pare/nn/onnx"
)

// Rotary turns pairs of units by angles that grow with the position, so that products of
// queries and keys depend on their distance alone (Su et al. 2021, equation 34). Input and
// output [D, T]: the queries and keys of heads of Dim dimensions in front, and any units
// behind them, which pass unchanged. Dimensions j and j + Dim/2 of a head are pair j, as in
// GPT-NeoX and Llama; its angle at position t is t·Base^(−2j/Dim).
type Rotary struct {
	Heads int     `yaml:"heads" json:"heads" range:"[1,)" doc:"heads of queries and of keys together"`
	Dim   int     `yaml:"dim" json:"dim" range:"[2,)" doc:"dimensions of a head; even"`
	Base  float64 `yaml:"base,omitempty" json:"base,omitempty" range:"(1,)" doc:"base of the angles; left out: 10000"`
	// Pairs lists the pair of each unit in front, counted over all heads, where pruning has
	// left some; nil: all pairs. A pair stands twice, its first unit first.
	Pairs []int `yaml:"pairs,omitempty" json:"pairs,omitempty" doc:"pair of each turned unit after pruning; left out: all units of the heads"`

	in       nn.Shape
	partner  []int // of each turned unit
	cos, sin []float32
}

func init() {
	nn.RegisterLayer("turns pairs of units by angles that grow with the position", func() nn.Layer { return &Rotary{} })
}

func (l *Rotary) Kind() string { return "rotary" }

func (l *Rotary) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneSequence("rotary", in)
	if err != nil {
		return nil, err
	}
	if l.Heads < 1 || l.Dim < 2 || l.Dim%2 != 0 || l.Dim > maxExtent || l.Heads > maxExtent {
		return nil, fmt.Errorf("rotary: %d heads of %d dimensions; a head needs an even number of dimensions", l.Heads, l.Dim)
	}
	if l.Base = cmp.Or(l.Base, 10000); !(l.Base > 1) || math.IsInf(l.Base, 0) {
		return nil, fmt.Errorf("rotary: base is %g, it must be above 1", l.Base)
	}
	l.in = s
	pairs := l.pairs()
	if len(pairs) > s.Units() {
		return nil, fmt.Errorf("rotary: the input has %d units, the heads have %d", s.Units(), len(pairs))
	}
	return s, l.turn(pairs)
}

// pairs lists the pair of each turned unit.
func (l *Rotary) pairs() []int {
	if l.Pairs != nil {
		return l.Pairs
	}
	half := l.Dim / 2
	pairs := make([]int, l.Heads*l.Dim)
	for u := range pairs {
		pairs[u] = u/l.Dim*half + u%half
	}
	return pairs
}

// turn finds the partners and computes the angles.
func (l *Rotary) turn(pairs []int) error {
	units := map[int][]int{}
	for u, p := range pairs {
		if p < 0 || p >= l.Heads*l.Dim/2 || len(units[p]) == 2 {
			return fmt.Errorf("rotary: pairs has %d at unit %d, it must name each of the %d pairs twice or not at all", p, u, l.Heads*l.Dim/2)
		}
		units[p] = append(units[p], u)
	}
	n, t := len(pairs), l.in[1]
	l.partner, l.cos, l.sin = make([]int, n), make([]float32, n*t), make([]float32, n*t)
	for u, p := range pairs {
		if len(units[p]) != 2 {
			return fmt.Errorf("rotary: pairs has pair %d once, it needs both of its units", p)
		}
		first, second := units[p][0], units[p][1]
		l.partner[u] = first + second - u
		rate := math.Pow(l.Base, -2*float64(p%(l.Dim/2))/float64(l.Dim))
		for at := range t {
			sin, cos := math.Sincos(float64(at) * rate)
			if u == first { // y = x·cos − partner·sin, and the other way round for the second
				sin = -sin
			}
			l.cos[at*n+u], l.sin[at*n+u] = float32(cos), float32(sin)
		}
	}
	return nil
}

func (l *Rotary) Params() []*nn.Param { return nil }

func (l *Rotary) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	grad := nn.Gradient(nn.Op{Name: "rotary/dx", Shape: shape, Run: func(dst []float32, in [][]float32) { l.rotate(dst, in[0], -1) }}, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "rotary", Shape: shape, Grad: []nn.GradFunc{grad},
		Run: func(dst []float32, in [][]float32) { l.rotate(dst, in[0], 1) }}, in[0])
}

// rotate turns all positions of all examples, by the angles times sign.
func (l *Rotary) rotate(dst, src []float32, sign float32) {
	d, n, t := l.in[0], len(l.partner), l.in[1]
	for at := 0; at < len(src); at += d {
		x, y := src[at:at+d], dst[at:at+d]
		angles := at / d % t * n
		for u, v := range l.partner {
			y[u] = x[u]*l.cos[angles+u] + sign*x[v]*l.sin[angles+u]
		}
		copy(y[n:], x[n:])
	}
}

// OutUnits implements nn.UnitMapper: the units of a pair go together.
func (l *Rotary) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	for u, v := range l.partner {
		space.Tie(in[0][u], in[0][v])
	}
	return in[0]
}

// Constants: a pair of zeros stays zero; other constants turn.
func (l *Rotary) Constants(in []nn.Known) nn.Known {
	out := nn.Known{Const: slices.Clone(in[0].Const), Value: slices.Clone(in[0].Value)}
	for u, v := range l.partner {
		out.Const[u], out.Value[u] = in[0].Zero(u) && in[0].Zero(v), 0
	}
	return out
}

// Close implements nn.Closer: a pair is computed as a whole.
func (l *Rotary) Close(keep []bool, _ []nn.Known) {
	for u, v := range l.partner {
		keep[u] = keep[u] || keep[v]
	}
}

// Needs implements nn.Pruner.
func (l *Rotary) Needs(keep []bool, _ []nn.Known) [][]bool { return [][]bool{slices.Clone(keep)} }

// Slice is the identity where no pair is left.
func (l *Rotary) Slice(s nn.Slicing) (nn.Layer, error) {
	n, pairs := &Rotary{Heads: l.Heads, Dim: l.Dim, Base: l.Base, Pairs: []int{}}, l.pairs()
	for _, u := range s.Out {
		if u < len(pairs) {
			n.Pairs = append(n.Pairs, pairs[u])
		}
	}
	if len(n.Pairs) == 0 {
		return &Select{Index: upTo(len(s.Out))}, nil
	}
	if l.Pairs == nil && slices.Equal(n.Pairs, pairs) {
		n.Pairs = nil
	}
	return n, nil
}

// ONNX is x·cos + partner·sin, with tables that are 1 and 0 for units that do not turn.
func (l *Rotary) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	d, n, t := shapes[0][0], len(l.partner), shapes[0][1]
	partner := slices.Concat(l.partner, upTo(d)[n:])
	cos, sin := make([]float32, d*t), make([]float32, d*t)
	for u := range d {
		for at := range t {
			if u < n {
				cos[u*t+at], sin[u*t+at] = l.cos[at*n+u], l.sin[at*n+u]
			} else {
				cos[u*t+at] = 1
			}
		}
	}
	table := func(label string, values []float32) string { return b.Initializer(name+"/"+label, []int{d, t}, values) }
	turned := b.Node("Mul", []string{onnxGather(b, name, in[0], partner), table("sin", sin)})
	return b.Node("Add", []string{b.Node("Mul", []string{in[0], table("cos", cos)}), turned}), nil
}
