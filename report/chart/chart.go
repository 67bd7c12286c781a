// Package chart draws curves over one axis of numbers, and bars. It knows only numbers and
// names, so any package can draw with it.
package chart

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"pare/internal/svg"
)

// Chart is curves over one axis.
type Chart struct {
	Title string
	X, Y  string // labels of the axes; Y is written in files alone
	// Curves lie over each other in their order.
	Curves []Curve
	Marks  []Mark
	Spans  []Span // parts of the X axis, drawn where there are several
	Names  Names
	// Percent: values are shares, 0.5 is written 50 %. Zero: the Y axis contains 0.
	// Whole: the X axis counts, and has no ticks between whole numbers.
	Percent, Zero, Whole bool
}

// Curve is the values Y over X. One that is not Finite leaves a gap.
type Curve struct {
	Name string
	X, Y []float64
	// Error, unless nil, draws a bar of its length above and below each value.
	Error []float64
	// Dots marks each value; values with a bar and those alone between gaps are marked
	// in any case.
	Dots  bool
	Style Style
}

// Style is the look of a curve.
type Style int

// The styles of curves.
const (
	Distinct Style = iota // in a colour of its own
	Strong                // in the first colour
	Thin                  // in the first colour, behind strong curves
	Faint                 // grey and thin: nothing is lost where they overlap
)

// look is the class of curve i and the shape of its dots.
func (c Curve) look(i int) (class string, shape int) {
	switch c.Style {
	case Strong:
		return "line1", 0
	case Thin:
		return "thin", 0
	case Faint:
		return "line5 dash1 thin", 0
	}
	return svg.CurveClass(i), i
}

// Mark is a vertical line with a name.
type Mark struct {
	Name string
	X    float64
}

// Span is a part of the X axis with a name.
type Span struct {
	Name     string
	From, To float64
}

// largest is the magnitude beyond which a value is not drawn: differences of smaller
// ones are finite.
const largest = 1e300

// Finite reports whether a value can be drawn: no NaN, and at most 1e300 in size.
func Finite(v float64) bool { return math.Abs(v) <= largest }

// Value is a value of a curve with its error.
type Value struct{ X, Y, Error float64 }

// Pieces are the values of a curve between its gaps.
func (c Curve) Pieces() [][]Value {
	var out [][]Value
	open := false
	for i, y := range c.Y {
		v := Value{X: c.X[i], Y: y}
		if c.Error != nil && !math.IsNaN(c.Error[i]) {
			v.Error = c.Error[i]
		}
		if !Finite(v.X) || !Finite(v.Y) || !Finite(v.Error) {
			open = false
			continue
		}
		if !open {
			out, open = append(out, nil), true
		}
		out[len(out)-1] = append(out[len(out)-1], v)
	}
	return out
}

func (c Curve) values() []Value { return slices.Concat(c.Pieces()...) }

// format is the size of a chart, of the margins around its plot and of dots, in pixels, and
// the approximate number of ticks on its axes.
type format struct {
	width, height            float64
	left, right, top, bottom float64
	dot                      float64
	ticksX, ticksY           int
}

var (
	inFile = format{width: 720, height: 420, left: 64, right: 150, top: 52, bottom: 46, dot: 3.6, ticksX: 7, ticksY: 6}
	inPage = format{width: 420, height: 236, left: 52, right: 12, top: 40, bottom: 34, dot: 2.2, ticksX: 8, ticksY: 5}
)

const (
	spanHeight = 16.0 // above the plot, for the names of spans
	nameHeight = 13.0 // of names one below the other
	charWidth  = 6.2  // of the small font, roughly
	barDot     = 2.2  // radius of dots in the background
)

// drawing is a chart that is being drawn.
type drawing struct {
	svg.Picture
	Chart
	format
	x, y axis
}

// WriteSVG draws the chart as a file of its own, with its title; a chart without values
// says so.
func (c Chart) WriteSVG(w io.Writer) error {
	d := &drawing{Chart: c, format: inFile}
	d.right = d.legendWidth()
	d.Text("name", d.left, 18, svg.Start, c.Title)
	if d.plot() {
		d.Text("tick", d.left, 36, svg.Start, c.Y)
		d.legend()
	} else {
		d.Text("tick", d.left, d.height/2, svg.Start, "there is nothing to draw")
	}
	return d.File(w, "plot", c.Title, d.width, d.height)
}

// Inline draws the chart as an element of a page, which has its title; "" without a
// value.
func (c Chart) Inline() string {
	d := &drawing{Chart: c, format: inPage}
	var names []place
	if c.Names != Unnamed {
		names = d.placesAbove()
	}
	if !d.plot() {
		return ""
	}
	for i, at := range names {
		d.key(i, c.Curves[i], at.x, at.y)
	}
	return d.Picture.Inline("chart", c.Title, d.width, d.height)
}

// plot draws all but title and legend; false if there is no value.
func (d *drawing) plot() bool {
	if !d.setAxes() {
		return false
	}
	d.spans()
	d.grid()
	d.marks()
	for i, c := range d.Curves {
		d.curve(i, c)
	}
	return true
}

func (d *drawing) end() float64   { return d.width - d.right }   // of the plot
func (d *drawing) floor() float64 { return d.height - d.bottom } // of the plot

// setAxes spans all finite values.
func (d *drawing) setAxes() bool {
	loX, hiX := math.Inf(1), math.Inf(-1)
	loY, hiY := math.Inf(1), math.Inf(-1)
	for _, c := range d.Curves {
		for _, v := range c.values() {
			loX, hiX = min(loX, v.X), max(hiX, v.X)
			loY, hiY = min(loY, v.Y-v.Error), max(hiY, v.Y+v.Error)
		}
	}
	if loX > hiX {
		return false
	}
	for _, s := range d.Spans {
		loX, hiX = min(loX, s.From), max(hiX, s.To)
	}
	if d.Zero {
		loY, hiY = min(loY, 0), max(hiY, 0)
	}
	least := 0.0
	if d.Whole {
		least = 1
	}
	d.x = newAxis(loX, hiX, d.ticksX, least, false).onto(d.left, d.end())
	d.y = newAxis(loY, hiY, d.ticksY, 0, true)
	if d.Percent { // padding does not leave the possible
		d.y = d.y.within(min(0, loY), max(1, hiY))
	}
	d.y = d.y.onto(d.floor(), d.top)
	return true
}

// spans marks the parts of the axis when there are several.
func (d *drawing) spans() {
	if len(d.Spans) < 2 {
		return
	}
	free, top := d.left, d.top-spanHeight
	for i, s := range d.Spans {
		from, to := d.x.at(s.From), d.x.at(s.To)
		if i%2 == 1 {
			d.Rect("band", from, top, to-from, d.floor()-top, 0, s.Name)
		}
		if i > 0 {
			d.Line("mark", from, top, from, d.floor())
		}
		width := charWidth * float64(len([]rune(s.Name)))
		if at := min(from+4, d.end()-width); at >= free {
			d.Text("phase", at, top+11, svg.Start, s.Name)
			free = at + width + 6
		}
	}
}

func (d *drawing) grid() {
	for _, t := range d.y.ticks {
		d.Line("grid", d.left, d.y.at(t), d.end(), d.y.at(t))
		d.Text("tick", d.left-6, d.y.at(t)+4, svg.End, d.y.label(t, d.Percent))
	}
	for _, t := range d.x.ticks {
		d.Line("axis", d.x.at(t), d.floor(), d.x.at(t), d.floor()+4)
		d.Text("tick", d.x.at(t), d.floor()+16, svg.Middle, d.x.label(t, false))
	}
	d.Line("axis", d.left, d.floor(), d.end(), d.floor())
	d.Text("tick", (d.left+d.end())/2, d.floor()+31, svg.Middle, d.X)
}

func (d *drawing) marks() {
	for i, m := range d.Marks {
		if at := d.x.at(m.X); at >= d.left-0.1 && at <= d.end()+0.1 {
			d.Line("mark", at, d.top-4, at, d.floor())
			x, anchor := at+4, svg.Start
			if x+charWidth*float64(len([]rune(m.Name))) > d.end() { // no room before the names of the curves
				x, anchor = at-4, svg.End
			}
			d.Text("phase", x, d.top+8+nameHeight*float64(i%3), anchor, m.Name)
		}
	}
}

func (d *drawing) curve(i int, c Curve) {
	class, shape := c.look(i)
	pieces, barred := c.Pieces(), false
	for _, piece := range pieces {
		var at []float64
		for _, v := range piece {
			x, y := d.x.at(v.X), d.y.at(v.Y)
			at = append(at, x, y)
			if v.Error > 0 {
				barred = true
				d.Line("spread "+class, x, d.y.at(v.Y-v.Error), x, d.y.at(v.Y+v.Error))
			}
		}
		if len(piece) > 1 {
			d.Path("curve "+class, svg.Data("M"+strings.Repeat("L", len(piece)-1), at...), 0, c.Name)
		}
	}
	for _, piece := range pieces {
		if !c.Dots && !barred && len(piece) > 1 {
			continue
		}
		for _, v := range piece {
			d.Mark("dot "+class, shape, d.x.at(v.X), d.y.at(v.Y), d.dotSize(c), d.tip(c, v))
		}
	}
}

// dotSize is the radius of dots: larger where the dots carry the data.
func (d *drawing) dotSize(c Curve) float64 {
	if c.Dots {
		return d.dot
	}
	return barDot
}

// tip names a value.
func (d *drawing) tip(c Curve, v Value) string {
	place, y := fmt.Sprintf("%.4g", v.X), fmt.Sprintf("%.4g", v.Y)
	if d.Whole {
		place = d.X + " " + place
	}
	if d.Percent {
		y = fmt.Sprintf("%.2f %%", 100*v.Y)
	}
	if v.Error > 0 {
		y += fmt.Sprintf(" ± %.2g", v.Error)
	}
	return c.Name + ", " + place + ": " + y
}
