package imported

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"pare/nn/onnx"
)

// tensor is a constant of the graph. Along an axis with repeats all values are the same and
// stored once, so that a constant that is expanded to the batch takes no memory.
type tensor struct {
	name   string  // of the initializer that the values come from; "": several, or computed
	dims   []int64 // C order
	stored []int64 // for each axis: its length in the data, dims or 1
	floats []float32
	ints   []int64 // nil: the values are floats
	// room is the number of values that may still be computed, shared by all constants of a
	// file; nil for small constants of the importer's own.
	room *int64
}

// maxConstant bounds the values of a computed constant; the room for all constants of a file
// follows from the values in the file, see newRoom.
const maxConstant = 1 << 28

var errTooLarge = errors.New("the constants that are computed from the file's take too much memory")

// newRoom allows for a few copies of all values of a file, and for masks and the like.
func newRoom(g *graph) *int64 {
	room := int64(1 << 25)
	for _, t := range g.constants {
		room += 8 * int64(len(t.Floats)+len(t.Ints))
	}
	return &room
}

func fromONNX(t *onnx.Tensor, room *int64) *tensor {
	return &tensor{name: t.Name, dims: t.Dims, stored: t.Dims, floats: t.Floats, ints: t.Ints, room: room}
}

// vectorOf is a constant of whole numbers with one axis.
func vectorOf(values ...int64) *tensor {
	n := []int64{int64(len(values))}
	if values == nil {
		values = []int64{}
	}
	return &tensor{dims: n, stored: n, ints: values}
}

// like returns an empty tensor of the same type, with room for the values of stored.
func (t *tensor) like(dims, stored []int64) (*tensor, error) {
	n, err := count(stored)
	if err != nil {
		return nil, err
	}
	if t.room == nil && n > 1<<16 || t.room != nil && n > *t.room {
		return nil, errTooLarge
	}
	if t.room != nil {
		*t.room -= n
	}
	out := &tensor{name: t.name, dims: dims, stored: stored, room: t.room}
	if t.ints != nil {
		out.ints = make([]int64, n)
	} else {
		out.floats = make([]float32, n)
	}
	return out, nil
}

// set copies value i of another tensor of the same type to place j.
func (t *tensor) set(j int, from *tensor, i int) {
	if t.ints != nil {
		t.ints[j] = from.ints[i]
	} else {
		t.floats[j] = from.floats[i]
	}
}

// len is the number of stored values.
func (t *tensor) len() int { return len(t.floats) + len(t.ints) }

// at is a stored value as a number.
func (t *tensor) at(i int) float64 {
	if t.ints != nil {
		return float64(t.ints[i])
	}
	return float64(t.floats[i])
}

// count is the product of dims.
func count(dims []int64) (int64, error) {
	n := int64(1)
	for _, d := range dims {
		if d < 0 {
			return 0, fmt.Errorf("a dimension is %d", d)
		}
		if d > 0 && n > math.MaxInt64/d {
			return 0, errors.New("the shape has too many elements")
		}
		n *= d
	}
	return n, nil
}

// strides are the distances in the data along every axis, 0 where values repeat.
func (t *tensor) strides() []int64 {
	out := make([]int64, len(t.dims))
	step := int64(1)
	for i := len(t.dims) - 1; i >= 0; i-- {
		if t.stored[i] > 1 {
			out[i] = step
		}
		step *= t.stored[i]
	}
	return out
}

// view copies the values at offset + Σ index·strides for all indices of stored.
func (t *tensor) view(dims, stored, strides []int64, offset int64) (*tensor, error) {
	out, err := t.like(dims, stored)
	if err != nil {
		return nil, err
	}
	each(stored, func(j int, index []int64) {
		at := offset
		for a, i := range index {
			at += i * strides[a]
		}
		out.set(j, t, int(at))
	})
	return out, nil
}

// each calls f for every index of dims, in C order.
func each(dims []int64, f func(j int, index []int64)) {
	n, err := count(dims)
	if err != nil {
		return
	}
	index := make([]int64, len(dims))
	for j := range int(n) {
		f(j, index)
		for a := len(index) - 1; a >= 0; a-- {
			if index[a]++; index[a] < dims[a] {
				break
			}
			index[a] = 0
		}
	}
}

// whole returns the tensor with all repeated values stored.
func (t *tensor) whole() (*tensor, error) {
	if slices.Equal(t.dims, t.stored) {
		return t, nil
	}
	return t.view(t.dims, t.dims, t.strides(), 0)
}

// reshaped returns the same values with other dimensions of the same product.
func (t *tensor) reshaped(dims []int64) (*tensor, error) {
	if t.len() == 1 {
		ones := slices.Repeat([]int64{1}, len(dims))
		return &tensor{name: t.name, dims: dims, stored: ones, floats: t.floats, ints: t.ints, room: t.room}, nil
	}
	if len(dims) > 0 && len(t.dims) > 0 && t.stored[0] == 1 && t.dims[0] > 1 && dims[0] == t.dims[0] { // expanded to the batch
		rest := &tensor{name: t.name, dims: t.dims[1:], stored: t.stored[1:], floats: t.floats, ints: t.ints, room: t.room}
		out, err := rest.reshaped(dims[1:])
		if err != nil {
			return nil, err
		}
		out.dims, out.stored = dims, slices.Concat([]int64{1}, out.stored)
		return out, nil
	}
	w, err := t.whole()
	if err != nil {
		return nil, err
	}
	if n, err := count(dims); err != nil || n != int64(w.len()) {
		return nil, fmt.Errorf("%d values do not fit shape %v", w.len(), dims)
	}
	return &tensor{name: t.name, dims: dims, stored: dims, floats: w.floats, ints: w.ints, room: t.room}, nil
}

// transposed returns the tensor with its axes in that order.
func (t *tensor) transposed(perm []int) (*tensor, error) {
	dims, stored, strides := make([]int64, len(perm)), make([]int64, len(perm)), make([]int64, len(perm))
	from := t.strides()
	for i, a := range perm {
		dims[i], stored[i], strides[i] = t.dims[a], t.stored[a], from[a]
	}
	return t.view(dims, stored, strides, 0)
}

// expanded returns the tensor with dims, to which it is broadcast.
func (t *tensor) expanded(dims []int64) (*tensor, error) {
	dims, err := broadcast(t.dims, dims)
	if err != nil {
		return nil, err
	}
	stored := slices.Repeat([]int64{1}, len(dims))
	copy(stored[len(dims)-len(t.dims):], t.stored)
	return &tensor{name: t.name, dims: dims, stored: stored, floats: t.floats, ints: t.ints, room: t.room}, nil
}

// broadcast is the shape of the result of an operator on values of shapes a and b.
func broadcast(a, b []int64) ([]int64, error) {
	out := slices.Repeat([]int64{1}, max(len(a), len(b)))
	for _, dims := range [][]int64{a, b} {
		for i, d := range dims {
			at := &out[len(out)-len(dims)+i]
			if *at != 1 && d != 1 && *at != d {
				return nil, fmt.Errorf("shapes %v and %v do not fit each other", a, b)
			}
			if d != 1 {
				*at = d
			}
		}
	}
	return out, nil
}

// scalar is the value of a tensor in which all values are the same one.
func (t *tensor) scalar() (float64, bool) {
	if t.len() == 0 {
		return 0, false
	}
	v := t.at(0)
	for i := range t.len() {
		if t.at(i) != v {
			return 0, false
		}
	}
	return v, true
}

// values are all values as float32, in C order.
func (t *tensor) values() ([]float32, error) {
	w, err := t.whole()
	if err != nil || w.ints == nil {
		return w.floatsOrNil(), err
	}
	out := make([]float32, len(w.ints))
	for i, v := range w.ints {
		out[i] = float32(v)
	}
	return out, nil
}

func (t *tensor) floatsOrNil() []float32 {
	if t == nil {
		return nil
	}
	return t.floats
}

// mapped applies a function to every value of a tensor of floats.
func (t *tensor) mapped(f func(x float64) float64) *tensor {
	out := &tensor{name: t.name, dims: t.dims, stored: t.stored, floats: make([]float32, t.len()), room: t.room}
	for i := range out.floats {
		out.floats[i] = float32(f(t.at(i)))
	}
	return out
}
