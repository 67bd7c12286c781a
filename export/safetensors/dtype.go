package safetensors

import (
	"encoding/binary"
	"math"
)

// dtype describes an element type that Read converts to float32.
type dtype struct {
	size   int
	decode func(b []byte) float32
}

// dtypeOf returns the floating-point type with the given safetensors name.
func dtypeOf(name string) (dtype, bool) {
	le := binary.LittleEndian
	switch name {
	case "F32":
		return dtype{4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }}, true
	case "F64":
		return dtype{8, func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }}, true
	case "F16":
		return dtype{2, func(b []byte) float32 { return half(le.Uint16(b)) }}, true
	case "BF16":
		return dtype{2, func(b []byte) float32 { return math.Float32frombits(uint32(le.Uint16(b)) << 16) }}, true
	}
	return dtype{}, false
}

// half converts an IEEE 754 binary16 value, which float32 holds exactly.
func half(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h) & 0x3ff
	switch exp {
	case 0: // zero or subnormal: frac * 2^-24
		v := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}
