// Package mat reads arrays of numbers from MATLAB 5 files (.mat), which MATLAB writes with
// save -v6 and save -v7, and SciPy with savemat.
//
// The format is described in "MAT-File Format", The MathWorks, R2023a: a header of 128 bytes,
// then elements, each with a tag (type and number of bytes) and padded to 8 bytes. An array
// is an element of type miMATRIX whose content is elements again: flags, dimensions, name
// and values. Since MATLAB 7 it is packed as a zlib stream in an element of type
// miCOMPRESSED.
package mat

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"pare/internal/limit"
	"pare/internal/npy"
	"pare/internal/unpack"
)

// Types of elements.
const (
	miInt8       = 1
	miInt32      = 5
	miUint32     = 6
	miMatrix     = 14
	miCompressed = 15
)

// stored are the types of numbers in elements.
var stored = map[uint32]npy.Dtype{
	1: {Kind: 'i', Size: 1}, 2: {Kind: 'u', Size: 1}, 3: {Kind: 'i', Size: 2}, 4: {Kind: 'u', Size: 2},
	5: {Kind: 'i', Size: 4}, 6: {Kind: 'u', Size: 4}, 7: {Kind: 'f', Size: 4}, 9: {Kind: 'f', Size: 8},
	12: {Kind: 'i', Size: 8}, 13: {Kind: 'u', Size: 8},
}

// classes are the names of the classes of arrays by their number; those from "double" on are
// numbers.
var classes = [...]string{0: "unknown", 1: "cell", 2: "struct", 3: "object", 4: "char", 5: "sparse", 6: "double", 7: "single",
	8: "int8", 9: "uint8", 10: "int16", 11: "uint16", 12: "int32", 13: "uint32", 14: "int64", 15: "uint64", 16: "function", 17: "opaque"}

const (
	firstNumber = 6
	lastNumber  = 15

	headerBytes = 128
	maxAxes     = 32
	maxName     = 4096
	maxArrays   = 1 << 16
)

// Info describes an array of a file.
type Info struct {
	Name  string
	Class string // "uint8", "double", "cell", …
	Shape []int  // at least two axes
}

// File is a MATLAB 5 file of which the arrays are read on demand.
type File struct {
	r      io.ReaderAt
	size   int64
	order  binary.ByteOrder
	arrays []entry
}

// entry is an array and the place of its element.
type entry struct {
	Info
	class        int
	complex      bool
	offset, size int64 // of the content of the element
	packed       bool
}

// Open reads the names and shapes of the arrays in a file of size bytes. Files of MATLAB 7.3,
// which are HDF5, and of MATLAB 4 are refused with the remedy; so are two arrays of one name.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size}
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("mat: %w", err)
	}
	return f, nil
}

const remedy = "write it with save(…, '-v7'), or as .npz with NumPy"

func (f *File) open() error {
	var head [headerBytes]byte
	if n, err := f.r.ReadAt(head[:min(f.size, headerBytes)], 0); n < headerBytes {
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return fmt.Errorf("not a MATLAB 5 file: expected a header of %d bytes, found %d", headerBytes, n)
	}
	hdf5 := []byte("\x89HDF\r\n\x1a\n")
	switch mark := string(head[126:]); {
	case bytes.HasPrefix(head[:], hdf5), bytes.HasPrefix(head[:], []byte("MATLAB 7.3")):
		return fmt.Errorf("a MATLAB 7.3 file, which is HDF5, is not supported: %s", remedy)
	case mark == "IM":
		f.order = binary.LittleEndian
	case mark == "MI":
		f.order = binary.BigEndian
	case bytes.IndexByte(head[:4], 0) >= 0:
		return fmt.Errorf("not a MATLAB 5 file; one of MATLAB 4 is not supported: %s", remedy)
	default:
		return fmt.Errorf("not a MATLAB 5 file: bytes 126 and 127 are %q, expected \"IM\" or \"MI\"", mark)
	}
	switch version := f.order.Uint16(head[124:]); version {
	case 0x0100:
	case 0x0200:
		return fmt.Errorf("a MATLAB 7.3 file, which is HDF5, is not supported: %s", remedy)
	default:
		return fmt.Errorf("format version %#06x is not supported (0x0100 is): %s", version, remedy)
	}
	seen := map[string]bool{}
	for at := int64(headerBytes); at < f.size; {
		var tag [8]byte
		if n, err := f.r.ReadAt(tag[:], at); n < len(tag) {
			return truncated(fmt.Sprintf("tag at byte %d", at), len(tag), int64(n), err)
		}
		kind, n := f.order.Uint32(tag[:]), int64(f.order.Uint32(tag[4:]))
		if kind != miMatrix && kind != miCompressed {
			return fmt.Errorf("byte %d: element of type %d, expected an array (%d or %d)", at, kind, miMatrix, miCompressed)
		}
		if n > f.size-at-8 {
			return truncated(fmt.Sprintf("array at byte %d", at), n, f.size-at-8, io.ErrUnexpectedEOF)
		}
		e := entry{offset: at + 8, size: n, packed: kind == miCompressed}
		if _, _, err := f.describe(&e); err != nil {
			return fmt.Errorf("array at byte %d: %w", at, err)
		}
		switch {
		case e.Name == "" || strings.HasPrefix(e.Name, "__"): // MATLAB's own
		case seen[e.Name]:
			return fmt.Errorf("byte %d: a second array is called %q", at, e.Name)
		case len(f.arrays) == maxArrays:
			return fmt.Errorf("more than %d arrays", maxArrays)
		default:
			f.arrays = append(f.arrays, e)
		}
		seen[e.Name] = true
		if at += 8 + n; !e.packed {
			at += -n & 7
		}
	}
	return nil
}

// truncated is the error of a read that ended early, or any other read error.
func truncated[T int | int64](part string, want T, got int64, err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("truncated %s: expected %d bytes, found %d: %w", part, want, max(got, 0), io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("%s: %w", part, err)
}

// Arrays describes the arrays in the order of the file.
func (f *File) Arrays() []Info {
	out := make([]Info, len(f.arrays))
	for i, e := range f.arrays {
		out[i] = e.Info
	}
	return out
}

// Array opens an array of real numbers, with its axes in MATLAB's order. MATLAB stores the
// first index as the fastest, so that rows are scattered; Reversed gives an array whose rows
// are contiguous: the images of X(h, w, c, n) are the rows of shape (n, c, w, h). A packed
// array is unpacked into memory as a whole, and refused where that is far more than data
// unpack to (internal/unpack); others are read from the file by rows.
func (f *File) Array(name string) (*npy.Array, error) {
	for _, e := range f.arrays {
		if e.Name != name {
			continue
		}
		a, err := f.array(e)
		if err != nil {
			return nil, fmt.Errorf("mat: array %q: %w", name, err)
		}
		return a, nil
	}
	const few = 8
	var names []string
	for i, e := range f.arrays {
		if i == few {
			names = append(names, fmt.Sprintf("… (%d arrays)", len(f.arrays)))
			break
		}
		names = append(names, fmt.Sprintf("%q", e.Name))
	}
	return nil, fmt.Errorf("mat: no array %q; the file has %s", name, strings.Join(names, ", "))
}

func (f *File) array(e entry) (*npy.Array, error) {
	if e.class < firstNumber || e.class > lastNumber || e.complex {
		class := e.Class
		if e.complex {
			class = "complex " + class
		}
		return nil, fmt.Errorf("class %s is not supported: save it as an array of real numbers", class)
	}
	in, values, err := f.describe(&e)
	if err != nil {
		return nil, err
	}
	t, ok := stored[values.kind]
	if !ok {
		return nil, fmt.Errorf("values of type %d, expected numbers", values.kind)
	}
	t.Order = f.order
	n := int64(1)
	for _, d := range e.Shape {
		n *= int64(d) // describe has looked at the product
	}
	if want := n * int64(t.Size); values.size != want {
		return nil, fmt.Errorf("shape %v of %s needs %d bytes, found %d", e.Shape, t, want, values.size)
	}
	if values.small != nil {
		return npy.New(bytes.NewReader(values.small), 0, values.size, t, e.Shape, true)
	}
	if !e.packed {
		return npy.New(f.r, e.offset+in.at, f.size, t, e.Shape, true)
	}
	if err := limit.Check("the unpacked array", values.size, 1); err != nil {
		return nil, err
	}
	// Memory follows the bytes that are there, not the bytes that the head claims.
	data := bytes.NewBuffer(make([]byte, 0, min(values.size, 4*e.size)+bytes.MinRead))
	if _, err := data.ReadFrom(io.LimitReader(in.r, values.size)); err != nil {
		return nil, err
	}
	if int64(data.Len()) < values.size {
		return nil, truncated("values", values.size, int64(data.Len()), nil)
	}
	return npy.New(bytes.NewReader(data.Bytes()), 0, values.size, t, e.Shape, true)
}

// describe reads an array up to its values: it sets the fields of e that its head says, and
// returns the input at the first value, and their tag.
func (f *File) describe(e *entry) (*input, tag, error) {
	in := &input{r: io.NewSectionReader(f.r, e.offset, e.size), order: f.order, left: e.size}
	if e.packed {
		z, err := zlib.NewReader(in.r)
		if err != nil {
			return nil, tag{}, fmt.Errorf("not a zlib stream: %w", err)
		}
		in = &input{r: unpack.Bounded(z, e.size), order: f.order, left: 8}
		outer, err := in.tag()
		if err != nil {
			return nil, tag{}, err
		}
		if outer.kind != miMatrix {
			return nil, tag{}, fmt.Errorf("packed element of type %d, expected an array (%d)", outer.kind, miMatrix)
		}
		in.left = outer.size
	}
	if in.left == 0 { // MATLAB writes empty arrays in structs so
		e.Class = classes[0]
		return in, tag{}, nil
	}
	flags, err := in.block("flags", miUint32, 8)
	if err != nil {
		return nil, tag{}, err
	}
	if len(flags) != 8 {
		return nil, tag{}, fmt.Errorf("flags of %d bytes, expected 8", len(flags))
	}
	word := f.order.Uint32(flags)
	e.class, e.complex = int(word&0xff), word&0x0800 != 0
	e.Class = classes[0]
	if e.class < len(classes) {
		e.Class = classes[e.class]
	}
	if e.Class == "opaque" { // its head has no dimensions
		return in, tag{}, nil
	}
	dims, err := in.block("dimensions", miInt32, 4*maxAxes)
	if err != nil {
		return nil, tag{}, err
	}
	e.Shape = nil
	n := int64(1)
	for ; len(dims) >= 4; dims = dims[4:] {
		d := int64(int32(f.order.Uint32(dims)))
		if d < 0 {
			return nil, tag{}, fmt.Errorf("dimension %d is %d", len(e.Shape), d)
		}
		// The limit leaves room for 8 bytes an element.
		if d > 0 && n > (1<<59)/d {
			return nil, tag{}, fmt.Errorf("shape %v, %d… has too many elements", e.Shape, d)
		}
		n *= d
		e.Shape = append(e.Shape, int(d))
	}
	if len(e.Shape) < 2 {
		return nil, tag{}, fmt.Errorf("%d dimensions, expected at least 2", len(e.Shape))
	}
	name, err := in.block("name", miInt8, maxName)
	if err != nil {
		return nil, tag{}, err
	}
	e.Name = string(name)
	if e.class < firstNumber || e.class > lastNumber {
		return in, tag{}, nil
	}
	values, err := in.tag()
	if err != nil {
		return nil, tag{}, fmt.Errorf("array %q: %w", e.Name, err)
	}
	if values.size > in.left {
		return nil, tag{}, fmt.Errorf("array %q: %w", e.Name, truncated("values", values.size, in.left, nil))
	}
	return in, values, nil
}

// tag is the tag of an element. An element of at most four bytes may be inside it.
type tag struct {
	kind  uint32
	size  int64
	small []byte // the content, where that is inside
}

// input reads the elements inside an array.
type input struct {
	r     io.Reader
	order binary.ByteOrder
	at    int64 // bytes read
	left  int64 // bytes of the array not read yet
}

// take reads exactly n bytes; n is small.
func (in *input) take(part string, n int64) ([]byte, error) {
	if n > in.left {
		return nil, truncated(part, n, in.left, nil)
	}
	b := make([]byte, n)
	got, err := io.ReadFull(in.r, b)
	if err != nil {
		return nil, truncated(part, n, int64(got), err)
	}
	in.at += n
	in.left -= n
	return b, nil
}

func (in *input) tag() (tag, error) {
	b, err := in.take("tag", 8)
	if err != nil {
		return tag{}, err
	}
	kind, size := in.order.Uint32(b), in.order.Uint32(b[4:])
	if kind>>16 == 0 {
		return tag{kind: kind, size: int64(size)}, nil
	}
	t := tag{kind: kind & 0xffff, size: int64(kind >> 16)}
	if t.size > 4 {
		return tag{}, fmt.Errorf("a small element of %d bytes, expected at most 4", t.size)
	}
	t.small = b[4 : 4+t.size]
	return t, nil
}

// block reads a whole element of at most most bytes.
func (in *input) block(part string, kind uint32, most int64) ([]byte, error) {
	t, err := in.tag()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", part, err)
	}
	switch {
	case t.kind != kind:
		return nil, fmt.Errorf("%s: element of type %d, expected %d", part, t.kind, kind)
	case t.small != nil:
		return t.small, nil
	case t.size > most:
		return nil, fmt.Errorf("%s of %d bytes, at most %d are supported", part, t.size, most)
	}
	b, err := in.take(part, t.size+(-t.size&7))
	if err != nil {
		return nil, err
	}
	return b[:t.size], nil
}
