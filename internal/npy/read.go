package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// float is the type that elements are converted to.
type float interface{ float32 | float64 }

// element describes an accepted element type: its size in bytes and its
// conversion, with one rounding at most.
type element[T float] struct {
	size   int
	decode func(b []byte) T
}

// elementOf returns the element type with the given NumPy type string.
func elementOf[T float](descr string) (element[T], bool) {
	le := binary.LittleEndian
	switch descr {
	case "<f4":
		return element[T]{4, func(b []byte) T { return T(math.Float32frombits(le.Uint32(b))) }}, true
	case "<f8":
		return element[T]{8, func(b []byte) T { return T(math.Float64frombits(le.Uint64(b))) }}, true
	case "|u1":
		return element[T]{1, func(b []byte) T { return T(b[0]) }}, true
	case "<i4":
		return element[T]{4, func(b []byte) T { return T(int32(le.Uint32(b))) }}, true
	case "<i8":
		return element[T]{8, func(b []byte) T { return T(int64(le.Uint64(b))) }}, true
	}
	return element[T]{}, false
}

// Read reads one array and returns its shape and its elements in C order
// (last index fastest), whatever order the file has.
//
// The element types <f4, <f8, |u1, <i4 and <i8 are accepted and converted to
// float32: <f8, <i4 and <i8 are rounded to the nearest float32; a finite <f8 value
// too large for it is an error. The product of shape is len(data). A
// scalar has an empty, non-nil shape and one element; an array with a
// dimension of zero has no elements.
//
// Read consumes exactly one array, so several in a row can be read from the
// same reader; bytes after the array are left alone. An empty input, a
// truncated file (with the bytes expected and found; the error matches
// io.ErrUnexpectedEOF), an unknown format version, a malformed header and an
// unsupported element type are errors, as are more than 64 dimensions and a
// header over 1 MiB. Memory grows with the bytes really read, not with the size that
// the header claims.
func Read(r io.Reader) (shape []int, data []float32, err error) {
	return read[float32](r)
}

// Read64 is Read with float64 elements: all <f8 values fit, and only <i8 values beyond
// 2⁵³ are rounded.
func Read64(r io.Reader) (shape []int, data []float64, err error) {
	return read[float64](r)
}

func read[T float](r io.Reader) (shape []int, data []T, err error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, nil, fmt.Errorf("npy: %w", err)
	}
	el, ok := elementOf[T](h.descr)
	if !ok {
		return nil, nil, fmt.Errorf("npy: element type %q is not supported (<f4, <f8, |u1, <i4 and <i8 are)", h.descr)
	}
	n, err := elements(h.shape)
	if err != nil {
		return nil, nil, fmt.Errorf("npy: %w", err)
	}
	data, err = readElements(r, el, n)
	if err != nil {
		return nil, nil, fmt.Errorf("npy: shape %v, type %s: %w", h.shape, h.descr, err)
	}
	if h.fortran {
		data = toCOrder(h.shape, data)
	}
	return h.shape, data, nil
}

// readElements reads n elements a chunk at a time.
func readElements[T float](r io.Reader, el element[T], n int) ([]T, error) {
	data := make([]T, 0, min(n, chunkBytes))
	buf := make([]byte, min(chunkBytes, n*el.size))
	for len(data) < n {
		chunk := buf[:min(len(buf), (n-len(data))*el.size)]
		got, err := io.ReadFull(r, chunk)
		if err != nil {
			return nil, truncated("data", n*el.size, len(data)*el.size+got, err)
		}
		for i := 0; i < len(chunk); i += el.size {
			v := el.decode(chunk[i:])
			if el.size == 8 && math.IsInf(float64(v), 0) { // no <i8 value is
				if wide := math.Float64frombits(binary.LittleEndian.Uint64(chunk[i:])); !math.IsInf(wide, 0) {
					return nil, fmt.Errorf("element %d is %g, too large for float32", len(data), wide)
				}
			}
			data = append(data, v)
		}
	}
	return data, nil
}

// toCOrder returns the elements of data, stored first index fastest, with the
// last index fastest.
func toCOrder[T float](shape []int, data []T) []T {
	if len(shape) < 2 || len(data) == 0 {
		return data
	}
	stride := make([]int, len(shape))
	s := 1
	for i, d := range shape {
		stride[i] = s
		s *= d
	}
	out := make([]T, len(data))
	index := make([]int, len(shape))
	src := 0
	for i := range out {
		out[i] = data[src]
		for k := len(shape) - 1; k >= 0; k-- {
			index[k]++
			src += stride[k]
			if index[k] < shape[k] {
				break
			}
			src -= stride[k] * shape[k]
			index[k] = 0
		}
	}
	return out
}
