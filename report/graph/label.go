package graph

import (
	"math"
	"unicode/utf8"

	"pare/internal/svg"
)

// label is a name and where it stands.
type label struct {
	text   string
	x, y   float64 // of the text
	anchor svg.Anchor
	area   rectangle
}

type rectangle struct{ left, top, right, bottom float64 }

// overlap is the area that two rectangles share.
func (r rectangle) overlap(o rectangle) float64 {
	w := min(r.right, o.right) - max(r.left, o.left)
	h := min(r.bottom, o.bottom) - max(r.top, o.top)
	return max(0, w) * max(0, h)
}

// labels puts the name of each node on the side where it covers least: nodes and
// names that are already there above all, then lines.
func (p *panel) labels() []label {
	circles := make([]rectangle, len(p.at))
	for i, c := range p.at {
		r := p.radius(i) + 1
		circles[i] = rectangle{c.X - r, c.Y - r, c.X + r, c.Y + r}
	}
	var placed []label
	for i, node := range p.g.Nodes {
		if node.Name == "" {
			continue
		}
		best, least := label{}, math.Inf(1)
		for k, l := range p.candidates(i) {
			cost := 0.1 * float64(k) // the sides in their order, where all are free
			for j, c := range circles {
				if j != i {
					cost += 3 * l.area.overlap(c)
				}
			}
			for _, o := range placed {
				cost += 3 * l.area.overlap(o.area)
			}
			cost += p.crossed(l.area) + p.outside(l.area)
			if cost < least {
				best, least = l, cost
			}
		}
		placed = append(placed, best)
	}
	return placed
}

// candidates are the eight sides of a node: right, left, above and below, and
// between them.
func (p *panel) candidates(i int) []label {
	const high, letter = 11.0, 6.0
	name := p.g.Nodes[i].Name
	wide := letter * float64(utf8.RuneCountInString(name))
	c, r := p.at[i], p.radius(i)+3
	d := r / math.Sqrt2
	var out []label
	add := func(x, y float64, anchor svg.Anchor) {
		l := label{text: name, x: x, y: y + 0.36*high, anchor: anchor}
		left := x
		switch anchor {
		case svg.Middle:
			left -= wide / 2
		case svg.End:
			left -= wide
		}
		l.area = rectangle{left, y - high/2, left + wide, y + high/2}
		out = append(out, l)
	}
	add(c.X+r, c.Y, svg.Start)
	add(c.X-r, c.Y, svg.End)
	add(c.X, c.Y-r-high/2, svg.Middle)
	add(c.X, c.Y+r+high/2, svg.Middle)
	add(c.X+d, c.Y-d-high/3, svg.Start)
	add(c.X-d, c.Y-d-high/3, svg.End)
	add(c.X+d, c.Y+d+high/3, svg.Start)
	add(c.X-d, c.Y+d+high/3, svg.End)
	return out
}

// crossed is about the area of the lines below a name.
func (p *panel) crossed(r rectangle) float64 {
	var cost float64
	for _, e := range p.g.Edges {
		if e.From != e.To {
			cost += 2 * r.inside(p.at[e.From], p.at[e.To])
		}
	}
	return cost
}

// inside is the length of the part of a line within the rectangle.
func (r rectangle) inside(a, b Point) float64 {
	from, to := 0.0, 1.0
	clip := func(start, step, low, high float64) {
		if step == 0 {
			if start < low || start > high {
				to = -1
			}
			return
		}
		t, u := (low-start)/step, (high-start)/step
		from, to = max(from, min(t, u)), min(to, max(t, u))
	}
	clip(a.X, b.X-a.X, r.left, r.right)
	clip(a.Y, b.Y-a.Y, r.top, r.bottom)
	return max(0, to-from) * math.Hypot(b.X-a.X, b.Y-a.Y)
}

// outside is the cost of a name that leaves the frame.
func (p *panel) outside(r rectangle) float64 {
	const margin, price = 4.0, 100.0
	f := p.frame
	over := max(0, f.at.X+margin-r.left) + max(0, r.right-(f.at.X+f.width-margin)) +
		max(0, f.at.Y+margin-r.top) + max(0, r.bottom-(f.at.Y+f.height-margin))
	return price * over
}
