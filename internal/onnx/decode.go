package onnx

import (
	"errors"
	"fmt"
)

// Decode reads an ONNX file. The result shares no memory with b.
//
// Unknown fields are skipped, and so are documentation, intermediate value
// descriptions and other parts that do not change the computation. Tensors may
// store their values as raw data or in typed fields. What the package cannot
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
	if err := m.decode(message{b: b}); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return m, nil
}

func (m *Model) decode(msg message) error {
	hasGraph := false
	err := msg.fields(func(f field) error {
		switch f.num {
		case modelIRVersion:
			return f.int(&m.IRVersion)
		case modelProducer:
			return f.str(&m.Producer)
		case modelProducerVersion:
			return f.str(&m.ProducerVersion)
		case modelGraph:
			hasGraph = true
			return f.each(m.Graph.field)
		case modelOpset:
			return m.decodeOpset(f)
		case modelMetadata:
			return m.decodeMetadata(f)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case m.IRVersion <= 0:
		return errors.New("model has no format version (ir_version)")
	case m.Opset <= 0:
		return errors.New("model has no default operator set (opset_import)")
	case !hasGraph:
		return errors.New("model has no graph")
	}
	return nil
}

// decodeOpset keeps the version of the default domain; nodes of other domains
// are rejected where they occur.
func (m *Model) decodeOpset(f field) error {
	var domain string
	var version int64
	err := f.each(func(f field) error {
		switch f.num {
		case opsetDomain:
			return f.str(&domain)
		case opsetVersion:
			return f.int(&version)
		}
		return nil
	})
	if err != nil || !isDefaultDomain(domain) {
		return err
	}
	if m.Opset != 0 && m.Opset != version {
		return fmt.Errorf("offset %d: default operator set has two versions, %d and %d", f.offset, m.Opset, version)
	}
	m.Opset = version
	return nil
}

func isDefaultDomain(s string) bool { return s == "" || s == "ai.onnx" }

func (m *Model) decodeMetadata(f field) error {
	var key, value string
	err := f.each(func(f field) error {
		switch f.num {
		case entryKey:
			return f.str(&key)
		case entryValue:
			return f.str(&value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, ok := m.Metadata[key]; ok {
		return fmt.Errorf("offset %d: duplicate metadata key %s", f.offset, quote(key))
	}
	if m.Metadata == nil {
		m.Metadata = map[string]string{}
	}
	m.Metadata[key] = value
	return nil
}

// field adds a field of GraphProto.
func (g *Graph) field(f field) (err error) {
	switch f.num {
	case graphNode:
		var n Node
		err = n.decode(f)
		g.Nodes = append(g.Nodes, n)
	case graphName:
		err = f.str(&g.Name)
	case graphInitializer:
		var t Tensor
		t, err = decodeTensor(f)
		g.Initializers = append(g.Initializers, t)
	case graphInput:
		var v ValueInfo
		err = v.decode(f)
		g.Inputs = append(g.Inputs, v)
	case graphOutput:
		var v ValueInfo
		err = v.decode(f)
		g.Outputs = append(g.Outputs, v)
	case graphSparseInitializer:
		err = fmt.Errorf("offset %d: sparse initializers are not supported", f.offset)
	}
	return err
}

func (n *Node) decode(f field) error {
	var domain string
	err := f.each(func(f field) error {
		switch f.num {
		case nodeInput:
			return f.strs(&n.Inputs)
		case nodeOutput:
			return f.strs(&n.Outputs)
		case nodeName:
			return f.str(&n.Name)
		case nodeOp:
			return f.str(&n.Op)
		case nodeDomain:
			return f.str(&domain)
		case nodeAttr:
			a, err := decodeAttr(f)
			n.Attrs = append(n.Attrs, a)
			return err
		}
		return nil
	})
	if err == nil && !isDefaultDomain(domain) {
		err = fmt.Errorf("offset %d: operator domain %s is not supported", f.offset, quote(domain))
	}
	if err != nil {
		return fmt.Errorf("node %s (%s): %w", quote(n.Name), quote(n.Op), err)
	}
	return nil
}

// decodeAttr reads an attribute and keeps the value that its type selects.
func decodeAttr(f field) (Attr, error) {
	var v Attr
	var kind int64
	var tensor *field
	err := f.each(func(f field) error {
		switch f.num {
		case attrName:
			return f.str(&v.Name)
		case attrType:
			return f.int(&kind)
		case attrFloat:
			return f.float(&v.Float)
		case attrInt:
			return f.int(&v.Int)
		case attrString:
			return f.str(&v.String)
		case attrTensor:
			tensor = &f
		case attrFloats:
			return f.floats(&v.Floats)
		case attrInts:
			return f.ints(&v.Ints)
		case attrStrings:
			return f.strs(&v.Strings)
		case attrRef:
			return fmt.Errorf("offset %d: references to function attributes are not supported", f.offset)
		}
		return nil
	})
	if err != nil {
		return Attr{}, fmt.Errorf("attribute %s: %w", quote(v.Name), err)
	}
	switch AttrKind(kind) {
	case KindFloat:
		return Float(v.Name, v.Float), nil
	case KindInt:
		return Int(v.Name, v.Int), nil
	case KindString:
		return String(v.Name, v.String), nil
	case KindFloats:
		return Floats(v.Name, v.Floats...), nil
	case KindInts:
		return Ints(v.Name, v.Ints...), nil
	case KindStrings:
		return Strings(v.Name, v.Strings...), nil
	case KindTensor:
		if tensor == nil {
			return Attr{}, fmt.Errorf("attribute %s: no tensor", quote(v.Name))
		}
		t, err := decodeTensor(*tensor)
		if err != nil {
			return Attr{}, fmt.Errorf("attribute %s: %w", quote(v.Name), err)
		}
		return TensorValue(v.Name, t), nil
	}
	return Attr{}, fmt.Errorf("attribute %s: type %d is not supported", quote(v.Name), kind)
}

// quote formats a name for an error, shortened if it is very long.
func quote(name string) string {
	const most = 200
	if len(name) <= most {
		return fmt.Sprintf("%q", name)
	}
	return fmt.Sprintf("%q... (%d bytes)", name[:most], len(name))
}
