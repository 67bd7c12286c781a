package raster

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

type point struct{ x, y float64 }

// piece is a line through points; a closed one returns to its first point.
type piece struct {
	points []point
	closed bool
}

// outline is pieces of straight lines; curves are divided into them.
type outline struct{ pieces []piece }

// steps is the number of straight lines that a curve becomes.
const steps = 16

func (o *outline) move(x, y float64) { o.pieces = append(o.pieces, piece{points: []point{{x, y}}}) }

func (o *outline) last() *piece { return &o.pieces[len(o.pieces)-1] }

func (o *outline) line(x, y float64) { o.last().points = append(o.last().points, point{x, y}) }

func (o *outline) here() point { p := o.last().points; return p[len(p)-1] }

func (o *outline) close() { o.last().closed = true }

// curve adds a Bézier curve of degree 2 or 3 to the last of the points.
func (o *outline) curve(points ...point) {
	from := o.here()
	for i := 1; i <= steps; i++ {
		t := float64(i) / steps
		at := append([]point{from}, points...)
		for n := len(at) - 1; n > 0; n-- { // de Casteljau
			for k := range n {
				at[k] = point{at[k].x + t*(at[k+1].x-at[k].x), at[k].y + t*(at[k+1].y-at[k].y)}
			}
		}
		o.line(at[0].x, at[0].y)
	}
}

// rect adds a rectangle with corners of radius r.
func (o *outline) rect(x, y, w, h, r float64) {
	r = min(r, w/2, h/2)
	o.move(x+r, y)
	for i, c := range []point{{x + w - r, y + r}, {x + w - r, y + h - r}, {x + r, y + h - r}, {x + r, y + r}} {
		start := float64(i-1) * math.Pi / 2
		for k := 0; k <= steps/2; k++ {
			a := start + math.Pi/2*float64(k)/(steps/2)
			o.line(c.x+r*math.Cos(a), c.y+r*math.Sin(a))
			if r <= 0 {
				break
			}
		}
	}
	o.close()
}

func (o *outline) circle(x, y, r float64) {
	const n = 4 * steps
	for i := range n {
		s, c := math.Sincos(2 * math.Pi * float64(i) / n)
		if i == 0 {
			o.move(x+r*c, y+r*s)
			continue
		}
		o.line(x+r*c, y+r*s)
	}
	o.close()
}

// path adds the data of a path with the commands M, L, H, V, Q, C and z.
func (o *outline) path(data string) error {
	words := strings.FieldsFunc(spaced.Replace(data), func(r rune) bool { return r == ' ' || r == ',' || r == '\n' })
	next := func(n int) ([]float64, error) {
		if len(words) < n {
			return nil, fmt.Errorf("raster: the path %q ends early", data)
		}
		out := make([]float64, n)
		for i := range out {
			v, err := strconv.ParseFloat(words[i], 64)
			if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("raster: %q is no number of a path", words[i])
			}
			out[i] = v
		}
		words = words[n:]
		return out, nil
	}
	command := ""
	for len(words) > 0 {
		if word := words[0]; strings.Contains("MLHVQCZ", strings.ToUpper(word)) {
			command, words = word, words[1:]
		}
		if command != "M" && len(o.pieces) == 0 {
			return fmt.Errorf("raster: the path %q does not begin with M", data)
		}
		n, ok := map[string]int{"M": 2, "L": 2, "H": 1, "V": 1, "Q": 4, "C": 6, "Z": 0, "z": 0}[command]
		if !ok {
			return fmt.Errorf("raster: the path %q has the command %q", data, command)
		}
		v, err := next(n)
		if err != nil {
			return err
		}
		switch command {
		case "M":
			o.move(v[0], v[1])
			command = "L" // of further coordinates
		case "L":
			o.line(v[0], v[1])
		case "H":
			o.line(v[0], o.here().y)
		case "V":
			o.line(o.here().x, v[0])
		case "Q":
			o.curve(point{v[0], v[1]}, point{v[2], v[3]})
		case "C":
			o.curve(point{v[0], v[1]}, point{v[2], v[3]}, point{v[4], v[5]})
		default:
			o.close()
			command = "" // takes no coordinates
		}
	}
	return nil
}

// spaced puts spaces around commands.
var spaced = strings.NewReplacer("M", " M ", "L", " L ", "H", " H ", "V", " V ", "Q", " Q ", "C", " C ", "z", " z ", "Z", " Z ")

// transform moves and scales the outline as "translate(x y) scale(s)" says.
func (o *outline) transform(text string) error {
	if text == "" {
		return nil
	}
	var x, y, s float64
	if n, err := fmt.Sscanf(text, "translate(%g %g) scale(%g)", &x, &y, &s); n != 3 || err != nil {
		return fmt.Errorf("raster: the transform %q is not of the form translate(x y) scale(s)", text)
	}
	for _, p := range o.pieces {
		for i := range p.points {
			p.points[i] = point{x + s*p.points[i].x, y + s*p.points[i].y}
		}
	}
	return nil
}
