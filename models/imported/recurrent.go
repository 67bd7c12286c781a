package imported

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pare/nn/onnx"
)

// torchGates are the gates of a layer in PyTorch's order, by ONNX's letters.
var torchGates = map[string]string{"lstm": "ifco", "gru": "rzh", "rnn": "h"}

// recurrent is a layer lstm, gru or rnn that starts from zero; a direction from the end to the
// beginning is one between two layers reverse. gates are ONNX's letters of its gates in ONNX's
// order.
func recurrent(kind, gates string) func(im *importer, n *onnx.Node) (*value, error) {
	return func(im *importer, n *onnx.Node) (*value, error) {
		v, err := im.value(input(n, 0))
		if err == nil {
			v, err = im.pixels(v)
		}
		if err != nil {
			return nil, err
		}
		if len(v.axes) != 3 || len(v.shape) != 2 || !slices.Equal(v.axes[0], whole(v.shape, 1)) || !v.allUnits(2) {
			return nil, errors.New("it needs a sequence T×N×D")
		}
		opts, err := im.recurrentOptions(n, kind)
		if err != nil {
			return nil, err
		}
		direction := stringAttr(n, "direction", "forward")
		backward := []bool{direction == "reverse"}
		if direction == "bidirectional" {
			backward = []bool{false, true}
		}
		var states, ends []*value
		end := len(n.Outputs) > 1 && n.Outputs[1] != "" && im.used(n.Outputs[1])
		for d, backward := range backward {
			params, err := im.recurrentParams(n, kind, gates, d, opts["hidden"].(int64), int64(v.shape[0]))
			if err != nil {
				return nil, err
			}
			out, last, err := im.direction(kind, opts, params, v, backward, end)
			if err != nil {
				return nil, err
			}
			states, ends = append(states, out), append(ends, last)
		}
		all, err := im.appended(states)
		if err != nil {
			return nil, err
		}
		hidden := opts["hidden"].(int64)
		directions, units := axis1(atom{0, int64(len(states)), hidden}), axis1(atom{0, hidden, 1})
		im.done[n.Outputs[0]] = result{value: all.with([]axis{v.axes[0], directions, v.axes[1], units})}
		if end {
			if all, err = im.appended(ends); err != nil {
				return nil, err
			}
			im.done[n.Outputs[1]] = result{value: all.with([]axis{directions, v.axes[1], units})}
		}
		return nil, nil
	}
}

// direction adds the layers of one direction: its states at all positions, and with end its last one.
func (im *importer) direction(kind string, opts options, params map[string]*tensor, v *value,
	backward, end bool) (states, last *value, err error) {
	reverse := func(v *value) (*value, error) { return im.layer(im.name("reverse", nil), "reverse", nil, nil, v) }
	if backward {
		if v, err = reverse(v); err != nil {
			return nil, nil, err
		}
	}
	if states, err = im.layer(im.name(kind, params["weight_ih"]), kind, opts, params, v); err != nil {
		return nil, nil, err
	}
	if end {
		if last, err = im.layer(im.name("last", nil), "last", nil, nil, states); err != nil {
			return nil, nil, err
		}
	}
	if backward {
		states, err = reverse(states)
	}
	return states, last, err
}

// appended appends the units of values; of one value it is the value.
func (im *importer) appended(in []*value) (*value, error) {
	if len(in) == 1 {
		return in[0], nil
	}
	return im.layer(im.name("concat", nil), "concat", nil, nil, in...)
}

// recurrentParams are the parameters of a direction in PyTorch's form.
func (im *importer) recurrentParams(n *onnx.Node, kind, gates string, direction int, hidden, in int64) (map[string]*tensor, error) {
	w, err := im.weight(input(n, 1), 3)
	if err != nil {
		return nil, err
	}
	u, err := im.weight(input(n, 2), 3)
	if err != nil {
		return nil, err
	}
	if gates == "" {
		gates = "h"
	}
	g := int64(len(gates))
	if int64(u.len()) < g*hidden*hidden {
		return nil, fmt.Errorf("a weight of shape %v does not fit %d hidden units", u.dims, hidden)
	}
	var order []int64
	for _, letter := range torchGates[kind] {
		at := int64(strings.IndexRune(gates, letter))
		for i := range hidden {
			order = append(order, at*hidden+i)
		}
	}
	bias, err := im.optional(n, 3)
	if err != nil {
		return nil, err
	}
	if bias == nil {
		bias = &tensor{dims: []int64{w.dims[0], 2 * g * hidden}, stored: []int64{1, 1}, floats: []float32{0}, room: im.room}
	}
	params := map[string]*tensor{}
	for name, part := range map[string]struct {
		t    *tensor
		from int64
		dims []int64
	}{
		"weight_ih": {w, 0, []int64{g * hidden, in}}, "weight_hh": {u, 0, []int64{g * hidden, hidden}},
		"bias_ih": {bias, 0, []int64{g * hidden}}, "bias_hh": {bias, g * hidden, []int64{g * hidden}},
	} {
		if params[name], err = rows(part.t, direction, part.from, part.dims, order); err != nil {
			return nil, err
		}
	}
	return params, nil
}

func (im *importer) used(name string) bool {
	return len(im.readers[name]) > 0 || name == im.output.Name
}

// recurrentOptions checks the attributes and the initial states.
func (im *importer) recurrentOptions(n *onnx.Node, kind string) (options, error) {
	hidden := intAttr(n, "hidden_size", 0)
	if hidden < 1 || hidden > maxUnits {
		return nil, fmt.Errorf("hidden_size is %d", hidden)
	}
	opts := options{"hidden": hidden}
	directions := 1
	switch d := stringAttr(n, "direction", "forward"); d {
	case "forward", "reverse":
	case "bidirectional":
		directions = 2
	default:
		return nil, fmt.Errorf("direction is %q; forward, reverse and bidirectional are supported", d)
	}
	if w, err := im.weight(input(n, 1), 3); err != nil || w.dims[0] != int64(directions) {
		return nil, cmp.Or(err, fmt.Errorf("a weight of shape %v does not fit %d directions", w.dims, directions))
	}
	if intAttr(n, "layout", 0) != 0 || intAttr(n, "input_forget", 0) != 0 || attr(n, "clip") != nil {
		return nil, errors.New("layout, input_forget and clip are not supported")
	}
	if kind == "gru" && intAttr(n, "linear_before_reset", 0) == 0 {
		return nil, errors.New("only a GRU with linear_before_reset, as PyTorch's, is supported")
	}
	if a := attr(n, "activations"); a != nil {
		list := a.Strings
		if half := len(list) / 2; directions == 2 && slices.Equal(list[:half], list[half:]) {
			list = list[:half]
		}
		names := strings.ToLower(strings.Join(list, ","))
		switch {
		case kind == "rnn" && names == "relu":
			opts["nonlinearity"] = "relu"
		case !slices.Contains([]string{"tanh", "sigmoid,tanh", "sigmoid,tanh,tanh"}, names):
			return nil, fmt.Errorf("activations %q are not supported", names)
		}
	}
	for i := 4; i < len(n.Inputs); i++ {
		if n.Inputs[i] == "" {
			continue
		}
		if i == 4 {
			return nil, errors.New("lengths of sequences are not supported")
		}
		if v, ok := im.initial(n.Inputs[i]); !ok || v != 0 {
			return nil, errors.New("only initial states of zero are supported")
		}
	}
	return opts, nil
}

// initial is the value of an initial state, which may be made from the shape of the input.
func (im *importer) initial(name string) (float64, bool) {
	t, err := im.constant(name)
	if err != nil {
		return 0, false
	}
	return t.scalar()
}

// rows picks the rows of order from a direction of a parameter, beginning at row from.
func rows(t *tensor, direction int, from int64, dims []int64, order []int64) (*tensor, error) {
	values, err := t.values()
	if err != nil {
		return nil, err
	}
	n, err := count(dims)
	if err != nil || dims[0] < 1 || int64(direction) >= t.dims[0] {
		return nil, fmt.Errorf("a parameter of shape %v does not fit %v", t.dims, dims)
	}
	width, size := n/dims[0], len(values)/int(t.dims[0])
	if int64(size) < (from+dims[0])*width || t.dims[len(t.dims)-1] != width && len(dims) > 1 {
		return nil, fmt.Errorf("a parameter of shape %v does not fit %v", t.dims, dims)
	}
	values = values[direction*size:][:size]
	out := &tensor{name: t.name, dims: dims, stored: dims, floats: make([]float32, n)}
	for i, r := range order {
		copy(out.floats[int64(i)*width:][:width], values[(from+r)*width:])
	}
	return out, nil
}
