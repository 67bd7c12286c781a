package graph

import (
	"cmp"
	"fmt"
	"math"

	"pare/internal/svg"
)

// named is the number of nodes up to which names are written.
const named = 60

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
	p := &panel{g: g, at: at, frame: frame, degree: make([]int, len(at)), thin: 1, small: 1,
		strongest: g.strongest(), known: map[[2]int]bool{}, arrows: map[[2]int]bool{}}
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

func (p *panel) draw(out *svg.Picture) {
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

// notFound draws the pairs of the reference that are not edges of the graph, in their
// order.
func (p *panel) notFound(out *svg.Picture) {
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
		out.Path("link missing", svg.Data("ML", a.X, a.Y, b.X, b.Y), 1.4, "")
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

func (p *panel) edge(out *svg.Picture, e Edge) {
	a, b, unit := p.ends(e.From, e.To)
	v, join, class, from := p.g.drawn(e), "–", sign(p.g.drawn(e)), a
	path := svg.Data("ML", a.X, a.Y, b.X, b.Y)
	if p.g.Directed {
		join = "→"
		if p.arrows[[2]int{e.To, e.From}] {
			bend := 0.12 * math.Hypot(b.X-a.X, b.Y-a.Y)
			from = Point{(a.X+b.X)/2 - unit.Y*bend, (a.Y+b.Y)/2 + unit.X*bend}
			path = svg.Data("MQ", a.X, a.Y, from.X, from.Y, b.X, b.Y)
		}
	}
	link := "link " + class
	if p.g.Reference != nil && !p.known[pair(e.From, e.To)] {
		link += " unknown"
	}
	out.Path(link, path, svg.Stroke(p.thin*strokeWidth(v, p.strongest)),
		fmt.Sprintf("%s %s %s: %.4g", p.g.Nodes[e.From].Name, join, p.g.Nodes[e.To].Name, v))
	if p.g.Directed {
		arrowhead(out, "tip "+class, from, b)
	}
}

// arrowhead draws the head of an arrow that comes from a point. It is a shape of its
// own: not all viewers draw markers at the ends of curves.
func arrowhead(out *svg.Picture, class string, from, tip Point) {
	const long, half = 7.0, 3.5
	length := max(1e-9, math.Hypot(tip.X-from.X, tip.Y-from.Y))
	unit := Point{(tip.X - from.X) / length, (tip.Y - from.Y) / length}
	foot := Point{tip.X - long*unit.X, tip.Y - long*unit.Y}
	out.Path(class, svg.Data("MLLz", tip.X, tip.Y, foot.X-half*unit.Y, foot.Y+half*unit.X, foot.X+half*unit.Y, foot.Y-half*unit.X), 0, "")
}

func (p *panel) nodes(out *svg.Picture) {
	for i, at := range p.at {
		class := "node"
		if p.degree[i] == 0 {
			class = "node lone"
		}
		out.Circle(class, at.X, at.Y, p.radius(i), svg.Stroke(1.2*p.small), cmp.Or(p.g.Nodes[i].Name, fmt.Sprintf("n%d", i)))
	}
	if len(p.at) > named {
		return
	}
	for _, l := range p.labels() {
		out.Haloed("label", l.x, l.y, l.anchor, l.text, "")
	}
}
