package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"pare/internal/npy"
)

// Read reads a file of size bytes from r.
//
// The dtypes F32, F64, F16 and BF16 are accepted and converted to float32; F64
// is rounded to the nearest float32, and a finite value too large for it is an error.
// Any other dtype is an error. The tensors are in the order of their data.
// Shape is never nil: a scalar has an empty one. Metadata is nil if the file
// has none. The whole file is checked first, as by Open; errors name the tensor. Memory is
// proportional to size.
func Read(r io.ReaderAt, size int64) (*File, error) {
	a, err := Open(r, size)
	if err != nil {
		return nil, err
	}
	f := &File{Metadata: a.metadata}
	buf := make([]byte, chunkBytes)
	for _, e := range a.entries {
		if !e.real() {
			return nil, e.unreal()
		}
		data, err := e.read(r, a.start, buf)
		if err != nil {
			return nil, fmt.Errorf("safetensors: tensor %s: %w", quote(e.name), err)
		}
		f.Tensors = append(f.Tensors, Tensor{Name: e.name, Shape: e.shape, Data: data})
	}
	return f, nil
}

// Archive is a file of which tensors are read by rows, as they are needed. Its methods may be
// called by several goroutines at once.
type Archive struct {
	r        io.ReaderAt
	start    int64 // of the data section
	entries  []entry
	index    map[string]int // of the entries, by name
	metadata map[string]string
}

// Open reads the header of a file of size bytes, and no data.
//
// The header must be a UTF-8 JSON object of at most 16 MiB without duplicate keys, each
// tensor's offsets must match its shape and dtype, and together they must cover the data
// without overlaps or holes, from its first byte to the end of the file. A file that is
// shorter than its header says, or than size, is reported with the bytes expected and found;
// such errors match io.ErrUnexpectedEOF. Errors name the tensor or the offset in the header.
func Open(r io.ReaderAt, size int64) (*Archive, error) {
	a, err := open(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return a, nil
}

func open(r io.ReaderAt, size int64) (*Archive, error) {
	if size < 8 {
		return nil, fmt.Errorf("truncated file: expected at least 8 bytes, found %d: %w", size, io.ErrUnexpectedEOF)
	}
	var length [8]byte
	if err := readAt(r, length[:], 0); err != nil {
		return nil, fmt.Errorf("header length: %w", err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, at most %d are allowed: this is no safetensors file", n, maxHeader)
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
	a := &Archive{r: r, start: start, entries: entries, metadata: metadata, index: make(map[string]int, len(entries))}
	for i, e := range entries {
		a.index[e.name] = i
	}
	return a, nil
}

// Names are the names of the tensors, in the order of their data.
func (a *Archive) Names() []string {
	var names []string
	for _, e := range a.entries {
		names = append(names, e.name)
	}
	return names
}

// Array is a tensor as an array that is read by rows. A tensor whose dtype is none of BOOL,
// U8 to U64, I8 to I64, F16, BF16, F32 and F64 is an error.
func (a *Archive) Array(name string) (*npy.Array, error) {
	e, ok := a.find(name)
	if !ok {
		return nil, a.missing(name)
	}
	t := e.dtype()
	if t.Size == 0 {
		return nil, fmt.Errorf("dtype %s is not supported (BOOL, U8 to U64, I8 to I64, F16, BF16, F32 and F64 are)", quote(e.code))
	}
	return npy.New(a.r, a.start+e.begin, a.start+e.end, t, e.shape, false)
}

// Shape is the shape of a tensor; false where there is none of the name.
func (a *Archive) Shape(name string) ([]int, bool) {
	e, ok := a.find(name)
	return e.shape, ok
}

func (a *Archive) find(name string) (entry, bool) {
	if i, ok := a.index[name]; ok {
		return a.entries[i], true
	}
	return entry{}, false
}

// ReadAt fills dst with the values of a tensor, in C order, from value from on. It reads
// the dtypes that Read does.
func (a *Archive) ReadAt(name string, dst []float32, from int) error {
	e, ok := a.find(name)
	switch {
	case !ok:
		return a.missing(name)
	case !e.real():
		return e.unreal()
	}
	size := int64(e.dtype().Size)
	begin := e.begin + int64(from)*size
	if from < 0 || begin > e.end || int64(len(dst)) > (e.end-begin)/size {
		return fmt.Errorf("safetensors: tensor %s has no values %d to %d", quote(name), from, from+len(dst))
	}
	err := readValues(a.r, dst, a.start+begin, from, e.dtype(), make([]byte, min(chunkBytes, len(dst)*int(size))))
	if err != nil {
		return fmt.Errorf("safetensors: tensor %s: %w", quote(name), err)
	}
	return nil
}

// missing is the error for a name that the file lacks.
func (a *Archive) missing(name string) error {
	return fmt.Errorf("safetensors: no tensor %s; the file has %s", quote(name), strings.Join(a.Names(), ", "))
}

// real reports whether the elements are real numbers that become float32.
func (e entry) real() bool { k := e.dtype().Kind; return k == 'f' || k == 't' }

// unreal is the error for other elements.
func (e entry) unreal() error {
	return fmt.Errorf("safetensors: tensor %s: dtype %s is not supported (F32, F64, F16 and BF16 are)", quote(e.name), quote(e.code))
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
	n, err := elements(e.shape)
	if err != nil {
		return err
	}
	t := e.dtype()
	switch want := int64(n) * int64(t.Size); {
	case e.end < e.begin:
		return fmt.Errorf("data offsets [%d, %d] are reversed", e.begin, e.end)
	case t.Size > 0 && e.end-e.begin != want: // the size of other dtypes is not known
		return fmt.Errorf("data offsets [%d, %d] hold %d bytes, but %s of shape %s needs %d",
			e.begin, e.end, e.end-e.begin, e.code, brief(e.shape), want)
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
	t := e.dtype()
	data := make([]float32, (e.end-e.begin)/int64(t.Size))
	return data, readValues(r, data, start+e.begin, 0, t, buf)
}

// readValues fills dst with elements from offset off on, through buf; first is the place of
// the first one in its tensor, for messages.
func readValues(r io.ReaderAt, dst []float32, off int64, first int, t npy.Dtype, buf []byte) error {
	for done := 0; done < len(dst); {
		n := min(len(buf)/t.Size, len(dst)-done)
		chunk := buf[:n*t.Size]
		if err := readAt(r, chunk, off); err != nil {
			return err
		}
		if bad, text := npy.Convert(dst[done:done+n], chunk, t); bad >= 0 {
			return fmt.Errorf("value %d is %s, too large for float32", first+done+bad, text)
		}
		done += n
		off += int64(len(chunk))
	}
	return nil
}

// dtypes are the element types by their names in safetensors.
var dtypes = map[string]npy.Dtype{
	"BOOL": {Kind: 'b', Size: 1},
	"U8":   {Kind: 'u', Size: 1}, "U16": {Kind: 'u', Size: 2}, "U32": {Kind: 'u', Size: 4}, "U64": {Kind: 'u', Size: 8},
	"I8": {Kind: 'i', Size: 1}, "I16": {Kind: 'i', Size: 2}, "I32": {Kind: 'i', Size: 4}, "I64": {Kind: 'i', Size: 8},
	"F16": {Kind: 'f', Size: 2}, "F32": {Kind: 'f', Size: 4}, "F64": {Kind: 'f', Size: 8},
	"BF16": {Kind: 't', Size: 2},
}

// dtype is the element type of an entry; the zero value: it is not supported.
func (e entry) dtype() npy.Dtype { return dtypes[e.code] }
