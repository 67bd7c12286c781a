package imported

import (
	"math"
	"slices"

	"pare/nn/onnx"
)

// The patterns of this file are the forms in which pare writes layers that lost units: sums whose
// operands have some channels only, and normalisations that count the lost units as zeros.

func init() {
	register(placed, "Gather@g(Pad@p(x, pads), index)")
	const root = "Sqrt(Add(Div(ReduceSum@m(Mul(x, x)), $width), $eps))"
	register(narrow("rmsnorm"), "Mul(Div(y, "+root+"), w)")
	const mean, width = "Div(ReduceSum@m(x), $width)", "$width), $eps))"
	const squares = "ReduceSum(Mul(Sub(x, " + mean + "), Sub(x, " + mean + ")))"
	const zeros = "Mul(Mul(" + mean + ", " + mean + "), $zeros)"
	register(narrow("layernorm"), "Add(Mul(Div(Sub(y, "+mean+"), Sqrt(Add(Div(Add("+squares+", "+zeros+"), "+width+"), w), b)")
}

// placed is a layer add with one operand that has some of the channels.
func placed(im *importer, m match) (*value, error) {
	v, places, units, err := im.placement(m.output)
	if err != nil || places == nil {
		return nil, err
	}
	return im.layer(im.name("add", nil), "add", options{"index": [][]int{places}, "units": units}, nil, v)
}

// placement is a value that has some of the channels, which are put at their places among more: a
// channel of zeros is appended, and every output channel picks its own or the zeros. places is nil
// where a value is not made so.
func (im *importer) placement(name string) (v *value, places []int, units int, err error) {
	g := im.maker[im.through(name)]
	if g == nil || g.Op != "Gather" {
		return nil, nil, 0, nil
	}
	pad := im.maker[im.through(input(g, 0))]
	if pad == nil || pad.Op != "Pad" || im.static(input(pad, 0)) {
		return nil, nil, 0, nil
	}
	index, ok, err := im.places(g, pad)
	if err != nil || !ok {
		return nil, nil, 0, err
	}
	if v, err = im.value(input(pad, 0)); err == nil {
		v, err = im.unitsFirst(v)
	}
	if err != nil || !sameAxes(v.axes, im.channelsFirst(v.shape)) {
		return nil, nil, 0, err
	}
	places = []int{}
	for u, from := range index {
		if from < v.shape[0] {
			if from != len(places) { // in order, each once
				return nil, nil, 0, nil
			}
			places = append(places, u)
		}
	}
	if len(places) != v.shape[0] {
		return nil, nil, 0, nil
	}
	return v, places, len(index), nil
}

// places is the index of a Gather along the channels; pad may append one channel of zeros.
func (im *importer) places(g, pad *onnx.Node) (index []int, ok bool, err error) {
	if intAttr(g, "axis", 0) != 1 || !im.static(input(g, 1)) {
		return nil, false, nil
	}
	t, err := im.constant(input(g, 1))
	if err != nil {
		return nil, false, err
	}
	list, err := wholeNumbers(t)
	if err != nil || len(t.dims) != 1 || len(list) > maxUnits {
		return nil, false, err
	}
	if pad != nil {
		pads, ok, err := im.numbers(pad, "pads", 1)
		if err != nil || !ok || len(pads) < 4 || len(pads)%2 != 0 || stringAttr(pad, "mode", "constant") != "constant" || input(pad, 2) != "" {
			return nil, false, err
		}
		for i, p := range pads {
			if end := i == len(pads)/2+1; end && p != 1 || !end && p != 0 {
				return nil, false, nil
			}
		}
	}
	for _, i := range list {
		if i < 0 || i > maxUnits {
			return nil, false, nil
		}
		index = append(index, int(i))
	}
	return index, true, nil
}

// narrow is a normalisation with the keys width and from.
func narrow(kind string) func(im *importer, m match) (*value, error) {
	return func(im *importer, m match) (*value, error) {
		eps, width := m.numbers["$eps"], m.numbers["$width"]
		if im.static(m.values["x"]) || !im.static(m.values["w"]) || m.values["b"] != "" && !im.static(m.values["b"]) ||
			width != math.Trunc(width) || !(width >= 1 && width <= maxUnits) || eps < 0 {
			return nil, nil
		}
		v, err := im.value(m.values["x"])
		if err == nil {
			v, err = im.pixels(v)
		}
		if err != nil {
			return nil, err
		}
		axes, keep, err := im.reduced(m.nodes["m"], len(v.axes))
		if err != nil || !keep || len(axes) != 1 || axes[0] != 1 || !sameAxes(v.axes, im.channelsFirst(v.shape)) {
			return nil, err
		}
		units := v.shape[0]
		opts := options{}
		if int(width) != units {
			opts["width"] = int(width)
		}
		if eps != 1e-5 {
			opts["eps"] = eps
		}
		outputs := units
		if m.values["y"] != m.values["x"] {
			from, err := im.sources(m.values["y"], m.values["x"], units)
			if err != nil || from == nil {
				return nil, err
			}
			opts["from"], outputs = from, len(from)
		}
		params := map[string]*tensor{}
		shape := v.shape.WithUnits(outputs)
		beside := &value{shape: shape, axes: im.channelsFirst(shape)}
		for name, word := range map[string]string{"weight": "w", "bias": "b"} {
			if m.values[word] == "" {
				continue
			}
			t, err := im.constant(m.values[word])
			if err == nil {
				params[name], err = perUnit(beside, t)
			}
			if err != nil {
				return nil, err
			}
		}
		return im.layer(im.name(kind, params["weight"]), kind, opts, params, v)
	}
}

// sources lists the units of x that y, a Gather, picks, −1 for an appended zero; nil: y is
// something else.
func (im *importer) sources(y, x string, units int) ([]int, error) {
	g := im.maker[y]
	if g == nil || g.Op != "Gather" {
		return nil, nil
	}
	from := im.through(input(g, 0))
	pad := im.maker[from]
	if from == x {
		pad = nil
	} else if pad == nil || pad.Op != "Pad" || im.through(input(pad, 0)) != x {
		return nil, nil
	}
	index, ok, err := im.places(g, pad)
	if err != nil || !ok {
		return nil, err
	}
	index = slices.Clone(index)
	for k, i := range index {
		if i >= units {
			index[k] = -1
		}
	}
	return index, nil
}
