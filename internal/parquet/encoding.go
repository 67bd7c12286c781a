package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/parquet-go/parquet-go/format"
)

// values are decoded values of one physical type; one of the slices is used.
type values struct {
	ints   []int64   // BOOLEAN, INT32, INT64
	floats []float64 // FLOAT, DOUBLE
	bytes  [][]byte  // BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY, INT96; parts of the page
}

func (v *values) len() int { return len(v.ints) + len(v.floats) + len(v.bytes) }

// The encodings are described at https://parquet.apache.org/docs/file-format/data-pages/encodings/.

func short(part string, want, got int) error {
	return fmt.Errorf("truncated %s: expected %d bytes, found %d: %w", part, want, got, io.ErrUnexpectedEOF)
}

// decodeValues decodes n values. most bounds the bytes that texts may come to.
func decodeValues(encoding format.Encoding, e *format.SchemaElement, data []byte, n, most int) (*values, error) {
	kind := e.Type.V
	switch encoding {
	case format.Plain:
		return plain(kind, int(e.TypeLength.V), data, n)
	case format.RLE:
		if kind != format.Boolean {
			break
		}
		if len(data) < 4 {
			return nil, short("booleans", 4, len(data))
		}
		length := binary.LittleEndian.Uint32(data)
		if data = data[4:]; int64(length) > int64(len(data)) {
			return nil, short("booleans", int(length), len(data))
		}
		bools, err := hybrid(data[:length], 1, n)
		if err != nil {
			return nil, err
		}
		out := &values{ints: make([]int64, n)}
		for i, b := range bools {
			out.ints[i] = int64(b)
		}
		return out, nil
	case format.DeltaBinaryPacked:
		if kind != format.Int32 && kind != format.Int64 {
			break
		}
		ints, _, err := delta(data, n)
		if kind == format.Int32 {
			for i, v := range ints {
				ints[i] = int64(int32(v)) // differences wrap around
			}
		}
		return &values{ints: ints}, err
	case format.DeltaLengthByteArray:
		if kind != format.ByteArray {
			break
		}
		texts, err := deltaLengths(data, n)
		return &values{bytes: texts}, err
	case format.DeltaByteArray:
		if kind != format.ByteArray && kind != format.FixedLenByteArray {
			break
		}
		texts, err := deltaTexts(data, n, most)
		return &values{bytes: texts}, err
	case format.ByteStreamSplit:
		size, err := fixedSize(kind, int(e.TypeLength.V))
		if err != nil {
			break
		}
		if len(data)/size < n {
			return nil, short("values", n*size, len(data))
		}
		joined := make([]byte, n*size)
		for k := range size {
			for i := range n {
				joined[i*size+k] = data[k*n+i]
			}
		}
		return plain(kind, size, joined, n)
	}
	return nil, fmt.Errorf("encoding %s of %s is not supported; write the file with the encoding PLAIN or a dictionary", encoding, kind)
}

// fixedSize is the number of bytes of a value of fixed size.
func fixedSize(kind format.Type, length int) (int, error) {
	switch kind {
	case format.Int32, format.Float:
		return 4, nil
	case format.Int64, format.Double:
		return 8, nil
	case format.Int96:
		return 12, nil
	case format.FixedLenByteArray:
		if length > 0 {
			return length, nil
		}
		return 0, fmt.Errorf("values of %d bytes", length)
	}
	return 0, fmt.Errorf("physical type %d has no fixed size", kind)
}

// plain decodes n values that follow each other.
func plain(kind format.Type, length int, data []byte, n int) (*values, error) {
	le := binary.LittleEndian
	switch kind {
	case format.Boolean:
		if len(data) < (n+7)/8 {
			return nil, short("booleans", (n+7)/8, len(data))
		}
		out := &values{ints: make([]int64, n)}
		for i := range out.ints {
			out.ints[i] = int64(data[i/8] >> (i % 8) & 1)
		}
		return out, nil
	case format.ByteArray:
		if len(data)/4 < n { // each has four bytes at least
			return nil, short("texts", 4*n, len(data))
		}
		out := &values{bytes: make([][]byte, n)}
		for i := range out.bytes {
			if len(data) < 4 {
				return nil, short("length", 4, len(data))
			}
			size := int64(le.Uint32(data))
			if data = data[4:]; size > int64(len(data)) {
				return nil, short("text", int(size), len(data))
			}
			out.bytes[i], data = data[:size:size], data[size:]
		}
		return out, nil
	}
	size, err := fixedSize(kind, length)
	if err != nil {
		return nil, err
	}
	if len(data)/size < n {
		return nil, short("values", n*size, len(data))
	}
	out := &values{}
	switch kind {
	case format.Int32:
		out.ints = make([]int64, n)
		for i := range out.ints {
			out.ints[i] = int64(int32(le.Uint32(data[4*i:])))
		}
	case format.Int64:
		out.ints = make([]int64, n)
		for i := range out.ints {
			out.ints[i] = int64(le.Uint64(data[8*i:]))
		}
	case format.Float:
		out.floats = make([]float64, n)
		for i := range out.floats {
			out.floats[i] = float64(math.Float32frombits(le.Uint32(data[4*i:])))
		}
	case format.Double:
		out.floats = make([]float64, n)
		for i := range out.floats {
			out.floats[i] = math.Float64frombits(le.Uint64(data[8*i:]))
		}
	default:
		out.bytes = make([][]byte, n)
		for i := range out.bytes {
			out.bytes[i] = data[i*size : (i+1)*size : (i+1)*size]
		}
	}
	return out, nil
}

// hybrid decodes n numbers of so many bits: runs of equal ones and groups of eight.
func hybrid(data []byte, width, n int) ([]uint32, error) {
	if width > 32 {
		return nil, fmt.Errorf("numbers of %d bits", width)
	}
	out := make([]uint32, n)
	bytes := (width + 7) / 8
	for at := 0; at < n; {
		head, k := binary.Uvarint(data)
		if k <= 0 {
			return nil, fmt.Errorf("truncated runs: %d of %d numbers: %w", at, n, io.ErrUnexpectedEOF)
		}
		data = data[k:]
		if head&1 == 0 {
			if len(data) < bytes {
				return nil, short("run", bytes, len(data))
			}
			v := uint32(0)
			for b := range bytes {
				v |= uint32(data[b]) << (8 * b)
			}
			data = data[bytes:]
			run := int(min(head>>1, uint64(n-at)))
			if run == 0 {
				return nil, errors.New("a run of no numbers")
			}
			for i := range run {
				out[at+i] = v
			}
			at += run
			continue
		}
		count := int(min(head>>1*8, uint64(n-at)))
		// The last group may be cut off behind the last number.
		if need := (count*width + 7) / 8; len(data) < need || count == 0 {
			return nil, short("group", need, len(data))
		}
		unpackBits(out[at:at+count], data, width)
		at += count
		data = data[min(uint64(len(data)), head>>1*uint64(width)):]
	}
	return out, nil
}

// unpackBits reads numbers of so many bits, the lowest bit first.
func unpackBits(out []uint32, data []byte, width int) {
	var held uint64
	have, next := 0, 0
	for i := range out {
		for have < width {
			held |= uint64(data[next]) << have
			next++
			have += 8
		}
		out[i] = uint32(held & (1<<width - 1))
		held >>= width
		have -= width
	}
}

// delta decodes n integers stored as differences, and returns the bytes behind them.
func delta(data []byte, n int) ([]int64, []byte, error) {
	var head [3]uint64 // block size, parts of a block, values
	for i := range head {
		v, k := binary.Uvarint(data)
		if k <= 0 {
			return nil, nil, fmt.Errorf("truncated differences: %w", io.ErrUnexpectedEOF)
		}
		head[i], data = v, data[k:]
	}
	last, k := binary.Varint(data)
	if k <= 0 {
		return nil, nil, fmt.Errorf("truncated differences: %w", io.ErrUnexpectedEOF)
	}
	data = data[k:]
	block, parts := head[0], head[1]
	if parts == 0 || block == 0 || block > 1<<20 || block%parts != 0 || block/parts%8 != 0 {
		return nil, nil, fmt.Errorf("differences in blocks of %d in %d parts", block, parts)
	}
	if head[2] != uint64(n) {
		return nil, nil, fmt.Errorf("%d differences, expected %d", head[2], n)
	}
	out := make([]int64, 0, n)
	if n > 0 {
		out = append(out, last)
	}
	each := int(block / parts)
	for len(out) < n {
		least, k := binary.Varint(data)
		if k <= 0 || uint64(len(data)-k) < parts {
			return nil, nil, fmt.Errorf("truncated differences: %d of %d: %w", len(out), n, io.ErrUnexpectedEOF)
		}
		widths := data[k : k+int(parts)]
		data = data[k+int(parts):]
		for _, width := range widths {
			if len(out) == n {
				break
			}
			count := min(each, n-len(out))
			size := each * int(width) / 8
			if width > 64 {
				return nil, nil, fmt.Errorf("differences of %d bits", width)
			}
			// The last part may be cut off behind the last value.
			if need := (count*int(width) + 7) / 8; len(data) < need {
				return nil, nil, short("differences", need, len(data))
			}
			part := data[:min(size, len(data))]
			data = data[len(part):]
			for i := range count {
				last += least + int64(bitsAt(part, i*int(width), int(width)))
				out = append(out, last)
			}
		}
	}
	return out, data, nil
}

// bitsAt is the number of so many bits, up to 64, from a bit on, the lowest bit first.
func bitsAt(data []byte, from, width int) uint64 {
	var v uint64
	for have := 0; have < width; {
		bit := (from + have) % 8
		take := min(8-bit, width-have)
		v |= uint64(data[(from+have)/8]>>bit&(1<<take-1)) << have
		have += take
	}
	return v
}

// deltaLengths decodes n texts: all lengths, then all bytes.
func deltaLengths(data []byte, n int) ([][]byte, error) {
	lengths, data, err := delta(data, n)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, n)
	for i, size := range lengths {
		if size < 0 || size > int64(len(data)) {
			return nil, fmt.Errorf("text %d of %d bytes where %d are left", i, size, len(data))
		}
		out[i], data = data[:size:size], data[size:]
	}
	return out, nil
}

// deltaTexts decodes n texts that each begin as the one before does, of at most so many
// bytes together.
func deltaTexts(data []byte, n, most int) ([][]byte, error) {
	prefixes, data, err := delta(data, n)
	if err != nil {
		return nil, err
	}
	out, err := deltaLengths(data, n)
	if err != nil {
		return nil, err
	}
	var before []byte
	total := int64(0)
	for i, size := range prefixes {
		if size < 0 || size > int64(len(before)) {
			return nil, fmt.Errorf("text %d begins with %d bytes of the one before, which has %d", i, size, len(before))
		}
		if total += size; total > int64(most) {
			return nil, fmt.Errorf("its texts come to more than %d bytes, as data do not", most)
		}
		if size > 0 {
			out[i] = slices.Concat(before[:size], out[i])
		}
		before = out[i]
	}
	return out, nil
}
