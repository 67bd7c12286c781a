package graph

import (
	"fmt"
	"io"
	"math"
)

const (
	dashed  = ` stroke-dasharray="5 3.5"`
	dotted  = ` stroke-dasharray="1.5 4"`
	missing = "#94a3b8"
	// named is the number of nodes up to which names are written.
	named = 60
)

// panel is one drawing of a graph with its nodes at places in pixels.
type panel struct {
	g         *Graph
	at        []Point
	frame     box // that names stay in
	degree    []int
	thin      float64 // of lines, where there are many
	small     float64 // of circles, where they are close
	strongest float64
	known     map[[2]int]bool // pairs of the reference
	arrows    map[[2]int]bool // from, to of directed edges
}

func newPanel(g *Graph, at []Point, frame box) *panel {
	p := &panel{g: g, at: at, frame: frame, degree: make([]int, len(at)), thin: 1, small: 1, strongest: g.strongest(), known: map[[2]int]bool{}, arrows: map[[2]int]bool{}}
	if n := float64(len(g.Edges)); n > 30 {
		p.thin = max(0.3, math.Sqrt(30/n))
	}
	if n := float64(len(at)); n > 0 {
		p.small = min(1, max(0.25, math.Sqrt(frame.width*frame.height/n)/40))
	}
	for i, near := range g.neighbours() {
		p.degree[i] = len(near)
	}
	if g.Directed {
		for _, e := range g.Edges {
			p.arrows[[2]int{e.From, e.To}] = true
		}
	}
	for _, r := range g.Reference {
		p.known[pair(r[0], r[1])] = true
	}
	return p
}

func (p *panel) draw(out io.Writer) {
	p.notFound(out)
	for _, e := range p.g.Edges {
		if e.From != e.To {
			p.edge(out, e)
		}
	}
	p.nodes(out)
}

func (p *panel) radius(i int) float64 {
	return p.small * min(9, 3+1.2*math.Sqrt(float64(p.degree[i])))
}

// notFound draws the pairs of the reference that are no edges, in their order.
func (p *panel) notFound(out io.Writer) {
	done := map[[2]int]bool{}
	for _, e := range p.g.Edges {
		done[pair(e.From, e.To)] = true
	}
	for _, r := range p.g.Reference {
		k := pair(r[0], r[1])
		if done[k] || k[0] == k[1] {
			continue
		}
		done[k] = true
		a, b, _ := p.ends(k[0], k[1])
		fmt.Fprintf(out, `<path d="M%.1f %.1fL%.1f %.1f" fill="none" stroke="%s" stroke-width="1.4"%s/>`+"\n", a.X, a.Y, b.X, b.Y, missing, dotted)
	}
}

// ends are where a line between two nodes meets their circles, so that arrows are
// seen, and its direction.
func (p *panel) ends(from, to int) (a, b, unit Point) {
	a, b = p.at[from], p.at[to]
	length := max(1e-9, math.Hypot(b.X-a.X, b.Y-a.Y))
	unit = Point{(b.X - a.X) / length, (b.Y - a.Y) / length}
	ra, rb := p.radius(from), p.radius(to)
	return Point{a.X + unit.X*ra, a.Y + unit.Y*ra}, Point{b.X - unit.X*rb, b.Y - unit.Y*rb}, unit
}

func (p *panel) edge(out io.Writer, e Edge) {
	a, b, unit := p.ends(e.From, e.To)
	path := fmt.Sprintf("M%.1f %.1fL%.1f %.1f", a.X, a.Y, b.X, b.Y)
	v, join, style, from := p.g.drawn(e), "–", "", a
	if p.g.Directed {
		join = "→"
		if p.arrows[[2]int{e.To, e.From}] {
			bend := 0.12 * math.Hypot(b.X-a.X, b.Y-a.Y)
			from = Point{(a.X+b.X)/2 - unit.Y*bend, (a.Y+b.Y)/2 + unit.X*bend}
			path = fmt.Sprintf("M%.1f %.1fQ%.1f %.1f %.1f %.1f", a.X, a.Y, from.X, from.Y, b.X, b.Y)
		}
	}
	if p.g.Reference != nil && !p.known[pair(e.From, e.To)] {
		style = dashed
	}
	fmt.Fprintf(out, `<path d="%s" fill="none" stroke="%s" stroke-width="%.2f" stroke-opacity="0.75"%s><title>%s %s %s: %.4g</title></path>`+"\n",
		path, strokeColour(v), p.thin*strokeWidth(v, p.strongest), style,
		escape(p.g.Nodes[e.From].Name), join, escape(p.g.Nodes[e.To].Name), v)
	if p.g.Directed {
		arrowhead(out, from, b, strokeColour(v))
	}
}

// arrowhead draws the head of an arrow that comes from a point. It is a shape of its
// own: not all viewers draw markers at the ends of curves.
func arrowhead(out io.Writer, from, tip Point, colour string) {
	const long, half = 7.0, 3.5
	length := max(1e-9, math.Hypot(tip.X-from.X, tip.Y-from.Y))
	unit := Point{(tip.X - from.X) / length, (tip.Y - from.Y) / length}
	foot := Point{tip.X - long*unit.X, tip.Y - long*unit.Y}
	fmt.Fprintf(out, `<path d="M%.1f %.1fL%.1f %.1fL%.1f %.1fz" fill="%s"/>`+"\n", tip.X, tip.Y,
		foot.X-half*unit.Y, foot.Y+half*unit.X, foot.X+half*unit.Y, foot.Y-half*unit.X, colour)
}

func (p *panel) nodes(out io.Writer) {
	for i, at := range p.at {
		fill := "#334155"
		if p.degree[i] == 0 {
			fill = missing
		}
		fmt.Fprintf(out, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s" stroke="#ffffff" stroke-width="%.1f"><title>%s</title></circle>`+"\n",
			at.X, at.Y, p.radius(i), fill, 1.2*p.small, escape(p.g.Nodes[i].Name))
	}
	if len(p.at) > named {
		return
	}
	for _, l := range p.labels() {
		// A white rim keeps names legible on lines. It is a text of its own: not all
		// viewers know paint-order.
		place := fmt.Sprintf(`x="%.1f" y="%.1f" text-anchor="%s"`, l.x, l.y, l.anchor)
		fmt.Fprintf(out, `<text %s fill="#ffffff" stroke="#ffffff" stroke-width="3" aria-hidden="true">%s</text>`+"\n", place, escape(l.text))
		fmt.Fprintf(out, `<text %s fill="%s">%s</text>`+"\n", place, ink, escape(l.text))
	}
}
