package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Read reads a file of size bytes from r.
//
// The dtypes F32, F64, F16 and BF16 are accepted and converted to float32; F64
// is rounded to the nearest float32, and a finite value too large for it is an error.
// Any other dtype is an error. The tensors are in the order of their data.
// Shape is never nil: a scalar has an empty one. Metadata is nil if the file
// has none.
//
// The whole file is checked before data is read: the header must be a UTF-8
// JSON object of at most 16 MiB without duplicate keys, each tensor's offsets
// must match its shape and dtype, and together they must cover the data
// without overlaps or holes, from its first byte to the end of the file. A
// file that is shorter than its header says, or than size, is reported with
// the bytes expected and found; such errors match io.ErrUnexpectedEOF. Errors
// name the tensor or the offset in the header. Memory is proportional to
// size.
func Read(r io.ReaderAt, size int64) (*File, error) {
	f, err := read(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}

func read(r io.ReaderAt, size int64) (*File, error) {
	if size < 8 {
		return nil, fmt.Errorf("truncated file: expected at least 8 bytes, found %d: %w", size, io.ErrUnexpectedEOF)
	}
	var length [8]byte
	if err := readAt(r, length[:], 0); err != nil {
		return nil, fmt.Errorf("header length: %w", err)
	}
	n := le.Uint64(length[:])
	if n > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, at most %d are allowed", n, maxHeader)
	}
	start := 8 + int64(n)
	if start > size {
		return nil, fmt.Errorf("truncated header: expected a file of at least %d bytes, found %d: %w", start, size, io.ErrUnexpectedEOF)
	}
	text := make([]byte, n)
	if err := readAt(r, text, 8); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	entries, metadata, err := parseHeader(text)
	if err != nil {
		return nil, err
	}
	if err := checkLayout(entries, size-start); err != nil {
		return nil, err
	}
	f := &File{Metadata: metadata}
	buf := make([]byte, chunkBytes)
	for _, e := range entries {
		data, err := e.read(r, start, buf)
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote(e.name), err)
		}
		f.Tensors = append(f.Tensors, Tensor{Name: e.name, Shape: e.shape, Data: data})
	}
	return f, nil
}

// readAt fills b from offset off.
func readAt(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("truncated file: expected %d bytes at offset %d, found %d: %w", len(b), off, n, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("read %d bytes at offset %d: %w", len(b), off, err)
}

// checkLayout sorts the entries by position and checks that each fits its
// dtype and shape and that they cover size bytes exactly.
func checkLayout(entries []entry, size int64) error {
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	var pos int64
	for _, e := range entries {
		if err := e.check(pos, size); err != nil {
			return fmt.Errorf("tensor %s: %w", quote(e.name), err)
		}
		pos = e.end
	}
	if pos != size {
		return fmt.Errorf("%d bytes after the last tensor: expected a data section of %d bytes, found %d", size-pos, pos, size)
	}
	return nil
}

// check checks an entry that must start at pos in a data section of size
// bytes.
func (e entry) check(pos, size int64) error {
	dt, ok := dtypes[e.dtype]
	if !ok {
		return fmt.Errorf("dtype %s is not supported (F32, F64, F16 and BF16 are)", quote(e.dtype))
	}
	n, err := elements(e.shape)
	if err != nil {
		return err
	}
	switch want := int64(n) * int64(dt.size); {
	case e.end < e.begin:
		return fmt.Errorf("data offsets [%d, %d] are reversed", e.begin, e.end)
	case e.end-e.begin != want:
		return fmt.Errorf("data offsets [%d, %d] hold %d bytes, but %s of shape %s needs %d",
			e.begin, e.end, e.end-e.begin, e.dtype, brief(e.shape), want)
	case e.begin < pos:
		return fmt.Errorf("data offsets [%d, %d] overlap the tensor before, which ends at %d", e.begin, e.end, pos)
	case e.begin > pos:
		return fmt.Errorf("data offsets [%d, %d] leave a hole after offset %d", e.begin, e.end, pos)
	case e.end > size:
		return fmt.Errorf("truncated file: expected a data section of at least %d bytes, found %d: %w", e.end, size, io.ErrUnexpectedEOF)
	}
	return nil
}

// read reads the data of a checked entry through buf; start is the offset of
// the data section.
func (e entry) read(r io.ReaderAt, start int64, buf []byte) ([]float32, error) {
	dt := dtypes[e.dtype]
	data := make([]float32, 0, (e.end-e.begin)/int64(dt.size))
	for off := e.begin; off < e.end; {
		chunk := buf[:min(int64(len(buf)), e.end-off)]
		if err := readAt(r, chunk, start+off); err != nil {
			return nil, err
		}
		for i := 0; i < len(chunk); i += dt.size {
			v := dt.decode(chunk[i:])
			if dt.size == 8 && math.IsInf(float64(v), 0) {
				if wide := math.Float64frombits(le.Uint64(chunk[i:])); !math.IsInf(wide, 0) {
					return nil, fmt.Errorf("value %d is %g, too large for float32", len(data), wide)
				}
			}
			data = append(data, v)
		}
		off += int64(len(chunk))
	}
	return data, nil
}

// dtype is an element type that Read converts to float32.
type dtype struct {
	size   int
	decode func(b []byte) float32
}

var le = binary.LittleEndian

// dtypes are the element types by their names in safetensors.
var dtypes = map[string]dtype{
	"F32":  {4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }},
	"F64":  {8, func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }},
	"F16":  {2, func(b []byte) float32 { return half(le.Uint16(b)) }},
	"BF16": {2, func(b []byte) float32 { return math.Float32frombits(uint32(le.Uint16(b)) << 16) }},
}

// half converts an IEEE 754 binary16 value, which float32 holds exactly.
func half(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h) & 0x3ff
	switch exp {
	case 0: // zero or subnormal: frac * 2^-24
		v := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}
