package imported

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pare/nn/onnx"
)

// add is a layer add: a sum of values, or of a value and a constant for each unit. A constant for
// each position and unit is a layer position.
func add(im *importer, n *onnx.Node) (*value, error) {
	var in []*value
	var constants []*tensor
	for _, name := range n.Inputs {
		r, err := im.get(name)
		if err != nil {
			return nil, err
		}
		if r.value != nil {
			v, err := im.complete(r.value)
			if err != nil {
				return nil, err
			}
			in = append(in, v)
		} else {
			constants = append(constants, r.constant)
		}
	}
	if len(in) == 0 {
		return nil, errors.New("it has no inputs that depend on the network's input")
	}
	v := in[0]
	if len(in) > 1 {
		var err error
		if v, err = im.sum(in...); err != nil {
			return nil, err
		}
	}
	for _, c := range constants {
		var err error
		if v, err = im.shift(v, c); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// sum is a layer add of values.
func (im *importer) sum(in ...*value) (*value, error) {
	in, err := im.alike(in)
	if err != nil {
		return nil, err
	}
	out, err := im.layer(im.name("add", nil), "add", nil, nil, in...)
	if err != nil {
		return nil, err
	}
	return out.with(in[0].axes), nil
}

// alike brings values to one shape and layout: images become sequences, or sequences vectors,
// where others are.
func (im *importer) alike(in []*value) ([]*value, error) {
	rank := slices.MinFunc(in, func(a, b *value) int { return len(a.shape) - len(b.shape) })
	out := slices.Clone(in)
	for i, v := range out {
		var err error
		switch {
		case len(v.shape) == 3 && len(rank.shape) == 2:
			v, err = im.sequence(v)
		case len(v.shape) > 1 && len(rank.shape) == 1:
			v, err = im.flat(v)
		}
		if err != nil {
			return nil, err
		}
		out[i] = v
		if !v.shape.Equal(out[0].shape) || !sameAxes(v.axes, out[0].axes) {
			return nil, errors.New("the values have different shapes or layouts")
		}
	}
	return out, nil
}

// spread reads a constant that is broadcast beside a value. axes are those axes of the layer's
// value along which it varies.
func spread(v *value, c *tensor) (get func(index []int64) float32, axes []bool, err error) {
	if c.ints != nil {
		return nil, nil, errors.New("a constant beside the value holds whole numbers; it must hold floats")
	}
	dims := v.dims()
	if b, err := broadcast(dims, c.dims); err != nil || !slices.Equal(b, dims) {
		return nil, nil, fmt.Errorf("a constant of shape %v does not fit beside the value", c.dims)
	}
	more := len(dims) - len(c.dims)
	strides := aligned(c, len(dims))
	axes = make([]bool, len(v.shape))
	for i := range c.dims {
		if c.stored[i] == 1 {
			continue
		}
		for _, a := range v.axes[more+i] {
			if a.of == batch {
				return nil, nil, errors.New("a constant that differs between the examples of a batch is not supported")
			}
			axes[a.of] = true
		}
	}
	get = func(index []int64) float32 {
		at := int64(0)
		for i, a := range v.axes {
			if strides[i] == 0 {
				continue
			}
			k := int64(0)
			for _, t := range a {
				k = k*t.size + index[t.of]/t.stride%t.size
			}
			at += k * strides[i]
		}
		return float32(c.at(int(at)))
	}
	return get, axes, nil
}

// perUnit is a constant with one value for each unit of a value.
func perUnit(v *value, c *tensor) (*tensor, error) {
	get, axes, err := spread(v, c)
	if err != nil {
		return nil, err
	}
	for _, varies := range axes[1:] {
		if varies {
			return nil, errors.New("a constant that differs between positions is not supported here")
		}
	}
	if v.shape[0] > maxUnits {
		return nil, fmt.Errorf("a constant for %d channels is not supported", v.shape[0])
	}
	dims := []int64{int64(v.shape[0])}
	out := &tensor{name: c.name, dims: dims, stored: dims, floats: make([]float32, v.shape[0])}
	index := make([]int64, len(v.shape))
	for u := range out.floats {
		index[0] = int64(u)
		out.floats[u] = get(index)
	}
	return out, nil
}

// shift adds a constant.
func (im *importer) shift(v *value, c *tensor) (*value, error) {
	_, axes, err := spread(v, c)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(axes[1:], true) {
		bias, err := perUnit(v, c)
		if err != nil {
			return nil, err
		}
		if zero, ok := bias.scalar(); ok && zero == 0 && ofWeight(c.name) == "" {
			return v, nil
		}
		out, err := im.layer(im.name("add", bias), "add", options{"bias": true}, map[string]*tensor{"bias": bias}, v)
		if err != nil {
			return nil, err
		}
		return out.with(v.axes), nil
	}
	if v, err = im.sequence(v); err != nil {
		return nil, err
	}
	if len(v.shape) != 2 {
		return nil, errors.New("a constant that differs between positions can be added to a sequence only")
	}
	get, _, err := spread(v, c)
	if err != nil {
		return nil, err
	}
	units, length := v.shape[0], v.shape[1]
	if units > maxUnits*16/length {
		return nil, fmt.Errorf("a constant for %d positions of %d channels is not supported", length, units)
	}
	dims := []int64{int64(length), int64(units)}
	table := &tensor{name: c.name, dims: dims, stored: dims, floats: make([]float32, units*length)}
	for i := range table.floats {
		table.floats[i] = get([]int64{int64(i % units), int64(i / units)})
	}
	out, err := im.layer(im.name("position", table), "position", nil, map[string]*tensor{"weight": table}, v)
	if err != nil {
		return nil, err
	}
	return out.with(v.axes), nil
}

// gate multiplies by a constant: a layer gate with one factor, or one for each unit.
func (im *importer) gate(v *value, c *tensor) (*value, error) {
	factor, err := perUnit(v, c)
	if err != nil {
		return nil, err
	}
	one, same := c.scalar()
	if same && one == 1 && ofWeight(c.name) == "" {
		return v, nil
	}
	opts := options{"per_channel": true}
	if same && c.len() == 1 {
		dims := []int64{1}
		factor, opts = &tensor{name: c.name, dims: dims, stored: dims, floats: factor.floats[:1]}, nil
	}
	out, err := im.layer(im.name("gate", factor), "gate", opts, map[string]*tensor{"gate": factor}, v)
	if err != nil {
		return nil, err
	}
	return out.with(v.axes), nil
}

// sub is a difference: a sum with a factor of −1 on one term.
func sub(im *importer, n *onnx.Node) (*value, error) {
	if len(n.Inputs) != 2 {
		return nil, errors.New("it needs two inputs")
	}
	if im.static(n.Inputs[1]) { // x − c
		v, err := im.value(n.Inputs[0])
		if err != nil {
			return nil, err
		}
		c, err := im.constant(n.Inputs[1])
		if err != nil {
			return nil, err
		}
		return im.shift(v, c.mapped(func(x float64) float64 { return -x }))
	}
	v, err := im.negative(n.Inputs[1])
	if err != nil {
		return nil, err
	}
	if im.static(n.Inputs[0]) { // c − x
		c, err := im.constant(n.Inputs[0])
		if err != nil {
			return nil, err
		}
		return im.shift(v, c)
	}
	x, err := im.value(n.Inputs[0])
	if err != nil {
		return nil, err
	}
	return im.sum(x, v)
}

func neg(im *importer, n *onnx.Node) (*value, error) { return im.negative(input(n, 0)) }

// negative is a value times −1.
func (im *importer) negative(name string) (*value, error) {
	v, err := im.value(name)
	if err != nil {
		return nil, err
	}
	return im.gate(v, &tensor{floats: []float32{-1}})
}

// mul is a layer mul, or with a constant a layer gate.
func mul(im *importer, n *onnx.Node) (*value, error) {
	if len(n.Inputs) != 2 {
		return nil, errors.New("it needs two inputs")
	}
	a, b := n.Inputs[0], n.Inputs[1]
	if im.static(a) {
		a, b = b, a
	}
	x, err := im.value(a)
	if err != nil {
		return nil, err
	}
	if im.static(b) {
		c, err := im.constant(b)
		if err != nil {
			return nil, err
		}
		return im.gate(x, c)
	}
	y, err := im.value(b)
	if err != nil {
		return nil, err
	}
	return im.product(x, y)
}

// product multiplies two values: of one shape, or one with a single value for each unit.
func (im *importer) product(x, y *value) (*value, error) {
	large := x
	if x.shape.Positions() < y.shape.Positions() || len(x.shape) < len(y.shape) {
		large = y
	}
	for _, v := range []*value{x, y} {
		if v == large || v.shape.Equal(large.shape) && sameAxes(v.axes, large.axes) {
			continue
		}
		if v.shape[0] != large.shape[0] || v.shape.Positions() != 1 {
			return nil, errors.New("a product needs values of one shape, or one with a single value for each channel")
		}
		more := len(large.axes) - len(v.axes) // axes in front that v lacks
		for i, a := range large.axes {
			var own axis
			if i >= more {
				own = v.axes[i-more]
			}
			if len(own) > 0 && !slices.Equal(own, a) || len(own) == 0 && slices.ContainsFunc(a, func(t atom) bool { return t.of == 0 }) {
				return nil, errors.New("the values have different layouts")
			}
		}
	}
	out, err := im.layer(im.name("mul", nil), "mul", nil, nil, x, y)
	if err != nil {
		return nil, err
	}
	return out.with(large.axes), nil
}

// div is a quotient of a value by a constant.
func div(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.value(input(n, 0))
	if err != nil {
		return nil, err
	}
	c, err := im.constant(input(n, 1))
	if err != nil {
		return nil, err
	}
	return im.gate(v, c.mapped(func(x float64) float64 { return 1 / x }))
}

// rescaled is the layer rescale that pare writes at the end of networks that learn numbers: a
// factor and a shift that are no parameters.
func rescaled(im *importer, m match) (*value, error) {
	var t [2]*tensor
	for i, name := range []string{m.values["scale"], m.values["shift"]} {
		if im.constants[name] == nil {
			return nil, nil
		}
		t[i] = fromONNX(im.constants[name], im.room)
	}
	layer, ok := strings.CutSuffix(t[0].name, "/scale")
	if !ok || t[1].name != layer+"/shift" || im.static(m.values["x"]) {
		return nil, nil
	}
	v, err := im.value(m.values["x"])
	if err != nil || len(v.shape) != 1 || len(v.axes) != 2 || t[0].len() != v.shape[0] || t[1].len() != v.shape[0] {
		return nil, err
	}
	return im.layer(im.unique(layer), "rescale", options{"scale": t[0].floats, "shift": t[1].floats}, nil, v)
}

func init() { register(rescaled, "Add(Mul(x, scale), shift)") }
