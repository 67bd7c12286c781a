package onnx

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

// maxSize is the largest protocol buffer, and so the largest file.
const maxSize = math.MaxInt32

// Write checks m, encodes it and writes it. It returns the error of Check
// without writing anything, an error if the file would exceed 2 GiB, which
// ONNX cannot store in one file, and errors of w wrapped.
func Write(w io.Writer, m *Model) error {
	if err := Check(m); err != nil {
		return err
	}
	b := Encode(m)
	if len(b) > maxSize {
		return fmt.Errorf("onnx: model of %d bytes, at most %d fit in a file", len(b), maxSize)
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("onnx: write model: %w", err)
	}
	return nil
}

// Encode returns the ONNX file of m. The same model always gives the same
// bytes: metadata keys are sorted and everything else keeps its order. Encode
// does not validate; use Check first, or Write, which does both. A nil model
// gives nil.
func Encode(m *Model) []byte {
	if m == nil {
		return nil
	}
	whole := *m
	whole.IRVersion = cmp.Or(m.IRVersion, DefaultIRVersion)
	whole.Opset = cmp.Or(m.Opset, DefaultOpset)
	var c coder
	whole.code(&c)
	return c.out
}

// Decode reads an ONNX file. The result shares no memory with b.
//
// Unknown fields are skipped, and so are documentation, intermediate value
// descriptions and other parts that do not change the computation. Tensors may
// store their values as raw data or in typed fields. Everything that the package cannot
// represent is an error: operators outside the default domain, attributes that
// are graphs or sparse tensors, tensors that are neither float32 nor int64 or
// whose values are in another file, inputs and outputs that are not float32
// tensors of known rank. So are malformed data, tensors whose shape does not
// match their values, and a file without format version, default operator set
// or graph. Errors give the offset in b or the name of the tensor, value or
// node.
//
// Decode does not check how nodes are connected; use Check for that. Memory is
// proportional to len(b). Empty lists are nil, except Tensor.Ints, which tells
// int64 from float32.
func Decode(b []byte) (*Model, error) {
	m := &Model{}
	c := coder{reading: true, in: message{b: b}}
	if m.code(&c); c.err != nil {
		return nil, fmt.Errorf("onnx: %w", c.err)
	}
	return m, nil
}

// The methods code describe each message of onnx.proto once: a coder writes the fields in
// the order of the calls, or reads those that the file has.

func (m *Model) code(c *coder) {
	c.int(1, &m.IRVersion)
	c.text(2, &m.Producer)
	c.text(3, &m.ProducerVersion)
	graph := c.message(7, m.Graph.code)
	c.message(8, m.opset)
	var entries []entry
	for _, k := range slices.Sorted(maps.Keys(m.Metadata)) {
		entries = append(entries, entry{k, m.Metadata[k]})
	}
	list(c, 14, &entries, (*entry).code)
	if !c.reading {
		return
	}
	switch {
	case m.IRVersion <= 0:
		c.fail("model has no format version (ir_version)")
	case m.Opset <= 0:
		c.fail("model has no default operator set (opset_import)")
	case !graph:
		c.fail("model has no graph")
	}
	for _, e := range entries {
		if _, ok := m.Metadata[e.key]; ok {
			c.fail("duplicate metadata key %s", quote(e.key))
		}
		if m.Metadata == nil {
			m.Metadata = map[string]string{}
		}
		m.Metadata[e.key] = e.value
	}
}

// opset is an OperatorSetIdProto. Only the version of the default domain is kept; nodes
// of other domains are rejected where they occur.
func (m *Model) opset(c *coder) {
	var domain string
	version := m.Opset
	if c.reading {
		version = 0
	}
	c.string(1, &domain)
	c.int(2, &version)
	if !isDefaultDomain(domain) {
		return
	}
	if m.Opset != 0 && m.Opset != version {
		c.fail("default operator set has two versions, %d and %d", m.Opset, version)
	}
	m.Opset = version
}

func isDefaultDomain(s string) bool { return s == "" || s == "ai.onnx" }

// entry is a StringStringEntryProto.
type entry struct{ key, value string }

func (e *entry) code(c *coder) {
	c.string(1, &e.key)
	c.string(2, &e.value)
}

func (g *Graph) code(c *coder) {
	list(c, 1, &g.Nodes, (*Node).code)
	c.text(2, &g.Name)
	list(c, 5, &g.Initializers, (*Tensor).code)
	list(c, 11, &g.Inputs, (*ValueInfo).code)
	list(c, 12, &g.Outputs, (*ValueInfo).code)
	c.refuse(15, "sparse initializers")
}

func (n *Node) code(c *coder) {
	c.strings(1, &n.Inputs)
	c.strings(2, &n.Outputs)
	c.text(3, &n.Name)
	c.text(4, &n.Op)
	list(c, 5, &n.Attrs, (*Attr).code)
	domain := ""
	if c.text(7, &domain); !isDefaultDomain(domain) {
		c.fail("operator domain %s is not supported", quote(domain))
	}
	c.within("node %s (%s)", quote(n.Name), quote(n.Op))
}

// code keeps the value that the type selects.
func (a *Attr) code(c *coder) {
	c.text(1, &a.Name)
	kind := int64(a.Kind)
	if c.reading {
		c.int(20, &kind)
	}
	a.Kind = AttrKind(kind)
	switch a.Kind {
	case KindFloat:
		c.float(2, &a.Float)
	case KindInt:
		c.int(3, &a.Int)
	case KindString:
		c.string(4, &a.String)
	case KindTensor:
		if !c.message(5, a.Tensor.code) {
			c.fail("no tensor")
		}
	case KindFloats:
		c.floats(7, &a.Floats)
	case KindInts:
		c.ints(8, &a.Ints)
	case KindStrings:
		c.strings(9, &a.Strings)
	default:
		c.fail("type %d is not supported", kind)
	}
	if !c.reading {
		c.int(20, &kind)
	}
	c.refuse(21, "references to function attributes")
	c.within("attribute %s", quote(a.Name))
}

// Values of TensorProto.DataType.
const (
	typeFloat = 1
	typeInt64 = 7
)

// code writes the values as raw data, little endian.
func (t *Tensor) code(c *coder) {
	kind := int64(typeFloat)
	if t.Ints != nil {
		kind = typeInt64
	}
	if c.reading {
		kind = 0
	}
	c.ints(1, &t.Dims)
	c.int(2, &kind)
	c.text(8, &t.Name)
	if c.reading {
		t.read(c, kind)
		c.within("tensor %s", quote(t.Name))
	} else if t.Ints != nil {
		c.raw(9, 8*len(t.Ints), func(b []byte) []byte {
			for _, v := range t.Ints {
				b = binary.LittleEndian.AppendUint64(b, uint64(v))
			}
			return b
		})
	} else {
		c.raw(9, 4*len(t.Floats), func(b []byte) []byte {
			for _, v := range t.Floats {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
			}
			return b
		})
	}
}

// read reads the values, which may be raw data or in a field of their type.
func (t *Tensor) read(c *coder, kind int64) {
	c.refuse(3, "tensors in segments")
	c.refuse(13, "values in another file")
	location := int64(0)
	if c.int(14, &location); location != 0 {
		c.fail("values in another file are not supported")
	}
	var raw []byte
	given := c.bytes(9, &raw)
	size := 4
	switch kind {
	case typeFloat:
		c.floats(4, &t.Floats)
	case typeInt64:
		size = 8
		c.ints(7, &t.Ints)
	default:
		c.fail("element type %d is not supported (1, float32, and 7, int64, are)", kind)
	}
	if given && len(t.Floats)+len(t.Ints) > 0 {
		c.fail("values are given both as raw data and in a typed field")
	}
	if len(raw)%size != 0 {
		c.fail("%d bytes of raw data are not a multiple of %d", len(raw), size)
	}
	if c.err != nil {
		return
	}
	switch {
	case kind == typeInt64:
		t.Ints = slices.Grow(t.Ints, len(raw)/8)
		if t.Ints == nil {
			t.Ints = []int64{}
		}
		for ; len(raw) > 0; raw = raw[8:] {
			t.Ints = append(t.Ints, int64(binary.LittleEndian.Uint64(raw)))
		}
	case len(raw) > 0:
		t.Floats = make([]float32, 0, len(raw)/4)
		for ; len(raw) > 0; raw = raw[4:] {
			t.Floats = append(t.Floats, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
		}
	}
	c.err = t.check()
}

// code describes a ValueInfoProto, which must be a float32 tensor.
func (v *ValueInfo) code(c *coder) {
	elem, shaped := int64(typeFloat), false
	if c.reading {
		elem = 0
	}
	c.text(1, &v.Name)
	c.message(2, func(c *coder) { // TypeProto
		c.message(1, func(c *coder) { // TypeProto.Tensor
			c.int(1, &elem)
			found := c.message(2, func(c *coder) { list(c, 1, &v.Dims, (*Dim).code) })
			shaped = shaped || found
		})
	})
	if elem != typeFloat {
		c.fail("element type %d is not supported (1, float32, is)", elem)
	} else if !shaped {
		c.fail("no shape")
	}
	c.within("value %s", quote(v.Name))
}

func (d *Dim) code(c *coder) {
	if c.reading || d.Name == "" && d.Size != 0 {
		c.int(1, &d.Size)
	}
	if c.text(2, &d.Name); d.Name != "" && c.reading {
		d.Size = 0
	}
}

// check checks that the values match the shape.
func (t *Tensor) check() error {
	if t.Ints != nil && len(t.Floats) > 0 {
		return errors.New("both float32 and int64 values")
	}
	n := int64(1)
	for i, d := range t.Dims {
		if d < 0 {
			return fmt.Errorf("dimension %d is negative: %d", i, d)
		}
		if d > 0 && n > math.MaxInt64/8/d {
			return errors.New("shape has too many elements")
		}
		n *= d
	}
	if found := int64(len(t.Floats) + len(t.Ints)); n != found {
		return fmt.Errorf("shape needs %d values, found %d", n, found)
	}
	return nil
}

// quote formats a name for an error, shortened if it is very long.
func quote(name string) string {
	const most = 200
	if len(name) <= most {
		return fmt.Sprintf("%q", name)
	}
	return fmt.Sprintf("%q... (%d bytes)", name[:most], len(name))
}
