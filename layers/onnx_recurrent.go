package layers

import (
	"pare/nn"
	"pare/nn/onnx"
)

// ONNX is RNN.
func (l *RNN) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	activation := "Tanh"
	if l.Nonlinearity == "relu" {
		activation = "Relu"
	}
	return l.onnx(b, name, "RNN", in[0], []int{0}, onnx.Strings("activations", activation)), nil
}

// ONNX is LSTM, whose gates are in the order i, o, f, g.
func (l *LSTM) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return l.onnx(b, name, "LSTM", in[0], []int{0, 3, 1, 2}), nil
}

// ONNX is GRU, whose gates are in the order z, r, n.
func (l *GRU) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return l.onnx(b, name, "GRU", in[0], []int{1, 0, 2}, onnx.Int("linear_before_reset", 1)), nil
}

// onnx adds the operator, which takes positions first, [T, N, D], gives
// [T, 1, N, H] and wants the gates in an order of its own. It starts from zero.
func (l *recurrent) onnx(b *onnx.Builder, name, op, x string, gates []int, attrs ...onnx.Attr) string {
	h := l.hidden()
	var rows []int
	for _, g := range gates {
		for u := range h {
			rows = append(rows, g*h+u)
		}
	}
	index := b.Ints(name+"/gates", rows)
	direction := b.Ints(name+"/direction", []int{0})
	reordered := func(p *nn.Param) string {
		return b.Node("Gather", []string{onnxParam(b, name, p), index}, onnx.Int("axis", 0))
	}
	one := func(v string) string { return b.Node("Unsqueeze", []string{v, direction}) }
	w, u := one(reordered(l.weightIH)), one(reordered(l.weightHH))
	bias := one(b.Node("Concat", []string{reordered(l.biasIH), reordered(l.biasHH)}, onnx.Int("axis", 0)))
	x = b.Node("Transpose", []string{x}, onnx.Ints("perm", 2, 0, 1))
	y := b.Node(op, []string{x, w, u, bias}, append(attrs, onnx.Int("hidden_size", int64(h)))...)
	y = b.Node("Squeeze", []string{y, b.Ints(name+"/axes", []int{1})})
	return b.Node("Transpose", []string{y}, onnx.Ints("perm", 1, 2, 0))
}
