package report

import (
	"cmp"
	"fmt"
	"math"
	"strings"
)

// lineChart draws curves, over the epochs of a run unless xName says otherwise.
type lineChart struct {
	title   string
	xName   string // what the horizontal axis counts; "": epoch
	percent bool   // values are shares
	zero    bool   // the axis contains 0
	lines   []series
	spans   []span
	bare    bool   // without a legend: more curves than it could name
	caption string // in the place of a legend
	fine    bool   // the horizontal axis does not count: ticks may stand at parts of 1, and curves have no dots
}

// series is one curve in pieces: a new one begins where the network changed.
type series struct {
	name   string
	class  string // of its style; "": by its place
	pieces [][]dot
}

// dot is a value of a curve.
type dot struct{ x, y float64 }

// span is the part of the axis that belongs to a phase.
type span struct {
	name     string
	from, to float64
}

// Size of a chart, and of the margins around its plot, in pixels.
const (
	chartWidth   = 420.0
	chartHeight  = 236.0
	marginLeft   = 52.0
	marginRight  = 12.0
	marginTop    = 40.0
	marginBottom = 34.0
	phaseHeight  = 16.0 // above the plot, for the names of phases
	charWidth    = 6.2  // of the small font, roughly
	dotsUpTo     = 60   // longer curves are lines without dots
)

// svg draws the chart; "" if no curve has a value.
func (c lineChart) svg() string { return c.render("") }

// render is svg with a head before what is drawn.
func (c lineChart) render(head string) string {
	x, y, ok := c.axes()
	if !ok {
		return ""
	}
	p := &picture{}
	c.drawSpans(p, x)
	for _, t := range y.ticks {
		p.line("grid", marginLeft, y.at(t), chartWidth-marginRight, y.at(t))
		p.text("tick", marginLeft-6, y.at(t)+4, end, y.label(t, c.percent))
	}
	for _, t := range x.ticks {
		p.line("axis", x.at(t), chartHeight-marginBottom, x.at(t), chartHeight-marginBottom+4)
		p.text("tick", x.at(t), chartHeight-marginBottom+16, middle, x.label(t, false))
	}
	p.line("axis", marginLeft, chartHeight-marginBottom, chartWidth-marginRight, chartHeight-marginBottom)
	p.text("tick", (marginLeft+chartWidth-marginRight)/2, chartHeight-3, middle, c.xAxis())
	if c.caption != "" {
		p.text("legend", marginLeft, 14, start, c.caption)
	}
	at := marginLeft
	for i, s := range c.lines {
		class := curveClass(i)
		if s.class != "" {
			class = s.class
		}
		c.drawLine(p, x, y, s, class)
		if c.bare {
			continue
		}
		p.path("curve "+class, fmt.Sprintf("M%s 10H%s", num(at), num(at+22)), "")
		p.text("legend", at+28, 14, start, s.name)
		at += 46 + charWidth*float64(len([]rune(s.name)))
	}
	return p.element("chart", c.title, chartWidth, chartHeight, head)
}

func (c lineChart) xAxis() string { return cmp.Or(c.xName, "epoch") }

// axes spans all finite values.
func (c lineChart) axes() (x, y axis, ok bool) {
	loX, hiX := math.Inf(1), math.Inf(-1)
	loY, hiY := math.Inf(1), math.Inf(-1)
	for _, s := range c.lines {
		for _, piece := range s.pieces {
			for _, d := range piece {
				loX, hiX = min(loX, d.x), max(hiX, d.x)
				loY, hiY = min(loY, d.y), max(hiY, d.y)
			}
		}
	}
	if loX > hiX {
		return x, y, false
	}
	for _, s := range c.spans {
		loX, hiX = min(loX, s.from), max(hiX, s.to)
	}
	if c.zero {
		loY, hiY = min(loY, 0), max(hiY, 0)
	}
	least := 1.0
	if c.fine {
		least = 0
	}
	x = newAxis(loX, hiX, 8, least, false).onto(marginLeft, chartWidth-marginRight)
	y = newAxis(loY, hiY, 5, 0, true)
	if c.percent { // padding does not leave the possible
		y.lo, y.hi = max(y.lo, min(0, loY)), min(y.hi, max(1, hiY))
		y.ticks = within(y.ticks, y.lo, y.hi)
	}
	return x, y.onto(chartHeight-marginBottom, marginTop), true
}

// within keeps the ticks in lo … hi.
func within(ticks []float64, lo, hi float64) []float64 {
	var out []float64
	for _, t := range ticks {
		if slack := 1e-9 * (hi - lo); t >= lo-slack && t <= hi+slack {
			out = append(out, t)
		}
	}
	return out
}

// drawSpans marks the phases when there are several.
func (c lineChart) drawSpans(p *picture, x axis) {
	if len(c.spans) < 2 {
		return
	}
	free := marginLeft
	top := marginTop - phaseHeight
	for i, s := range c.spans {
		from, to := x.at(s.from), x.at(s.to)
		if i%2 == 1 {
			p.rect("band", from, top, to-from, chartHeight-marginBottom-top, 0, s.name)
		}
		if i > 0 {
			p.line("mark", from, top, from, chartHeight-marginBottom)
		}
		width := charWidth * float64(len([]rune(s.name)))
		at := min(from+4, chartWidth-marginRight-width)
		if at >= free {
			p.text("phase", at, top+11, start, s.name)
			free = at + width + 6
		}
	}
}

func (c lineChart) drawLine(p *picture, x, y axis, s series, class string) {
	n := 0
	for _, piece := range s.pieces {
		n += len(piece)
	}
	for _, piece := range s.pieces {
		var d strings.Builder
		for i, q := range piece {
			command := "L"
			if i == 0 {
				command = "M"
			}
			fmt.Fprintf(&d, "%s%s %s", command, num(x.at(q.x)), num(y.at(q.y)))
		}
		p.path("curve "+class, d.String(), "")
		for _, q := range piece {
			if n <= dotsUpTo && !c.fine || len(piece) == 1 {
				p.circle("dot "+class, x.at(q.x), y.at(q.y), 2.2, c.tip(s.name, q))
			}
		}
	}
}

// tip names a value.
func (c lineChart) tip(name string, d dot) string {
	value := fmt.Sprintf("%.4g", d.y)
	if c.percent {
		value = percent(d.y)
	}
	return fmt.Sprintf("%s, %s %.4g: %s", name, c.xAxis(), d.x, value)
}
