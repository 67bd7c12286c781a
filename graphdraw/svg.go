package graphdraw

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"unicode/utf8"
)

const (
	positive = "#2563a8"
	negative = "#c2410c"
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
	out := bufio.NewWriter(w)
	d := newDrawing(g, places, title)
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" font-family="sans-serif" font-size="11">`+"\n",
		d.width, d.height, d.width, d.height)
	fmt.Fprintf(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n")
	if g.Directed {
		for _, c := range []string{positive, negative} {
			fmt.Fprintf(out, `<marker id="a%s" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="%s"/></marker>`+"\n", c[1:], c)
		}
	}
	d.edges(out)
	d.nodes(out)
	d.caption(out)
	fmt.Fprintln(out, "</svg>")
	return out.Flush()
}

// drawing has the places of the nodes in pixels.
type drawing struct {
	g             *Graph
	title         string
	at            []Point
	degree        []int
	thin          float64 // of lines, where there are many
	width, height float64
}

func newDrawing(g *Graph, places []Point, title string) *drawing {
	const margin, top, bottom = 48, 56, 64
	d := &drawing{g: g, title: title, at: places, degree: make([]int, len(places)), thin: 1}
	if n := float64(len(g.Edges)); n > 100 {
		d.thin = max(0.3, math.Sqrt(100/n))
	}
	for i, near := range g.neighbours() {
		d.degree[i] = len(near)
	}
	var high Point
	for i, p := range places {
		if i == 0 {
			high = p
		}
		high = Point{max(high.X, p.X), max(high.Y, p.Y)}
	}
	// Nodes want some room each; the whole has to fit a screen.
	side := max(1, high.X, high.Y)
	scale := min(1100/side, max(70, 85*math.Sqrt(float64(len(places)))/side), 140)
	for i := range d.at {
		d.at[i] = Point{margin + scale*d.at[i].X, top + scale*d.at[i].Y}
	}
	d.width = max(360, scale*high.X+2*margin)
	d.height = scale*high.Y + top + bottom
	return d
}

func (d *drawing) radius(i int) float64 {
	return min(9, 3+1.2*math.Sqrt(float64(d.degree[i])))
}

func (d *drawing) edges(out io.Writer) {
	heaviest := d.g.heaviest()
	both := map[[2]int]bool{}
	for _, e := range d.g.Edges {
		both[[2]int{e.From, e.To}] = true
	}
	for _, e := range d.g.Edges {
		if e.From == e.To {
			continue
		}
		a, b := d.at[e.From], d.at[e.To]
		dx, dy := b.X-a.X, b.Y-a.Y
		length := max(1e-9, math.Hypot(dx, dy))
		ux, uy := dx/length, dy/length
		// Lines end at the circles, so that arrows are seen.
		a = Point{a.X + ux*d.radius(e.From), a.Y + uy*d.radius(e.From)}
		b = Point{b.X - ux*d.radius(e.To), b.Y - uy*d.radius(e.To)}
		bend := 0.0
		marker := ""
		if d.g.Directed {
			marker = fmt.Sprintf(` marker-end="url(#a%s)"`, strokeColour(e.Weight)[1:])
			if both[[2]int{e.To, e.From}] {
				bend = 0.12 * length
			}
		}
		path := fmt.Sprintf("M%.1f %.1fL%.1f %.1f", a.X, a.Y, b.X, b.Y)
		if bend > 0 {
			path = fmt.Sprintf("M%.1f %.1fQ%.1f %.1f %.1f %.1f", a.X, a.Y,
				(a.X+b.X)/2-uy*bend, (a.Y+b.Y)/2+ux*bend, b.X, b.Y)
		}
		join := "–"
		if d.g.Directed {
			join = "→"
		}
		fmt.Fprintf(out, `<path d="%s" fill="none" stroke="%s" stroke-width="%.2f" stroke-opacity="0.75"%s><title>%s %s %s: %.4g</title></path>`+"\n",
			path, strokeColour(e.Weight), d.thin*strokeWidth(e.Weight, heaviest), marker,
			escape(d.g.Nodes[e.From].Name), join, escape(d.g.Nodes[e.To].Name), e.Weight)
	}
}

func (d *drawing) nodes(out io.Writer) {
	named := len(d.at) <= 60
	for i, p := range d.at {
		name := escape(d.g.Nodes[i].Name)
		fmt.Fprintf(out, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="#334155" stroke="#ffffff" stroke-width="1.2"><title>%s</title></circle>`+"\n",
			p.X, p.Y, d.radius(i), name)
		if named && name != "" {
			// A white rim keeps names legible on lines. Names that would leave the
			// picture stand on the other side of their node.
			x, anchor := p.X+d.radius(i)+2, "start"
			if x+6.5*float64(utf8.RuneCountInString(d.g.Nodes[i].Name)) > d.width {
				x, anchor = p.X-d.radius(i)-2, "end"
			}
			fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="#0f172a" stroke="#ffffff" stroke-width="3" paint-order="stroke">%s</text>`+"\n",
				x, p.Y-4, anchor, name)
		}
	}
}

// caption writes the title and what the lines mean.
func (d *drawing) caption(out io.Writer) {
	if d.title != "" {
		fmt.Fprintf(out, `<text x="16" y="26" font-size="15" fill="#0f172a">%s</text>`+"\n", escape(d.title))
	}
	y := d.height - 22
	fmt.Fprintf(out, `<text x="16" y="%.0f" fill="#475569">%d nodes, %d edges, largest weight %.3g</text>`+"\n",
		y-16, len(d.at), len(d.g.Edges), d.g.heaviest())
	fmt.Fprintf(out, `<path d="M16 %.0fh26" stroke="%s" stroke-width="3"/><text x="48" y="%.0f" fill="#475569">positive</text>`, y, positive, y+4)
	fmt.Fprintf(out, `<path d="M116 %.0fh26" stroke="%s" stroke-width="3"/><text x="148" y="%.0f" fill="#475569">negative</text>`+"\n", y, negative, y+4)
}

// heaviest is the largest absolute weight of an edge that is drawn.
func (g *Graph) heaviest() float64 {
	var m float64
	for _, e := range g.Edges {
		if e.From != e.To {
			m = max(m, math.Abs(e.Weight))
		}
	}
	return m
}

func strokeWidth(weight, heaviest float64) float64 {
	if heaviest == 0 {
		return 0.5
	}
	return 0.5 + 3.5*math.Min(1, math.Abs(weight)/heaviest)
}

func strokeColour(weight float64) string {
	if weight < 0 {
		return negative
	}
	return positive
}
