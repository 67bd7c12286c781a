package chart

import "pare/internal/svg"

// Bars compares numbers before and after, a row each.
type Bars struct {
	Title string
	Bars  []Bar
}

// Bar is a pale bar with a strong one on top of it. Value is the text of both numbers.
type Bar struct {
	Name, Value, Tip string
	Before, After    float64
}

// Columns and rows of bars, in pixels.
const (
	barNames  = 134.0 // width of the names
	barValues = 104.0 // width of the numbers
	barRow    = 20.0
	barHeight = 12.0
	barName   = 21 // characters of a name
)

// Inline draws the bars as an element of a page.
func (c Bars) Inline() string {
	most := 1.0
	for _, b := range c.Bars {
		most = max(most, b.Before, b.After)
	}
	var p svg.Picture
	width := inPage.width
	scale := (width - barNames - barValues) / most
	for i, b := range c.Bars {
		top := barRow * float64(i)
		p.Text("tick", barNames-8, top+barRow/2+4, svg.End, svg.Clip(b.Name, barName))
		p.Rect("bar-before", barNames, top+(barRow-barHeight)/2, scale*b.Before, barHeight, 2, b.Tip)
		if b.After > 0 {
			p.Rect("bar-after", barNames, top+(barRow-barHeight)/2, max(1, scale*b.After), barHeight, 2, b.Tip)
		}
		p.Text("value", width, top+barRow/2+4, svg.End, b.Value)
	}
	return p.Inline("chart", c.Title, width, barRow*float64(max(1, len(c.Bars))))
}
