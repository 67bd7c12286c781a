package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protocol buffer message.
type field struct {
	num    protowire.Number
	typ    protowire.Type
	bits   uint64 // varint and fixed types
	bytes  []byte // bytes type; part of the input
	offset int    // of the field in the file
	body   int    // offset of bytes in the file
}

// message is the content of a message and its offset in the file.
type message struct {
	b      []byte
	offset int
}

// fields calls visit with each field of m. Groups, which ONNX does not use,
// are skipped.
func (m message) fields(visit func(f field) error) error {
	for pos := 0; pos < len(m.b); {
		f := field{offset: m.offset + pos}
		num, typ, n := protowire.ConsumeTag(m.b[pos:])
		if n < 0 {
			return f.malformed(n)
		}
		pos += n
		f.num, f.typ = num, typ
		rest := m.b[pos:]
		switch typ {
		case protowire.VarintType:
			f.bits, n = protowire.ConsumeVarint(rest)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(rest)
			f.bits = uint64(v)
		case protowire.Fixed64Type:
			f.bits, n = protowire.ConsumeFixed64(rest)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(rest)
			f.body = m.offset + pos + n - len(f.bytes)
		default:
			n = protowire.ConsumeFieldValue(num, typ, rest)
		}
		if n < 0 {
			return f.malformed(n)
		}
		pos += n
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

func (f field) malformed(code int) error {
	return fmt.Errorf("offset %d: malformed protocol buffer: %w", f.offset, protowire.ParseError(code))
}

// wrong reports a field whose wire type does not fit its number.
func (f field) wrong(want string) error {
	return fmt.Errorf("offset %d: field %d has wire type %d, expected %s", f.offset, f.num, f.typ, want)
}

func (f field) message() (message, error) {
	if f.typ != protowire.BytesType {
		return message{}, f.wrong("a message")
	}
	return message{f.bytes, f.body}, nil
}

// each visits the fields of the message in f.
func (f field) each(visit func(f field) error) error {
	m, err := f.message()
	if err != nil {
		return err
	}
	return m.fields(visit)
}

func (f field) str(v *string) error {
	if f.typ != protowire.BytesType {
		return f.wrong("a string")
	}
	*v = string(f.bytes)
	return nil
}

func (f field) strs(v *[]string) error {
	var s string
	if err := f.str(&s); err != nil {
		return err
	}
	*v = append(*v, s)
	return nil
}

func (f field) int(v *int64) error {
	if f.typ != protowire.VarintType {
		return f.wrong("an integer")
	}
	*v = int64(f.bits)
	return nil
}

func (f field) float(v *float32) error {
	if f.typ != protowire.Fixed32Type {
		return f.wrong("a float")
	}
	*v = math.Float32frombits(uint32(f.bits))
	return nil
}

// ints appends a repeated integer field, packed or not.
func (f field) ints(v *[]int64) error {
	if f.typ == protowire.VarintType {
		*v = append(*v, int64(f.bits))
		return nil
	}
	if f.typ != protowire.BytesType {
		return f.wrong("integers")
	}
	for b := f.bytes; len(b) > 0; {
		x, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return f.malformed(n)
		}
		*v = append(*v, int64(x))
		b = b[n:]
	}
	return nil
}

// floats appends a repeated float field, packed or not.
func (f field) floats(v *[]float32) error {
	if f.typ == protowire.Fixed32Type {
		*v = append(*v, math.Float32frombits(uint32(f.bits)))
		return nil
	}
	if f.typ != protowire.BytesType {
		return f.wrong("floats")
	}
	if len(f.bytes)%4 != 0 {
		return fmt.Errorf("offset %d: %d bytes of packed floats are not a multiple of 4", f.offset, len(f.bytes))
	}
	for b := f.bytes; len(b) > 0; b = b[4:] {
		*v = append(*v, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return nil
}
