package onnx

import (
	"cmp"
	"encoding/binary"
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
	b := appendInt(nil, modelIRVersion, cmp.Or(m.IRVersion, DefaultIRVersion))
	b = appendOptional(b, modelProducer, m.Producer)
	b = appendOptional(b, modelProducerVersion, m.ProducerVersion)
	b = appendMessage(b, modelGraph, m.Graph.append)
	b = appendMessage(b, modelOpset, func(b []byte) []byte {
		b = appendString(b, opsetDomain, "")
		return appendInt(b, opsetVersion, cmp.Or(m.Opset, DefaultOpset))
	})
	for _, k := range slices.Sorted(maps.Keys(m.Metadata)) {
		b = appendMessage(b, modelMetadata, func(b []byte) []byte {
			return appendString(appendString(b, entryKey, k), entryValue, m.Metadata[k])
		})
	}
	return b
}

func (g *Graph) append(b []byte) []byte {
	for i := range g.Nodes {
		b = appendMessage(b, graphNode, g.Nodes[i].append)
	}
	b = appendOptional(b, graphName, g.Name)
	for i := range g.Initializers {
		b = appendMessage(b, graphInitializer, g.Initializers[i].append)
	}
	for i := range g.Inputs {
		b = appendMessage(b, graphInput, g.Inputs[i].append)
	}
	for i := range g.Outputs {
		b = appendMessage(b, graphOutput, g.Outputs[i].append)
	}
	return b
}

func (n *Node) append(b []byte) []byte {
	for _, s := range n.Inputs {
		b = appendString(b, nodeInput, s)
	}
	for _, s := range n.Outputs {
		b = appendString(b, nodeOutput, s)
	}
	b = appendOptional(b, nodeName, n.Name)
	b = appendOptional(b, nodeOp, n.Op)
	for i := range n.Attrs {
		b = appendMessage(b, nodeAttr, n.Attrs[i].append)
	}
	return b
}

func (a *Attr) append(b []byte) []byte {
	b = appendOptional(b, attrName, a.Name)
	switch a.Kind {
	case KindFloat:
		b = appendFloat(b, attrFloat, a.Float)
	case KindInt:
		b = appendInt(b, attrInt, a.Int)
	case KindString:
		b = appendString(b, attrString, a.String)
	case KindTensor:
		b = appendMessage(b, attrTensor, a.Tensor.append)
	case KindFloats:
		for _, v := range a.Floats {
			b = appendFloat(b, attrFloats, v)
		}
	case KindInts:
		for _, v := range a.Ints {
			b = appendInt(b, attrInts, v)
		}
	case KindStrings:
		for _, v := range a.Strings {
			b = appendString(b, attrStrings, v)
		}
	}
	return appendInt(b, attrType, int64(a.Kind))
}

// append appends the tensor with its values as raw_data, little endian.
func (t *Tensor) append(b []byte) []byte {
	for _, d := range t.Dims {
		b = appendInt(b, tensorDims, d)
	}
	kind := int64(typeFloat)
	if t.Ints != nil {
		kind = typeInt64
	}
	b = appendInt(b, tensorType, kind)
	b = appendOptional(b, tensorName, t.Name)
	b = protowire.AppendTag(b, tensorRaw, protowire.BytesType)
	if t.Ints != nil {
		b = protowire.AppendVarint(b, 8*uint64(len(t.Ints)))
		b = slices.Grow(b, 8*len(t.Ints))
		for _, v := range t.Ints {
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
		return b
	}
	b = protowire.AppendVarint(b, 4*uint64(len(t.Floats)))
	b = slices.Grow(b, 4*len(t.Floats))
	for _, v := range t.Floats {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func (v *ValueInfo) append(b []byte) []byte {
	b = appendOptional(b, valueName, v.Name)
	return appendMessage(b, valueType, func(b []byte) []byte {
		return appendMessage(b, typeTensor, func(b []byte) []byte {
			b = appendInt(b, tensorTypeElem, typeFloat)
			return appendMessage(b, tensorTypeShape, func(b []byte) []byte {
				for i := range v.Dims {
					b = appendMessage(b, shapeDim, v.Dims[i].append)
				}
				return b
			})
		})
	})
}

func (d *Dim) append(b []byte) []byte {
	switch {
	case d.Name != "":
		return appendString(b, dimParam, d.Name)
	case d.Size != 0:
		return appendInt(b, dimValue, d.Size)
	}
	return b
}

// appendMessage appends a length-delimited field whose content body appends.
// The length goes in front afterwards, which moves the content by its size, so
// that nested messages need no buffers of their own.
func appendMessage(b []byte, num protowire.Number, body func([]byte) []byte) []byte {
	b = protowire.AppendTag(b, num, protowire.BytesType)
	start := len(b)
	b = body(b)
	size := len(b) - start
	var prefix [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(prefix[:], uint64(size))
	b = append(b, prefix[:n]...)
	copy(b[start+n:], b[start:start+size])
	copy(b[start:], prefix[:n])
	return b
}

func appendInt(b []byte, num protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64(v))
}

func appendFloat(b []byte, num protowire.Number, v float32) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(b, num, protowire.Fixed32Type), math.Float32bits(v))
}

func appendString(b []byte, num protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
}

// appendOptional appends s unless it is empty.
func appendOptional(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(b, num, s)
}
