package chart

import (
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"pare/internal/svg"
	"pare/internal/svg/raster"
)

// Figure is a plot for a column of a paper: series of points with the spread of each, over
// axes that may be logarithmic, with the names of all series below.
type Figure struct {
	Title string // for readers who do not see it; it is not drawn
	X, Y  string // titles of the axes
	// LinearY: the Y axis is linear, whatever the range of its values.
	LinearY bool
	Series  []Series
	Level   *Level // nil: none
	Front   []Spot // points that no other point beats, by X; nil: not drawn
	Note    string // below the names, such as the meaning of the bands
}

// Series is points by X, joined by a line.
type Series struct {
	Name  string
	Spots []Spot
}

// Spot is a point with the lowest and the highest of the values behind it.
type Spot struct {
	X, Y, Low, High float64
	Tip             string // a browser shows it over the point
}

// Level is a horizontal line with its spread.
type Level struct {
	Name         string
	Y, Low, High float64
}

// Sizes of a figure in pixels: a column of a paper is about figureWidth wide at 96 pixels an
// inch, so that its texts are printed at 8 points.
const (
	figureWidth  = 380.0
	figurePlot   = 224.0 // height of the plot
	figureLeft   = 46.0
	figureRight  = 12.0
	figureTop    = 26.0
	figureBottom = 38.0
	figureRow    = 17.0 // of the names
	figureKey    = 30.0 // width of a line and mark beside a name
	figureGap    = 16.0 // between names
	figureName   = 48   // characters of a name
	figureMark   = 3.4
	figureText   = 11.0 // size of the font of ticks
	figureWider  = 1.15 // how much wider a viewer's font may be than the Go font
)

// figureDrawing is a figure that is being drawn.
type figureDrawing struct {
	svg.Picture
	Figure
	x, y   scale
	height float64
}

// WriteSVG draws the figure as a file of its own; one without points says so.
func (f Figure) WriteSVG(w io.Writer) error {
	d := f.draw()
	return d.File(w, "plot", f.Title, figureWidth, d.height)
}

// Inline draws the figure as an element of a page.
func (f Figure) Inline() string {
	d := f.draw()
	return d.Picture.Inline("plot", f.Title, figureWidth, d.height)
}

// pngScale is the number of pixels for each unit of a figure: 400 an inch in a column of
// 3.35 inches, which is 321 units of 96 to the inch.
const pngScale = 3.5

// WritePNG draws the figure as pixels.
func (f Figure) WritePNG(w io.Writer) error {
	var b strings.Builder
	if err := f.WriteSVG(&b); err != nil {
		return err
	}
	return raster.PNG(w, b.String(), pngScale)
}

func (f Figure) draw() *figureDrawing {
	d := &figureDrawing{Figure: f, height: figureTop + figurePlot + figureBottom}
	var xs, ys []float64
	d.Series = slices.Clone(f.Series)
	for i, s := range d.Series {
		d.Series[i].Spots = slices.DeleteFunc(slices.Clone(s.Spots), func(s Spot) bool { return !Finite(s.X) || !Finite(s.Y) })
		for _, spot := range d.Series[i].Spots {
			low, high := spot.spread()
			xs, ys = append(xs, spot.X), append(ys, spot.Y, low, high)
		}
	}
	if len(xs) == 0 {
		d.Text("tick", figureLeft, d.height/2, svg.Start, "there is nothing to draw")
		return d
	}
	if l := f.Level; l != nil {
		ys = append(ys, l.Y, l.Low, l.High)
	}
	d.x = newScale(xs, figureLeft+8, figureWidth-figureRight-8, false)
	d.y = newScale(ys, figureTop+figurePlot-6, figureTop+6, f.LinearY)
	d.grid()
	d.bands()
	d.front()
	for i, s := range d.Series {
		d.series(i, s)
	}
	d.names()
	d.levelName()
	return d
}

func (d *figureDrawing) grid() {
	left, right, floor := figureLeft, figureWidth-figureRight, figureTop+figurePlot
	for _, t := range d.y.ticks {
		d.Line("grid", left, d.y.at(t), right, d.y.at(t))
		d.Text("tick", left-6, d.y.at(t)+4, svg.End, d.y.label(t))
	}
	for _, t := range d.x.ticks {
		d.Line("axis", d.x.at(t), floor, d.x.at(t), floor+4)
		d.Text("tick", d.x.at(t), floor+16, svg.Middle, d.x.label(t))
	}
	d.Line("axis", left, floor, right, floor)
	d.Line("axis", left, figureTop, left, floor)
	d.Text("tick", 4, 14, svg.Start, d.Y)
	d.Text("tick", (left+right)/2, floor+32, svg.Middle, d.X)
}

// mostBands is the number of series whose bands can be told apart where they overlap.
const mostBands = 3

// Bands reports whether the spread of the series is drawn as bands, not as bars.
func (f Figure) Bands() bool { return len(f.Series) <= mostBands }

// bands are the areas between the lowest and the highest values of each series. Points of
// many series, and a point that stands alone, have bars.
func (d *figureDrawing) bands() {
	if l := d.Level; l != nil {
		left, right := figureLeft, figureWidth-figureRight
		if l.High > l.Low {
			d.Rect("level-area", left, d.y.at(l.High), right-left, d.y.at(l.Low)-d.y.at(l.High), 0, "")
		}
		d.Line("level", left, d.y.at(l.Y), right, d.y.at(l.Y))
	}
	for i, s := range d.Series {
		class := svg.CurveClass(i)
		n := len(s.Spots)
		upper, lower := make([]float64, 0, 4*n), make([]float64, 0, 2*n)
		for k, spot := range s.Spots {
			low, high := spot.spread()
			if !d.Bands() || n == 1 {
				d.Line("spread "+class, d.x.at(spot.X), d.y.at(high), d.x.at(spot.X), d.y.at(low))
			}
			upper = append(upper, d.x.at(spot.X), d.y.at(high))
			back := s.Spots[n-1-k]
			low, _ = back.spread()
			lower = append(lower, d.x.at(back.X), d.y.at(low))
		}
		if d.Bands() && n > 1 {
			d.Path("area "+class, svg.Data("M"+strings.Repeat("L", 2*n-1)+"z", append(upper, lower...)...), 0, "")
		}
	}
}

// spread is the lowest and the highest value; the value itself where they are not known.
func (s Spot) spread() (low, high float64) {
	if !Finite(s.Low) || !Finite(s.High) || s.High <= s.Low {
		return s.Y, s.Y
	}
	return s.Low, s.High
}

// front joins the points that no other point beats.
func (d *figureDrawing) front() {
	if len(d.Front) < 2 {
		return
	}
	var at []float64
	for _, s := range d.Front {
		at = append(at, d.x.at(s.X), d.y.at(s.Y))
	}
	d.Path("front", svg.Data("M"+strings.Repeat("L", len(d.Front)-1), at...), 0, "Pareto front")
}

func (d *figureDrawing) series(i int, s Series) {
	class := svg.CurveClass(i)
	var at []float64
	for _, spot := range s.Spots {
		at = append(at, d.x.at(spot.X), d.y.at(spot.Y))
	}
	if len(s.Spots) > 1 {
		d.Path("curve "+class, svg.Data("M"+strings.Repeat("L", len(s.Spots)-1), at...), 0, s.Name)
	}
	for _, spot := range s.Spots {
		d.Mark("dot "+class, i, d.x.at(spot.X), d.y.at(spot.Y), figureMark, spot.Tip)
	}
}

// names writes the names of everything below the plot, in columns of one width.
func (d *figureDrawing) names() {
	type key struct {
		name string
		draw func(x, y float64)
	}
	var keys []key
	for i, s := range d.Series {
		class := svg.CurveClass(i)
		keys = append(keys, key{s.Name, func(x, y float64) {
			if len(s.Spots) > 1 {
				d.Path("curve "+class, svg.Data("MH", x, y, x+figureKey-6), 0, "")
			}
			d.Mark("dot "+class, i, x+figureKey/2-3, y, figureMark, "")
		}})
	}
	if len(d.Front) > 1 {
		keys = append(keys, key{"Pareto front", func(x, y float64) {
			d.Path("front", svg.Data("MH", x, y, x+figureKey-6), 0, "")
		}})
	}
	widest := 0.0
	for i := range keys {
		keys[i].name = svg.Clip(keys[i].name, figureName)
		widest = max(widest, figureKey+figureWider*raster.Width(keys[i].name, 12)+figureGap)
	}
	room := figureWidth - figureLeft - figureRight + figureGap
	columns := max(1, min(len(keys), int(room/widest)))
	rows := (len(keys) + columns - 1) / columns
	left := min(figureLeft, max(4, figureWidth-widest*float64(columns)))
	for i, k := range keys {
		x, y := left+widest*float64(i/rows), d.height+9+figureRow*float64(i%rows)
		k.draw(x, y)
		d.Text("legend", x+figureKey, y+4, svg.Start, k.name)
	}
	d.height += figureRow*float64(rows) + 6
	if d.Note != "" {
		d.Text("kinds", left, d.height+8, svg.Start, d.Note)
		d.height += figureRow
	}
}

// levelName writes the name of the level where it covers the fewest points and lines.
func (d *figureDrawing) levelName() {
	if d.Level == nil {
		return
	}
	width := figureWider * raster.Width(d.Level.Name, figureText)
	y := d.y.at(d.Level.Y)
	best, bestCost := svg.Start, math.Inf(1)
	var bestX, bestY float64
	for _, place := range []struct {
		x, y   float64
		anchor svg.Anchor
	}{
		{figureLeft + 4, y - 5, svg.Start}, {figureLeft + 4, y + 12, svg.Start},
		{figureWidth - figureRight - 4, y - 5, svg.End}, {figureWidth - figureRight - 4, y + 12, svg.End},
	} {
		left := place.x
		if place.anchor == svg.End {
			left -= width
		}
		if place.y > figureTop+figurePlot-2 || place.y-figureText < figureTop-6 {
			continue
		}
		if cost := d.covered(left, place.y-figureText, left+width, place.y+2); cost < bestCost {
			best, bestCost, bestX, bestY = place.anchor, cost, place.x, place.y
		}
	}
	if !math.IsInf(bestCost, 1) {
		d.Haloed("label", bestX, bestY, best, d.Level.Name, "")
	}
}

// covered counts the places along the curves that lie in a box; marks count more.
func (d *figureDrawing) covered(left, top, right, bottom float64) float64 {
	cost := 0.0
	inside := func(x, y float64) bool { return x >= left-3 && x <= right+3 && y >= top-3 && y <= bottom+3 }
	for _, s := range d.Series {
		for i, spot := range s.Spots {
			x, y := d.x.at(spot.X), d.y.at(spot.Y)
			if inside(x, y) {
				cost += 5
			}
			if i == 0 {
				continue
			}
			fromX, fromY := d.x.at(s.Spots[i-1].X), d.y.at(s.Spots[i-1].Y)
			for k := 1; k < 20; k++ {
				t := float64(k) / 20
				if inside(fromX+t*(x-fromX), fromY+t*(y-fromY)) {
					cost++
				}
			}
		}
	}
	return cost
}

// scale maps values to pixels, logarithmically where they span a decade or so.
type scale struct {
	log      bool
	lo, hi   float64 // logarithms on a logarithmic scale
	from, to float64
	ticks    []float64
	linear   axis // for the labels of a linear scale
}

// manifold is the ratio of the largest to the smallest value from which on a scale is
// logarithmic.
const manifold = 6

// newScale is the scale of an axis; with linear it never is logarithmic.
func newScale(values []float64, from, to float64, linear bool) scale {
	lo, hi := slices.Min(values), slices.Max(values)
	s := scale{log: !linear && lo > 0 && hi/lo >= manifold, from: from, to: to}
	if !s.log {
		s.linear = newAxis(lo, hi, 5, 0, false)
		if lo >= 0 { // the margin around a single value does not go below 0
			s.linear = s.linear.within(0, math.Inf(1))
		}
		s.lo, s.hi, s.ticks = s.linear.lo, s.linear.hi, s.linear.ticks
		return s
	}
	s.lo, s.hi = math.Log(lo), math.Log(hi)
	for _, steps := range [][]float64{{1, 2, 3, 4, 6, 8}, {1, 2, 3, 5}, {1, 2, 5}, {1, 3}, {1}} { // the densest that leaves room
		s.ticks = nil
		for k := math.Floor(math.Log10(lo)); k <= math.Ceil(math.Log10(hi)); k++ {
			for _, m := range steps {
				if t := m * math.Pow(10, k); t >= lo*(1-1e-9) && t <= hi*(1+1e-9) {
					s.ticks = append(s.ticks, t)
				}
			}
		}
		if len(s.ticks) <= 7 {
			break
		}
	}
	return s
}

func (s scale) at(v float64) float64 {
	if s.log {
		v = math.Log(v)
	}
	return s.from + (v-s.lo)/(s.hi-s.lo)*(s.to-s.from)
}

func (s scale) label(v float64) string {
	if !s.log {
		return s.linear.label(v, false)
	}
	text := strconv.FormatFloat(v, 'g', 3, 64)
	if v >= 1e-4 && v < 1e6 {
		text = strconv.FormatFloat(v, 'f', max(0, int(-math.Floor(math.Log10(v)+1e-9))), 64)
	}
	return text
}
