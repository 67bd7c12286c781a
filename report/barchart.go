package report

import (
	"pare/prune"
)

// barChart compares a count of each layer before and after.
type barChart struct {
	title string
	bars  []bar
}

type bar struct {
	name     string
	from, to int64
}

// Columns and rows of a bar chart, in pixels.
const (
	barLabel  = 134.0 // width of the names
	barValue  = 104.0 // width of the numbers
	barRow    = 20.0
	barHeight = 12.0
	barName   = 21 // characters of a name
)

// bars compares units and multiply-accumulates of the layers that multiply, or
// of those that have parameters in a network where none does.
func bars(layers []prune.LayerDiff) []barChart {
	units := barChart{title: "Units per layer"}
	macs := barChart{title: "Multiply-accumulates per layer"}
	for _, l := range layers {
		if l.MACsFrom > 0 {
			units.bars = append(units.bars, bar{l.Name, int64(l.UnitsFrom), int64(l.UnitsTo)})
			macs.bars = append(macs.bars, bar{l.Name, l.MACsFrom, l.MACsTo})
		}
	}
	if len(units.bars) > 0 {
		return []barChart{units, macs}
	}
	for _, l := range layers {
		if l.ParamsFrom > 0 {
			units.bars = append(units.bars, bar{l.Name, int64(l.UnitsFrom), int64(l.UnitsTo)})
		}
	}
	if len(units.bars) > 0 {
		return []barChart{units}
	}
	return nil
}

func (c barChart) svg() string {
	most := int64(1)
	for _, b := range c.bars {
		most = max(most, b.from, b.to)
	}
	p := &picture{}
	width := chartWidth - barLabel - barValue
	for i, b := range c.bars {
		y := barRow * float64(i)
		mid := y + barRow/2 + 4
		tip := b.name + ": " + reduction(b.from, b.to)
		p.text("tick", barLabel-8, mid, end, clip(b.name, barName))
		length := func(n int64) float64 { return width * float64(n) / float64(most) }
		p.rect("bar-before", barLabel, y+(barRow-barHeight)/2, length(b.from), barHeight, 2, tip)
		if b.to > 0 {
			p.rect("bar-after", barLabel, y+(barRow-barHeight)/2, max(1, length(b.to)), barHeight, 2, tip)
		}
		p.text("value", chartWidth, mid, end, arrow(short(b.from), short(b.to)))
	}
	return p.element("chart", c.title, chartWidth, barRow*float64(max(1, len(c.bars))), "")
}
