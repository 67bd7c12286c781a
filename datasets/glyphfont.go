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
	font, err := parseTrueType(data)
	if err != nil {
		return err
	}
	measure, chars := 'H', alphabet
	if smallCaps {
		measure, chars = 'h', alphabet[10:] // its digits are those of the plain fonts
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
func polygons(font *trueType, r rune, scale float64) (o outline, height float64, err error) {
	index, err := font.index(r)
	if err != nil {
		return o, 0, err
	}
	curves, err := font.contours(index, 0)
	if err != nil {
		return o, 0, err
	}
	for _, c := range curves {
		if len(c) < 2 {
			continue
		}
		o.points = appendFlat(o.points, c)
		o.ends = append(o.ends, len(o.points))
	}
	if len(o.points) == 0 {
		return o, 0, fmt.Errorf("the glyph of %q is empty", r)
	}
	lo, hi := box(o.points)
	for i, p := range o.points {
		o.points[i] = vec{(p.x - (lo.x+hi.x)/2) * scale, ((lo.y+hi.y)/2 - p.y) * scale}
	}
	return o, (hi.y - lo.y) * scale, nil
}

// appendFlat turns a closed quadratic curve into points of a polygon. Between two control
// points in a row the curve passes through their middle.
func appendFlat(to []vec, c []curvePoint) []vec {
	at := func(i int) curvePoint { return c[(i+len(c))%len(c)] }
	middle := func(a, b curvePoint) vec { return vec{(a.x + b.x) / 2, (a.y + b.y) / 2} }
	for i := range c {
		p := at(i)
		if p.on {
			to = append(to, vec{p.x, p.y})
			continue
		}
		from, end := vec{at(i - 1).x, at(i - 1).y}, vec{at(i + 1).x, at(i + 1).y}
		if !at(i - 1).on {
			from = middle(at(i-1), p)
			to = append(to, from)
		}
		if !at(i + 1).on {
			end = middle(p, at(i+1))
		}
		for k := 1; k < flatten; k++ {
			t := float64(k) / flatten
			a, b, d := (1-t)*(1-t), 2*t*(1-t), t*t
			to = append(to, vec{a*from.x + b*p.x + d*end.x, a*from.y + b*p.y + d*end.y})
		}
	}
	return to
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
