package graphical

import (
	"math"
	"math/rand/v2"
)

type point struct{ x, y float64 }

// layoutWork bounds the pairs of variables that the layout of one component looks at.
const layoutWork = 3e7

// gravity pulls by itself times the distance from the middle.
const gravity = 0.3

// layout places the variables in units of the length of an edge, and says how far they
// reach from the origin.
func (n *Network) layout(seed uint64) (at []point, width, height float64) {
	at = make([]point, n.P())
	inner := make([][][2]int, len(n.Components))
	set, place := make([]int, n.P()), make([]int, n.P())
	for c, members := range n.Components {
		for i, v := range members {
			set[v], place[v] = c, i
		}
	}
	for _, e := range n.Edges {
		inner[set[e.I]] = append(inner[set[e.I]], [2]int{place[e.I], place[e.J]})
	}
	var boxes []box
	total := 0.0
	for c, members := range n.Components {
		b := box{members: members, at: forces(len(members), inner[c], rand.New(rand.NewPCG(seed, uint64(c))))}
		b.frame()
		boxes = append(boxes, b)
		total += (b.width + 1) * (b.height + 1)
	}
	// Shelves: components with edges first, then single variables.
	limit := math.Sqrt(total) * 1.3
	var left, top, shelf float64
	for _, single := range []bool{false, true} {
		for _, b := range boxes {
			if (len(b.members) == 1) != single {
				continue
			}
			if left > 0 && left+b.width > limit {
				left, top, shelf = 0, top+shelf+1, 0
			}
			for i, v := range b.members {
				at[v] = point{left + b.at[i].x, top + b.at[i].y}
			}
			width = max(width, left+b.width)
			height = max(height, top+b.height)
			left += b.width + 1
			shelf = max(shelf, b.height)
		}
		if left > 0 {
			left, top, shelf = 0, top+shelf+1, 0
		}
	}
	return at, width, height
}

// box is a component with its own layout.
type box struct {
	members       []int
	at            []point
	width, height float64
}

// frame moves the layout to the origin.
func (b *box) frame() {
	low, high := b.at[0], b.at[0]
	for _, p := range b.at {
		low = point{min(low.x, p.x), min(low.y, p.y)}
		high = point{max(high.x, p.x), max(high.y, p.y)}
	}
	for i := range b.at {
		b.at[i].x -= low.x
		b.at[i].y -= low.y
	}
	b.width, b.height = high.x-low.x, high.y-low.y
}

// forces is the layout of Fruchterman and Reingold (1991): all nodes repel each other by
// 1/d, edges pull by d², and nodes move at most as far as a falling temperature allows. A
// weak pull to the middle keeps long chains on the page.
func forces(n int, edges [][2]int, r *rand.Rand) []point {
	side := math.Sqrt(float64(n))
	at, push := make([]point, n), make([]point, n)
	for i := range at {
		at[i] = point{side * r.Float64(), side * r.Float64()}
	}
	rounds := int(min(300, max(10, layoutWork/float64(n*n))))
	for round := range rounds {
		clear(push)
		for i := range at {
			for j := range i {
				dx, dy := at[i].x-at[j].x, at[i].y-at[j].y
				d2 := max(dx*dx+dy*dy, 1e-4)
				push[i].x += dx / d2
				push[i].y += dy / d2
				push[j].x -= dx / d2
				push[j].y -= dy / d2
			}
		}
		for _, e := range edges {
			a, b := e[0], e[1]
			dx, dy := at[a].x-at[b].x, at[a].y-at[b].y
			d := math.Hypot(dx, dy)
			push[a].x -= dx * d
			push[a].y -= dy * d
			push[b].x += dx * d
			push[b].y += dy * d
		}
		for i, a := range at {
			push[i].x += gravity * (side/2 - a.x)
			push[i].y += gravity * (side/2 - a.y)
		}
		heat := 0.2 * side * (1 - float64(round)/float64(rounds))
		for i, f := range push {
			d := math.Hypot(f.x, f.y)
			if d == 0 {
				continue
			}
			step := min(d, heat) / d
			at[i].x += f.x * step
			at[i].y += f.y * step
		}
	}
	return at
}
