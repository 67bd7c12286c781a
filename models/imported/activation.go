package imported

import (
	"errors"
	"fmt"
	"math"

	"pare/nn/onnx"
)

// activation is an operator that is a layer without options.
func activation(kind string) func(im *importer, n *onnx.Node) (*value, error) {
	return func(im *importer, n *onnx.Node) (*value, error) {
		v, err := im.value(input(n, 0))
		if err != nil {
			return nil, err
		}
		return im.pointwise(kind, nil, v)
	}
}

// ofPattern is a layer without options that a pattern of x stands for.
func ofPattern(kind string) func(im *importer, m match) (*value, error) {
	return func(im *importer, m match) (*value, error) {
		if im.static(m.values["x"]) {
			return nil, nil
		}
		v, err := im.value(m.values["x"])
		if err != nil {
			return nil, err
		}
		return im.pointwise(kind, nil, v)
	}
}

func init() {
	register(ofPattern("silu"), "Mul(x, Sigmoid(x))")
	register(ofPattern("softplus"), "Where(Greater(x, 20), x, Softplus(x))") // PyTorch's threshold
	register(ofPattern("mish"), "Mul(x, Tanh(Softplus(x)))")
	register(ofPattern("hardswish"),
		"Mul(x, Div(Clip(Add(x, 3), 0, 6), 6))",
		"Mul(x, Mul(Clip(Add(x, 3), 0, 6), 0.16666667))",
		"Div(Mul(x, Clip(Add(x, 3), 0, 6)), 6)",
		"Mul(Mul(x, Clip(Add(x, 3), 0, 6)), 0.16666667)")
	register(func(im *importer, m match) (*value, error) {
		if !sixth(m.nodes["h"]) {
			return nil, nil
		}
		return ofPattern("hardswish")(im, m)
	}, "Mul(x, HardSigmoid@h(x))")
	register(ofPattern("hardsigmoid"),
		"Div(Clip(Add(x, 3), 0, 6), 6)",
		"Mul(Clip(Add(x, 3), 0, 6), 0.16666667)")
	register(ofPattern("gelu"),
		"Mul(Mul(x, 0.5), Add(Erf(Div(x, 1.4142135)), 1))",
		"Mul(Mul(x, 0.5), Add(Erf(Mul(x, 0.70710677)), 1))",
		"Mul(x, Mul(Add(Erf(Div(x, 1.4142135)), 1), 0.5))",
		"Mul(x, Mul(Add(Erf(Mul(x, 0.70710677)), 1), 0.5))",
		"Mul(Mul(x, Add(Erf(Div(x, 1.4142135)), 1)), 0.5)",
		"Mul(Mul(x, Add(Erf(Mul(x, 0.70710677)), 1)), 0.5)")
	for _, cube := range []string{"Pow(x, 3)", "Mul(Mul(x, x), x)"} {
		for _, inner := range []string{"Add(x, Mul(" + cube + ", 0.044715))", "Add(x, Mul(Mul(Mul(x, 0.044715), x), x))",
			"Mul(x, Add(Mul(Mul(x, 0.044715), x), 1))", "Mul(x, Add(Mul(Mul(x, x), 0.044715), 1))"} {
			t := "Add(Tanh(Mul(" + inner + ", 0.7978846)), 1)"
			register(ofPattern("gelu_tanh"), "Mul(Mul(x, 0.5), "+t+")", "Mul(x, Mul("+t+", 0.5))", "Mul(Mul(x, "+t+"), 0.5)")
		}
	}
}

// sixth reports whether a HardSigmoid is PyTorch's, max(0, min(1, x/6 + 1/2)).
func sixth(n *onnx.Node) bool {
	return math.Abs(floatAttr(n, "alpha", 0.2)-1.0/6) < 1e-6 && floatAttr(n, "beta", 0.5) == 0.5
}

func hardSigmoid(im *importer, n *onnx.Node) (*value, error) {
	if !sixth(n) {
		return nil, fmt.Errorf("alpha is %g and beta %g; 1/6 and 1/2 are supported", floatAttr(n, "alpha", 0.2), floatAttr(n, "beta", 0.5))
	}
	return activation("hardsigmoid")(im, n)
}

func elu(im *importer, n *onnx.Node) (*value, error) {
	if a := floatAttr(n, "alpha", 1); a != 1 {
		return nil, fmt.Errorf("alpha is %g; 1 is supported", a)
	}
	return activation("elu")(im, n)
}

func swish(im *importer, n *onnx.Node) (*value, error) {
	if a := floatAttr(n, "alpha", 1); a != 1 {
		return nil, fmt.Errorf("alpha is %g; 1 is supported", a)
	}
	return activation("silu")(im, n)
}

func gelu(im *importer, n *onnx.Node) (*value, error) {
	if stringAttr(n, "approximate", "none") == "tanh" {
		return activation("gelu_tanh")(im, n)
	}
	return activation("gelu")(im, n)
}

func leakyRelu(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.value(input(n, 0))
	if err != nil {
		return nil, err
	}
	var opts options
	if slope := floatAttr(n, "alpha", 0.01); slope != 0.01 {
		opts = options{"slope": slope}
	}
	return im.pointwise("leaky_relu", opts, v)
}

// thresholdedRelu is x above alpha, else 0; the layer counts its threshold in.
func thresholdedRelu(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.value(input(n, 0))
	if err != nil {
		return nil, err
	}
	alpha := float32(1)
	if a := attr(n, "alpha"); a != nil {
		alpha = a.Float
	}
	if alpha < 0 {
		return nil, fmt.Errorf("alpha is %g; at least 0 is supported", alpha)
	}
	above := math.Nextafter32(alpha, math.MaxFloat32)
	return im.pointwise("fatrelu", options{"threshold": shortest(above)}, v)
}

func pRelu(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.value(input(n, 0))
	if err != nil {
		return nil, err
	}
	slope, err := im.constant(input(n, 1))
	if err != nil {
		return nil, err
	}
	opts := options{"per_channel": true}
	weight, err := perUnit(v, slope)
	if err != nil {
		return nil, err
	}
	if slope.len() == 1 {
		dims := []int64{1}
		weight, opts = &tensor{name: slope.name, dims: dims, stored: dims, floats: weight.floats[:1]}, nil
	}
	out, err := im.layer(im.name("prelu", slope), "prelu", opts, map[string]*tensor{"weight": weight}, v)
	if err != nil {
		return nil, err
	}
	return out.with(v.axes), nil
}

// clip is relu6, relu or clip.
func clip(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.value(input(n, 0))
	if err != nil {
		return nil, err
	}
	opts := options{}
	for i, key := range []string{"min", "max"} {
		if a := attr(n, key); a != nil { // before operator set 11
			if f := float64(a.Float); math.Abs(f) < 3.4e38 {
				opts[key] = shortest(a.Float)
			}
			continue
		}
		if name := input(n, 1+i); name != "" {
			f, ok := im.number(name)
			if !ok {
				return nil, errors.New("the limits must be constants")
			}
			if math.Abs(f) < 3.4e38 {
				opts[key] = f
			}
		}
	}
	low, hasLow := opts["min"]
	high, hasHigh := opts["max"]
	switch {
	case !hasLow && !hasHigh:
		return v, nil
	case hasLow && low == 0.0 && !hasHigh:
		return im.pointwise("relu", nil, v)
	case hasLow && low == 0.0 && high == 6.0:
		return im.pointwise("relu6", nil, v)
	}
	return im.pointwise("clip", opts, v)
}

func init() {
	register(ofPattern("relu"), "Max(x, 0)")
}
