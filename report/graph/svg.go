package graph

import (
	"bufio"
	"fmt"
	"io"
	"math"
)

const (
	positive = "#2563a8"
	negative = "#c2410c"
	ink      = "#0f172a"
	soft     = "#475569"
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
	out := bufio.NewWriter(w)
	begin(out, frame.width, frame.height)
	p := newPanel(g, at, frame)
	p.draw(out)
	if title != "" {
		fmt.Fprintf(out, `<text x="20" y="32" font-size="15" fill="%s">%s</text>`+"\n", ink, escape(title))
	}
	legend(out, g, frame.height-44, fmt.Sprintf("%s, %s", plural(len(g.Nodes), "node"), plural(len(g.Edges), "edge")), p.strongest)
	fmt.Fprintln(out, "</svg>")
	return out.Flush()
}

// begin writes what comes before the first panel.
func begin(out io.Writer, width, height float64) {
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" font-family="Helvetica, Arial, sans-serif" font-size="11">`+"\n",
		width, height, width, height)
	fmt.Fprintf(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n")
}

// legend says in two lines what lines and circles mean.
func legend(out io.Writer, g *Graph, y float64, counts string, strongest float64) {
	fmt.Fprintf(out, `<text x="20" y="%.0f" fill="%s">%s; width by %s, largest %.3g</text>`+"\n", y, soft, counts, escape(g.measure()), strongest)
	x := 20.0
	entry := func(colour, dash, text string) {
		fmt.Fprintf(out, `<path d="M%.0f %.0fh26" fill="none" stroke="%s" stroke-width="3"%s/><text x="%.0f" y="%.0f" fill="%s">%s</text>`+"\n", x, y+20, colour, dash, x+32, y+24, soft, text)
		x += 32 + 6.2*float64(len(text)) + 18
	}
	entry(positive, "", "positive")
	entry(negative, "", "negative")
	if g.Reference != nil {
		entry(soft, dashed, "not in the reference")
		entry(missing, dotted, "reference, not found")
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

func strokeColour(v float64) string {
	if v < 0 {
		return negative
	}
	return positive
}
