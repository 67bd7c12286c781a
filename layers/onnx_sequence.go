package layers

import (
	"fmt"
	"math"

	"pare/nn"
	"pare/nn/onnx"
)

// ONNX is Gather along the vocabulary. Tokens come as float32, [N, 1, T], and are
// cast here.
func (l *Embedding) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	const int64Type = 7
	tokens := b.Node("Squeeze", []string{in[0], b.Ints(name+"/axes", []int{1})})
	tokens = b.Node("Cast", []string{tokens}, onnx.Int("to", int64Type))
	rows := b.Node("Gather", []string{onnxParam(b, name, l.weight), tokens}, onnx.Int("axis", 0))
	return b.Node("Transpose", []string{rows}, onnx.Ints("perm", 0, 2, 1)), nil
}

// ONNX is Add, with the units that the input lacks put in first.
func (l *Position) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	x := in[0]
	if l.Index != nil {
		x = onnxPlace(b, name, x, l.Index, l.Units, shapes[0])
	}
	table := b.Node("Transpose", []string{onnxParam(b, name, l.weight)}, onnx.Ints("perm", 1, 0))
	return b.Node("Add", []string{x, table}), nil
}

// ONNX is Gather of one position and Flatten.
func (l *Last) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	at := b.Ints(name+"/index", []int{shapes[0][1] - 1})
	return b.Node("Flatten", []string{b.Node("Gather", []string{in[0], at}, onnx.Int("axis", 2))}), nil
}

// ONNX is LayerNormalization, whose axes are the last ones, so that sequences are
// transposed around it. Where the input lacks units it is spelt out.
func (l *LayerNorm) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	if l.From != nil || l.Width != shapes[0].Units() {
		return l.onnxNarrow(b, name, in[0], shapes[0]), nil
	}
	x := in[0]
	turn := func() {
		if len(shapes[0]) == 2 {
			x = b.Node("Transpose", []string{x}, onnx.Ints("perm", 0, 2, 1))
		}
	}
	turn()
	x = b.Node("LayerNormalization", onnxParams(b, name, []string{x}, l.weight, l.bias),
		onnx.Int("axis", -1), onnx.Float("epsilon", float32(l.Eps)))
	turn()
	return x, nil
}

// onnxNarrow computes mean and variance over Width units, of which those that
// the input lacks are 0.
func (l *LayerNorm) onnxNarrow(b *onnx.Builder, name, x string, s nn.Shape) string {
	scalar := func(what string, v float64) string {
		return b.Initializer(name+"/"+what, nil, []float32{float32(v)})
	}
	op := func(kind string, in ...string) string { return b.Node(kind, in) }
	axes, width := b.Ints(name+"/axes1", []int{1}), scalar("width", float64(l.Width))
	mean := op("Div", op("ReduceSum", x, axes), width)
	diff := op("Sub", x, mean)
	zeros := op("Mul", op("Mul", mean, mean), scalar("zeros", float64(l.Width-s.Units())))
	variance := op("Div", op("Add", op("ReduceSum", op("Mul", diff, diff), axes), zeros), width)
	std := op("Sqrt", op("Add", variance, scalar("eps", l.Eps)))
	if l.From != nil { // a unit of zeros is appended for the outputs that come from none
		from := make([]int, len(l.From))
		for k, u := range l.From {
			if from[k] = u; u < 0 {
				from[k] = s.Units()
			}
		}
		x = onnxGather(b, name, onnxPadUnit(b, name, x, s), from)
	}
	per := func(p *nn.Param, what string) string {
		return onnxPerChannel(b, name+"/"+what, onnxParam(b, name, p), s)
	}
	return op("Add", op("Mul", op("Div", op("Sub", x, mean), std), per(l.weight, "weight")), per(l.bias, "bias"))
}

// ONNX is Mul.
func (l *Mul) ONNX(b *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("Mul", in), nil
}

// ONNX computes head by head what the definition says, and puts the results one
// after another.
func (l *Attention) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	op := func(kind string, in ...string) string { return b.Node(kind, in) }
	turned := func(x string) string { return b.Node("Transpose", []string{x}, onnx.Ints("perm", 0, 2, 1)) }
	axis, t := b.Ints(name+"/axis", []int{1}), l.in[1]
	mask := ""
	if l.Causal {
		mask = b.Initializer(name+"/mask", []int{t, t}, triangle(t, 0, float32(math.Inf(-1))))
	}
	scale := b.Initializer(name+"/scale", nil, []float32{float32(l.Scale)})
	var results []string
	for i, d := range l.QK {
		h := l.head(i)
		part := func(what string, from, n int) string {
			at := func(what string, v int) string {
				return b.Ints(fmt.Sprintf("%s/head%d/%s", name, i+1, what), []int{v})
			}
			return op("Slice", in[0], at(what, from), at(what+"_end", from+n), axis)
		}
		values := part("v", h.v, l.V[i])
		var scores string // queries by keys
		if d > 0 {
			scores = op("Mul", op("MatMul", turned(part("q", h.q, d)), part("k", h.k, d)), scale)
		} else { // 0 for all pairs, for each example as many as there are values
			scores = op("Mul", op("MatMul", turned(values), values), b.Initializer(fmt.Sprintf("%s/head%d/none", name, i+1), nil, []float32{0}))
		}
		if l.Causal {
			scores = op("Add", scores, mask)
		}
		results = append(results, op("MatMul", values, turned(b.Node("Softmax", []string{scores}, onnx.Int("axis", -1)))))
	}
	return b.Node("Concat", results, onnx.Int("axis", 1)), nil
}

// triangle is a matrix [n, n] with one value up to the diagonal and another
// above it.
func triangle(n int, lower, upper float32) []float32 {
	m := make([]float32, n*n)
	for i := range m {
		m[i] = lower
		if i%n > i/n {
			m[i] = upper
		}
	}
	return m
}
