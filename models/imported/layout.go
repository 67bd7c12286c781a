package imported

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pare/nn"
	"pare/nn/onnx"
)

// batch is the axis of an atom that counts the examples.
const batch = -1

// atom is a run along one axis of the value of a layer: size places, stride apart.
type atom struct {
	of           int // batch, or an axis of the layer's shape: 0 is the units
	size, stride int64
}

// axis is an axis of an ONNX value: all combinations of its atoms, of which the first changes
// slowest. An axis of length 1 has none.
type axis []atom

func (a axis) length() int64 {
	n := int64(1)
	for _, t := range a {
		n *= t.size
	}
	return n
}

// normal drops atoms of size 1 and joins those that continue each other.
func (a axis) normal() axis {
	var out axis
	for _, t := range a {
		if t.size == 1 {
			continue
		}
		if k := len(out) - 1; k >= 0 && out[k].of == t.of && out[k].stride == t.size*t.stride {
			out[k].size *= t.size
			out[k].stride = t.stride
			continue
		}
		out = append(out, t)
	}
	return out
}

// value is the output of a layer as the ONNX graph sees it. Reshapes and transpositions
// change the axes only.
type value struct {
	layer string   // its name in the network
	shape nn.Shape // of one example of the layer's output
	axes  []axis   // with the batch
	start int64    // unit of the first place: a slice has a part of the layer's units
	// Of files that name nodes by layers, the first nodes that reshaped the value and that took a part
	// of it: they name the layers that this may need.
	reshapedBy, slicedBy *onnx.Node
}

// whole is the atom of all of an axis of a shape.
func whole(shape nn.Shape, of int) axis { return axis{{of, int64(shape[of]), 1}}.normal() }

// channelsFirst are the axes [N, C, …] of a value of a shape.
func (im *importer) channelsFirst(shape nn.Shape) []axis {
	axes := []axis{im.batchAxis()}
	for i := range shape {
		axes = append(axes, whole(shape, i))
	}
	return axes
}

func (im *importer) batchAxis() axis { return axis{{batch, im.batch, 1}}.normal() }

func (v *value) dims() []int64 {
	out := make([]int64, len(v.axes))
	for i, a := range v.axes {
		out[i] = a.length()
	}
	return out
}

func sameAxes(a, b []axis) bool {
	return slices.EqualFunc(a, b, func(x, y axis) bool { return slices.Equal(x, y) })
}

// with returns the value with other axes.
func (v *value) with(axes []axis) *value {
	c := *v
	c.axes = axes
	return &c
}

// in returns the value of a layer that works unit by unit as the same part of the units as before,
// with other axes.
func (v *value) in(before *value, axes []axis) *value {
	c := v.with(axes)
	c.start, c.slicedBy = before.start, before.slicedBy
	return c
}

// reshaped divides the atoms of all axes anew.
func (v *value) reshaped(dims []int64) (*value, error) {
	var atoms axis
	for _, a := range v.axes {
		atoms = append(atoms, a...)
	}
	axes := make([]axis, len(dims))
	for i, need := range dims {
		for need > 1 {
			if len(atoms) == 0 {
				return nil, fmt.Errorf("shape %v has more values than %v", dims, v.dims())
			}
			switch a := atoms[0]; {
			case need%a.size == 0:
				axes[i], atoms = append(axes[i], a), atoms[1:]
				need /= a.size
			case a.size%need == 0:
				inner := a.size / need
				axes[i] = append(axes[i], atom{a.of, need, inner * a.stride})
				atoms = slices.Concat(axis{{a.of, inner, a.stride}}, atoms[1:])
				need = 1
			default:
				return nil, fmt.Errorf("a reshape from %v to %v is not supported", v.dims(), dims)
			}
		}
		if need < 1 {
			return nil, fmt.Errorf("a reshape to %v is not supported", dims)
		}
		axes[i] = axes[i].normal()
	}
	if len(axis(atoms).normal()) > 0 {
		return nil, fmt.Errorf("shape %v has fewer values than %v", dims, v.dims())
	}
	return v.with(axes), nil
}

// changedBy notes a node that changes the layout.
func (v *value) changedBy(n *onnx.Node) *value {
	if !ofLayer(n) || ofNode(n) == "" {
		return v
	}
	c := *v
	by := &c.slicedBy
	if n.Op == "Reshape" || n.Op == "Flatten" {
		by = &c.reshapedBy
	}
	*by = cmp.Or(*by, n)
	return &c
}

func (v *value) transposed(perm []int) *value {
	axes := make([]axis, len(perm))
	for i, a := range perm {
		axes[i] = v.axes[a]
	}
	return v.with(axes)
}

// isWhole reports whether an axis is all of axis of of the layer, in order.
func (v *value) isWhole(i, of int) bool { return slices.Equal(v.axes[i], whole(v.shape, of)) }

// isPixels reports whether axis i is all pixels of an image, in their order.
func (v *value) isPixels(i int) bool {
	return len(v.shape) == 3 && v.shape.Positions() > 1 &&
		slices.Equal(v.axes[i], append(whole(v.shape, 1), whole(v.shape, 2)...))
}

// unitAxis is the axis of the ONNX value that holds all units in order and nothing else; −1:
// none.
func (v *value) unitAxis() int {
	for i := range v.axes {
		if len(v.axes[i]) > 0 && v.isWhole(i, 0) {
			return i
		}
	}
	return -1
}

// atoms are the atoms of an axis of the layer, the outermost first.
func (v *value) atoms(of int) (out axis) {
	for _, a := range v.axes {
		for _, t := range a {
			if t.of == of {
				out = append(out, t)
			}
		}
	}
	return out
}

// units lists the units of the value in the order of the atoms.
func (v *value) units() []int {
	atoms := v.atoms(0)
	out := make([]int, atoms.length())
	for k := range out {
		out[k] = int(v.start + place(atoms, 0, int64(k)))
	}
	return out
}

// partial reports whether the value lacks units of its layer.
func (v *value) partial() bool { return v.atoms(0).length() != int64(v.shape[0]) }

// complete returns a partial value as the value of a layer select with its units, ascending.
func (im *importer) complete(v *value) (*value, error) {
	if !v.partial() {
		return v, nil
	}
	if v.shape[0] > maxUnits {
		return nil, fmt.Errorf("a slice of %d channels is not supported", v.shape[0])
	}
	units := slices.Sorted(slices.Values(v.units()))
	key := fmt.Sprint(v.layer, units)
	if im.selected[key] == "" {
		s, err := im.layer(im.nameFor("select", v), "select", options{"index": units}, nil,
			&value{layer: v.layer, shape: v.shape, axes: im.channelsFirst(v.shape)})
		if err != nil {
			return nil, err
		}
		im.selected[key] = s.layer
	}
	sorted := v.atoms(0)
	slices.SortFunc(sorted, func(a, b atom) int { return int(b.stride - a.stride) })
	strides, step := map[int64]int64{}, int64(1)
	for _, a := range slices.Backward(sorted) {
		strides[a.stride] = step
		step *= a.size
	}
	out := &value{layer: im.selected[key], shape: v.shape.WithUnits(len(units)), axes: moved(v.axes, func(a atom) atom {
		if a.of == 0 {
			a.stride = strides[a.stride]
		}
		return a
	}), reshapedBy: v.reshapedBy}
	before := v.units()
	for k, u := range out.units() {
		if units[u] != before[k] {
			return nil, errors.New("the order of the channels of a slice is not supported")
		}
	}
	return out, nil
}

// ordered returns a value whose units at an axis are permuted as one in order, by a layer select.
func (im *importer) ordered(v *value, at int) (*value, error) {
	if at >= len(v.axes) || v.isWhole(at, 0) {
		return v, nil
	}
	order, ok := v.order(at)
	if !ok {
		return v, nil
	}
	s, err := im.layer(im.nameFor("select", v), "select", options{"index": order}, nil, v)
	if err != nil {
		return nil, err
	}
	return s.with(im.withAxis(v, s, at)), nil
}

// order lists, for every place along an axis made of units alone, the unit there. ok is false
// where the axis has other atoms or lacks units.
func (v *value) order(i int) (units []int, ok bool) {
	if v.axes[i].length() != int64(v.shape[0]) || v.shape[0] > maxUnits {
		return nil, false
	}
	for _, a := range v.axes[i] {
		if a.of != 0 {
			return nil, false
		}
	}
	units = make([]int, v.shape[0])
	for k := range units {
		units[k] = int(place(v.axes[i], 0, int64(k)))
	}
	return units, true
}

// place is the index along axis of of the layer at index k of an ONNX axis, as far as its
// atoms are of that axis.
func place(a axis, of int, k int64) int64 {
	at := int64(0)
	for i := len(a) - 1; i >= 0; i-- {
		if a[i].of == of {
			at += k % a[i].size * a[i].stride
		}
		k /= a[i].size
	}
	return at
}

func inOrder(units []int) bool {
	for k, u := range units {
		if k != u {
			return false
		}
	}
	return true
}

// String is the shape in messages, N for the batch.
func (v *value) String() string {
	parts := make([]string, len(v.axes))
	for i, a := range v.axes {
		n := a.length()
		parts[i] = fmt.Sprint(n)
		if len(a) > 0 && a[0].of == batch {
			parts[i] = "N"
			if n /= a[0].size; n > 1 {
				parts[i] = fmt.Sprintf("N·%d", n)
			}
		}
	}
	return strings.Join(parts, "×")
}

// flat returns the value as [N, units] of a vector: a layer flatten where it has positions.
// ok is false where the first axis is not the batch or another axis has atoms.
func (im *importer) flat(v *value) (*value, error) {
	if len(v.shape) == 1 {
		return v, nil
	}
	size := v.shape.Size()
	step := make([]int64, len(v.shape)) // of each axis in the flattened order
	n := int64(1)
	for i := len(v.shape) - 1; i >= 0; i-- {
		step[i] = n
		n *= int64(v.shape[i])
	}
	out, err := im.once("flatten", v)
	if err != nil {
		return nil, err
	}
	if !out.shape.Equal(nn.Shape{size}) {
		return nil, fmt.Errorf("flatten gives %s", out.shape)
	}
	out = out.in(v, moved(v.axes, func(a atom) atom { return atom{0, a.size, a.stride * step[a.of]} }))
	out.start = v.start * step[0]
	return out, nil
}

// once adds a layer that changes the layout of another layer's output, or finds it.
func (im *importer) once(kind string, v *value) (*value, error) {
	key := kind + " " + v.layer
	if out := im.layouts[key]; out != nil {
		return out, nil
	}
	out, err := im.layer(im.nameFor(kind, v), kind, nil, nil, v)
	im.layouts[key] = out
	return out, err
}

// moved maps every atom that is not of the batch.
func moved(axes []axis, to func(atom) atom) []axis {
	out := make([]axis, len(axes))
	for i, a := range axes {
		for _, t := range a {
			if t.of != batch {
				t = to(t)
			}
			out[i] = append(out[i], t)
		}
		out[i] = out[i].normal()
	}
	return out
}

// pixels returns an image whose pixels are one axis as a sequence.
func (im *importer) pixels(v *value) (*value, error) {
	if len(v.axes) == 3 && len(v.shape) == 3 && (v.shape.Positions() == 1 || slices.ContainsFunc([]int{0, 1, 2}, v.isPixels)) {
		return im.sequence(v)
	}
	return v, nil
}

// sequence returns an image as the sequence of its positions, row by row.
func (im *importer) sequence(v *value) (*value, error) {
	if len(v.shape) != 3 {
		return v, nil
	}
	out, err := im.once("tokens", v)
	if err != nil {
		return nil, err
	}
	width := int64(v.shape[2])
	return out.in(v, moved(v.axes, func(a atom) atom {
		switch a.of {
		case 1:
			return atom{1, a.size, a.stride * width}
		case 2:
			return atom{1, a.size, a.stride}
		}
		return a
	})), nil
}
