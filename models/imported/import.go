package imported

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"pare/nn"
	"pare/nn/onnx"
)

// anyBatch is the number that stands for the batch in shapes where the file leaves it open. It
// is a prime above all dimensions, so the batch is found again in products.
const anyBatch = 1<<31 - 1

// result is a translated value of the graph: a constant, or the value of a layer.
type result struct {
	constant *tensor
	value    *value
}

// importer translates a graph. Values are translated on demand, from the output: a pattern
// that matches at a node asks for its own inputs only, so the nodes within it need no
// translation.
type importer struct {
	*graph
	net     *nn.Network
	batch   int64
	done    map[string]result
	current *onnx.Node // being translated, for names of layers
	names   map[string]bool
	// selected are the layers that pick units, by the layer that they read and the units.
	selected map[string]string
	made     map[string]made   // the first layer that reads a constant, by the constant's name
	tables   []made            // the layers with a table that a linear layer may share
	layouts  map[string]*value // layers flatten and tokens, by kind and the layer that they read
	unfold   bool
	room     *int64 // see tensor
}

// nodeError is an error with the node that it is about; errors of the nodes that read it do not
// add theirs.
type nodeError struct {
	node *onnx.Node
	err  error
}

func (e *nodeError) Error() string { return fmt.Sprintf("node %s: %v", describe(e.node), e.err) }
func (e *nodeError) Unwrap() error { return e.err }

// get translates a value of the graph.
func (im *importer) get(name string) (result, error) {
	if r, ok := im.done[name]; ok {
		return r, nil
	}
	if t := im.constants[name]; t != nil {
		r := result{constant: fromONNX(t, im.room)}
		im.done[name] = r
		return r, nil
	}
	n := im.maker[name]
	if n == nil {
		return result{}, fmt.Errorf("value %q is not defined", name)
	}
	before := im.current
	im.current = n
	err := im.translate(n, name)
	im.current = before
	if err == nil {
		if r, ok := im.done[name]; ok {
			return r, nil
		}
		err = fmt.Errorf("its output %q is not supported", name)
	}
	var at *nodeError
	if !errors.As(err, &at) {
		err = &nodeError{n, im.withShapes(n, err)}
	}
	return result{}, err
}

// withShapes adds the shapes of the inputs that are known to an error.
func (im *importer) withShapes(n *onnx.Node, err error) error {
	var shapes []string
	for _, in := range n.Inputs {
		if r := im.done[in]; r.value != nil {
			shapes = append(shapes, r.value.String())
		} else if r.constant != nil {
			shapes = append(shapes, cmp.Or(im.dimensions(r.constant.dims), "scalar"))
		}
	}
	if len(shapes) == 0 {
		return err
	}
	return fmt.Errorf("%w (inputs %s)", err, strings.Join(shapes, ", "))
}

// dimensions is a shape in messages, N for an open batch.
func (im *importer) dimensions(dims []int64) string {
	parts := make([]string, len(dims))
	for i, d := range dims {
		if parts[i] = fmt.Sprint(d); d == anyBatch && im.batch == anyBatch {
			parts[i] = "N"
		}
	}
	return strings.Join(parts, "×")
}

// translate puts the outputs of a node into done: by the first of these that applies, constants
// are computed, a pattern matches at the output called name, or the operator is translated by
// itself.
func (im *importer) translate(n *onnx.Node, name string) error {
	if im.static(name) {
		return im.compute(n)
	}
	for _, p := range patterns[n.Op] {
		v, err := p.apply(im, name)
		if err != nil {
			return err
		}
		if v != nil {
			im.done[name] = result{value: v}
			return nil
		}
	}
	translate, ok := operators[n.Op]
	if n.Domain != "" || !ok {
		for _, in := range n.Inputs { // for their shapes
			if _, err := im.get(in); in != "" && err != nil {
				return err
			}
		}
		return unsupported(n)
	}
	v, err := translate(im, n)
	if err == nil && v != nil {
		im.done[n.Outputs[0]] = result{value: v}
	}
	return err
}

// unsupported is the error of an operator that cannot be read, with a remedy where there is one.
func unsupported(n *onnx.Node) error {
	g := graphAttr(n)
	switch {
	case g != "":
		return fmt.Errorf("operators with graphs of their own (%q) are not supported; export the model without control flow", g)
	case strings.HasPrefix(n.Domain, "com.microsoft") || n.Op == "SimplifiedLayerNormalization":
		return errors.New("the operator is ONNX Runtime's own and not supported; " +
			"take the file before its optimisation, or optimise at its basic level")
	case strings.HasSuffix(strings.ToLower(n.Op), "quantizelinear"), strings.HasPrefix(n.Op, "QLinear"), strings.HasSuffix(n.Op, "Integer"):
		return errors.New("quantised networks are not supported; take the file before quantisation")
	}
	return errors.New("the operator is not supported; docs/onnx.md lists the supported ones")
}

func graphAttr(n *onnx.Node) string {
	for _, a := range n.Attrs {
		if a.Kind == onnx.KindGraph {
			return a.Name
		}
	}
	return ""
}

// value translates an input of a node that depends on the examples, as the whole output of a
// layer.
func (im *importer) value(name string) (*value, error) {
	v, err := im.view(name)
	if err != nil {
		return nil, err
	}
	return im.complete(v)
}

// view is value for operators that change the layout only: the value may be part of the output
// of a layer.
func (im *importer) view(name string) (*value, error) {
	if name == "" {
		return nil, errors.New("an input is missing")
	}
	r, err := im.get(name)
	if err == nil && r.value == nil {
		return im.filled(r.constant)
	}
	return r.value, err
}

// filled is a layer constant: a constant that is expanded to the batch.
func (im *importer) filled(t *tensor) (*value, error) {
	size, err := count(t.dims)
	rank := len(t.dims)
	if err != nil || rank < 2 || rank > 4 || t.dims[0] != im.batch || t.stored[0] != 1 || size/t.dims[0] > maxUnits || size == 0 {
		return nil, errors.New("an input is a constant; only values that depend on the network's input are supported there")
	}
	shape := make(nn.Shape, rank-1)
	for i := range shape {
		shape[i] = int(t.dims[1+i])
	}
	axes := im.channelsFirst(shape)
	if shape.Positions() == 1 {
		shape = shape[:1]
	}
	v := &value{layer: nn.InputName, shape: shape, axes: axes}
	bias, err := perUnit(v, t)
	if err != nil {
		return nil, err
	}
	input := im.done[im.input.Name].value
	out, err := im.layer(im.name("constant", bias), "constant", options{"shape": shape}, map[string]*tensor{"bias": bias}, input)
	if err != nil {
		return nil, err
	}
	return out.with(axes), nil
}

// constant computes an input of a node that does not depend on the examples.
func (im *importer) constant(name string) (*tensor, error) {
	if name == "" {
		return nil, errors.New("an input is missing")
	}
	if !im.static(name) {
		return nil, fmt.Errorf("input %q depends on the network's input; only constants are supported there", name)
	}
	r, err := im.get(name)
	return r.constant, err
}

// optional is constant for an input that may be left out.
func (im *importer) optional(n *onnx.Node, i int) (*tensor, error) {
	if input(n, i) == "" {
		return nil, nil
	}
	return im.constant(input(n, i))
}

// numbers is a list of whole numbers that is an attribute in old operator sets and an input
// since; ok is false where it is left out.
func (im *importer) numbers(n *onnx.Node, name string, i int) (list []int64, ok bool, err error) {
	if a := attr(n, name); a != nil {
		return a.Ints, true, nil
	}
	t, err := im.optional(n, i)
	if err != nil || t == nil {
		return nil, false, err
	}
	w, err := t.whole()
	if err == nil && w.ints == nil {
		err = fmt.Errorf("input %q must hold whole numbers", input(n, i))
	}
	if err != nil {
		return nil, false, err
	}
	return w.ints, true, nil
}

// options are the hyper-parameters of a layer by their keys in architecture files.
type options map[string]any

// unitwise are the kinds of layers that may read a value of which the graph takes a part of the units:
// the part of their outputs follows.
var unitwise = []string{"tokens", "flatten", "reverse", "first", "last"}

// layer adds a layer and returns its value, channels first. Parameters are constants in
// PyTorch's axis order; parameters of the layer that are not given keep the values that a new layer
// has.
func (im *importer) layer(name, kind string, opts options, params map[string]*tensor, in ...*value) (*value, error) {
	var args json.RawMessage
	if len(opts) > 0 {
		var err error
		if args, err = json.Marshal(opts); err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
	}
	l, err := nn.NewLayer(kind, args)
	if err != nil {
		return nil, err
	}
	inputs := make([]string, len(in))
	for i, v := range in {
		if v.partial() && !slices.Contains(unitwise, kind) {
			return nil, fmt.Errorf("%s of a part of the channels of layer %s is not supported", kind, v.layer)
		}
		inputs[i] = v.layer
	}
	params = maps.Clone(params)
	layer := made{name, kind, string(args), params}
	if im.sharing(layer, inputs) {
		node, _ := im.net.Lookup(name)
		l = node.Layer
	} else if err := im.net.Add(name, l, inputs...); err != nil {
		return nil, err
	}
	im.note(layer)
	im.names[name] = true
	left := len(params)
	for _, p := range l.Params() {
		t := params[p.Name]
		if t == nil {
			continue
		}
		left--
		if t.ints != nil {
			return nil, fmt.Errorf("layer %s: parameter %s holds whole numbers in the file; it must hold floats", name, p.Name)
		}
		data, err := t.values()
		if err != nil {
			return nil, err
		}
		if len(data) != p.Size() {
			return nil, fmt.Errorf("layer %s: parameter %s has shape %v, the file has %v", name, p.Name, p.ExportShape(), t.dims)
		}
		if err := usable(p, data); err != nil {
			return nil, fmt.Errorf("layer %s: %w", name, err)
		}
		read := func(dst []float32, from int) error {
			copy(dst, data[from:])
			return nil
		}
		if err := p.ImportFrom(read); err != nil {
			return nil, fmt.Errorf("layer %s: %w", name, err)
		}
	}
	if left > 0 {
		return nil, fmt.Errorf("layer %s: %s lacks parameters that the file has", name, kind)
	}
	shape := im.net.Output().Shape
	return &value{layer: name, shape: shape, axes: im.channelsFirst(shape)}, nil
}

// usable refuses values that no network computes with.
func usable(p *nn.Param, values []float32) error {
	for i, v := range values {
		if v-v != 0 {
			return fmt.Errorf("value %d of parameter %s is %g, not a finite number", i, p.Name, v)
		}
		if v < 0 && p.Name == "running_var" {
			return fmt.Errorf("value %d of parameter %s is %g, a variance is not negative", i, p.Name, v)
		}
	}
	return nil
}

// pointwise adds a layer that works value by value, in any layout.
func (im *importer) pointwise(kind string, opts options, v *value) (*value, error) {
	out, err := im.layer(im.name(kind, nil), kind, opts, nil, v)
	if err != nil {
		return nil, err
	}
	return out.with(v.axes), nil
}

// shortest is the number with the fewest digits that rounds to a float32: 1e-05 rather than
// 9.999999747378752e-06.
func shortest(v float32) float64 {
	f, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	if err != nil {
		return float64(v)
	}
	return f
}
