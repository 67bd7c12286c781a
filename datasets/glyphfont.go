package datasets

import (
	"fmt"
	"sync"
	"unicode"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomediumitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/gomonobolditalic"
	"golang.org/x/image/font/gofont/gomonoitalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/gofont/gosmallcaps"
	"golang.org/x/image/font/gofont/gosmallcapsitalic"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// vec is a point; y grows downwards.
type vec struct{ x, y float64 }

// outline is a glyph as closed polygons, centred on the middle of its box, in units of the
// height of a capital H of its font.
type outline struct {
	points []vec
	ends   []int // of each polygon in points
}

// alphabet is every character that glyphs can draw.
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// flatten is the number of straight pieces that a curve becomes.
const flatten = 3

// outlines gives the shapes of each character, one per font.
var outlines = sync.OnceValues(loadOutlines)

func loadOutlines() (map[rune][]outline, error) {
	out := map[rune][]outline{}
	for _, font := range []struct {
		name      string
		data      []byte
		smallCaps bool // its lower case looks like capitals
	}{
		{"regular", goregular.TTF, false}, {"bold", gobold.TTF, false},
		{"italic", goitalic.TTF, false}, {"bold italic", gobolditalic.TTF, false},
		{"medium", gomedium.TTF, false}, {"medium italic", gomediumitalic.TTF, false},
		{"mono", gomono.TTF, false}, {"mono bold", gomonobold.TTF, false},
		{"mono italic", gomonoitalic.TTF, false}, {"mono bold italic", gomonobolditalic.TTF, false},
		{"small caps", gosmallcaps.TTF, true}, {"small caps italic", gosmallcapsitalic.TTF, true},
	} {
		if err := addFont(out, font.data, font.smallCaps); err != nil {
			return nil, fmt.Errorf("datasets: glyphs: Go font %s: %w", font.name, err)
		}
	}
	return out, nil
}

func addFont(out map[rune][]outline, data []byte, smallCaps bool) error {
	font, err := sfnt.Parse(data)
	if err != nil {
		return err
	}
	measure, chars := 'H', alphabet
	if smallCaps {
		measure, chars = 'h', alphabet[10:] // its digits are the same as in the plain fonts
	}
	_, height, err := polygons(font, measure, 1)
	if err != nil {
		return err
	}
	for _, r := range chars {
		glyph := r
		if smallCaps {
			glyph = unicode.ToLower(r)
		}
		o, _, err := polygons(font, glyph, 1/height)
		if err != nil {
			return err
		}
		out[r] = append(out[r], o)
	}
	return nil
}

// polygons reads a glyph, scaled and centred, and its height.
func polygons(font *sfnt.Font, r rune, scale float64) (o outline, height float64, err error) {
	var buf sfnt.Buffer
	index, err := font.GlyphIndex(&buf, r)
	if err != nil {
		return o, 0, err
	}
	if index == 0 {
		return o, 0, fmt.Errorf("font has no glyph for %q", r)
	}
	// At as many pixels as the em has units, coordinates are whole font units.
	segments, err := font.LoadGlyph(&buf, index, fixed.I(int(font.UnitsPerEm())), nil)
	if err != nil {
		return o, 0, err
	}
	for _, s := range segments {
		o.appendFlat(s)
	}
	if len(o.points) == 0 {
		return o, 0, fmt.Errorf("the glyph of %q is empty", r)
	}
	o.ends = append(o.ends, len(o.points))
	lo, hi := box(o.points)
	for i, p := range o.points {
		o.points[i] = vec{(p.x - (lo.x+hi.x)/2) * scale, (p.y - (lo.y+hi.y)/2) * scale}
	}
	return o, (hi.y - lo.y) * scale, nil
}

// appendFlat adds a piece of a contour as straight lines. A contour ends where it began,
// as sfnt gives it, so the last line of its polygon has no length.
func (o *outline) appendFlat(s sfnt.Segment) {
	at := func(i int) vec { return vec{float64(s.Args[i].X) / 64, float64(s.Args[i].Y) / 64} }
	switch s.Op {
	case sfnt.SegmentOpMoveTo:
		if len(o.points) > 0 {
			o.ends = append(o.ends, len(o.points))
		}
		o.points = append(o.points, at(0))
	case sfnt.SegmentOpLineTo:
		o.points = append(o.points, at(0))
	case sfnt.SegmentOpQuadTo:
		from, control, end := o.points[len(o.points)-1], at(0), at(1)
		for k := 1; k <= flatten; k++ {
			t := float64(k) / flatten
			a, b, c := (1-t)*(1-t), 2*t*(1-t), t*t
			o.points = append(o.points, vec{a*from.x + b*control.x + c*end.x, a*from.y + b*control.y + c*end.y})
		}
	}
}

// box is the smallest and largest x and y of some points.
func box(points []vec) (lo, hi vec) {
	lo, hi = points[0], points[0]
	for _, p := range points {
		lo.x, lo.y = min(lo.x, p.x), min(lo.y, p.y)
		hi.x, hi.y = max(hi.x, p.x), max(hi.y, p.y)
	}
	return lo, hi
}
