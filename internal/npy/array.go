package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"pare/internal/limit"
)

// Array is an array in a file of which rows are read as they are needed, so that a file of
// any size takes the memory of the rows read. Rows are the entries along the first axis. Its
// methods, but Hold, and ReadRows may be called by several goroutines at once.
type Array struct {
	// Shape is the length of each axis; a scalar has none.
	Shape []int
	// Dtype is the type of the elements in the file.
	Dtype Dtype

	r       io.ReaderAt
	offset  int64 // of the first element in r
	fortran bool  // the first index is fastest
	width   int   // elements of a row
}

// New is an array of elements that follow each other in r from an offset on, with the last
// index fastest, or, with fortran, the first. size is the length of r: an array that goes
// beyond it is refused, before any memory is taken for it.
func New(r io.ReaderAt, offset, size int64, t Dtype, shape []int, fortran bool) (*Array, error) {
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	n, err := elements(shape)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	if need, have := int64(n)*int64(t.Size), size-offset; offset < 0 || have < need {
		return nil, fmt.Errorf("npy: shape %v, type %s: truncated data: expected %d bytes, found %d: %w",
			shape, t, need, max(have, 0), io.ErrUnexpectedEOF)
	}
	a := &Array{Shape: slices.Clone(shape), Dtype: t, r: r, offset: offset, fortran: fortran && len(shape) > 1, width: 1}
	for _, d := range shape[min(1, len(shape)):] {
		a.width *= d
	}
	return a, nil
}

// Open reads the header of a .npy file of size bytes. Arrays of booleans, integers of 1 to 8
// bytes and floating point numbers of 2 to 8 bytes, in either byte order and either order of
// indices, are read; others, a truncated file, and bytes behind the array are errors.
func Open(r io.ReaderAt, size int64) (*Array, error) {
	section := io.NewSectionReader(r, 0, size)
	h, err := readHeader(section)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	t, err := ParseDtype(h.descr)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	offset, err := section.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	a, err := New(r, offset, size, t, h.shape, h.fortran)
	if err != nil {
		return nil, err
	}
	if rest := size - offset - a.bytes(); rest > 0 {
		return nil, fmt.Errorf("npy: shape %v, type %s: %d bytes follow the array, where the file should end", h.shape, t, rest)
	}
	return a, nil
}

// Values is the array of values in memory, the last index fastest, for formats that have
// readers of their own. The values are copied.
func Values(shape []int, data []float32) (*Array, error) {
	if n, err := elements(shape); err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	} else if n != len(data) {
		return nil, fmt.Errorf("npy: shape %v needs %d elements, found %d", shape, n, len(data))
	}
	raw := make([]byte, 0, 4*len(data))
	for _, v := range data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return New(bytes.NewReader(raw), 0, int64(len(raw)), Dtype{Kind: 'f', Size: 4}, shape, false)
}

// Len is the number of rows; a scalar has one.
func (a *Array) Len() int {
	if len(a.Shape) == 0 {
		return 1
	}
	return a.Shape[0]
}

// Width is the number of elements of a row.
func (a *Array) Width() int { return a.width }

// bytes is the size of the elements in the file.
func (a *Array) bytes() int64 { return int64(a.Len()) * int64(a.width) * int64(a.Dtype.Size) }

// Reversed is the array with its axes in the opposite order. It shares the elements, which
// are stored in the other order of indices.
func (a *Array) Reversed() *Array {
	out := *a
	out.Shape = slices.Clone(a.Shape)
	slices.Reverse(out.Shape)
	if len(out.Shape) > 1 {
		out.fortran = !a.fortran
		out.width = 1
		for _, d := range out.Shape[1:] {
			out.width *= d
		}
	}
	return &out
}

// Hold reads the whole array into memory, in its type of elements, where it is not there
// yet. From then on nothing is read from the file. It is of use for arrays with the first
// index fastest, whose rows are scattered over the file.
func (a *Array) Hold() error {
	if _, held := a.r.(*bytes.Reader); held && !a.fortran {
		return nil
	}
	if err := limit.Check(fmt.Sprintf("an array of shape %v", a.Shape), int64(a.Len())*int64(a.width), int64(a.Dtype.Size)); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	raw := make([]byte, a.bytes()) // New has compared it with the size of the file
	if err := a.readAt(raw, 0); err != nil {
		return err
	}
	if a.fortran {
		raw = cOrder(raw, a.Shape, a.Dtype.Size)
	}
	a.r, a.offset, a.fortran = bytes.NewReader(raw), 0, false
	return nil
}

// cOrder returns the elements, stored first index fastest, with the last index fastest.
func cOrder(raw []byte, shape []int, size int) []byte {
	out := make([]byte, len(raw))
	if len(raw) == 0 {
		return out
	}
	walkFortran(shape, len(raw)/size, func(to, from int) {
		copy(out[to*size:(to+1)*size], raw[from*size:])
	})
	return out
}

// walkFortran calls visit for the n first elements in C order with their places in an array
// of the shape that is stored first index fastest.
func walkFortran(shape []int, n int, visit func(c, fortran int)) {
	stride := make([]int, len(shape))
	s := 1
	for i, d := range shape {
		stride[i] = s
		s *= d
	}
	index := make([]int, len(shape))
	at := 0
	for i := range n {
		visit(i, at)
		for k := len(shape) - 1; k >= 0; k-- {
			index[k]++
			at += stride[k]
			if index[k] < shape[k] {
				break
			}
			at -= stride[k] * shape[k]
			index[k] = 0
		}
	}
}

// readAt fills raw with the bytes of the elements from an offset on.
func (a *Array) readAt(raw []byte, offset int64) error {
	n, err := a.r.ReadAt(raw, a.offset+offset)
	if n == len(raw) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("npy: shape %v, type %s: truncated data: expected %d bytes at offset %d, found %d: %w",
			a.Shape, a.Dtype, len(raw), a.offset+offset, n, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("npy: shape %v, type %s: read %d bytes at offset %d: %w", a.Shape, a.Dtype, len(raw), a.offset+offset, err)
}

// ReadRows writes the rows idx, counted from 0, to dst one after the other, the last index
// fastest; a larger dst is filled from its beginning. Integers keep their values, booleans
// are 0 and 1, floating point numbers are rounded to T. An element that T cannot
// hold, such as 2⁵³+1 in a float64, 1e300 in a float32 or 0.5 in an int64, is an error with
// its index.
func ReadRows[T Number](a *Array, dst []T, idx []int) error {
	if len(dst) < len(idx)*a.width {
		return fmt.Errorf("npy: %d rows of %d elements do not fit into %d", len(idx), a.width, len(dst))
	}
	if a.width == 0 {
		idx = nil
	}
	size := a.Dtype.Size
	var raw []byte
	for k := 0; k < len(idx); {
		row := idx[k]
		// Rows that follow each other are read at once, up to a chunk.
		run := 1
		for !a.fortran && k+run < len(idx) && idx[k+run] == row+run && (run+1)*a.width*size <= chunkBytes {
			run++
		}
		if row < 0 || row+run > a.Len() {
			return fmt.Errorf("npy: row %d is not among the %d rows of the array", max(row, min(row+run-1, a.Len())), a.Len())
		}
		if need := run * a.width * size; cap(raw) < need {
			raw = make([]byte, need)
		} else {
			raw = raw[:need]
		}
		if err := a.readRows(raw, row); err != nil {
			return err
		}
		part := dst[k*a.width:][:run*a.width]
		if bad, text := Convert(part, raw, a.Dtype); bad >= 0 {
			return fmt.Errorf("npy: element %v is %s, which %T cannot hold", a.index(row*a.width+bad), text, part[0])
		}
		k += run
	}
	return nil
}

// ReadAll is ReadRows for all rows of the array.
func ReadAll[T Number](a *Array, dst []T) error {
	if len(dst) < a.Len()*a.width {
		return fmt.Errorf("npy: %d rows of %d elements do not fit into %d", a.Len(), a.width, len(dst))
	}
	rows := make([]int, min(a.Len(), chunkBytes/8))
	for from := 0; from < a.Len(); from += len(rows) {
		rows = rows[:min(len(rows), a.Len()-from)]
		for i := range rows {
			rows[i] = from + i
		}
		if err := ReadRows(a, dst[from*a.width:], rows); err != nil {
			return err
		}
	}
	return nil
}

// readRows fills raw with the bytes of whole rows in C order. In an array with the first
// index fastest it is one row, gathered element by element.
func (a *Array) readRows(raw []byte, row int) error {
	size := a.Dtype.Size
	if !a.fortran {
		return a.readAt(raw, int64(row)*int64(a.width)*int64(size))
	}
	var err error
	walkFortran(a.Shape[1:], a.width, func(to, from int) {
		if err == nil {
			err = a.readAt(raw[to*size:(to+1)*size], int64(size)*(int64(row)+int64(a.Shape[0])*int64(from)))
		}
	})
	return err
}

// index is the index of the element at a place in C order.
func (a *Array) index(place int) []int {
	out := make([]int, len(a.Shape))
	for k := len(out) - 1; k >= 0; k-- {
		out[k] = place % a.Shape[k]
		place /= a.Shape[k]
	}
	return out
}
