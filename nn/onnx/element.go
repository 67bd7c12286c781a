package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Values of TensorProto.DataType that are written.
const (
	typeFloat = 1
	typeInt64 = 7
)

// element says how a type of number is stored and which of float32 and int64 it becomes.
type element struct {
	size  int  // bytes of raw data
	whole bool // int64 rather than float32
	field protowire.Number
	value func(bits uint64) (float32, int64) // of raw data, or of a typed field
}

// elements are the types of numbers by TensorProto.DataType. Fields: 4 float_data, 5
// int32_data, 7 int64_data, 10 double_data, 11 uint64_data.
var elements = map[int64]element{
	typeFloat: {4, false, 4, func(b uint64) (float32, int64) { return math.Float32frombits(uint32(b)), 0 }},
	2:         {1, true, 5, func(b uint64) (float32, int64) { return 0, int64(uint8(b)) }},
	3:         {1, true, 5, func(b uint64) (float32, int64) { return 0, int64(int8(b)) }},
	4:         {2, true, 5, func(b uint64) (float32, int64) { return 0, int64(uint16(b)) }},
	5:         {2, true, 5, func(b uint64) (float32, int64) { return 0, int64(int16(b)) }},
	6:         {4, true, 5, func(b uint64) (float32, int64) { return 0, int64(int32(b)) }},
	typeInt64: {8, true, 7, func(b uint64) (float32, int64) { return 0, int64(b) }},
	9: {1, true, 5, func(b uint64) (float32, int64) { // bool
		if b != 0 {
			return 0, 1
		}
		return 0, 0
	}},
	10: {2, false, 5, func(b uint64) (float32, int64) { return half(uint16(b)), 0 }},
	11: {8, false, 10, func(b uint64) (float32, int64) { return float32(math.Float64frombits(b)), 0 }},
	12: {4, true, 11, func(b uint64) (float32, int64) { return 0, int64(uint32(b)) }},
	13: {8, true, 11, func(b uint64) (float32, int64) { return 0, int64(b) }},
	16: {2, false, 5, func(b uint64) (float32, int64) { return math.Float32frombits(uint32(b) << 16), 0 }}, // bfloat16
}

// IsWhole reports whether values of a TensorProto.DataType are whole numbers or truth
// values, which a Tensor holds as Ints; ok is false for types that are not supported.
func IsWhole(dataType int64) (whole, ok bool) {
	e, ok := elements[dataType]
	return e.whole, ok
}

func unsupported(dataType int64) string {
	return fmt.Sprintf("element type %d is not supported (1, float32, and 7, int64, are, and numbers that become these)", dataType)
}

// half converts from IEEE 754 binary16.
func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, int(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0: // subnormal
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | uint32(exponent-15+127)<<23 | fraction<<13)
}

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

// read reads the values, which may be raw data, in a field of their type or in another file.
func (t *Tensor) read(c *coder, kind int64) {
	c.refuse(3, "tensors in segments")
	e, ok := elements[kind]
	if !ok {
		c.fail("%s", unsupported(kind))
		return
	}
	var raw []byte
	given := c.bytes(9, &raw)
	location := int64(0)
	if c.int(14, &location); location != 0 && c.err == nil {
		if c.err = t.checkDims(); c.err == nil {
			raw, c.err = c.readExternal(int64(e.size) * t.size())
		}
		given = true
	}
	if e.whole {
		t.Ints = []int64{}
	}
	t.readTyped(c, e)
	if given && len(t.Floats)+len(t.Ints) > 0 {
		c.fail("values are given both as raw data and in a typed field")
	}
	if len(raw)%e.size != 0 {
		c.fail("%d bytes of raw data are not a multiple of %d", len(raw), e.size)
	}
	if c.err != nil {
		return
	}
	n := len(raw) / e.size
	switch {
	case kind == typeFloat && n > 0: // most of a file
		t.Floats = make([]float32, n)
		for i := range t.Floats {
			t.Floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case n > 0:
		var wide [8]byte
		t.grow(e, n)
		for ; len(raw) > 0; raw = raw[e.size:] {
			copy(wide[:], raw[:e.size])
			t.append(e, binary.LittleEndian.Uint64(wide[:]))
		}
	}
	c.err = t.check()
}

func (t *Tensor) grow(e element, n int) {
	if e.whole {
		t.Ints = slices.Grow(t.Ints, n)
	} else {
		t.Floats = slices.Grow(t.Floats, n)
	}
}

func (t *Tensor) append(e element, bits uint64) {
	if f, i := e.value(bits); e.whole {
		t.Ints = append(t.Ints, i)
	} else {
		t.Floats = append(t.Floats, f)
	}
}

// readTyped reads the field that holds values of a type.
func (t *Tensor) readTyped(c *coder, e element) {
	switch e.field {
	case 4:
		c.floats(4, &t.Floats)
	case 10:
		c.doubles(10, func(bits uint64) { t.append(e, bits) })
	default:
		var values []int64
		c.ints(e.field, &values)
		t.grow(e, len(values))
		for _, v := range values {
			t.append(e, uint64(v))
		}
	}
}

// size is the number of values of valid Dims.
func (t *Tensor) size() int64 {
	n := int64(1)
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

func (t *Tensor) checkDims() error {
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
	return nil
}

// check checks that the values match the shape.
func (t *Tensor) check() error {
	if t.Ints != nil && len(t.Floats) > 0 {
		return errors.New("both float32 and int64 values")
	}
	if err := t.checkDims(); err != nil {
		return err
	}
	if n, found := t.size(), int64(len(t.Floats)+len(t.Ints)); n != found {
		return fmt.Errorf("shape needs %d values, found %d", n, found)
	}
	return nil
}
