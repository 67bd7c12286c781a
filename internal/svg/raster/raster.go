// Package raster draws pictures of package svg as pixels: the elements and attributes that
// svg.Picture writes, no others. Text is set in the Go fonts.
package raster

import (
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"strconv"
	"strings"
)

// maxPixels bounds the memory of a picture.
const maxPixels = 1 << 26

// PNG writes the picture in svg as PNG, with scale pixels for each unit of the picture.
func PNG(w io.Writer, svg string, scale float64) error {
	img, err := Draw(svg, scale)
	if err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	return encoder.Encode(w, img)
}

// Draw returns the picture in svg as an image on white paper, with scale pixels for each
// unit of the picture. An element that svg.Picture does not write is an error.
func Draw(svg string, scale float64) (*image.RGBA, error) {
	decoder := xml.NewDecoder(strings.NewReader(svg))
	var p *painter
	var words *element // the text element under way
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			if p == nil {
				return nil, errors.New("raster: there is no picture")
			}
			return p.img, nil
		}
		if err != nil {
			return nil, fmt.Errorf("raster: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := newElement(token)
			switch {
			case e.name == "svg" && p == nil:
				if p, err = newPainter(e, scale); err != nil {
					return nil, err
				}
			case p == nil:
				return nil, fmt.Errorf("raster: <%s> outside of a picture", e.name)
			case e.name == "title":
				if err := decoder.Skip(); err != nil {
					return nil, fmt.Errorf("raster: %w", err)
				}
			case e.name == "text":
				words = e
			case e.name == "g":
			default:
				if err := p.element(e); err != nil {
					return nil, err
				}
			}
		case xml.CharData:
			if words != nil {
				words.text += string(token)
			}
		case xml.EndElement:
			if words != nil && token.Name.Local == "text" {
				if err := p.text(words); err != nil {
					return nil, err
				}
				words = nil
			}
		}
	}
}

// element is an element with its attributes.
type element struct {
	name, text string
	attributes map[string]string
}

func newElement(t xml.StartElement) *element {
	e := &element{name: t.Name.Local, attributes: map[string]string{}}
	for _, a := range t.Attr {
		e.attributes[a.Name.Local] = a.Value
	}
	return e
}

// number is an attribute that must be finite; otherwise is its value where it is missing.
func (e *element) number(name string, otherwise float64) (float64, error) {
	text, ok := e.attributes[name]
	if !ok {
		return otherwise, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("raster: %s=%q of <%s> is no number", name, text, e.name)
	}
	return v, nil
}

// numbers are several attributes, 0 where they are missing.
func (e *element) numbers(names ...string) ([]float64, error) {
	out := make([]float64, len(names))
	for i, name := range names {
		var err error
		if out[i], err = e.number(name, 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// colour is the paint of an attribute with its opacity; ok is false for none.
func (e *element) colour(name, otherwise string) (c color.NRGBA, ok bool, err error) {
	text, given := e.attributes[name]
	if !given {
		text = otherwise
	}
	if text == "none" {
		return c, false, nil
	}
	v, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 16, 32)
	if err != nil || len(text) != 7 {
		return c, false, fmt.Errorf("raster: %s=%q of <%s> is no colour", name, text, e.name)
	}
	opacity, err := e.number(name+"-opacity", 1)
	return color.NRGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), uint8(math.Round(255 * min(max(opacity, 0), 1)))}, true, err
}

func newPainter(e *element, scale float64) (*painter, error) {
	size, err := e.numbers("width", "height")
	if err != nil {
		return nil, err
	}
	w, h := math.Ceil(size[0]*scale), math.Ceil(size[1]*scale)
	if !(w >= 1 && h >= 1 && w*h <= maxPixels) {
		return nil, fmt.Errorf("raster: a picture of %g × %g pixels: give a size from 1 to %d pixels", w, h, maxPixels)
	}
	img := image.NewRGBA(image.Rect(0, 0, int(w), int(h)))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	return &painter{img: img, scale: scale}, nil
}

// element draws all elements but text.
func (p *painter) element(e *element) error {
	var at outline
	var err error
	switch e.name {
	case "rect":
		if e.attributes["width"] == "100%" { // the paper
			b := p.img.Bounds()
			at.rect(0, 0, float64(b.Dx())/p.scale, float64(b.Dy())/p.scale, 0)
			break
		}
		var v []float64
		if v, err = e.numbers("x", "y", "width", "height", "rx"); err == nil {
			at.rect(v[0], v[1], v[2], v[3], v[4])
		}
	case "line":
		var v []float64
		if v, err = e.numbers("x1", "y1", "x2", "y2"); err == nil {
			at.move(v[0], v[1])
			at.line(v[2], v[3])
		}
	case "circle":
		var v []float64
		if v, err = e.numbers("cx", "cy", "r"); err == nil {
			at.circle(v[0], v[1], v[2])
		}
	case "path":
		if err = at.path(e.attributes["d"]); err == nil {
			err = at.transform(e.attributes["transform"])
		}
	default:
		return fmt.Errorf("raster: <%s> is no element of a picture", e.name)
	}
	if err != nil {
		return err
	}
	return p.paint(&at, e)
}

// paint fills an outline and then draws its rim.
func (p *painter) paint(at *outline, e *element) error {
	if e.name != "line" {
		c, ok, err := e.colour("fill", "#000000")
		if err != nil {
			return err
		}
		if ok {
			p.fill(at.pieces, c)
		}
	}
	c, ok, err := e.colour("stroke", "none")
	if err != nil || !ok {
		return err
	}
	width, err := e.number("stroke-width", 1)
	if err != nil {
		return err
	}
	dashes, err := dashesOf(e.attributes["stroke-dasharray"])
	if err != nil {
		return err
	}
	p.stroke(at.pieces, width, dashes, c)
	return nil
}

// dashesOf are the lengths of dashes and gaps; nil for a solid line.
func dashesOf(text string) ([]float64, error) {
	if text == "" || text == "none" {
		return nil, nil
	}
	var out []float64
	for word := range strings.FieldsSeq(text) {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil || !(v >= 0.01) {
			return nil, fmt.Errorf("raster: %q is no list of dashes", text)
		}
		out = append(out, v)
	}
	if len(out)%2 == 1 {
		out = append(out, out...)
	}
	return out, nil
}
