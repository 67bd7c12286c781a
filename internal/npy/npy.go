// Package npy reads and writes NumPy array files (.npy) as float32 arrays; Read64
// keeps float64.
//
// The format is described at
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html:
// the six bytes "\x93NUMPY", two version bytes, the header length (2 bytes in
// version 1.0, 4 bytes in 2.0 and 3.0, little endian), a Python dictionary
// literal with the keys descr, fortran_order and shape, then the elements.
//
// The package has its own small parser, because memory must stay proportional to the bytes
// present in the input, even if the header claims more.
package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

const (
	magic = "\x93NUMPY"

	// maxHeader bounds the header length accepted by Read, in bytes.
	maxHeader = 1 << 20

	// maxRank is the largest number of dimensions NumPy supports.
	maxRank = 64

	// chunkBytes is the unit of reading and writing elements; it is a
	// multiple of every element size.
	chunkBytes = 1 << 16
)

// Write writes data, in C order, as a version 1.0 .npy file of type <f4.
//
// The product of shape must equal len(data); an empty (or nil) shape is a
// scalar and needs exactly one element. A dimension of zero is allowed. An
// error is returned, and nothing written, if shape and data disagree, a
// dimension is negative, or there are more than 64 dimensions; errors of w are
// returned wrapped.
func Write(w io.Writer, shape []int, data []float32) error {
	n, err := elements(shape)
	if err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	if n != len(data) {
		return fmt.Errorf("npy: shape %v needs %d elements, found %d", shape, n, len(data))
	}
	if _, err := w.Write(encodeHeader(shape)); err != nil {
		return fmt.Errorf("npy: write header: %w", err)
	}
	buf := make([]byte, 0, min(chunkBytes, 4*len(data)))
	for start := 0; start < len(data); start += chunkBytes / 4 {
		buf = buf[:0]
		for _, v := range data[start:min(start+chunkBytes/4, len(data))] {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		if _, err := w.Write(buf); err != nil {
			return fmt.Errorf("npy: write element %d: %w", start, err)
		}
	}
	return nil
}

// encodeHeader returns everything before the elements; its length is a
// multiple of 64 bytes, as NumPy writes it.
func encodeHeader(shape []int) []byte {
	var s strings.Builder
	s.WriteString("{'descr': '<f4', 'fortran_order': False, 'shape': (")
	for i, d := range shape {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteString(strconv.Itoa(d))
	}
	if len(shape) == 1 {
		s.WriteByte(',')
	}
	s.WriteString("), }")
	const prefix = len(magic) + 4
	for (prefix+s.Len()+1)%64 != 0 {
		s.WriteByte(' ')
	}
	s.WriteByte('\n')
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(s.Len())) // at most 64 dimensions: fits
	return append(b, s.String()...)
}

// elements returns the number of elements of an array of the given shape.
func elements(shape []int) (int, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("%d dimensions, at most %d are supported", len(shape), maxRank)
	}
	n := 1
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		}
		// The limit leaves room for 8 bytes an element.
		if d > 0 && n > math.MaxInt/8/d {
			return 0, fmt.Errorf("shape %v has too many elements", shape)
		}
		n *= d
	}
	return n, nil
}
