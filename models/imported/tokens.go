package imported

import (
	"errors"
	"fmt"
	"slices"

	"pare/nn"
	"pare/nn/onnx"
)

// embedding is a layer embedding: rows of a constant, picked by the input of the network.
func (im *importer) embedding(n *onnx.Node) (*value, error) {
	w, err := im.weight(input(n, 0), 2)
	if err != nil {
		return nil, err
	}
	v, err := im.value(input(n, 1))
	if err != nil {
		return nil, err
	}
	if v.layer != nn.InputName || len(v.shape) != 2 || v.shape[0] != 1 || intAttr(n, "axis", 0) != 0 {
		return nil, errors.New("rows of a constant can be picked by the input of the network only, by whole numbers [N, T]")
	}
	im.net.Vocabulary = int(w.dims[0])
	if err := nn.CheckVocabulary(im.net.Vocabulary, im.net.Input); err != nil {
		return nil, err
	}
	opts := options{"vocab": w.dims[0], "out": w.dims[1]}
	out, err := im.layer(im.name("embedding", w), "embedding", opts, map[string]*tensor{"weight": w}, v)
	if err != nil {
		return nil, err
	}
	return out.with(append(slices.Clone(v.axes), whole(out.shape, 0))), nil
}

// classToken is a layer classtoken: a constant vector in front of the positions of a sequence,
// as a Concat of its expansion to the batch. A nil value: n is something else.
func (im *importer) classToken(n *onnx.Node) (*value, error) {
	if len(n.Inputs) != 2 || !im.static(n.Inputs[0]) || im.static(n.Inputs[1]) {
		return nil, nil
	}
	v, err := im.value(n.Inputs[1])
	if err != nil {
		return nil, err
	}
	if v, err = im.sequence(v); err != nil {
		return nil, err
	}
	a, err := axisOf(intAttr(n, "axis", 1), len(v.axes))
	if err != nil {
		return nil, err
	}
	t, err := im.constant(n.Inputs[0])
	if err != nil {
		return nil, err
	}
	if len(v.shape) != 2 || !v.isWhole(a, 1) || len(t.dims) != len(v.axes) || t.dims[a] != 1 {
		return nil, fmt.Errorf("a constant of shape %v can be put in front of the positions of a sequence only, as one position", t.dims)
	}
	token, err := perUnit(v, t)
	if err != nil {
		return nil, err
	}
	out, err := im.layer(im.name("classtoken", token), "classtoken", nil, map[string]*tensor{"weight": token}, v)
	if err != nil {
		return nil, err
	}
	axes := slices.Clone(v.axes)
	axes[a] = whole(out.shape, 1)
	return out.with(axes), nil
}

// onePosition reports whether places along an axis are one position of a sequence.
func (im *importer) onePosition(v *value, axis int, index []int64) (at int64, ok bool) {
	if len(v.shape) != 2 || len(v.axes) == 2 || len(index) != 1 || !v.isWhole(axis, 1) || v.shape[1] < 2 {
		return 0, false
	}
	return index[0], true
}

// reverses reports whether index has all positions of a sequence from last to first.
func (v *value) reverses(axis int, index []int64) bool {
	if len(v.shape) != 2 || len(index) < 2 || len(index) != v.shape[1] || !v.isWhole(axis, 1) {
		return false
	}
	for k, i := range index {
		if i != int64(len(index)-1-k) {
			return false
		}
	}
	return true
}

// position is a layer first or last.
func (im *importer) position(v *value, axis int, at int64) (*value, error) {
	kind := "first"
	switch at {
	case 0:
	case int64(v.shape[1]) - 1:
		kind = "last"
	default:
		return nil, fmt.Errorf("position %d of %d cannot be picked; the first and the last can", at, v.shape[1])
	}
	out, err := im.layer(im.name(kind, nil), kind, nil, nil, v)
	if err != nil {
		return nil, err
	}
	axes := slices.Clone(v.axes)
	axes[axis] = nil
	return out.in(v, axes), nil
}
