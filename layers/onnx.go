package layers

import (
	"pare/nn"
	"pare/nn/onnx"
)

// onnxParam adds a parameter under the name it has in safetensors files.
func onnxParam(b *onnx.Builder, name string, p *nn.Param) string {
	return b.Initializer(name+"."+p.Name, p.ExportShape(), p.Export())
}

// onnxParams appends the parameters that exist to the inputs of a node.
func onnxParams(b *onnx.Builder, name string, in []string, params ...*nn.Param) []string {
	out := append([]string(nil), in...)
	for _, p := range nonNil(params...) {
		out = append(out, onnxParam(b, name, p))
	}
	return out
}

// onnxScalar adds a constant of a layer.
func onnxScalar(b *onnx.Builder, name string, v float32) string {
	return b.Initializer(name, nil, []float32{v})
}

// onnxPerChannel gives a vector [C] the axes it needs to be broadcast over the
// positions of a value of the given shape: [C, 1, 1] beside an image.
func onnxPerChannel(b *onnx.Builder, name, vector string, s nn.Shape) string {
	if len(s) == 1 {
		return vector
	}
	return b.Node("Unsqueeze", []string{vector, b.Ints(name+"/axes", upTo(len(s))[1:])})
}

// onnxGather picks positions of the first axis after the batch.
func onnxGather(b *onnx.Builder, name, x string, index []int) string {
	return b.Node("Gather", []string{x, b.Ints(name+"/index", index)}, onnx.Int("axis", 1))
}

// onnxTurn swaps the units and the positions of a sequence.
func onnxTurn(b *onnx.Builder, x string) string {
	return b.Node("Transpose", []string{x}, onnx.Ints("perm", 0, 2, 1))
}

// onnxUnitsLast moves the units of a value of that shape behind its positions.
func onnxUnitsLast(b *onnx.Builder, x string, s nn.Shape) string {
	switch len(s) {
	case 2:
		return onnxTurn(b, x)
	case 3:
		return b.Node("Transpose", []string{x}, onnx.Ints("perm", 0, 2, 3, 1))
	}
	return x
}

// onnxUnitsFirst undoes onnxUnitsLast.
func onnxUnitsFirst(b *onnx.Builder, x string, s nn.Shape) string {
	switch len(s) {
	case 2:
		return onnxTurn(b, x)
	case 3:
		return b.Node("Transpose", []string{x}, onnx.Ints("perm", 0, 3, 1, 2))
	}
	return x
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
