package layers

import (
	"fmt"

	"pare/nn"
	"pare/nn/onnx"
)

// The ONNX form of a layer is its method
//
//	ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error)
//
// which adds the layer, called name in the network, to a graph. in are the
// names of its inputs, channels first with the batch in front, and shapes the
// shapes of one example of each; it returns the name of its output. Parameters
// become initializers "name.param" in PyTorch's axis order, other constants
// "name/what".

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

// onnxPerChannel gives a vector [C] the axes it needs to be broadcast over the
// positions of a value of the given shape: [C, 1, 1] beside an image.
func onnxPerChannel(b *onnx.Builder, name, vector string, s nn.Shape) string {
	if len(s) == 1 {
		return vector
	}
	axes := make([]int, len(s)-1)
	for i := range axes {
		axes[i] = i + 1
	}
	return b.Node("Unsqueeze", []string{vector, b.Ints(name+"/axes", axes)})
}

// onnxGather picks positions of the first axis after the batch.
func onnxGather(b *onnx.Builder, name, x string, index []int) string {
	return b.Node("Gather", []string{x, b.Ints(name+"/index", index)}, onnx.Int("axis", 1))
}

// square repeats a hyper-parameter for height and width.
func square(name string, v int) onnx.Attr { return onnx.Ints(name, int64(v), int64(v)) }

// ONNX is Conv, with groups.
func (l *Conv) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	pad := int64(l.Pad)
	return b.Node("Conv", onnxParams(b, name, in, l.weight, l.bias),
		square("kernel_shape", l.Kernel), square("strides", l.Stride),
		onnx.Ints("pads", pad, pad, pad, pad), onnx.Int("group", int64(l.Groups))), nil
}

// ONNX is Gemm with the weight [out, in] transposed; for sequences, which are
// channels first, the weight comes first in a MatMul.
func (l *Linear) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	if len(shapes[0]) == 2 {
		y := b.Node("MatMul", []string{onnxParam(b, name, l.weight), in[0]})
		if l.bias != nil {
			y = b.Node("Add", []string{y, onnxPerChannel(b, name, onnxParam(b, name, l.bias), nn.Shape{l.Out, 1})})
		}
		return y, nil
	}
	return b.Node("Gemm", onnxParams(b, name, in, l.weight, l.bias), onnx.Int("transB", 1)), nil
}

// ONNX is BatchNormalization with the running statistics.
func (l *BatchNorm) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("BatchNormalization", onnxParams(b, name, in, l.Params()...),
		onnx.Float("epsilon", float32(l.Eps))), nil
}

// ONNX is the input: exported networks are for inference.
func (l *Dropout) ONNX(_ *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	return in[0], nil
}

// ONNX is Mul.
func (l *Gate) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	gate := onnxParam(b, name, l.gate)
	if l.PerChannel {
		gate = onnxPerChannel(b, name, gate, shapes[0])
	}
	return b.Node("Mul", []string{in[0], gate}), nil
}

// ONNX is a table of operators by the kind of activation; one made with
// NewActivation under another kind has no ONNX form.
func (l *Activation) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	x := in[0]
	switch l.kind {
	case "relu":
		return b.Node("Relu", in), nil
	case "leaky_relu":
		return b.Node("LeakyRelu", in, onnx.Float("alpha", 0.01)), nil
	case "sigmoid":
		return b.Node("Sigmoid", in), nil
	case "tanh":
		return b.Node("Tanh", in), nil
	case "elu":
		return b.Node("Elu", in), nil
	case "softplus":
		return b.Node("Softplus", in), nil
	case "silu":
		return b.Node("Mul", []string{x, b.Node("Sigmoid", in)}), nil
	case "gelu": // ½x·(1 + erf(x/√2)); Gelu itself came with operator set 20
		scalar := func(what string, v float32) string { return b.Initializer(name+"/"+what, nil, []float32{v}) }
		erf := b.Node("Erf", []string{b.Node("Mul", []string{x, scalar("sqrt_half", 0.70710677)})})
		half := b.Node("Mul", []string{x, scalar("half", 0.5)})
		return b.Node("Mul", []string{half, b.Node("Add", []string{erf, scalar("one", 1)})}), nil
	}
	return "", fmt.Errorf("activation %q has no ONNX form", l.kind)
}
