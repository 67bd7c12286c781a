package imported

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"pare/nn"
	"pare/nn/onnx"
)

// batchNorm is a layer batchnorm.
func batchNorm(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.value(input(n, 0))
	if err != nil {
		return nil, err
	}
	if v.unitAxis() != 1 && !sameAxes(v.axes, im.channelsFirst(v.shape)) {
		return nil, errors.New("it needs the channels at axis 1")
	}
	params, opts := map[string]*tensor{}, options{}
	var scale *tensor
	for i, name := range []string{"weight", "bias", "running_mean", "running_var"} {
		t, err := im.constant(input(n, 1+i))
		if err != nil {
			return nil, err
		}
		scale = cmp.Or(scale, t)
		params[name] = t
	}
	if eps := floatAttr(n, "epsilon", 1e-5); eps != 1e-5 {
		opts["eps"] = eps
	}
	if m := floatAttr(n, "momentum", 0.9); m != 0.9 && m >= 0 && m < 1 { // ONNX counts the share that stays
		opts["momentum"] = shortest(float32(1 - m))
	}
	out, err := im.layer(im.name("batchnorm", scale), "batchnorm", opts, params, v)
	if err != nil {
		return nil, err
	}
	return out.with(v.axes), nil
}

// identityNorm puts a BatchNorm that changes nothing behind a convolution: mean 0, variance
// 1 − eps, scale 1, shift 0.
func (im *importer) identityNorm(conv string, v *value) (*value, error) {
	const eps = 1e-5
	dims := []int64{int64(v.shape[0])}
	variance := &tensor{dims: dims, stored: dims, floats: slices.Repeat([]float32{1 - eps}, v.shape[0])}
	out, err := im.layer(im.unique(normName(conv)), "batchnorm", nil, map[string]*tensor{"running_var": variance}, v)
	if err != nil {
		return nil, err
	}
	return out.with(v.axes), nil
}

// normName is the name that PyTorch's models give the normalisation behind a convolution:
// layer1.0.bn1 behind layer1.0.conv1, features.1 behind features.0.
func normName(conv string) string {
	module, last, ok := cutLast(conv, ".")
	if !ok {
		module, last = "", conv
	} else {
		module += "."
	}
	if rest, ok := strings.CutPrefix(last, "conv"); ok {
		return module + "bn" + rest
	}
	if k, err := strconv.Atoi(last); err == nil {
		return module + strconv.Itoa(k+1)
	}
	return conv + "_bn"
}

// layerNorm is a layer layernorm; its axes are the units.
func layerNorm(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.value(input(n, 0))
	if err != nil {
		return nil, err
	}
	a, err := axisOf(intAttr(n, "axis", -1), len(v.axes))
	if err != nil {
		return nil, err
	}
	scale, err := im.constant(input(n, 1))
	if err != nil {
		return nil, err
	}
	bias, err := im.optional(n, 2)
	if err != nil {
		return nil, err
	}
	return im.layerNorm(v, axesFrom(a, len(v.axes)), "layernorm", scale, bias, floatAttr(n, "epsilon", 1e-5))
}

func axesFrom(from, rank int) (axes []int) {
	for i := from; i < rank; i++ {
		axes = append(axes, i)
	}
	return axes
}

// layerNorm adds a layer that normalises the units of every position; bias may be nil.
func (im *importer) layerNorm(v *value, axes []int, kind string, scale, bias *tensor, eps float64) (*value, error) {
	v, err := im.unitsAt(v, axes)
	if err != nil {
		return nil, err
	}
	params := map[string]*tensor{}
	if params["weight"], err = perUnit(v, scale); err != nil {
		return nil, err
	}
	if bias != nil {
		if params["bias"], err = perUnit(v, bias); err != nil {
			return nil, err
		}
	}
	var opts options
	if eps != 1e-5 {
		opts = options{"eps": eps}
	}
	out, err := im.layer(im.name(kind, scale), kind, opts, params, v)
	if err != nil {
		return nil, err
	}
	return out.with(v.axes), nil
}

// unitsAt checks that a normalisation over axes is one over all units of every position; over
// a whole example, it makes a vector of the example.
func (im *importer) unitsAt(v *value, axes []int) (*value, error) {
	covered, others := int64(1), false
	for _, a := range axes {
		covered *= v.axes[a].length()
		for _, t := range v.axes[a] {
			others = others || t.of != 0
		}
	}
	if !others && covered == int64(v.shape[0]) {
		return v, nil
	}
	if covered == int64(v.shape.Size()) && len(v.shape) > 1 {
		return im.flat(v)
	}
	return nil, errors.New("only normalisations over the channels of each position, or over a whole example, are supported")
}

// instanceNorm is a layer instancenorm.
func instanceNorm(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.image(input(n, 0))
	if err != nil {
		return nil, err
	}
	return im.groupNorm(v, n, "instancenorm", 0, input(n, 1), input(n, 2))
}

// groupNorm is a layer groupnorm. Before operator set 21 scale and shift had one value for each
// group.
func groupNorm(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.image(input(n, 0))
	if err != nil {
		return nil, err
	}
	scale, err := im.constant(input(n, 1))
	if err != nil {
		return nil, err
	}
	if len(scale.dims) != 1 || scale.dims[0] != int64(v.shape[0]) {
		return nil, fmt.Errorf("a scale of shape %v is not supported; it needs a value for each channel", scale.dims)
	}
	return im.groupNorm(v, n, "groupnorm", intAttr(n, "num_groups", 1), input(n, 1), input(n, 2))
}

func (im *importer) groupNorm(v *value, n *onnx.Node, kind string, groups int64, scale, shift string) (*value, error) {
	params := map[string]*tensor{}
	var weight *tensor
	for i, name := range []string{scale, shift} {
		t, err := im.constant(name)
		if err == nil && len(t.dims) == 1 { // beside [N, C, …]
			for range v.shape[1:] {
				dims, stored := append(slices.Clone(t.dims), 1), append(slices.Clone(t.stored), 1)
				t = &tensor{name: t.name, dims: dims, stored: stored, floats: t.floats, ints: t.ints}
			}
		}
		if err == nil {
			t, err = perUnit(v, t)
		}
		if err != nil {
			return nil, err
		}
		weight = cmp.Or(weight, t)
		params[[]string{"weight", "bias"}[i]] = t
	}
	opts := options{}
	if groups > 0 {
		opts["groups"] = groups
	}
	if eps := floatAttr(n, "epsilon", 1e-5); eps != 1e-5 {
		opts["eps"] = eps
	}
	out, err := im.layer(im.name(kind, weight), kind, opts, params, v)
	if err != nil {
		return nil, err
	}
	return out.with(v.axes), nil
}

// rmsNorm is a layer rmsnorm.
func rmsNorm(im *importer, n *onnx.Node) (*value, error) {
	v, err := im.value(input(n, 0))
	if err != nil {
		return nil, err
	}
	a, err := axisOf(intAttr(n, "axis", -1), len(v.axes))
	if err != nil {
		return nil, err
	}
	scale, err := im.constant(input(n, 1))
	if err != nil {
		return nil, err
	}
	return im.layerNorm(v, axesFrom(a, len(v.axes)), "rmsnorm", scale, nil, floatAttr(n, "epsilon", 1e-5))
}

// spelt is a normalisation over units that is spelt out; its constants may be missing.
func spelt(kind string) func(im *importer, m match) (*value, error) {
	return func(im *importer, m match) (*value, error) {
		for _, w := range []string{"w", "b"} {
			if name, ok := m.values[w]; ok && !im.static(name) {
				return nil, nil
			}
		}
		if im.static(m.values["x"]) || m.numbers["$eps"] < 0 {
			return nil, nil
		}
		v, err := im.value(m.values["x"])
		if err != nil {
			return nil, err
		}
		axes, keep, err := im.reduced(m.nodes["m"], len(v.axes))
		if err != nil || !keep {
			return nil, err
		}
		scale := &tensor{floats: []float32{1}}
		if name, ok := m.values["w"]; ok {
			if scale, err = im.constant(name); err != nil {
				return nil, err
			}
		}
		var bias *tensor
		if name, ok := m.values["b"]; ok {
			if bias, err = im.constant(name); err != nil {
				return nil, err
			}
		}
		return im.layerNorm(v, axes, kind, scale, bias, m.numbers["$eps"])
	}
}

func init() {
	for _, d := range []string{"Sub(x, ReduceMean@m(x))"} {
		for _, variance := range []string{"ReduceMean(Pow(" + d + ", 2))", "ReduceMean(Mul(" + d + ", " + d + "))"} {
			for _, q := range []string{"Div(" + d + ", Sqrt(Add(" + variance + ", $eps)))",
				"Mul(" + d + ", Reciprocal(Sqrt(Add(" + variance + ", $eps))))", "Mul(" + d + ", Div(1, Sqrt(Add(" + variance + ", $eps))))"} {
				register(spelt("layernorm"), "Add(Mul("+q+", w), b)")
				register(spelt("layernorm"), "Mul("+q+", w)")
				register(spelt("layernorm"), q)
			}
		}
	}
	for _, square := range []string{"ReduceMean@m(Pow(x, 2))", "ReduceMean@m(Mul(x, x))"} {
		for _, q := range []string{"Div(x, Sqrt(Add(" + square + ", $eps)))", "Mul(x, Reciprocal(Sqrt(Add(" + square + ", $eps))))",
			"Mul(x, Div(1, Sqrt(Add(" + square + ", $eps))))", "Mul(x, Pow(Add(" + square + ", $eps), -0.5))"} {
			register(spelt("rmsnorm"), "Mul("+q+", w)")
		}
	}
	const groups = "Reshape(InstanceNormalization@i(Reshape@r(x, shape), one, zero), back)"
	for _, q := range []string{"Gather@o(" + groups + ", outputs)", groups} {
		register(speltGroups, "Add(Mul("+q+", w), b)", "Add("+q+", b)", q)
	}
}

// speltGroups is a group normalisation as an instance normalisation of [N, groups, …]. In the form in
// which pare writes one that lost units, they are put back as zeros in front, and outputs are picked
// behind.
func speltGroups(im *importer, m match) (*value, error) {
	for _, w := range []string{"w", "b", "one", "zero"} {
		if name, ok := m.values[w]; ok && !im.static(name) {
			return nil, nil
		}
	}
	v, places, units, err := im.placement(m.values["x"])
	if err == nil && places == nil {
		if v, err = im.value(m.values["x"]); err == nil {
			v, err = im.unitsFirst(v)
		}
	}
	if err != nil {
		return nil, err
	}
	if units == 0 {
		units = v.shape[0]
	}
	dims, err := im.shapeFor(m.nodes["r"], im.dimsOf(v.shape.WithUnits(units)))
	if err != nil {
		return nil, err
	}
	one, okOne := im.number(m.values["one"])
	zero, okZero := im.number(m.values["zero"])
	if len(dims) != 3 || dims[0] != v.axes[0].length() || dims[1] < 1 || int64(units)%dims[1] != 0 ||
		!okOne || !okZero || one != 1 || zero != 0 || !sameAxes(v.axes, im.channelsFirst(v.shape)) {
		return nil, nil
	}
	opts := options{"groups": dims[1]}
	if places != nil {
		opts["places"] = places
	}
	outputs := make([]int, units)
	for i := range outputs {
		outputs[i] = i
	}
	if o := m.nodes["o"]; o != nil {
		picked, ok, err := im.places(o, nil)
		if err != nil || !ok || len(picked) == 0 || slices.Max(picked) >= units {
			return nil, err
		}
		outputs = picked
	}
	if len(outputs) != units || places != nil {
		opts["width"] = units / int(dims[1])
		if !slices.Equal(outputs, places) {
			opts["outputs"] = outputs
		}
	}
	beside := &value{shape: v.shape.WithUnits(len(outputs))}
	beside.axes = im.channelsFirst(beside.shape)
	params := map[string]*tensor{}
	var weight *tensor
	for name, word := range map[string]string{"weight": "w", "bias": "b"} {
		if from, ok := m.values[word]; ok {
			t, err := im.constant(from)
			if err == nil {
				t, err = perUnit(beside, t)
			}
			if err != nil {
				return nil, err
			}
			params[name] = t
			if word == "w" {
				weight = t
			}
		}
	}
	if eps := floatAttr(m.nodes["i"], "epsilon", 1e-5); math.Abs(eps-1e-5) > 1e-12 {
		opts["eps"] = eps
	}
	return im.layer(im.name("groupnorm", weight), "groupnorm", opts, params, v)
}

func (im *importer) dimsOf(shape nn.Shape) []int64 {
	return (&value{axes: im.channelsFirst(shape)}).dims()
}
