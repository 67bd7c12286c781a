package layers

import (
	"fmt"

	"pare/nn"
	"pare/nn/onnx"
)

// ONNX is Flatten, with a Gather after it where positions were removed.
func (l *Flatten) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	flat := b.Node("Flatten", in)
	if l.Index == nil {
		return flat, nil
	}
	return onnxGather(b, name, flat, l.Index), nil
}

// ONNX is Gather.
func (l *Select) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return onnxGather(b, name, in[0], l.Index), nil
}

// ONNX is Concat.
func (l *Concat) ONNX(b *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("Concat", in, onnx.Int("axis", 1)), nil
}

// ONNX is a chain of Add in the order in which the layer adds.
func (l *Add) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	sum := ""
	for k, x := range in {
		if index := l.index(k); index != nil {
			x = onnxPlace(b, fmt.Sprintf("%s/operand%d", name, k+1), x, index, l.Units, shapes[k])
		}
		if k == 0 {
			sum = x
		} else {
			sum = b.Node("Add", []string{sum, x})
		}
	}
	if l.bias != nil {
		sum = b.Node("Add", []string{sum, onnxPerChannel(b, name, onnxParam(b, name, l.bias), l.out)})
	}
	return sum, nil
}

// onnxPlace puts the channels of a value of that shape at the places of index
// among units channels: a channel of zeros is appended, and every output channel
// gathers its own or the zeros.
func onnxPlace(b *onnx.Builder, name, x string, index []int, units int, s nn.Shape) string {
	from := make([]int, units)
	for u := range from {
		from[u] = len(index)
	}
	for j, u := range index {
		from[u] = j
	}
	return onnxGather(b, name, onnxPadUnit(b, name, x, s), from)
}

// onnxPadUnit appends a channel of zeros to a value of that shape.
func onnxPadUnit(b *onnx.Builder, name, x string, s nn.Shape) string {
	axes := len(s) + 1
	pads := make([]int, 2*axes)
	pads[axes+1] = 1
	return b.Node("Pad", []string{x, b.Ints(name+"/pads", pads)})
}

// ONNX is Expand to the batch size of the input.
func (l *Constant) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	batch := b.Node("Shape", in, onnx.Int("start", 0), onnx.Int("end", 1))
	shape := b.Node("Concat", []string{batch, b.Ints(name+"/shape", l.Shape)}, onnx.Int("axis", 0))
	return b.Node("Expand", []string{onnxPerChannel(b, name, onnxParam(b, name, l.bias), l.Shape), shape}), nil
}
