package onnx

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
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
// store their values as raw data or in typed fields. Numbers of other types become
// float32 or int64, whichever they fit. Of an attribute that is a graph only the name is
// kept. Everything else that the package cannot represent is an error: attributes that are
// sparse tensors, tensors of strings, complex or packed numbers, tensors whose values are
// in another file (ReadFile reads these), inputs and outputs that are not tensors of
// numbers. So are malformed data, tensors whose shape does not
// match their values, and a file without format version, default operator set
// or graph. Errors give the offset in b or the name of the tensor, value or
// node.
//
// Decode does not check how nodes are connected; use Check for that. Memory is
// proportional to len(b). Empty lists are nil, except Tensor.Ints, which tells
// int64 from float32.
func Decode(b []byte) (*Model, error) { return decode(b, nil) }

func decode(b []byte, external *folder) (*Model, error) {
	m := &Model{}
	c := coder{reading: true, in: message{b: b}, external: external}
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
	codeEntries(c, 14, &m.Metadata)
	list(c, 25, &m.Functions, (*Function).code)
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
}

// opset is an OperatorSetIdProto. Only the version of the default domain is kept.
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
	if c.text(7, &n.Domain); c.reading && isDefaultDomain(n.Domain) {
		n.Domain = ""
	}
	codeEntries(c, 9, &n.Metadata)
	c.within("node %s (%s)", quote(n.Name), quote(n.Op))
}

// codeEntries describes a list of keys and values, which must differ in their keys.
func codeEntries(c *coder, num protowire.Number, m *map[string]string) {
	var entries []entry
	for _, k := range slices.Sorted(maps.Keys(*m)) {
		entries = append(entries, entry{k, (*m)[k]})
	}
	list(c, num, &entries, (*entry).code)
	if !c.reading {
		return
	}
	for _, e := range entries {
		if _, ok := (*m)[e.key]; ok {
			c.fail("duplicate metadata key %s", quote(e.key))
		}
		if *m == nil {
			*m = map[string]string{}
		}
		(*m)[e.key] = e.value
	}
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
	case KindGraph: // its content is skipped
	default:
		c.fail("type %d is not supported", kind)
	}
	if !c.reading {
		c.int(20, &kind)
	}
	c.text(21, &a.Ref)
	c.within("attribute %s", quote(a.Name))
}

// code describes a ValueInfoProto, which must be a tensor of numbers.
func (v *ValueInfo) code(c *coder) {
	elem := int64(typeFloat)
	if v.Ints {
		elem = typeInt64
	}
	if c.reading {
		elem, v.Unranked = 0, true
	}
	c.text(1, &v.Name)
	c.message(2, func(c *coder) { // TypeProto
		c.message(1, func(c *coder) { // TypeProto.Tensor
			c.int(1, &elem)
			if !c.reading && v.Unranked {
				return
			}
			if c.message(2, func(c *coder) { list(c, 1, &v.Dims, (*Dim).code) }) {
				v.Unranked = false
			}
		})
	})
	e, ok := elements[elem]
	if !ok {
		c.fail("%s", unsupported(elem))
	}
	v.Ints = e.whole
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

// quote formats a name for an error, shortened if it is very long.
func quote(name string) string {
	const most = 200
	if len(name) <= most {
		return fmt.Sprintf("%q", name)
	}
	return fmt.Sprintf("%q... (%d bytes)", name[:most], len(name))
}
