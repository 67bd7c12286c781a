package raster

import (
	"fmt"
	"strconv"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// face is a font with the buffer that its reader needs; a mutex guards the buffer.
type face struct {
	sync.Mutex
	font   *sfnt.Font
	buffer sfnt.Buffer
}

func loaded(data []byte) func() *face {
	return sync.OnceValue(func() *face {
		f, err := sfnt.Parse(data)
		if err != nil {
			panic(err) // the fonts are parts of the program
		}
		return &face{font: f}
	})
}

var regular, bold, italic = loaded(goregular.TTF), loaded(gobold.TTF), loaded(goitalic.TTF)

// precision is the size at which outlines of glyphs are read; they are scaled from there.
const precision = 1024

// Width is the width of a text of a font size, in the same units.
func Width(text string, size float64) float64 {
	width, err := regular().set(text, nil)
	if err != nil {
		return size * float64(len(text)) // wide enough
	}
	return width * size
}

// set adds the outlines of a text of size 1 that begins at 0, and returns its width.
func (f *face) set(text string, to *outline) (float64, error) {
	f.Lock()
	defer f.Unlock()
	at := 0.0
	for _, r := range text {
		glyph, err := f.font.GlyphIndex(&f.buffer, r)
		if err != nil {
			return 0, fmt.Errorf("raster: %w", err)
		}
		if to != nil {
			segments, err := f.font.LoadGlyph(&f.buffer, glyph, fixed.I(precision), nil)
			if err != nil {
				return 0, fmt.Errorf("raster: %w", err)
			}
			to.glyph(segments, at)
		}
		advance, err := f.font.GlyphAdvance(&f.buffer, glyph, fixed.I(precision), font.HintingNone)
		if err != nil {
			return 0, fmt.Errorf("raster: %w", err)
		}
		at += em(advance)
	}
	return at, nil
}

func em(v fixed.Int26_6) float64 { return float64(v) / 64 / precision }

// glyph adds the outline of a glyph, which begins at x.
func (o *outline) glyph(segments sfnt.Segments, x float64) {
	for _, s := range segments {
		var at []point
		for _, a := range s.Args {
			at = append(at, point{x + em(a.X), em(a.Y)})
		}
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			o.move(at[0].x, at[0].y)
			o.close()
		case sfnt.SegmentOpLineTo:
			o.line(at[0].x, at[0].y)
		case sfnt.SegmentOpQuadTo:
			o.curve(at[0], at[1])
		case sfnt.SegmentOpCubeTo:
			o.curve(at...)
		}
	}
}

// text draws a text element.
func (p *painter) text(e *element) error {
	at, err := e.numbers("x", "y")
	if err != nil {
		return err
	}
	size, err := e.number("font-size", 12)
	if err != nil {
		return err
	}
	f := regular()
	if weight, _ := strconv.Atoi(e.attributes["font-weight"]); weight >= 600 {
		f = bold()
	} else if e.attributes["font-style"] == "italic" {
		f = italic()
	}
	var o outline
	width, err := f.set(e.text, &o)
	if err != nil {
		return err
	}
	x := at[0]
	switch e.attributes["text-anchor"] {
	case "middle":
		x -= width * size / 2
	case "end":
		x -= width * size
	}
	for _, piece := range o.pieces {
		for i := range piece.points {
			piece.points[i] = point{x + size*piece.points[i].x, at[1] + size*piece.points[i].y}
		}
	}
	return p.paint(&o, e)
}
