package imported

import (
	"errors"
	"fmt"
	"slices"

	"pare/nn/onnx"
)

// linear adds a layer linear over the units at an axis. w is [out, in] in its data; further axes
// have length 1. Other axes stay as they are: the layer works at every position. Units in
// another order than the layer's are put in order in the weight.
func (im *importer) linear(v *value, at int, w, bias *tensor, out int64) (*value, error) {
	v, err := im.pixels(v)
	if err != nil {
		return nil, err
	}
	onePosition := v.shape.Positions() == 1 && !(len(v.shape) == 2 && len(v.axes) == 3) // not a sequence
	if len(v.shape) > 1 && (!v.allUnits(at) || onePosition) {                           // a vector of channels and positions
		flat, err := im.flat(v)
		if err != nil {
			return nil, err
		}
		v = flat
	}
	order, ok := v.order(at)
	if !ok {
		return nil, errors.New("the axis that the weight multiplies is not the features of the value alone")
	}
	in := int64(len(order))
	if out < 1 || int64(w.len()) != out*in {
		return nil, fmt.Errorf("a weight of shape %v does not fit %d features", w.dims, in)
	}
	if w, err = w.reshaped([]int64{out, in}); err != nil {
		return nil, err
	}
	if !inOrder(order) {
		if w, err = columns(w, order); err != nil {
			return nil, err
		}
	}
	kind, opts, params := "linear", options{"out": out}, map[string]*tensor{"weight": w}
	if len(v.shape) == 3 {
		kind, opts["kernel"] = "conv", 1
	}
	if bias != nil {
		params["bias"] = bias
	} else {
		opts["no_bias"] = true
	}
	named := w
	if bias != nil && ofWeight(w.name) == "" { // the weight was transposed by the exporter
		named = bias
	}
	y, err := im.layer(im.name(kind, named), kind, opts, params, v)
	if err != nil {
		return nil, err
	}
	return y.with(im.withAxis(v, y, at)), nil
}

// columns puts column k of a matrix at order[k].
func columns(w *tensor, order []int) (*tensor, error) {
	out, err := w.like(w.dims, w.dims)
	if err != nil {
		return nil, err
	}
	n := len(order)
	for j := range out.len() {
		out.set(j/n*n+order[j%n], w, j)
	}
	return out, nil
}

// gemm is a layer linear.
func gemm(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.value(input(n, 0))
	if err != nil {
		return nil, err
	}
	w, err := im.weight(input(n, 1), 2)
	if err != nil {
		return nil, err
	}
	bias, err := im.optional(n, 2)
	if err != nil {
		return nil, err
	}
	if intAttr(n, "transA", 0) != 0 || len(v.axes) != 2 {
		return nil, errors.New("only a Gemm of a matrix [N, features] is supported")
	}
	if w, err = scaled(w, floatAttr(n, "alpha", 1)); err != nil {
		return nil, err
	}
	if intAttr(n, "transB", 0) == 0 {
		if w, err = w.transposed([]int{1, 0}); err != nil {
			return nil, err
		}
	}
	if bias != nil {
		if bias, err = scaled(bias, floatAttr(n, "beta", 1)); err == nil {
			bias, err = biasOf(bias, w.dims[0])
		}
		if err != nil {
			return nil, err
		}
	}
	return im.linear(v, 1, w, bias, w.dims[0])
}

func scaled(t *tensor, factor float64) (*tensor, error) {
	if factor == 1 {
		return t, nil
	}
	return t.mapped(func(x float64) float64 { return x * factor }), nil
}

// biasOf is a constant that is added to [..., out] as a vector.
func biasOf(t *tensor, out int64) (*tensor, error) {
	if rank := len(t.dims); t.len() != 1 && (int64(t.len()) != out || t.dims[rank-1] != out) {
		return nil, fmt.Errorf("a bias of shape %v does not fit %d outputs", t.dims, out)
	}
	if t.len() == 1 {
		v := float32(t.at(0))
		return &tensor{name: t.name, dims: []int64{out}, stored: []int64{out}, floats: slices.Repeat([]float32{v}, int(out))}, nil
	}
	return t.reshaped([]int64{out})
}

// matMul is a layer linear, where one operand is a matrix of constants, or attention.
func matMul(im *importer, n *onnx.Node) (*value, error) {
	h, err := im.attentionAt(n)
	if err != nil {
		return nil, err
	}
	if h == nil {
		return im.matMul(n, nil)
	}
	out, err := im.attention(n, h)
	if err != nil {
		return nil, err
	}
	return out.with(h.axes), nil
}

func (im *importer) matMul(n *onnx.Node, bias *tensor) (*value, error) {
	a, b := input(n, 0), input(n, 1)
	if im.static(a) { // W·x, with x channels first
		w, err := im.matrix(a)
		if err != nil {
			return nil, err
		}
		v, err := im.value(b)
		if err != nil {
			return nil, err
		}
		if len(v.axes) < 2 {
			return nil, errors.New("the value needs at least two axes")
		}
		return im.linear(v, len(v.axes)-2, w, bias, w.dims[0])
	}
	v, err := im.value(a)
	if err != nil {
		return nil, err
	}
	if !im.static(b) {
		return nil, errors.New("a product of two values is supported in attention only: softmax of queries by keys, by values")
	}
	w, err := im.matrix(b)
	if err != nil {
		return nil, err
	}
	if w, err = w.transposed([]int{1, 0}); err != nil {
		return nil, err
	}
	return im.linear(v, len(v.axes)-1, w, bias, w.dims[0])
}

// matrix is a constant with two axes, or with axes of length 1 in front of them.
func (im *importer) matrix(name string) (*tensor, error) {
	w, err := im.constant(name)
	if err != nil {
		return nil, err
	}
	rank := len(w.dims)
	for rank > 2 && w.dims[len(w.dims)-rank] == 1 {
		rank--
	}
	if rank == len(w.dims) {
		return im.weight(name, 2)
	}
	if w, err = w.reshaped(w.dims[len(w.dims)-rank:]); err == nil && len(w.dims) != 2 {
		err = fmt.Errorf("the weight has shape %v; 2 axes are needed", w.dims)
	}
	return w, err
}

func init() {
	register(func(im *importer, m match) (*value, error) {
		n, name := m.nodes["m"], m.values["b"]
		if !im.static(name) || im.static(n.Inputs[0]) == im.static(n.Inputs[1]) {
			return nil, nil
		}
		if readers := im.readers[n.Outputs[0]]; len(readers) > 1 {
			return nil, nil
		}
		bias, err := im.constant(name)
		if err != nil {
			return nil, err
		}
		weight, row := n.Inputs[1], 1 // of the weight, the axis of the outputs
		if im.static(n.Inputs[0]) {
			weight, row = n.Inputs[0], 0
		}
		w, err := im.constant(weight)
		if err != nil || len(w.dims) != 2 {
			return nil, err
		}
		own := ofWeight(w.name)
		if _, shared := im.made[w.name]; shared && own != "" && own != ofWeight(bias.name) {
			return nil, nil // the layer before it with this weight has no such bias
		}
		out := w.dims[row]
		last := int64(1)
		if rank := len(bias.dims); rank > 0 {
			last = bias.dims[rank-1]
			if row == 0 { // [out, 1]
				last = 1
				if rank > 1 && bias.dims[rank-1] == 1 {
					last = bias.dims[rank-2]
				}
			}
		}
		if int64(bias.len()) != out || last != out {
			return nil, nil
		}
		if bias, err = bias.reshaped([]int64{out}); err != nil {
			return nil, err
		}
		before := im.current
		im.current = n
		defer func() { im.current = before }()
		return im.matMul(n, bias)
	}, "Add(MatMul@m(x, w), b)")
}
