package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Plot is curves over one axis of numbers, such as the coefficients of a path over
// the logarithm of λ.
type Plot struct {
	Title, X, Y string
	Curves      []PlotCurve
	Marks       []PlotMark
	// Ends names the curves at their right ends, as many as there is room for, those
	// furthest from 0 first; otherwise a legend does.
	Ends bool
}

// PlotCurve is a curve; values that are not finite are left out.
type PlotCurve struct {
	Name string
	X, Y []float64
	// Error, unless nil, draws a bar of its length above and below each value.
	Error []float64
	// Dots marks each value; values with a bar are marked in any case.
	Dots bool
	// Faint curves are in the background: nothing is lost where they overlap.
	Faint bool
}

// PlotMark is a vertical line with a name.
type PlotMark struct {
	Name string
	X    float64
}

// Size of a plot in pixels; the right margin holds names.
const (
	plotWidth  = 720.0
	plotHeight = 420.0
	plotLeft   = 64.0
	plotRight  = 150.0
	plotTop    = 52.0
	plotBottom = 46.0
	plotLine   = 13.0 // between names
	// plotNames is how many names fit one below the other, plotName how long they are.
	plotNames = 24
	plotName  = 21
	// Legends stand at the right with up to legendRows names of up to legendName
	// characters, others below the plot; legendChar is the width of a character, roughly.
	legendName = 34
	legendRows = 10
	legendLine = 17.0
	legendKey  = 40.0 // of a line or mark with its margins
	legendChar = 7.0
)

// WriteSVG draws the plot; without a finite value it says so.
func (g Plot) WriteSVG(w io.Writer) error {
	p := &picture{}
	p.text("name", plotLeft, 18, start, g.Title)
	width, height := plotWidth, plotHeight
	right := width - g.margin()
	x, y, ok := g.axes(right)
	if !ok {
		p.text("tick", plotLeft, plotHeight/2, start, "there is nothing to draw")
	} else {
		g.frame(p, x, y, right)
		for i, c := range g.Curves {
			c.draw(p, x, y, i)
		}
		switch {
		case g.Ends:
			g.names(p, y, right)
		case g.below():
			width, height = g.legendBelow(p)
		default:
			g.legendBeside(p, right)
		}
	}
	_, err := io.WriteString(w, p.element("plot", g.Title, width, height, fileHead()))
	return err
}

// class is the style of curve i of the plot.
func (c PlotCurve) class(i int) string {
	if c.Faint {
		return "line5 dash1 thin"
	}
	return curveClass(i)
}

// finite are the values of a curve that can be drawn.
func (c PlotCurve) finite(visit func(x, y, e float64)) {
	for i, v := range c.Y {
		e := 0.0
		if c.Error != nil && !math.IsNaN(c.Error[i]) {
			e = c.Error[i]
		}
		if sum := c.X[i] + v + e; !math.IsNaN(sum) && !math.IsInf(sum, 0) {
			visit(c.X[i], v, e)
		}
	}
}

func (g Plot) axes(right float64) (x, y axis, ok bool) {
	loX, hiX := math.Inf(1), math.Inf(-1)
	loY, hiY := math.Inf(1), math.Inf(-1)
	for _, c := range g.Curves {
		c.finite(func(x, y, e float64) {
			loX, hiX = min(loX, x), max(hiX, x)
			loY, hiY = min(loY, y-e), max(hiY, y+e)
		})
	}
	if loX > hiX {
		return x, y, false
	}
	return newAxis(loX, hiX, 7, 0, false).onto(plotLeft, right), newAxis(loY, hiY, 6, 0, true).onto(plotHeight-plotBottom, plotTop), true
}

// frame draws grid, axes and marks.
func (g Plot) frame(p *picture, x, y axis, right float64) {
	for _, t := range y.ticks {
		p.line("grid", plotLeft, y.at(t), right, y.at(t))
		p.text("tick", plotLeft-6, y.at(t)+4, end, y.label(t, false))
	}
	for _, t := range x.ticks {
		p.line("axis", x.at(t), plotHeight-plotBottom, x.at(t), plotHeight-plotBottom+4)
		p.text("tick", x.at(t), plotHeight-plotBottom+17, middle, x.label(t, false))
	}
	p.line("axis", plotLeft, plotHeight-plotBottom, right, plotHeight-plotBottom)
	p.text("tick", (plotLeft+right)/2, plotHeight-8, middle, g.X)
	p.text("tick", plotLeft, 36, start, g.Y)
	for i, m := range g.Marks {
		if at := x.at(m.X); at >= plotLeft-0.1 && at <= right+0.1 {
			p.line("mark", at, plotTop-4, at, plotHeight-plotBottom)
			p.text("phase", at+4, plotTop+8+plotLine*float64(i%3), start, m.Name)
		}
	}
}

func (c PlotCurve) draw(p *picture, x, y axis, i int) {
	class := c.class(i)
	var d strings.Builder
	bars, values := 0, 0
	c.finite(func(a, b, e float64) {
		command := "L"
		if d.Len() == 0 {
			command = "M"
		}
		fmt.Fprintf(&d, "%s%s %s", command, num(x.at(a)), num(y.at(b)))
		if e > 0 {
			bars++
			p.line("spread "+class, x.at(a), y.at(b-e), x.at(a), y.at(b+e))
		}
		values++
	})
	if d.Len() == 0 {
		return
	}
	if values > 1 {
		p.path("curve "+class, d.String(), c.Name)
	}
	if bars == 0 && !c.Dots && values > 1 {
		return
	}
	c.finite(func(a, b, e float64) {
		tip := fmt.Sprintf("%s, %.4g: %.4g", c.Name, a, b)
		if e > 0 {
			tip += fmt.Sprintf(" ± %.2g", e)
		}
		p.marker("dot "+class, i, x.at(a), y.at(b), c.markSize(), tip)
	})
}

// markSize is the radius of marks: larger where they are what is to be read.
func (c PlotCurve) markSize() float64 {
	if c.Dots {
		return 3.6
	}
	return 2.2
}

// longest is the length of the longest name.
func (g Plot) longest() int {
	longest := 0
	for _, c := range g.Curves {
		longest = max(longest, len([]rune(c.Name)))
	}
	return longest
}

// below reports whether the legend is too large to stand beside the plot.
func (g Plot) below() bool { return len(g.Curves) > legendRows || g.longest() > legendName }

// margin is the room at the right that names need.
func (g Plot) margin() float64 {
	switch {
	case g.Ends:
		return plotRight
	case g.below():
		return 16
	}
	return max(plotRight, legendKey+legendChar*float64(g.longest()))
}

// names writes names beside the right ends, apart from each other.
func (g Plot) names(p *picture, y axis, right float64) {
	type label struct {
		name   string
		at, to float64 // to: where it is written
		size   float64
	}
	var labels []label
	for _, c := range g.Curves {
		last := math.NaN()
		c.finite(func(_, v, _ float64) { last = v })
		if !math.IsNaN(last) && last != 0 && !c.Faint {
			labels = append(labels, label{name: c.Name, at: y.at(last), size: math.Abs(last)})
		}
	}
	slices.SortStableFunc(labels, func(a, b label) int { return cmp.Compare(b.size, a.size) })
	labels = labels[:min(len(labels), plotNames)]
	slices.SortStableFunc(labels, func(a, b label) int { return cmp.Compare(a.at, b.at) })
	floor := plotTop
	for i := range labels {
		labels[i].to = max(labels[i].at, floor)
		floor = labels[i].to + plotLine
	}
	// What is pushed out at the bottom pushes back.
	ceiling := plotHeight - plotBottom
	for i := len(labels) - 1; i >= 0; i-- {
		labels[i].to = min(labels[i].to, ceiling)
		ceiling = labels[i].to - plotLine
	}
	for _, l := range labels {
		p.line("grid", right+1, l.at, right+8, l.to)
		p.text("tick", right+11, l.to+4, start, clip(l.name, plotName))
	}
}

func (g Plot) legendBeside(p *picture, right float64) {
	for i, c := range g.Curves {
		c.key(p, i, right+10, plotTop+4+legendLine*float64(i))
	}
}

// legendBelow lists the curves in columns below the plot, and returns the size of
// the picture.
func (g Plot) legendBelow(p *picture) (width, height float64) {
	entry := legendKey + legendChar*float64(g.longest())
	columns := max(1, int((plotWidth-plotLeft)/entry))
	rows := (len(g.Curves) + columns - 1) / columns
	for i, c := range g.Curves {
		c.key(p, i, plotLeft+entry*float64(i/rows), plotHeight+14+legendLine*float64(i%rows))
	}
	return max(plotWidth, plotLeft+entry), plotHeight + 14 + legendLine*float64(rows)
}

// key is the entry of curve i in a legend.
func (c PlotCurve) key(p *picture, i int, x, y float64) {
	values := 0
	c.finite(func(_, _, _ float64) { values++ })
	if values != 1 {
		p.path("curve "+c.class(i), fmt.Sprintf("M%s %sH%s", num(x), num(y), num(x+22)), "")
	}
	if c.Dots || values == 1 {
		p.marker("dot "+c.class(i), i, x+11, y, c.markSize(), "")
	}
	p.text("legend", x+28, y+4, start, c.Name)
}
