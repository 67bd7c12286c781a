package npy

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"unsafe"
)

// Number is a type that elements are converted to.
type Number interface {
	uint8 | int32 | int64 | float32 | float64
}

// Dtype is the type of the elements of an Array.
type Dtype struct {
	// Kind is 'b' for booleans (0 and 1), 'u' for unsigned and 'i' for signed integers,
	// 'f' for IEEE 754 floating point, 't' for bfloat16, the upper half of a float32, which
	// NumPy has no type string for.
	Kind byte
	// Size is the number of bytes of an element: 1 for 'b'; 1, 2, 4 or 8 for 'u' and 'i';
	// 2, 4 or 8 for 'f'; 2 for 't'.
	Size int
	// Order is the byte order; nil stands for little endian.
	Order binary.ByteOrder
}

// ParseDtype reads a NumPy type string: a byte order (<, >, or | and = for none and
// little endian), and one of b1, u1 to u8, i1 to i8, f2, f4 and f8.
func ParseDtype(descr string) (Dtype, error) {
	var t Dtype
	if len(descr) != 3 {
		return t, unsupported(descr)
	}
	switch descr[0] {
	case '<', '|', '=':
		t.Order = binary.LittleEndian
	case '>':
		t.Order = binary.BigEndian
	default:
		return t, unsupported(descr)
	}
	t.Kind, t.Size = descr[1], int(descr[2]-'0')
	if err := t.check(); err != nil || t.Kind == 't' {
		return t, unsupported(descr)
	}
	return t, nil
}

// unsupported says why a type of NumPy is not read, and the remedy.
func unsupported(descr string) error {
	const remedy = "save the array as one of b1, u1, u2, u4, u8, i1, i2, i4, i8, f2, f4 and f8"
	kind := ""
	for i := range descr {
		if c := descr[i]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			kind = map[byte]string{'O': "Python objects", 'U': "text", 'S': "bytes", 'c': "complex numbers", 'M': "dates",
				'm': "durations", 'V': "raw bytes"}[c]
			break
		}
	}
	if kind != "" {
		return fmt.Errorf("element type %q, %s, is not supported: %s", descr, kind, remedy)
	}
	return fmt.Errorf("element type %q is not supported: %s", descr, remedy)
}

// check refuses a type that does not exist.
func (t Dtype) check() error {
	switch {
	case t.Kind == 'b' && t.Size == 1,
		(t.Kind == 'u' || t.Kind == 'i') && (t.Size == 1 || t.Size == 2 || t.Size == 4 || t.Size == 8),
		t.Kind == 'f' && (t.Size == 2 || t.Size == 4 || t.Size == 8),
		t.Kind == 't' && t.Size == 2:
		return nil
	}
	return fmt.Errorf("no element type of kind %q has %d bytes", t.Kind, t.Size)
}

// Whole reports whether the elements are integers or booleans.
func (t Dtype) Whole() bool { return t.Kind != 'f' && t.Kind != 't' }

// String is NumPy's name of the type: "<f4", ">i2", "|u1"; or "bfloat16".
func (t Dtype) String() string {
	if t.Kind == 't' {
		return "bfloat16"
	}
	order := "<"
	if t.Size == 1 {
		order = "|"
	} else if t.Order == binary.BigEndian {
		order = ">"
	}
	return fmt.Sprintf("%s%c%d", order, t.Kind, t.Size)
}

// Convert writes the elements of raw, of which there are len(dst), to dst. It returns the
// position of the first that T cannot hold, or -1, and the element as text.
//
// An integer is held where T has exactly this value, a boolean is 0 or 1. A floating point
// number is rounded to the nearest one of T, and not held where it is finite and that is
// infinite; a T of integers holds those without a fraction.
func Convert[T Number](dst []T, raw []byte, t Dtype) (bad int, text string) {
	return convert(dst, raw, t, false)
}

// convert is Convert; with nearest a T of floating point numbers holds every integer, rounded
// to the nearest number.
func convert[T Number](dst []T, raw []byte, t Dtype, nearest bool) (bad int, text string) {
	order := t.Order
	if order == nil {
		order = binary.LittleEndian
	}
	switch t.Kind {
	case 'b':
		for i := range dst {
			if raw[i] > 1 {
				return i, fmt.Sprintf("the boolean %d", raw[i])
			}
			dst[i] = T(raw[i])
		}
		return -1, ""
	case 'u':
		switch t.Size {
		case 1:
			for i := range dst {
				dst[i] = T(raw[i])
			}
			return -1, ""
		case 2:
			return integers(dst, nearest, func(i int) int64 { return int64(order.Uint16(raw[2*i:])) })
		case 4:
			return integers(dst, nearest, func(i int) int64 { return int64(order.Uint32(raw[4*i:])) })
		}
		return unsigned(dst, nearest, func(i int) uint64 { return order.Uint64(raw[8*i:]) })
	case 'i':
		switch t.Size {
		case 1:
			return integers(dst, nearest, func(i int) int64 { return int64(int8(raw[i])) })
		case 2:
			return integers(dst, nearest, func(i int) int64 { return int64(int16(order.Uint16(raw[2*i:]))) })
		case 4:
			return integers(dst, nearest, func(i int) int64 { return int64(int32(order.Uint32(raw[4*i:]))) })
		}
		return integers(dst, nearest, func(i int) int64 { return int64(order.Uint64(raw[8*i:])) })
	}
	if t.Kind == 't' {
		return floats(dst, func(i int) float64 { return float64(math.Float32frombits(uint32(order.Uint16(raw[2*i:])) << 16)) })
	}
	if d, ok := any(dst).([]float32); ok && t.Size == 4 && order == binary.LittleEndian {
		for i := range d { // the usual case, without a call for each element
			d[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		return -1, ""
	}
	switch t.Size {
	case 2:
		return floats(dst, func(i int) float64 { return float64(Half(order.Uint16(raw[2*i:]))) })
	case 4:
		return floats(dst, func(i int) float64 { return float64(math.Float32frombits(order.Uint32(raw[4*i:]))) })
	}
	return floats(dst, func(i int) float64 { return math.Float64frombits(order.Uint64(raw[8*i:])) })
}

func integers[T Number](dst []T, nearest bool, load func(i int) int64) (int, string) {
	nearest = nearest && floating[T]()
	for i := range dst {
		v := load(i)
		if !nearest && !holds[T](v) {
			return i, fmt.Sprint(v)
		}
		dst[i] = T(v)
	}
	return -1, ""
}

func unsigned[T Number](dst []T, nearest bool, load func(i int) uint64) (int, string) {
	nearest = nearest && floating[T]()
	for i := range dst {
		v := load(i)
		if !nearest && (v > math.MaxInt64 && (!floating[T]() || !exact[T](v)) || v <= math.MaxInt64 && !holds[T](int64(v))) {
			return i, fmt.Sprint(v)
		}
		dst[i] = T(v)
	}
	return -1, ""
}

func floats[T Number](dst []T, load func(i int) float64) (int, string) {
	whole := !floating[T]()
	for i := range dst {
		v := load(i)
		if whole {
			// The limits are powers of two, so that float64 has them.
			if v != math.Trunc(v) || !(v >= -(1<<63) && v < 1<<63) || !holds[T](int64(v)) {
				return i, fmt.Sprint(v)
			}
			dst[i] = T(int64(v))
			continue
		}
		dst[i] = T(v)
		if math.IsInf(float64(dst[i]), 0) && !math.IsInf(v, 0) {
			return i, fmt.Sprint(v)
		}
	}
	return -1, ""
}

// floating reports whether T has fractions.
func floating[T Number]() bool { return T(1)/2 != 0 }

// holds reports whether T has exactly this value.
func holds[T Number](v int64) bool {
	if floating[T]() {
		if v < 0 {
			return exact[T](-uint64(v))
		}
		return exact[T](uint64(v))
	}
	return int64(T(v)) == v
}

// exact reports whether the floating point type T has exactly this value: its digits have to
// fit into the mantissa.
func exact[T Number](v uint64) bool {
	mantissa := 53
	if unsafe.Sizeof(T(0)) == 4 {
		mantissa = 24
	}
	return v>>mantissa == 0 || bits.Len64(v>>bits.TrailingZeros64(v)) <= mantissa
}

// Half converts an IEEE 754 binary16 value, which float32 holds exactly.
func Half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0: // zero or subnormal: fraction · 2⁻²⁴
		return math.Float32frombits(math.Float32bits(float32(fraction)*(1.0/(1<<24))) | sign)
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
