package npy

import (
	"fmt"
	"io"
	"slices"
)

// Read reads one array and returns its shape and its elements in C order
// (last index fastest), whatever order the file has.
//
// The element types of ParseDtype are converted to float32: integers and floating point
// numbers are rounded to the nearest float32; a finite number too large for it is an error. The product of shape is len(data). A
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

// Read64 is Read with float64 elements: all floating point numbers fit, and only integers
// beyond 2⁵³ are rounded.
func Read64(r io.Reader) (shape []int, data []float64, err error) {
	return read[float64](r)
}

func read[T float32 | float64](r io.Reader) (shape []int, data []T, err error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, nil, fmt.Errorf("npy: %w", err)
	}
	t, err := ParseDtype(h.descr)
	if err != nil {
		return nil, nil, fmt.Errorf("npy: %w", err)
	}
	n, err := elements(h.shape)
	if err != nil {
		return nil, nil, fmt.Errorf("npy: %w", err)
	}
	data, err = readElements[T](r, t, n)
	if err != nil {
		return nil, nil, fmt.Errorf("npy: shape %v, type %s: %w", h.shape, h.descr, err)
	}
	if h.fortran && len(h.shape) > 1 {
		stored := data
		data = make([]T, n)
		walkFortran(h.shape, n, func(to, from int) { data[to] = stored[from] })
	}
	return h.shape, data, nil
}

// readElements reads n elements a chunk at a time.
func readElements[T float32 | float64](r io.Reader, t Dtype, n int) ([]T, error) {
	data := make([]T, 0, min(n, chunkBytes))
	buf := make([]byte, min(chunkBytes, n*t.Size))
	for len(data) < n {
		chunk := buf[:min(len(buf), (n-len(data))*t.Size)]
		got, err := io.ReadFull(r, chunk)
		if err != nil {
			return nil, truncated("data", n*t.Size, len(data)*t.Size+got, err)
		}
		from, more := len(data), len(chunk)/t.Size
		data = slices.Grow(data, more)[:from+more]
		if bad, text := convert(data[from:], chunk, t, true); bad >= 0 {
			return nil, fmt.Errorf("element %d is %s, too large for %T", from+bad, text, data[0])
		}
	}
	return data, nil
}
