package layers

import (
	"pare/internal/onnx"
	"pare/nn"
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
