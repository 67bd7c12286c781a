package datasets

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"pare/internal/npy"
)

// tensors is a safetensors file: eight bytes with the length of a JSON header, the header,
// which has type, shape and place of each tensor, and their values
// (https://github.com/huggingface/safetensors).
type tensors struct {
	r      io.ReaderAt
	begin  int64 // of the values
	size   int64 // of the file
	header map[string]tensorHeader
}

type tensorHeader struct {
	Dtype   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// tensorTypes are the types of elements in NumPy's words.
var tensorTypes = map[string]string{"BOOL": "|b1", "U8": "|u1", "I8": "|i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4",
	"U64": "<u8", "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8"}

const mostTensorHeader = 16 << 20 // bytes

func openTensors(r io.ReaderAt, size int64) (*tensors, error) {
	var length [8]byte
	if size < 8 {
		return nil, fmt.Errorf("it has %d bytes, which is no safetensors file", size)
	}
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > mostTensorHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("the header has %d bytes in a file of %d, which is no safetensors file; a header has at most %d",
			n, size, mostTensorHeader)
	}
	text := make([]byte, n)
	if _, err := r.ReadAt(text, 8); err != nil {
		return nil, err
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, fmt.Errorf("the header is no JSON: %w", err)
	}
	delete(entries, "__metadata__")
	t := &tensors{r: r, begin: 8 + int64(n), size: size, header: map[string]tensorHeader{}}
	for name, entry := range entries {
		var h tensorHeader
		if err := json.Unmarshal(entry, &h); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		t.header[name] = h
	}
	return t, nil
}

// Names are the names of the tensors in alphabetical order.
func (t *tensors) Names() []string { return slices.Sorted(maps.Keys(t.header)) }

// Array opens a tensor.
func (t *tensors) Array(name string) (*npy.Array, error) {
	h := t.header[name]
	descr, ok := tensorTypes[h.Dtype]
	if !ok {
		return nil, fmt.Errorf("type %q is not read; the types are BOOL, U8 to U64, I8 to I64 and F16 to F64", h.Dtype)
	}
	dtype, err := npy.ParseDtype(descr)
	if err != nil {
		return nil, err
	}
	room := t.size - t.begin
	if h.Offsets[0] < 0 || h.Offsets[1] < h.Offsets[0] || h.Offsets[1] > room {
		return nil, fmt.Errorf("it lies at bytes %d to %d of the %d that the file has", h.Offsets[0], h.Offsets[1], room)
	}
	a, err := npy.New(t.r, t.begin+h.Offsets[0], t.begin+h.Offsets[1], dtype, h.Shape, false)
	if err != nil {
		return nil, err
	}
	if want := int64(a.Len()) * int64(a.Width()) * int64(dtype.Size); want != h.Offsets[1]-h.Offsets[0] {
		return nil, fmt.Errorf("shape %v of %s takes %d bytes, it has %d", h.Shape, h.Dtype, want, h.Offsets[1]-h.Offsets[0])
	}
	return a, nil
}
