package imported

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"pare/nn/onnx"
)

// gather picks places along an axis by an index of any shape.
func gather(_ *importer, n *onnx.Node, in []*tensor) (*tensor, error) {
	t := in[0]
	a, err := axisOf(intAttr(n, "axis", 0), len(t.dims))
	if err != nil {
		return nil, err
	}
	index, err := in[1].whole()
	if err != nil || index.ints == nil {
		return nil, errors.New("the index must be whole numbers")
	}
	dims := slices.Concat(t.dims[:a], index.dims, t.dims[a+1:])
	stored := slices.Concat(t.stored[:a], index.dims, t.stored[a+1:])
	strides := t.strides()
	out, err := t.like(dims, stored)
	if err != nil {
		return nil, err
	}
	at := make([]int64, len(index.ints))
	for k, i := range index.ints {
		j, err := axisOf(i, int(min(t.dims[a], math.MaxInt32)))
		if err != nil {
			return nil, fmt.Errorf("index %d is outside an axis of %d", i, t.dims[a])
		}
		at[k] = int64(j) * strides[a]
	}
	rank := len(index.dims)
	picks := (&tensor{dims: index.dims, stored: index.dims}).plainStrides()
	each(stored, func(j int, place []int64) {
		i, k := int64(0), int64(0)
		for x, v := range place {
			switch {
			case x < a:
				i += v * strides[x]
			case x < a+rank:
				k += v * picks[x-a]
			default:
				i += v * strides[x-rank+1]
			}
		}
		out.set(j, t, int(i+at[k]))
	})
	return out, nil
}

// plainStrides are the distances in C order.
func (t *tensor) plainStrides() []int64 {
	out := make([]int64, len(t.dims))
	step := int64(1)
	for i := len(t.dims) - 1; i >= 0; i-- {
		out[i] = step
		step *= t.dims[i]
	}
	return out
}

// cut is a slice along one axis.
type cut struct {
	axis              int
	start, step, size int64
}

// cuts reads the starts, ends, axes and steps of a Slice of a value with these dimensions.
func (im *importer) cuts(n *onnx.Node, dims []int64) ([]cut, error) {
	starts, ok, err := im.numbers(n, "starts", 1)
	ends, ok2, err2 := im.numbers(n, "ends", 2)
	axes, hasAxes, err3 := im.numbers(n, "axes", 3)
	steps, hasSteps, err4 := im.numbers(n, "steps", 4)
	for _, err := range []error{err, err2, err3, err4} {
		if err != nil {
			return nil, err
		}
	}
	if !hasAxes {
		for i := range starts {
			axes = append(axes, int64(i))
		}
	}
	if !hasSteps {
		steps = slices.Repeat([]int64{1}, len(starts))
	}
	if !ok || !ok2 || len(ends) != len(starts) || len(axes) != len(starts) || len(steps) != len(starts) {
		return nil, errors.New("starts, ends, axes and steps must have the same length")
	}
	places, err := axesOf(axes, len(dims))
	if err != nil {
		return nil, err
	}
	out := make([]cut, len(starts))
	for k, a := range places {
		n, step := dims[a], steps[k]
		if step == 0 || step == math.MinInt64 {
			return nil, fmt.Errorf("step %d", step)
		}
		wrap := func(i, low, high int64) int64 {
			if i < 0 {
				i += n
			}
			return min(max(i, low), high)
		}
		c := cut{axis: a, step: step}
		if step > 0 {
			c.start = wrap(starts[k], 0, n)
			c.size = (max(0, wrap(ends[k], 0, n)-c.start) + step - 1) / step
		} else {
			c.start = wrap(starts[k], 0, n-1)
			c.size = (max(0, c.start-wrap(ends[k], -1, n-1)) - step - 1) / -step
		}
		out[k] = c
	}
	return out, nil
}

func slice(im *importer, n *onnx.Node, in []*tensor) (*tensor, error) {
	t := in[0]
	cuts, err := im.cuts(n, t.dims)
	if err != nil {
		return nil, err
	}
	dims, stored, strides, offset := slices.Clone(t.dims), slices.Clone(t.stored), t.strides(), int64(0)
	for _, c := range cuts {
		offset += c.start * strides[c.axis]
		strides[c.axis] *= c.step
		dims[c.axis] = c.size
		if t.stored[c.axis] > 1 || c.size == 0 {
			stored[c.axis] = c.size
		}
	}
	return t.view(dims, stored, strides, offset)
}

func concatenated(_ *importer, n *onnx.Node, in []*tensor) (*tensor, error) {
	if in[0] == nil {
		return nil, errors.New("an input is missing")
	}
	a, err := axisOf(intAttr(n, "axis", 0), len(in[0].dims))
	if err != nil {
		return nil, err
	}
	return joined(a, in)
}

// joined appends tensors along an axis.
func joined(axis int, parts []*tensor) (*tensor, error) {
	dims := slices.Clone(parts[0].dims)
	dims[axis] = 0
	for _, p := range parts {
		if p == nil || len(p.dims) != len(dims) || (p.ints == nil) != (parts[0].ints == nil) {
			return nil, errors.New("the inputs have different types or numbers of axes")
		}
		for i, d := range p.dims {
			if i != axis && d != dims[i] {
				return nil, fmt.Errorf("shapes %v and %v do not fit each other", parts[0].dims, p.dims)
			}
		}
		dims[axis] += p.dims[axis]
		if dims[axis] > maxConstant {
			return nil, errTooLarge
		}
	}
	stored := slices.Clone(dims)
	for i := range stored {
		repeats := func(p *tensor) bool { return p.stored[i] == 1 }
		if i != axis && !slices.ContainsFunc(parts, func(p *tensor) bool { return !repeats(p) }) {
			stored[i] = 1
		}
	}
	out, err := parts[0].like(dims, stored)
	if err != nil {
		return nil, err
	}
	out.name = ""
	steps := (&tensor{dims: stored, stored: stored}).plainStrides()
	start := int64(0)
	for _, p := range parts {
		section, strides := slices.Clone(stored), p.strides()
		section[axis] = p.dims[axis]
		each(section, func(_ int, index []int64) {
			to, from := start*steps[axis], int64(0)
			for x, v := range index {
				to += v * steps[x]
				from += v * strides[x]
			}
			out.set(int(to), p, int(from))
		})
		start += p.dims[axis]
	}
	return out, nil
}

func splitNode(im *importer, n *onnx.Node, in []*tensor) ([]*tensor, error) {
	t := in[0]
	a, sizes, err := im.parts(n, t.dims)
	if err != nil {
		return nil, err
	}
	var out []*tensor
	start := int64(0)
	for _, size := range sizes {
		dims, stored := slices.Clone(t.dims), slices.Clone(t.stored)
		dims[a] = size
		if t.stored[a] > 1 || size == 0 {
			stored[a] = size
		}
		part, err := t.view(dims, stored, t.strides(), start*t.strides()[a])
		if err != nil {
			return nil, err
		}
		out = append(out, part)
		start += size
	}
	return out, nil
}

// parts are the axis and the sizes of a Split of a value with these dimensions.
func (im *importer) parts(n *onnx.Node, dims []int64) (axis int, sizes []int64, err error) {
	if axis, err = axisOf(intAttr(n, "axis", 0), len(dims)); err != nil {
		return 0, nil, err
	}
	sizes, ok, err := im.numbers(n, "split", 1)
	if err != nil {
		return 0, nil, err
	}
	outputs := int64(len(n.Outputs))
	if !ok {
		each := (dims[axis] + outputs - 1) / outputs
		for left := dims[axis]; left > 0 && each > 0; left -= each {
			sizes = append(sizes, min(each, left))
		}
	}
	total := int64(0)
	for _, s := range sizes {
		if s < 0 || s > dims[axis]-total {
			return 0, nil, fmt.Errorf("parts of %v of an axis of %d", sizes, dims[axis])
		}
		total += s
	}
	if total != dims[axis] || int64(len(sizes)) != outputs {
		return 0, nil, fmt.Errorf("%d parts of %v of an axis of %d", outputs, sizes, dims[axis])
	}
	return axis, sizes, nil
}

// shapeFor is the shape that Reshape, Flatten, Squeeze and Unsqueeze give a value.
func (im *importer) shapeFor(n *onnx.Node, dims []int64) ([]int64, error) {
	switch n.Op {
	case "Flatten":
		a := intAttr(n, "axis", 1)
		if a < 0 {
			a += int64(len(dims))
		}
		if a < 0 || a > int64(len(dims)) {
			return nil, fmt.Errorf("axis %d of a value with %d axes", a, len(dims))
		}
		outer, err := count(dims[:a])
		inner, err2 := count(dims[a:])
		return []int64{outer, inner}, cmp.Or(err, err2)
	case "Squeeze":
		return im.squeezed(n, dims)
	case "Unsqueeze":
		list, ok, err := im.numbers(n, "axes", 1)
		if err != nil || !ok {
			return nil, cmp.Or(err, errors.New("axes are missing"))
		}
		axes, err := axesOf(list, len(dims)+len(list))
		out, rest := make([]int64, len(dims)+len(list)), dims
		for i := range out {
			if out[i] = 1; !slices.Contains(axes, i) && len(rest) > 0 {
				out[i], rest = rest[0], rest[1:]
			}
		}
		return out, err
	}
	target, ok, err := im.numbers(n, "shape", 1)
	if err != nil || !ok {
		return nil, cmp.Or(err, errors.New("the shape is missing"))
	}
	out, free, known := slices.Clone(target), -1, int64(1)
	for i, d := range out {
		switch {
		case d == 0 && intAttr(n, "allowzero", 0) == 0:
			if i >= len(dims) {
				return nil, fmt.Errorf("shape %v has a 0 where the input has no axis", target)
			}
			out[i] = dims[i]
		case d == -1 && free < 0:
			free = i
			continue
		case d < 0:
			return nil, fmt.Errorf("shape %v is not valid", target)
		}
		if known, err = count([]int64{known, out[i]}); err != nil {
			return nil, err
		}
	}
	total, err := count(dims)
	if free >= 0 && err == nil {
		if known == 0 || total%known != 0 {
			return nil, fmt.Errorf("shape %v does not fit %v", target, dims)
		}
		out[free] = total / known
	}
	return out, err
}

func (im *importer) squeezed(n *onnx.Node, dims []int64) ([]int64, error) {
	list, ok, err := im.numbers(n, "axes", 1)
	if err != nil {
		return nil, err
	}
	axes, err := axesOf(list, len(dims))
	if err != nil {
		return nil, err
	}
	var out []int64
	for i, d := range dims {
		switch gone := slices.Contains(axes, i); {
		case gone && d != 1:
			return nil, fmt.Errorf("axis %d of length %d cannot be squeezed", i, d)
		case !gone && (ok || d != 1):
			out = append(out, d)
		}
	}
	return out, nil
}

func reshapeNode(im *importer, n *onnx.Node, in []*tensor) (*tensor, error) {
	dims, err := im.shapeFor(n, in[0].dims)
	if err != nil {
		return nil, err
	}
	return in[0].reshaped(dims)
}

// permutation is the order of axes of a Transpose.
func permutation(n *onnx.Node, rank int) ([]int, error) {
	if attr(n, "perm") == nil {
		out := make([]int, rank)
		for i := range out {
			out[i] = rank - 1 - i
		}
		return out, nil
	}
	perm, err := axesOf(intsAttr(n, "perm"), rank)
	if err == nil && len(perm) != rank {
		err = fmt.Errorf("a permutation of %d axes for %d", len(perm), rank)
	}
	return perm, err
}

func transposeNode(_ *importer, n *onnx.Node, in []*tensor) (*tensor, error) {
	perm, err := permutation(n, len(in[0].dims))
	if err != nil {
		return nil, err
	}
	return in[0].transposed(perm)
}

func reduce(f func(a, b float64) float64) func(im *importer, n *onnx.Node, in []*tensor) (*tensor, error) {
	return func(im *importer, n *onnx.Node, in []*tensor) (*tensor, error) {
		t, err := in[0].whole()
		if err != nil {
			return nil, err
		}
		axes, keep, err := im.reduced(n, len(t.dims))
		if err != nil {
			return nil, err
		}
		var dims []int64
		ones := slices.Clone(t.dims)
		for i, d := range t.dims {
			if gone := slices.Contains(axes, i); gone {
				ones[i] = 1
				d = 1
				if !keep {
					continue
				}
				dims = append(dims, d)
			} else {
				dims = append(dims, d)
			}
		}
		out, err := t.like(ones, ones)
		if err != nil {
			return nil, err
		}
		steps := out.strides()
		seen := make([]bool, out.len())
		each(t.dims, func(j int, index []int64) {
			k := int64(0)
			for x, v := range index {
				k += v * steps[x]
			}
			v := t.at(j)
			if seen[k] {
				v = f(out.at(int(k)), v)
			}
			seen[k] = true
			if out.ints != nil {
				out.ints[k] = int64(v)
			} else {
				out.floats[k] = float32(v)
			}
		})
		return out.reshaped(dims)
	}
}

// reduced are the axes of a reduction, and whether they stay with length 1.
func (im *importer) reduced(n *onnx.Node, rank int) (axes []int, keep bool, err error) {
	list, ok, err := im.numbers(n, "axes", 1)
	if err != nil {
		return nil, false, err
	}
	if !ok || len(list) == 0 {
		if intAttr(n, "noop_with_empty_axes", 0) != 0 {
			return nil, true, nil
		}
		for i := range rank {
			list = append(list, int64(i))
		}
	}
	axes, err = axesOf(list, rank)
	return axes, intAttr(n, "keepdims", 1) != 0, err
}

// triluNode keeps the triangle above or below a diagonal of the last two axes.
func triluNode(_ *importer, n *onnx.Node, in []*tensor) (*tensor, error) {
	t, err := in[0].whole()
	if err != nil {
		return nil, err
	}
	rank := len(t.dims)
	if rank < 2 {
		return nil, errors.New("a matrix is needed")
	}
	k := int64(0)
	if len(in) > 1 && in[1] != nil && in[1].len() == 1 {
		k = int64(in[1].at(0))
	}
	out, err := t.like(t.dims, t.dims)
	if err != nil {
		return nil, err
	}
	upper := intAttr(n, "upper", 1) != 0
	each(t.dims, func(j int, index []int64) {
		i, c := index[rank-2], index[rank-1]
		if upper && c >= i+k || !upper && c <= i+k {
			out.set(j, t, j)
		}
	})
	return out, nil
}
