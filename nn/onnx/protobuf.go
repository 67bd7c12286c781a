package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// coder writes the fields of one message to out or reads them from in, so that one
// description of a message serves both ways. Fields that a message being read lacks keep
// their values. The zero value writes.
type coder struct {
	reading bool
	in      message
	out     []byte
	err     error // the first, of reading

	external *folder // of values in other files; nil: there may be none
}

// message is the content of a message and its offset in the file.
type message struct {
	b      []byte
	offset int
}

// field is one field of a message.
type field struct {
	num    protowire.Number
	typ    protowire.Type
	bits   uint64 // of a varint, fixed32 or fixed64
	bytes  []byte // of the bytes type; part of the input
	offset int    // of the field in the file
	body   int    // offset of bytes in the file
}

// fail notes an error of the message being read.
func (c *coder) fail(format string, args ...any) {
	if c.reading && c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// within puts the name of the message in front of an error.
func (c *coder) within(format string, args ...any) {
	c.err = within(c.err, format, args...)
}

// each calls visit with the fields of a number in the message being read. Groups, which
// ONNX does not use, are skipped.
func (c *coder) each(num protowire.Number, visit func(f field) error) {
	for pos := 0; pos < len(c.in.b) && c.err == nil; {
		f := field{offset: c.in.offset + pos}
		var n int
		if f.num, f.typ, n = protowire.ConsumeTag(c.in.b[pos:]); n < 0 {
			c.err = f.malformed(n)
			return
		}
		pos += n
		rest := c.in.b[pos:]
		switch f.typ {
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
			f.body = c.in.offset + pos + n - len(f.bytes)
		default:
			n = protowire.ConsumeFieldValue(f.num, f.typ, rest)
		}
		switch pos += n; {
		case n < 0:
			c.err = f.malformed(n)
		case f.num == num:
			c.err = visit(f)
		}
	}
}

func (f field) malformed(code int) error {
	return fmt.Errorf("offset %d: malformed protocol buffer: %w", f.offset, protowire.ParseError(code))
}

// is reports an error if the wire type of a field does not fit its number.
func (f field) is(typ protowire.Type, want string) error {
	if f.typ != typ {
		return fmt.Errorf("offset %d: field %d has wire type %d, expected %s", f.offset, f.num, f.typ, want)
	}
	return nil
}

// refuse makes a field an error when reading.
func (c *coder) refuse(num protowire.Number, feature string) {
	c.each(num, func(f field) error { return fmt.Errorf("offset %d: %s are not supported", f.offset, feature) })
}

func (c *coder) int(num protowire.Number, v *int64) {
	if !c.reading {
		c.out = appendInt(c.out, num, *v)
	}
	c.each(num, func(f field) error {
		*v = int64(f.bits)
		return f.is(protowire.VarintType, "an integer")
	})
}

func (c *coder) float(num protowire.Number, v *float32) {
	if !c.reading {
		c.out = appendFloat(c.out, num, *v)
	}
	c.each(num, func(f field) error {
		*v = math.Float32frombits(uint32(f.bits))
		return f.is(protowire.Fixed32Type, "a float")
	})
}

// bytes reads a field and reports whether the message has it.
func (c *coder) bytes(num protowire.Number, v *[]byte) (found bool) {
	c.each(num, func(f field) error {
		*v, found = f.bytes, true
		return f.is(protowire.BytesType, "bytes")
	})
	return found
}

func (c *coder) string(num protowire.Number, v *string) {
	if !c.reading {
		c.out = appendString(c.out, num, *v)
	}
	c.each(num, func(f field) error {
		*v = string(f.bytes)
		return f.is(protowire.BytesType, "a string")
	})
}

// text is string that leaves an empty one out.
func (c *coder) text(num protowire.Number, v *string) {
	if c.reading || *v != "" {
		c.string(num, v)
	}
}

func (c *coder) strings(num protowire.Number, v *[]string) {
	if !c.reading {
		for i := range *v {
			c.string(num, &(*v)[i])
		}
	}
	c.each(num, func(f field) error {
		*v = append(*v, string(f.bytes))
		return f.is(protowire.BytesType, "a string")
	})
}

// ints is a repeated integer field, which is read packed or not.
func (c *coder) ints(num protowire.Number, v *[]int64) {
	if !c.reading {
		for i := range *v {
			c.int(num, &(*v)[i])
		}
	}
	c.each(num, func(f field) error {
		if f.typ == protowire.VarintType {
			*v = append(*v, int64(f.bits))
			return nil
		}
		for b := f.bytes; len(b) > 0; {
			x, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return f.malformed(n)
			}
			*v = append(*v, int64(x))
			b = b[n:]
		}
		return f.is(protowire.BytesType, "integers")
	})
}

// floats is a repeated float field, which is read packed or not.
func (c *coder) floats(num protowire.Number, v *[]float32) {
	if !c.reading {
		for i := range *v {
			c.float(num, &(*v)[i])
		}
	}
	c.each(num, func(f field) error {
		if f.typ == protowire.Fixed32Type {
			*v = append(*v, math.Float32frombits(uint32(f.bits)))
			return nil
		}
		if len(f.bytes)%4 != 0 {
			return fmt.Errorf("offset %d: %d bytes of packed floats are not a multiple of 4", f.offset, len(f.bytes))
		}
		for b := f.bytes; len(b) > 0; b = b[4:] {
			*v = append(*v, math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}
		return f.is(protowire.BytesType, "floats")
	})
}

// doubles reads a repeated double field, packed or not.
func (c *coder) doubles(num protowire.Number, visit func(bits uint64)) {
	c.each(num, func(f field) error {
		if f.typ == protowire.Fixed64Type {
			visit(f.bits)
			return nil
		}
		if len(f.bytes)%8 != 0 {
			return fmt.Errorf("offset %d: %d bytes of packed doubles are not a multiple of 8", f.offset, len(f.bytes))
		}
		for b := f.bytes; len(b) > 0; b = b[8:] {
			visit(binary.LittleEndian.Uint64(b))
		}
		return f.is(protowire.BytesType, "doubles")
	})
}

// message codes a message within this one, each time that it occurs when reading, and
// reports whether it did.
func (c *coder) message(num protowire.Number, code func(*coder)) (found bool) {
	if !c.reading {
		c.out = appendMessage(c.out, num, func(b []byte) []byte {
			inner := coder{out: b}
			code(&inner)
			return inner.out
		})
	}
	c.each(num, func(f field) error {
		if err := f.is(protowire.BytesType, "a message"); err != nil {
			return err
		}
		found = true
		inner := coder{reading: true, in: message{f.bytes, f.body}, external: c.external}
		code(&inner)
		return inner.err
	})
	return found
}

// list codes a repeated message.
func list[T any](c *coder, num protowire.Number, v *[]T, code func(*T, *coder)) {
	if !c.reading {
		for i := range *v {
			c.message(num, func(c *coder) { code(&(*v)[i], c) })
		}
		return
	}
	c.message(num, func(c *coder) {
		var one T
		code(&one, c)
		*v = append(*v, one)
	})
}

// raw writes size bytes that body appends.
func (c *coder) raw(num protowire.Number, size int, body func([]byte) []byte) {
	c.out = protowire.AppendVarint(protowire.AppendTag(c.out, num, protowire.BytesType), uint64(size))
	c.out = body(slices.Grow(c.out, size))
}

// appendMessage appends a length-delimited field whose content body appends.
// The length goes in front afterwards, which moves the content by its size, so
// that nested messages need no buffers of their own.
func appendMessage(b []byte, num protowire.Number, body func([]byte) []byte) []byte {
	b = protowire.AppendTag(b, num, protowire.BytesType)
	start := len(b)
	b = body(b)
	return slices.Insert(b, start, protowire.AppendVarint(nil, uint64(len(b)-start))...)
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
