package layers

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/attention"
	"pare/nn"
	"pare/nn/onnx"
)

// Attention is multi-head scaled dot-product attention (Vaswani et al. 2017)
// without the projections around it. Input [units, T]: the queries of all heads,
// their keys, then their values, as one linear layer gives them. The output has the
// results of all heads one after another, as many units as there are values.
type Attention struct {
	Heads  int  `yaml:"heads" json:"heads" doc:"heads side by side; at least 1"`
	Causal bool `yaml:"causal,omitempty" json:"causal,omitempty" doc:"a position sees only itself and earlier ones"`
	// QK and V list the dimensions of each head's queries and keys and of its
	// values. Empty: the same for all, a third of the input shared out.
	QK []int `yaml:"qk,omitempty" json:"qk,omitempty" doc:"dimensions of each head's queries and keys; left out: a third of the input, shared out"`
	V  []int `yaml:"v,omitempty" json:"v,omitempty" doc:"dimensions of each head's values; left out: a third of the input, shared out"`
	// Scale multiplies the products of queries and keys; 0 means 1/√d for queries
	// of d dimensions, which must then be the same for all heads.
	Scale float64 `yaml:"scale,omitempty" json:"scale,omitempty" range:"(0,)" doc:"factor on the products of queries and keys; left out: 1/√d for d dimensions"`

	length int // T
}

func init() {
	nn.RegisterLayer("softmax attention of several heads over queries, keys and values", func() nn.Layer { return &Attention{} })
}

func (l *Attention) Kind() string { return "attention" }

func (l *Attention) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneSequence("attention", in)
	if err = cmp.Or(err, positive("attention", "heads", l.Heads)); err != nil {
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
	l.length = s[1]
	return s.WithUnits(sum(l.V)), l.checkDimensions(s.Units())
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

// head is where the units of a head begin.
type head struct {
	q, k, v int // in the input
	y       int // in the output
}

func (l *Attention) head(i int) head {
	q, y, keys := sum(l.QK[:i]), sum(l.V[:i]), sum(l.QK)
	return head{q: q, k: keys + q, v: 2*keys + y, y: y}
}

// HeadUnits implements nn.Headed.
func (l *Attention) HeadUnits() [][]int {
	units := make([][]int, l.Heads)
	for i, d := range l.QK {
		h := l.head(i)
		for j := range d {
			units[i] = append(units[i], h.q+j, h.k+j)
		}
		for j := range l.V[i] {
			units[i] = append(units[i], h.v+j)
		}
	}
	return units
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
	plan := attention.New(b.Batch, l.length, l.QK, l.V, float32(l.Scale), l.Causal)
	out := shape.Clone()
	out[2] = sum(l.V)
	grad := nn.Gradient(nn.Op{Name: "attention/dx", Shape: shape,
		Run: func(dst []float32, in [][]float32) { plan.Backward(dst, in[0], in[1]) }}, 0, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "attention", Shape: out, Grad: []nn.GradFunc{grad},
		Run: func(dst []float32, in [][]float32) { plan.Forward(dst, in[0]) }}, in[0])
}

// OutUnits implements nn.UnitMapper: a result is a mean of values, and so of their unit. A
// dimension of the queries is useless without the same dimension of the keys: they are tied.
func (l *Attention) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	keys := sum(l.QK)
	for j := range keys {
		space.Tie(in[0][j], in[0][keys+j])
	}
	return in[0][2*keys:]
}

// Constants: the mean of values that are all the same is that value.
func (l *Attention) Constants(in []nn.Known) nn.Known {
	from := 2 * sum(l.QK)
	return nn.Known{Const: in[0].Const[from:], Value: in[0].Value[from:]}
}

// Needs: a result needs its value, and all dimensions by which its head tells
// positions apart. A dimension with constant keys does not, because it adds the same to
// all scores of a query; neither does one with queries of 0.
func (l *Attention) Needs(keep []bool, in []nn.Known) [][]bool {
	need := make([]bool, len(in[0].Const))
	for i, d := range l.QK {
		h := l.head(i)
		results := keep[h.y : h.y+l.V[i]]
		copy(need[h.v:], results)
		for j := range d {
			use := count(results) > 0 && !in[0].Const[h.k+j] && !in[0].Zero(h.q+j)
			need[h.q+j], need[h.k+j] = use, use
		}
	}
	return [][]bool{need}
}

// Slice leaves out the heads without results.
func (l *Attention) Slice(s nn.Slicing) (nn.Layer, error) {
	fed := func(from, n int) (c int) {
		for _, u := range s.In[0] {
			if from <= u && u < from+n {
				c++
			}
		}
		return c
	}
	n := &Attention{Causal: l.Causal, Scale: l.Scale}
	for i, d := range l.QK {
		h := l.head(i)
		if v := fed(h.v, l.V[i]); v > 0 {
			n.QK, n.V = append(n.QK, fed(h.q, d)), append(n.V, v)
			n.Heads++
		}
	}
	return n, nil
}

// ONNX computes the definition head by head and puts the results one after another.
func (l *Attention) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	op := func(kind string, in ...string) string { return b.Node(kind, in) }
	axis, t := b.Ints(name+"/axis", []int{1}), l.length
	mask := ""
	if l.Causal {
		mask = b.Initializer(name+"/mask", []int{t, t}, causalMask(t))
	}
	scale := onnxScalar(b, name+"/scale", float32(l.Scale))
	var results []string
	for i, d := range l.QK {
		h, prefix := l.head(i), fmt.Sprintf("%s/head%d/", name, i+1)
		part := func(label string, from, n int) string {
			return op("Slice", in[0], b.Ints(prefix+label, []int{from}), b.Ints(prefix+label+"_end", []int{from + n}), axis)
		}
		values := part("v", h.v, l.V[i])
		var scores string // queries by keys
		if d > 0 {
			scores = op("Mul", op("MatMul", onnxTurn(b, part("q", h.q, d)), part("k", h.k, d)), scale)
		} else { // 0 for all pairs, in the shape of the scores
			scores = op("Mul", op("MatMul", onnxTurn(b, values), values), onnxScalar(b, prefix+"none", 0))
		}
		if l.Causal {
			scores = op("Add", scores, mask)
		}
		results = append(results, op("MatMul", values, onnxTurn(b, b.Node("Softmax", []string{scores}, onnx.Int("axis", -1)))))
	}
	return b.Node("Concat", results, onnx.Int("axis", 1)), nil
}

// causalMask is a matrix [t, t] that is 0 up to the diagonal and −∞ above it.
func causalMask(t int) []float32 {
	m := make([]float32, t*t)
	for i := range m {
		if i%t > i/t {
			m[i] = float32(math.Inf(-1))
		}
	}
	return m
}
