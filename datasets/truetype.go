package datasets

import (
	"encoding/binary"
	"fmt"
)

// trueType reads glyph outlines from a TrueType font: as much of the format as the Go
// fonts use (cmap format 4, glyf outlines, composites placed by offset). Hinting is
// ignored.
type trueType struct {
	cmap, loca, glyf []byte
	longLoca         bool
	parts            int // of the composite being read
}

// curvePoint is a point of a quadratic outline, in font units with y upwards.
type curvePoint struct {
	x, y float64
	on   bool // on the curve; otherwise a control point
}

func be16(b []byte, at int) (int, error) {
	if at < 0 || at+2 > len(b) {
		return 0, fmt.Errorf("font table of %d bytes ends before offset %d", len(b), at+2)
	}
	return int(binary.BigEndian.Uint16(b[at:])), nil
}

func be32(b []byte, at int) (int, error) {
	if at < 0 || at+4 > len(b) {
		return 0, fmt.Errorf("font table of %d bytes ends before offset %d", len(b), at+4)
	}
	return int(binary.BigEndian.Uint32(b[at:])), nil
}

// int16s reads n signed numbers from offset at.
func int16s(b []byte, at, n int) ([]int, error) {
	out := make([]int, n)
	for i := range out {
		v, err := be16(b, at+2*i)
		if err != nil {
			return nil, err
		}
		out[i] = int(int16(v))
	}
	return out, nil
}

func parseTrueType(data []byte) (*trueType, error) {
	n, err := be16(data, 4)
	if err != nil {
		return nil, err
	}
	tables := map[string][]byte{}
	for i := range n {
		at := 12 + 16*i
		offset, err := be32(data, at+8)
		if err != nil {
			return nil, err
		}
		length, err := be32(data, at+12)
		if err != nil {
			return nil, err
		}
		if offset+length > len(data) {
			return nil, fmt.Errorf("font table %q ends at byte %d of a file of %d", data[at:at+4], offset+length, len(data))
		}
		tables[string(data[at:at+4])] = data[offset : offset+length]
	}
	format, err := be16(tables["head"], 50)
	if err != nil {
		return nil, err
	}
	f := &trueType{loca: tables["loca"], glyf: tables["glyf"], longLoca: format == 1}
	subtables, err := be16(tables["cmap"], 2)
	if err != nil {
		return nil, err
	}
	for i := range subtables {
		offset, err := be32(tables["cmap"], 4+8*i+4)
		if err != nil {
			return nil, err
		}
		if format, err := be16(tables["cmap"], offset); err == nil && format == 4 {
			f.cmap = tables["cmap"][offset:]
			return f, nil
		}
	}
	return nil, fmt.Errorf("font has no character map of format 4")
}

// index finds the glyph of a character of the basic plane.
func (f *trueType) index(r rune) (int, error) {
	segX2, err := be16(f.cmap, 6)
	if err != nil {
		return 0, err
	}
	const ends = 14
	for at := ends; at < ends+segX2; at += 2 {
		seg, err := int16s(f.cmap, at, 1)
		if err != nil {
			return 0, err
		}
		if end := seg[0] & 0xffff; int(r) > end {
			continue
		}
		start, err := be16(f.cmap, at+2+segX2)
		if err != nil {
			return 0, err
		}
		delta, err := be16(f.cmap, at+2+2*segX2)
		if err != nil {
			return 0, err
		}
		rangeAt := at + 2 + 3*segX2
		offset, err := be16(f.cmap, rangeAt)
		if err != nil {
			return 0, err
		}
		if int(r) < start {
			break
		}
		if offset == 0 {
			return (int(r) + delta) & 0xffff, nil
		}
		g, err := be16(f.cmap, rangeAt+offset+2*(int(r)-start))
		if err != nil {
			return 0, err
		}
		if g != 0 {
			return (g + delta) & 0xffff, nil
		}
		break
	}
	return 0, fmt.Errorf("font has no glyph for %q", r)
}
