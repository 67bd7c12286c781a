package graph

import (
	"fmt"
	"io"
	"math"

	"pare/internal/svg"
)

// WriteSVG draws the graph: blue lines for positive weights, orange ones for
// negative, the wider the larger; arrows where edges have a direction. Circles grow
// with the number of neighbours. Names are written beside the nodes up to 60 of
// them; they are always there as tooltips, as are weights. Title may be empty.
func WriteSVG(w io.Writer, g *Graph, title string) error {
	places, err := Layout(g)
	if err != nil {
		return err
	}
	const margin, top, bottom = 56.0, 72.0, 92.0
	var high Point
	for _, p := range places {
		high = Point{max(high.X, p.X), max(high.Y, p.Y)}
	}
	// Nodes want some room each; the whole has to fit a screen.
	side := max(1, high.X, high.Y)
	scale := min(1100/side, max(70, 85*math.Sqrt(float64(len(places)))/side), 140)
	least := 420.0
	if g.Reference != nil {
		least = 560 // for the legend
	}
	width := max(least, scale*high.X+2*margin)
	left := (width - scale*high.X) / 2
	at := make([]Point, len(places))
	for i, p := range places {
		at[i] = Point{left + scale*p.X, top + scale*p.Y}
	}
	frame := box{at: Point{}, width: width, height: scale*high.Y + top + bottom}
	var out svg.Picture
	p := newPanel(g, at, frame)
	p.draw(&out)
	out.Text("title", 20, 32, svg.Start, title)
	legend(&out, g, frame.height-44, fmt.Sprintf("%s, %s", plural(len(g.Nodes), "node"), plural(len(g.Edges), "edge")), p.strongest)
	return out.File(w, "graph", title, frame.width, frame.height)
}

// legend explains lines and circles in two lines.
func legend(out *svg.Picture, g *Graph, y float64, counts string, strongest float64) {
	out.Text("note", 20, y, svg.Start, fmt.Sprintf("%s; width by %s, largest %.3g", counts, g.measure(), strongest))
	x := 20.0
	entry := func(class, text string) {
		out.Path("link key "+class, svg.Data("MH", x, y+20, x+26), 3, "")
		out.Text("note", x+32, y+24, svg.Start, text)
		x += 32 + 6.2*float64(len(text)) + 18
	}
	entry("positive", "positive")
	entry("negative", "negative")
	if g.Reference != nil {
		entry("unknown", "not in the reference")
		entry("missing", "reference, not found")
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func strokeWidth(v, strongest float64) float64 {
	if strongest == 0 {
		return 0.5
	}
	return 0.5 + 3.5*math.Min(1, math.Abs(v)/strongest)
}

// sign is the class of lines for a weight.
func sign(v float64) string {
	if v < 0 {
		return "negative"
	}
	return "positive"
}
