package imported

import (
	"errors"
	"fmt"
	"slices"

	"pare/nn"
	"pare/nn/onnx"
)

// operators translate the operators that are layers, or changes of a layout, by themselves. They
// return the value of the first output, or put all outputs into done and return nil.
var operators map[string]func(im *importer, n *onnx.Node) (*value, error)

func init() {
	operators = map[string]func(im *importer, n *onnx.Node) (*value, error){
		"Identity": passed, "Dropout": passed, "Cast": passed, "CastLike": passed,
		"Reshape": reshaped, "Flatten": reshaped, "Squeeze": reshaped, "Unsqueeze": reshaped,
		"Transpose": transposed, "Expand": expanded, "Tile": tiled, "Slice": sliced, "Gather": gathered, "Split": split, "Concat": concat,
		"Conv": conv, "ConvTranspose": convTranspose, "Resize": resize, "Upsample": resize, "DepthToSpace": depthToSpace,
		"MaxPool": maxPool, "AveragePool": averagePool, "GlobalAveragePool": globalPool, "GlobalMaxPool": globalMaxPool, "ReduceMean": globalPool,
		"Gemm": gemm, "MatMul": matMul,
		"BatchNormalization": batchNorm, "LayerNormalization": layerNorm, "InstanceNormalization": instanceNorm,
		"GroupNormalization": groupNorm, "RMSNormalization": rmsNorm,
		"Add": add, "Sub": sub, "Neg": neg, "Mul": mul, "Div": div, "Sum": add,
		"Relu": activation("relu"), "Sigmoid": activation("sigmoid"), "Tanh": activation("tanh"), "Softplus": activation("softplus"),
		"HardSwish": activation("hardswish"), "Mish": activation("mish"), "Elu": elu, "LeakyRelu": leakyRelu, "PRelu": pRelu,
		"HardSigmoid": hardSigmoid, "Clip": clip, "Gelu": gelu, "Swish": swish, "ThresholdedRelu": thresholdedRelu,
		"LSTM": recurrent("lstm", "iofc"), "GRU": recurrent("gru", "zrh"), "RNN": recurrent("rnn", ""),
	}
}

func passed(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.view(input(n, 0))
	if err != nil || n.Op != "Cast" {
		return v, err
	}
	if whole, ok := onnx.IsWhole(intAttr(n, "to", 0)); ok && whole && v.layer != nn.InputName {
		return nil, errors.New("a cast of activations to whole numbers is not supported")
	}
	return v, nil
}

func reshaped(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.view(input(n, 0))
	if err != nil {
		return nil, err
	}
	dims, err := im.shapeFor(n, v.dims())
	if err != nil {
		return nil, err
	}
	if v, err = v.reshaped(dims); err == nil && (n.Op == "Reshape" || n.Op == "Flatten") {
		v = v.changedBy(n)
	}
	return v, err
}

func transposed(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.view(input(n, 0))
	if err != nil {
		return nil, err
	}
	perm, err := permutation(n, len(v.axes))
	if err != nil {
		return nil, err
	}
	return v.transposed(perm), nil
}

// expanded supports an Expand that changes nothing, or that repeats units along an axis of length 1,
// as heads of keys that several heads of queries share.
func expanded(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.value(input(n, 0))
	if err != nil {
		return nil, err
	}
	shape, err := im.constant(input(n, 1))
	if err != nil {
		return nil, err
	}
	target, err := wholeNumbers(shape)
	if err != nil {
		return nil, err
	}
	dims, err := broadcast(v.dims(), target)
	if err != nil || slices.Equal(dims, v.dims()) {
		return v, err
	}
	for i, d := range v.dims() {
		if at := len(dims) - len(v.axes) + i; d != dims[at] {
			if v, err = im.spreadUnits(v, i, dims[at]); err != nil {
				return nil, err
			}
		}
	}
	if !slices.Equal(dims, v.dims()) {
		return nil, fmt.Errorf("an expansion to %s is not supported", im.dimensions(dims))
	}
	return v, nil
}

// tiled repeats a value along axes of length 1, as an expansion does.
func tiled(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.value(input(n, 0))
	if err != nil {
		return nil, err
	}
	c, err := im.constant(input(n, 1))
	if err != nil {
		return nil, err
	}
	times, err := wholeNumbers(c)
	if err != nil {
		return nil, err
	}
	if len(times) != len(v.axes) {
		return nil, fmt.Errorf("%d repeats for %d axes", len(times), len(v.axes))
	}
	for i, k := range times {
		switch {
		case k == 1:
		case k < 1 || i == 0 || v.dims()[i] != 1:
			return nil, fmt.Errorf("%d repeats of axis %d are not supported; an axis of length 1 can be repeated", k, i)
		default:
			if v, err = im.spreadUnits(v, i, k); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// spreadUnits is a layer repeat: along an axis of length 1, all units come n times. The units of the
// layer are in the order of the axes.
func (im *importer) spreadUnits(v *value, along int, n int64) (*value, error) {
	if along == 0 || v.partial() || n > maxUnits/int64(v.shape[0]) {
		return nil, fmt.Errorf("an expansion of axis %d to %d is not supported", along, n)
	}
	axes := slices.Clone(v.axes)
	step := int64(v.shape[0]) * n
	var order axis // of the units
	for i := range axes {
		if i == along {
			step /= n
			axes[i] = axis1(atom{0, n, step})
			order = append(order, atom{0, n, 0})
			continue
		}
		axes[i] = slices.Clone(axes[i])
		for j, t := range axes[i] {
			if t.of == 0 {
				step /= t.size
				axes[i][j].stride = step
				order = append(order, t)
			}
		}
	}
	from := make([]int, int64(v.shape[0])*n)
	for u := range from {
		from[u] = int(place(order, 0, int64(u)))
	}
	out, err := im.layer(im.name("repeat", nil), "repeat", options{"from": from}, nil, v)
	if err != nil {
		return nil, err
	}
	return out.with(axes), nil
}

// sliced supports slices of units, for which it adds a layer select, and of nothing.
func sliced(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.view(input(n, 0))
	if err != nil {
		return nil, err
	}
	cuts, err := im.cuts(n, v.dims())
	if err != nil {
		return nil, err
	}
	for _, c := range cuts {
		if c.start == 0 && (c.step == 1 || c.size == 1) && c.size == v.dims()[c.axis] {
			continue
		}
		index := make([]int64, 0, min(c.size, 1<<16))
		for i := range c.size {
			if i >= maxUnits {
				return nil, fmt.Errorf("a slice of %d places is not supported", c.size)
			}
			index = append(index, c.start+i*c.step)
		}
		if len(index) == 0 {
			return nil, errors.New("the slice is empty")
		}
		if v, err = im.part(n, v, c.axis, index); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// part is pick for a node that picks places.
func (im *importer) part(n *onnx.Node, v *value, axis int, index []int64) (*value, error) {
	out, err := im.pick(v, axis, index)
	if err == nil && out.layer == v.layer {
		out = out.changedBy(n)
	}
	return out, err
}

// maxUnits bounds lists of units.
const maxUnits = 1 << 22

// pick takes places along an axis: units, or the first or last position of a sequence, or all
// positions from last to first. Units a
// fixed distance apart stay a part of the layer's; others are picked by a layer select.
func (im *importer) pick(v *value, axis int, index []int64) (*value, error) {
	if len(v.axes) == 3 && v.isPixels(axis) {
		var err error
		if v, err = im.sequence(v); err != nil {
			return nil, err
		}
	}
	if at, ok := im.onePosition(v, axis, index); ok {
		return im.position(v, axis, at)
	}
	if v.reverses(axis, index) {
		out, err := im.layer(im.name("reverse", nil), "reverse", nil, nil, v)
		if err != nil {
			return nil, err
		}
		return out.in(v, slices.Clone(v.axes)), nil
	}
	a := v.axes[axis]
	step := int64(1)
	if len(index) > 1 {
		step = index[1] - index[0]
	}
	even := len(a) == 1 && a[0].of == 0 && len(index) > 0 && step > 0
	for k, i := range index {
		even = even && i == index[0]+int64(k)*step
	}
	if even {
		c := v.with(slices.Clone(v.axes))
		c.start += index[0] * a[0].stride
		c.axes[axis] = axis1(atom{0, int64(len(index)), step * a[0].stride})
		return c, nil
	}
	v, err := im.complete(v)
	if err != nil {
		return nil, err
	}
	if _, ok := v.order(axis); !ok && len(v.shape) > 1 && v.axes[axis].length() == int64(v.shape.Size()) { // places of a flattened image
		if v, err = im.flat(v); err != nil {
			return nil, err
		}
	}
	order, ok := v.order(axis)
	if !ok {
		return nil, fmt.Errorf("only channels, and the first or the last position of a sequence, can be picked; this takes %d places of axis %d",
			len(index), axis)
	}
	units := make([]int, len(index))
	for k, i := range index {
		units[k] = order[i]
	}
	kind, opts := "select", options{"index": units}
	if repeats(units) {
		kind, opts = "repeat", options{"from": units}
	}
	out, err := im.layer(im.name(kind, nil), kind, opts, nil, v)
	if err != nil {
		return nil, err
	}
	return out.with(im.withAxis(v, out, axis)), nil
}

// repeats reports whether a list has a value twice.
func repeats(list []int) bool {
	sorted := slices.Sorted(slices.Values(list))
	return len(slices.Compact(sorted)) < len(list)
}

// axis1 is an axis of one atom.
func axis1(a atom) axis { return axis{a}.normal() }

// withAxis are the axes of v with all units of out in the place of v's.
func (im *importer) withAxis(v, out *value, at int) []axis {
	axes := slices.Clone(v.axes)
	axes[at] = whole(out.shape, 0)
	return axes
}

func gathered(im *importer, n *onnx.Node) (*value, error) {
	if im.static(input(n, 0)) {
		return im.embedding(n)
	}
	v, err := im.view(input(n, 0))
	if err != nil {
		return nil, err
	}
	t, err := im.constant(input(n, 1))
	if err != nil {
		return nil, err
	}
	a, err := axisOf(intAttr(n, "axis", 0), len(v.axes))
	if err != nil {
		return nil, err
	}
	index, err := wholeNumbers(t)
	if err != nil {
		return nil, err
	}
	index = slices.Clone(index)
	length := v.axes[a].length()
	for k, i := range index {
		if i < -length || i >= length {
			return nil, fmt.Errorf("index %d is outside an axis of %d", i, length)
		}
		if i < 0 {
			index[k] += length
		}
	}
	if len(t.dims) > 1 {
		return nil, fmt.Errorf("an index with %d axes is not supported", len(t.dims))
	}
	if length != 1 || len(index) != 1 {
		if v, err = im.part(n, v, a, index); err != nil {
			return nil, err
		}
	}
	if len(t.dims) == 0 { // the axis goes
		v = v.with(slices.Delete(slices.Clone(v.axes), a, a+1))
	}
	return v, nil
}

func split(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.view(input(n, 0))
	if err != nil {
		return nil, err
	}
	a, sizes, err := im.parts(n, v.dims())
	if err != nil {
		return nil, err
	}
	start := int64(0)
	for k, size := range sizes {
		index := make([]int64, min(size, maxUnits))
		for i := range index {
			index[i] = start + int64(i)
		}
		start += size
		if len(im.readers[n.Outputs[k]]) == 0 && n.Outputs[k] != im.output.Name {
			continue
		}
		part, err := im.pick(v, a, index)
		if err != nil {
			return nil, err
		}
		im.done[n.Outputs[k]] = result{value: part}
	}
	return nil, nil
}

// concat appends units.
func concat(im *importer, n *onnx.Node) (*value, error) {
	if v, err := im.classToken(n); v != nil || err != nil {
		return v, err
	}
	if v, err := im.attentionOfHeads(n); v != nil || err != nil {
		return v, err
	}
	var in []*value
	for _, name := range n.Inputs {
		v, err := im.value(name)
		if err != nil {
			return nil, err
		}
		in = append(in, v)
	}
	if len(in) == 0 {
		return nil, errors.New("it has no inputs")
	}
	a, err := axisOf(intAttr(n, "axis", 1), len(in[0].axes))
	if err != nil {
		return nil, err
	}
	for i, v := range in {
		if v, err = im.ordered(v, a); err != nil {
			return nil, err
		}
		in[i] = v
		others := slices.Clone(v.axes)
		if len(others) != len(in[0].axes) || !v.allUnits(a) {
			return nil, fmt.Errorf("only channels can be appended, not axis %d", a)
		}
		others[a] = in[0].axes[a]
		if !sameAxes(others, in[0].axes) {
			return nil, errors.New("the inputs have different layouts")
		}
	}
	if len(in) == 1 {
		return in[0], nil
	}
	out, err := im.layer(im.name("concat", nil), "concat", nil, nil, in...)
	if err != nil {
		return nil, err
	}
	return out.with(im.withAxis(in[0], out, a)), nil
}

// allUnits reports whether an axis holds all units in order; one unit may be at any axis of
// length 1 that is not the batch.
func (v *value) allUnits(i int) bool {
	return v.isWhole(i, 0) && (v.shape[0] > 1 || i > 0)
}
