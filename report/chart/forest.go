package chart

import (
	"fmt"
	"math"

	"pare/internal/svg"
)

// Forest compares a number of several groups, a row each, with its interval: a dot on a line. A
// row may have several numbers, one below the other, such as before and after a change.
type Forest struct {
	Title  string
	X      string   // title of the axis
	Series []string // names of the numbers of a row
	Rows   []ForestRow
	// Percent: values are shares, 0.5 is written 50 %.
	Percent bool
}

// ForestRow is a group.
type ForestRow struct {
	Name   string
	Values []Interval // one for each series
}

// Interval is a number with the ends of its interval. A number that is not Finite is not drawn, nor
// an interval that has none.
type Interval struct{ Value, Low, High float64 }

// Columns and rows of a forest, in pixels.
const (
	forestName  = 32   // most characters of a name
	forestLine  = 11.0 // between the numbers of a row
	forestGap   = 9.0  // between rows
	forestTop   = 24.0
	forestAxis  = 34.0
	forestRight = 20.0
)

// Inline draws the forest as an element of a page; "" without a value.
func (f Forest) Inline() string {
	low, high := math.Inf(1), math.Inf(-1)
	for _, r := range f.Rows {
		for _, v := range r.Values {
			for _, x := range []float64{v.Value, v.Low, v.High} {
				if Finite(v.Value) && Finite(x) {
					low, high = min(low, x), max(high, x)
				}
			}
		}
	}
	if low > high {
		return ""
	}
	var p svg.Picture
	width, names := inPage.width, f.namesWidth()
	margin := 0.03 * (high - low) // no interval ends on the frame, as if it were cut off
	x := newAxis(low-margin, high+margin, 5, 0, false).onto(names+6, width-forestRight)
	row := forestLine*float64(len(f.Series)) + forestGap
	floor := forestTop + row*float64(len(f.Rows))
	for _, t := range x.ticks {
		p.Line("grid", x.at(t), forestTop, x.at(t), floor)
		p.Text("tick", x.at(t), floor+14, svg.Middle, x.label(t, f.Percent))
	}
	p.Line("axis", names+6, floor, width-forestRight, floor)
	p.Text("tick", (names+width)/2, floor+29, svg.Middle, f.X)
	f.names(&p, names+6)
	for i, r := range f.Rows {
		top := forestTop + row*float64(i)
		p.Text("tick", names, top+row/2+4, svg.End, svg.Clip(r.Name, forestName))
		for k, v := range r.Values {
			if !Finite(v.Value) {
				continue
			}
			y, class := top+forestGap/2+forestLine*(float64(k)+0.5), svg.CurveClass(k)
			if Finite(v.Low) && Finite(v.High) {
				p.Line("spread "+class, x.at(v.Low), y, x.at(v.High), y)
			}
			p.Mark("dot "+class, k, x.at(v.Value), y, 3, f.tip(r.Name, k, v))
		}
	}
	return p.Inline("chart", f.Title, width, floor+forestAxis)
}

// namesWidth is the width of the names of the rows.
func (f Forest) namesWidth() float64 {
	longest := 3
	for _, r := range f.Rows {
		longest = max(longest, len([]rune(r.Name)))
	}
	return charWidth * float64(min(longest, forestName))
}

// names writes the series in a line above the plot, which starts at x, where there are several.
func (f Forest) names(p *svg.Picture, x float64) {
	if len(f.Series) < 2 {
		return
	}
	for k, name := range f.Series {
		p.Mark("dot "+svg.CurveClass(k), k, x+6, 10, 3, "")
		p.Text("legend", x+14, 14, svg.Start, name)
		x += 30 + charWidth*float64(len([]rune(name)))
	}
}

func (f Forest) tip(name string, series int, v Interval) string {
	text := func(v float64) string {
		if f.Percent {
			return fmt.Sprintf("%.2f %%", 100*v)
		}
		return fmt.Sprintf("%.4g", v)
	}
	tip := fmt.Sprintf("%s, %s: %s", name, f.Series[series], text(v.Value))
	if Finite(v.Low) && Finite(v.High) {
		tip += fmt.Sprintf(" (%s to %s)", text(v.Low), text(v.High))
	}
	return tip
}
