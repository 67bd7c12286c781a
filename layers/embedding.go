package layers

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/vector"
	"pare/nn"
	"pare/nn/onnx"
)

// Embedding gives every token of a sequence a learned vector. Input [1, T], whole numbers
// from 0 to Vocab − 1; output [Out, T]. The vectors are drawn from N(0, 1) as PyTorch's
// are, or with deviation Std. An input that is not a token makes the whole output NaN, and training stops with an
// error.
type Embedding struct {
	Vocab int `yaml:"vocab" json:"vocab" doc:"number of different tokens; at least 1"`
	Out   int `yaml:"out" json:"out" doc:"length of the vectors; at least 1"`

	// Std is the standard deviation of the vectors at the start; 0 means 1.
	Std float64 `yaml:"std,omitempty" json:"std,omitempty" range:"[0,)" doc:"standard deviation of the vectors at the start; left out: 1"`

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
	if err := cmp.Or(positive("embedding", "vocab", l.Vocab), positive("embedding", "out", l.Out)); err != nil {
		return nil, err
	}
	return s.WithUnits(l.Out), initParams(parameter{&l.weight, "weight", nn.RoleWeight, []int{l.Vocab, l.Out},
		[]nn.Axis{nn.AxisOther, nn.AxisOut}, nil, normal(cmp.Or(l.Std, 1), rng)})
}

func (l *Embedding) Params() []*nn.Param { return nonNil(l.weight) }

// Traits implements nn.Describer.
func (l *Embedding) Traits() nn.Traits { return nn.Traits{Table: l.weight} }

func (l *Embedding) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out := in[0].Shape().Clone()
	out[len(out)-1] = l.Out
	grad := nn.Gradient(nn.Op{Name: "embedding/dw", Shape: tensor.Shape(l.weight.Shape()).Clone(), Run: func(dst []float32, in [][]float32) {
		if !indices(in[0], l.Vocab) {
			fillNaN(dst)
			return
		}
		vector.ScatterAdd(dst, in[1], in[0], l.Out)
	}}, 0, nn.OutGrad)
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

// Constants: a unit with the same value for all tokens is constant.
func (l *Embedding) Constants([]nn.Known) nn.Known {
	out := nn.Unknown(l.Out)
	for u := range l.Out {
		if sameInRows(l.weight, u) {
			out.Set(u, l.weight.Data()[u])
		}
	}
	return out
}

func (l *Embedding) Needs([]bool, []nn.Known) [][]bool { return [][]bool{{true}} }

func (l *Embedding) Slice(s nn.Slicing) (nn.Layer, error) {
	return &Embedding{Vocab: l.Vocab, Out: len(s.Out), Std: l.Std, weight: l.weight.Select(nil, s.Out)}, nil
}

// ONNX is Gather along the vocabulary. Tokens come as float32, [N, 1, T], and are
// cast here.
func (l *Embedding) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	const int64Type = 7
	tokens := b.Node("Squeeze", []string{in[0], b.Ints(name+"/axes", []int{1})})
	tokens = b.Node("Cast", []string{tokens}, onnx.Int("to", int64Type))
	rows := b.Node("Gather", []string{onnxParam(b, name, l.weight), tokens}, onnx.Int("axis", 0))
	return onnxTurn(b, rows), nil
}
