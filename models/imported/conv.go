package imported

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"pare/nn/onnx"
)

// window are the hyper-parameters of an operator that slides a window over rows and columns.
type window struct {
	kernel, stride, dilation [2]int64
	pads                     [4]int64 // top, left, bottom, right
}

// maxExtent bounds kernels, strides, dilations and padding.
const maxExtent = 1 << 15

// window reads the attributes of an operator on an image. kernel is the size of the weight's
// window, nil where an attribute says it.
func (im *importer) window(n *onnx.Node, v *value, kernel []int64) (w window, err error) {
	spatial := len(v.shape) - 1
	if kernel == nil {
		kernel = intsAttr(n, "kernel_shape")
	}
	read := func(name string, list []int64, want int, otherwise int64) ([]int64, error) {
		if list == nil {
			return slices.Repeat([]int64{otherwise}, want), nil
		}
		if len(list) != want {
			return nil, fmt.Errorf("%s has %d values for %d axes", name, len(list), spatial)
		}
		for _, v := range list {
			if v < 0 || v > maxExtent {
				return nil, fmt.Errorf("%s is %v; values from 0 to %d are supported", name, list, maxExtent)
			}
		}
		return list, nil
	}
	k, err := read("kernel_shape", kernel, spatial, 0)
	s, err2 := read("strides", intsAttr(n, "strides"), spatial, 1)
	d, err3 := read("dilations", intsAttr(n, "dilations"), spatial, 1)
	p, err4 := read("pads", intsAttr(n, "pads"), 2*spatial, 0)
	for _, e := range []error{err, err2, err3, err4} {
		if e != nil {
			return w, e
		}
	}
	w = window{[2]int64{1, 1}, [2]int64{1, 1}, [2]int64{1, 1}, [4]int64{}}
	for i := range spatial {
		at := 2 - spatial + i // of an operator over one axis, the last
		w.kernel[at], w.stride[at], w.dilation[at] = k[i], s[i], d[i]
		w.pads[at], w.pads[2+at] = p[i], p[spatial+i]
		if k[i] < 1 || s[i] < 1 || d[i] < 1 {
			return w, errors.New("kernel, strides and dilations must be at least 1")
		}
		if err := w.same(stringAttr(n, "auto_pad", "NOTSET"), at, int64(v.shape[1+i])); err != nil {
			return w, err
		}
	}
	return w, nil
}

// same sets the padding that auto_pad asks for along an axis of n places.
func (w *window) same(auto string, at int, n int64) error {
	switch auto {
	case "NOTSET", "":
	case "VALID":
		w.pads[at], w.pads[2+at] = 0, 0
	case "SAME_UPPER", "SAME_LOWER":
		out := (n + w.stride[at] - 1) / w.stride[at]
		total := max(0, (out-1)*w.stride[at]+(w.kernel[at]-1)*w.dilation[at]+1-n)
		w.pads[at], w.pads[2+at] = total/2, total-total/2
		if auto == "SAME_LOWER" {
			w.pads[at], w.pads[2+at] = total-total/2, total/2
		}
	default:
		return fmt.Errorf("auto_pad %q is not supported", auto)
	}
	return nil
}

// options are the keys of a layer with this window, in their shortest form; options of operators
// over one axis are numbers.
func (w *window) options(oneAxis bool) options {
	o := options{"kernel": short(w.kernel, oneAxis), "stride": short(w.stride, oneAxis)}
	if w.dilation != [2]int64{1, 1} {
		o["dilation"] = short(w.dilation, oneAxis)
	}
	p := w.pads
	switch {
	case p == [4]int64{}:
	case oneAxis && p[1] == p[3]:
		o["pad"] = p[1]
	case oneAxis:
		o["pad"] = []int64{p[1], p[3]}
	case p[0] == p[2] && p[1] == p[3]:
		o["pad"] = short([2]int64{p[0], p[1]}, false)
	default:
		o["pad"] = p[:]
	}
	return o
}

func short(v [2]int64, oneAxis bool) any {
	if oneAxis || v[0] == v[1] {
		return v[1]
	}
	return v[:]
}

// image is a value [N, C, H, W], or [N, C, T] for operators over one axis.
func (im *importer) image(name string) (*value, error) {
	v, err := im.value(name)
	if err != nil {
		return nil, err
	}
	return im.asImage(v)
}

func (im *importer) asImage(v *value) (*value, error) {
	v, err := im.unitsFirst(v)
	if err != nil {
		return nil, err
	}
	if rank := len(v.shape); rank < 2 || rank > 3 || !sameAxes(v.axes, im.channelsFirst(v.shape)) {
		return nil, errors.New("it needs an image N×C×H×W or a sequence N×C×T, channels first")
	}
	return v, nil
}

// unitsFirst is a value with its pixels as positions where they are one axis, and with the units of
// axis 1 in order.
func (im *importer) unitsFirst(v *value) (*value, error) {
	v, err := im.pixels(v)
	if err != nil {
		return nil, err
	}
	return im.ordered(v, 1)
}

// padded takes a Pad of zeros in front of a window into its padding.
func (im *importer) padded(name string) (before string, pads [4]int64, err error) {
	p := im.maker[name]
	if p == nil || p.Op != "Pad" || p.Domain != "" {
		return name, pads, nil
	}
	list, ok, err := im.numbers(p, "pads", 1)
	if err != nil || !ok {
		return name, pads, cmp.Or(err, errors.New("the pads are missing"))
	}
	rank := len(list) / 2
	if axes, has, err := im.numbers(p, "axes", 3); err != nil || has {
		if list, err = im.padsOfAxes(p, list, axes); err != nil {
			return name, pads, err
		}
		rank = len(list) / 2
	}
	value := floatAttr(p, "value", 0)
	if c := input(p, 2); c != "" {
		var ok bool
		if value, ok = im.number(c); !ok {
			return name, pads, errors.New("a Pad with a computed value is not supported")
		}
	}
	switch {
	case stringAttr(p, "mode", "constant") != "constant" || value != 0:
		return name, pads, errors.New("only a Pad with zeros is supported")
	case rank < 3 || rank > 4 || len(list) != 2*rank || slices.Min(list) < 0 || slices.Max(list) > maxExtent ||
		list[0]+list[1]+list[rank]+list[rank+1] != 0:
		return name, pads, fmt.Errorf("a Pad with pads %v is not supported; only rows and columns can be added", list)
	}
	at := 4 - rank
	for i := at; i < 2; i++ {
		pads[i], pads[2+i] = list[2+i-at], list[rank+2+i-at]
	}
	return p.Inputs[0], pads, nil
}

// padded is a value as an operator behind a Pad sees it.
func (v *value) padded(pads [4]int64) *value {
	c := *v
	c.shape = slices.Clone(v.shape)
	for i := range len(v.shape) - 1 {
		at := 3 - len(v.shape) + i
		c.shape[1+i] += int(pads[at] + pads[2+at])
	}
	return &c
}

// padsOfAxes writes the pads of listed axes for all axes.
func (im *importer) padsOfAxes(p *onnx.Node, list, axes []int64) ([]int64, error) {
	v, err := im.value(input(p, 0))
	if err != nil {
		return nil, err
	}
	places, err := axesOf(axes, len(v.axes))
	if err != nil || len(list) != 2*len(places) {
		return nil, cmp.Or(err, errors.New("pads and axes do not fit each other"))
	}
	out := make([]int64, 2*len(v.axes))
	for k, a := range places {
		out[a], out[len(v.axes)+a] = list[k], list[len(places)+k]
	}
	return out, nil
}

// weight is a constant with as many axes.
func (im *importer) weight(name string, rank int) (*tensor, error) {
	w, err := im.constant(name)
	if err == nil && len(w.dims) != rank {
		err = fmt.Errorf("the weight has shape %v; %d axes are needed", w.dims, rank)
	}
	if err == nil && slices.Contains(w.dims, 0) {
		err = fmt.Errorf("the weight has shape %v", w.dims)
	}
	return w, err
}

// conv is a layer conv or conv1d; on a pooled vector a convolution of one tap is a layer linear.
func conv(im *importer, n *onnx.Node) (*value, error) {
	name, pads, err := im.padded(input(n, 0))
	if err != nil {
		return nil, err
	}
	v, err := im.value(name)
	if err != nil {
		return nil, err
	}
	bias, err := im.optional(n, 2)
	if err != nil {
		return nil, err
	}
	if len(v.shape) == 1 && len(v.axes) > 2 && v.unitAxis() == 1 {
		w, err := im.weight(input(n, 1), len(v.axes))
		if err != nil {
			return nil, err
		}
		if intAttr(n, "group", 1) != 1 || int64(w.len()) != w.dims[0]*w.dims[1] || pads != [4]int64{} || len(intsAttr(n, "pads")) > 0 &&
			slices.Max(intsAttr(n, "pads")) > 0 {
			return nil, errors.New("only convolutions with a kernel of 1 are supported on a vector")
		}
		return im.linear(v, 1, w, bias, w.dims[0])
	}
	if v, err = im.asImage(v); err != nil {
		return nil, err
	}
	w, err := im.weight(input(n, 1), len(v.axes))
	if err != nil {
		return nil, err
	}
	win, err := im.window(n, v.padded(pads), w.dims[2:])
	if err != nil {
		return nil, err
	}
	for i, p := range pads {
		win.pads[i] += p
	}
	one := len(v.shape) == 2
	opts := win.options(one)
	opts["out"] = w.dims[0]
	if g := intAttr(n, "group", 1); g < 1 || g > maxUnits {
		return nil, fmt.Errorf("group is %d", g)
	} else if g != 1 {
		opts["groups"] = g
	}
	params := map[string]*tensor{"weight": w}
	if bias != nil {
		params["bias"] = bias
	} else {
		opts["no_bias"] = true
	}
	kind := "conv"
	if one {
		kind = "conv1d"
	}
	base := im.name(kind, w)
	out, err := im.layer(base, kind, opts, params, v)
	if err != nil || !im.unfold || im.normalised(n) {
		return out, err
	}
	return im.identityNorm(base, out)
}

// normalised reports whether all readers of a node's output are BatchNormalizations.
func (im *importer) normalised(n *onnx.Node) bool {
	for _, r := range im.readers[n.Outputs[0]] {
		if r.Op == "BatchNormalization" {
			return true
		}
	}
	return false
}

// convTranspose is a layer convtranspose.
func convTranspose(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.image(input(n, 0))
	if err != nil {
		return nil, err
	}
	if len(v.shape) != 3 {
		return nil, errors.New("only transposed convolutions of images are supported")
	}
	w, err := im.weight(input(n, 1), 4)
	if err != nil {
		return nil, err
	}
	if auto := stringAttr(n, "auto_pad", "NOTSET"); auto != "NOTSET" && auto != "VALID" || attr(n, "output_shape") != nil {
		return nil, errors.New("auto_pad and output_shape are not supported; export with pads")
	}
	win, err := im.window(n, v, w.dims[2:])
	if err != nil {
		return nil, err
	}
	opts := win.options(false)
	group := intAttr(n, "group", 1)
	if group < 1 || group > maxUnits {
		return nil, fmt.Errorf("group is %d", group)
	}
	opts["out"] = w.dims[1] * group
	if group != 1 {
		opts["groups"] = group
	}
	if more := intsAttr(n, "output_padding"); len(more) == 2 && (more[0] != 0 || more[1] != 0) {
		opts["output_pad"] = short([2]int64{more[0], more[1]}, false)
	}
	params := map[string]*tensor{"weight": w}
	if b, err := im.optional(n, 2); err != nil {
		return nil, err
	} else if b != nil {
		params["bias"] = b
	} else {
		opts["no_bias"] = true
	}
	return im.layer(im.name("convtranspose", w), "convtranspose", opts, params, v)
}
