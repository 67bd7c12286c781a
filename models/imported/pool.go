package imported

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pare/nn/onnx"
)

// pool translates a pooling operator; kind is the layer's name over rows and columns.
func (im *importer) pool(n *onnx.Node, kind string, extra options) (*value, error) {
	name, pads, err := input(n, 0), [4]int64{}, error(nil)
	if kind == "avgpool" { // in front of a maximum, zeros are no padding
		if name, pads, err = im.padded(name); err != nil {
			return nil, err
		}
	}
	v, err := im.image(name)
	if err != nil {
		return nil, err
	}
	w, err := im.window(n, v.padded(pads), nil)
	if err != nil {
		return nil, err
	}
	if w.dilation != [2]int64{1, 1} && (kind == "avgpool" || strings.HasPrefix(stringAttr(n, "auto_pad", ""), "SAME")) {
		return nil, errors.New("dilations are supported by MaxPool with pads only, not with auto_pad and not by AveragePool")
	}
	if intAttr(n, "storage_order", 0) != 0 || len(n.Outputs) > 1 && n.Outputs[1] != "" && len(im.readers[n.Outputs[1]]) > 0 {
		return nil, errors.New("the indices of the largest values are not supported")
	}
	one := len(v.shape) == 2
	if one {
		kind += "1d"
	}
	ceil := intAttr(n, "ceil_mode", 0) != 0
	if pads != [4]int64{} {
		// The zeros count, other padding does not: a last, partial window divides by the
		// positions that it covers.
		if w.pads[0]+w.pads[1] != 0 || intAttr(n, "count_include_pad", 0) != 0 {
			return nil, errors.New("padding after a Pad is not supported")
		}
		ceil = ceil || w.pads != [4]int64{}
		w.pads = pads
		extra = options{}
	} else if !ceil && extra["exclude_pad"] == true || kind == "maxpool" || kind == "maxpool1d" {
		ceil = w.roundedUp(v, ceil)
	}
	opts := w.options(one)
	for k, o := range extra {
		if k != "exclude_pad" || w.pads != [4]int64{} {
			opts[k] = o
		}
	}
	if ceil && !w.even(v) {
		opts["ceil"] = true
	}
	return im.layer(im.name(kind, nil), kind, opts, nil, v)
}

// roundedUp removes end padding for which a rule that counts a last, partial window stands: the
// layers write it so, because old runtimes disagree on ceil_mode.
func (w *window) roundedUp(v *value, ceil bool) bool {
	if ceil || w.pads[2] <= w.pads[0] && w.pads[3] <= w.pads[1] {
		return ceil
	}
	for i := range len(v.shape) - 1 {
		at := 3 - len(v.shape) + i
		n, span := int64(v.shape[1+i]), (w.kernel[at]-1)*w.dilation[at]+1
		want := (n+w.pads[at]+w.pads[2+at]-span)/w.stride[at] + 1
		got := (n+2*w.pads[at]-span+w.stride[at]-1)/w.stride[at] + 1
		if (got-1)*w.stride[at] >= n+w.pads[at] {
			got--
		}
		if got != want {
			return false
		}
	}
	w.pads[2], w.pads[3] = w.pads[0], w.pads[1]
	return true
}

// even reports whether windows end at the end of the padded value, so that none is partial.
func (w *window) even(v *value) bool {
	for i := range len(v.shape) - 1 {
		at := 3 - len(v.shape) + i
		if (int64(v.shape[1+i])+w.pads[at]+w.pads[2+at]-(w.kernel[at]-1)*w.dilation[at]-1)%w.stride[at] != 0 {
			return false
		}
	}
	return true
}

func maxPool(im *importer, n *onnx.Node) (*value, error) { return im.pool(n, "maxpool", nil) }

func averagePool(im *importer, n *onnx.Node) (*value, error) {
	var extra options
	if intAttr(n, "count_include_pad", 0) == 0 {
		extra = options{"exclude_pad": true}
	}
	return im.pool(n, "avgpool", extra)
}

// globalMaxPool is a layer maxpool with a window of all positions.
func globalMaxPool(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.image(input(n, 0))
	if err != nil {
		return nil, err
	}
	if len(v.shape) == 2 {
		return im.layer(im.name("maxpool1d", nil), "maxpool1d", options{"kernel": v.shape[1], "stride": 1}, nil, v)
	}
	return im.layer(im.name("maxpool", nil), "maxpool", options{"kernel": []int{v.shape[1], v.shape[2]}, "stride": 1}, nil, v)
}

// globalPool is GlobalAveragePool, or a mean over all positions.
func globalPool(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.value(input(n, 0))
	if err != nil {
		return nil, err
	}
	axes, keep := []int{}, true
	for i := 2; i < len(v.axes); i++ {
		axes = append(axes, i)
	}
	if n.Op == "ReduceMean" {
		if axes, keep, err = im.reduced(n, len(v.axes)); err != nil {
			return nil, err
		}
	}
	left := slices.Clone(v.axes)
	covered := int64(1)
	for _, a := range axes {
		for _, t := range left[a] {
			if t.of < 1 {
				return nil, errors.New("only means over all positions are supported")
			}
		}
		covered *= left[a].length()
		left[a] = nil
	}
	if covered != int64(v.shape.Positions()) {
		return nil, errors.New("only means over all positions are supported")
	}
	if !keep {
		slices.Sort(axes)
		for _, a := range slices.Backward(axes) {
			left = slices.Delete(left, a, a+1)
		}
	}
	if len(v.shape) == 1 {
		return v.with(left), nil
	}
	var opts options
	if keep && len(v.shape) == 3 && !im.flattened(n) {
		opts = options{"keep_dims": true}
	}
	out, err := im.layer(im.name("globalpool", nil), "globalpool", opts, nil, v)
	if err != nil {
		return nil, err
	}
	if out.shape.Units() != v.shape.Units() || out.shape.Positions() != 1 {
		return nil, fmt.Errorf("globalpool gives %s", out.shape)
	}
	return out.with(left), nil
}

// flattened reports whether all readers make a vector of a node's output.
func (im *importer) flattened(n *onnx.Node) bool {
	vector := []string{"Flatten", "Reshape", "Squeeze", "Gemm", "MatMul"}
	for _, r := range im.readers[n.Outputs[0]] {
		switch {
		case r.Op == "Identity" || r.Op == "Dropout":
			if !im.flattened(r) {
				return false
			}
		case !slices.Contains(vector, r.Op):
			return false
		}
	}
	return true
}
