package datasets

import "fmt"

// data is the entry of a glyph in the glyf table, empty for one without an outline.
func (f *trueType) data(glyph int) ([]byte, error) {
	at := func(i int) (int, error) {
		if f.longLoca {
			return be32(f.loca, 4*i)
		}
		half, err := be16(f.loca, 2*i)
		return 2 * half, err
	}
	from, err := at(glyph)
	if err != nil {
		return nil, err
	}
	to, err := at(glyph + 1)
	if err != nil {
		return nil, err
	}
	if from > to || to > len(f.glyf) {
		return nil, fmt.Errorf("font: glyph %d lies at bytes %d to %d of an outline table of %d", glyph, from, to, len(f.glyf))
	}
	return f.glyf[from:to], nil
}

// contours reads the closed curves of a glyph. depth bounds composites of composites.
func (f *trueType) contours(glyph, depth int) ([][]curvePoint, error) {
	b, err := f.data(glyph)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	count, err := int16s(b, 0, 1)
	if err != nil {
		return nil, err
	}
	if count[0] < 0 {
		return f.composite(b, depth)
	}
	return simpleContours(b, count[0])
}

func simpleContours(b []byte, count int) ([][]curvePoint, error) {
	if count == 0 {
		return nil, nil
	}
	ends, err := int16s(b, 10, count)
	if err != nil {
		return nil, err
	}
	at := 10 + 2*count
	skip, err := be16(b, at)
	if err != nil {
		return nil, err
	}
	at += 2 + skip
	n := ends[count-1] + 1
	if n < 1 {
		return nil, fmt.Errorf("font: glyph outline has %d points", n)
	}
	flags := make([]byte, 0, n)
	next := func() (byte, error) {
		if at >= len(b) {
			return 0, fmt.Errorf("font: glyph outline ends after %d bytes, inside its points", len(b))
		}
		at++
		return b[at-1], nil
	}
	for len(flags) < n {
		flag, err := next()
		if err != nil {
			return nil, err
		}
		flags = append(flags, flag)
		if flag&8 != 0 {
			repeat, err := next()
			if err != nil {
				return nil, err
			}
			for ; repeat > 0 && len(flags) < n; repeat-- {
				flags = append(flags, flag)
			}
		}
	}
	points := make([]curvePoint, n)
	axis := func(short, same byte, set func(p *curvePoint, v int)) error {
		v := 0
		for i, flag := range flags {
			switch {
			case flag&short != 0:
				d, err := next()
				if err != nil {
					return err
				}
				if flag&same != 0 {
					v += int(d)
				} else {
					v -= int(d)
				}
			case flag&same == 0:
				d, err := int16s(b, at, 1)
				if err != nil {
					return err
				}
				at += 2
				v += d[0]
			}
			set(&points[i], v)
		}
		return nil
	}
	if err := axis(2, 16, func(p *curvePoint, v int) { p.x = float64(v) }); err != nil {
		return nil, err
	}
	if err := axis(4, 32, func(p *curvePoint, v int) { p.y = float64(v) }); err != nil {
		return nil, err
	}
	out := make([][]curvePoint, 0, count)
	start := 0
	for _, end := range ends {
		if end < start-1 || end >= n {
			return nil, fmt.Errorf("font: contour ends at point %d of %d", end, n)
		}
		for i := start; i <= end; i++ {
			points[i].on = flags[i]&1 != 0
		}
		out = append(out, points[start:end+1])
		start = end + 1
	}
	return out, nil
}

// maxParts bounds composites, which may name the same part again and again.
const maxParts = 256

// composite reads a glyph made of others, each moved by an offset.
func (f *trueType) composite(b []byte, depth int) ([][]curvePoint, error) {
	if depth > 4 {
		return nil, fmt.Errorf("font: glyphs nest too deeply")
	}
	if depth == 0 {
		f.parts = 0
	}
	var out [][]curvePoint
	for at, more := 10, true; more; {
		flags, err := be16(b, at)
		if err != nil {
			return nil, err
		}
		if f.parts++; f.parts > maxParts {
			return nil, fmt.Errorf("font: a glyph is made of more than %d others", maxParts)
		}
		part, err := be16(b, at+2)
		if err != nil {
			return nil, err
		}
		// Bits: 1 the offsets are words, 2 they are offsets, 8, 0x40, 0x80 scaled parts.
		if flags&3 != 3 || flags&(8|0x40|0x80) != 0 {
			return nil, fmt.Errorf("font: composite glyph with flags %#x is not supported", flags)
		}
		d, err := int16s(b, at+4, 2)
		if err != nil {
			return nil, err
		}
		curves, err := f.contours(part, depth+1)
		if err != nil {
			return nil, err
		}
		for _, curve := range curves {
			for i := range curve {
				curve[i].x += float64(d[0])
				curve[i].y += float64(d[1])
			}
			out = append(out, curve)
		}
		at += 8
		more = flags&0x20 != 0
	}
	return out, nil
}
