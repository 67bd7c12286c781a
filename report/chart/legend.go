package chart

import (
	"cmp"
	"math"
	"slices"

	"pare/internal/svg"
)

// Names is where a chart names its curves.
type Names int

// The places of names.
const (
	InLegend Names = iota
	// AtEnds names curves at their right ends in files, as many as there is room for,
	// those furthest from 0 first.
	AtEnds
	Unnamed // there are too many, or they speak for themselves
)

// Legends stand at the right of a plot with up to legendRows names of up to legendName
// characters, larger ones below it; sizes are pixels.
const (
	legendName = 34
	legendRows = 10
	legendLine = 17.0
	legendKey  = 40.0 // of a line or mark with its margins
	legendChar = 7.0  // of a character, roughly
	// endNames is the number of names at ends that fit one below the other, endName their
	// length.
	endNames = 24
	endName  = 21
)

// longest is the length of the longest name.
func (c Chart) longest() int {
	longest := 0
	for _, c := range c.Curves {
		longest = max(longest, len([]rune(c.Name)))
	}
	return longest
}

// legendBelow reports whether the legend is too large to stand beside the plot.
func (c Chart) legendBelow() bool { return len(c.Curves) > legendRows || c.longest() > legendName }

// legendWidth is the room at the right of a plot in a file that names need.
func (d *drawing) legendWidth() float64 {
	switch {
	case d.Names == AtEnds:
		return d.right
	case d.Names == Unnamed || d.legendBelow():
		return 16
	}
	return max(d.right, legendKey+legendChar*float64(d.longest()))
}

// legend names the curves of a plot in a file, which it may make larger.
func (d *drawing) legend() {
	switch {
	case d.Names == Unnamed:
	case d.Names == AtEnds:
		d.endNames()
	case d.legendBelow(): // in columns
		entry := legendKey + legendChar*float64(d.longest())
		columns := max(1, int((d.width-d.left)/entry))
		rows := (len(d.Curves) + columns - 1) / columns
		for i, c := range d.Curves {
			d.key(i, c, d.left+entry*float64(i/rows), d.height+14+legendLine*float64(i%rows))
		}
		d.width, d.height = max(d.width, d.left+entry), d.height+14+legendLine*float64(rows)
	default:
		for i, c := range d.Curves {
			d.key(i, c, d.end()+10, d.top+4+legendLine*float64(i))
		}
	}
}

// place is where a name of a legend begins.
type place struct{ x, y float64 }

// placesAbove are the places of the names in lines above the plot. Lines that do not fit above it make the
// chart taller.
func (d *drawing) placesAbove() []place {
	out := make([]place, len(d.Curves))
	at := place{d.left, 10}
	for i, c := range d.Curves {
		width := legendKey + 6 + charWidth*float64(len([]rune(c.Name)))
		if at.x > d.left && at.x+width > d.width {
			at = place{d.left, at.y + legendLine}
		}
		out[i] = at
		at.x += width
	}
	d.top += at.y - 10
	d.height += at.y - 10
	return out
}

// key is the entry of curve i in a legend.
func (d *drawing) key(i int, c Curve, x, y float64) {
	class, shape := c.look(i)
	values := len(c.values())
	if values != 1 {
		d.Path("curve "+class, svg.Data("MH", x, y, x+22), 0, "")
	}
	if c.Dots || values == 1 {
		d.Mark("dot "+class, shape, x+11, y, d.dotSize(c), "")
	}
	d.Text("legend", x+28, y+4, svg.Start, c.Name)
}

// endNames writes names beside the right ends, apart from each other.
func (d *drawing) endNames() {
	type label struct {
		name   string
		at, to float64 // to: where it is written
		size   float64
	}
	var labels []label
	for _, c := range d.Curves {
		if values := c.values(); len(values) > 0 && c.Style != Faint {
			if last := values[len(values)-1].Y; last != 0 {
				labels = append(labels, label{name: c.Name, at: d.y.at(last), size: math.Abs(last)})
			}
		}
	}
	slices.SortStableFunc(labels, func(a, b label) int { return cmp.Compare(b.size, a.size) })
	labels = labels[:min(len(labels), endNames)]
	slices.SortStableFunc(labels, func(a, b label) int { return cmp.Compare(a.at, b.at) })
	free := d.top
	for i := range labels {
		labels[i].to = max(labels[i].at, free)
		free = labels[i].to + nameHeight
	}
	// Labels pushed below the bottom push the others back up.
	free = d.floor()
	for i := len(labels) - 1; i >= 0; i-- {
		labels[i].to = min(labels[i].to, free)
		free = labels[i].to - nameHeight
	}
	for _, l := range labels {
		d.Line("grid", d.end()+1, l.at, d.end()+8, l.to)
		d.Text("tick", d.end()+11, l.to+4, svg.Start, svg.Clip(l.name, endName))
	}
}
