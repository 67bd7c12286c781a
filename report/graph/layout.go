package graph

import (
	"cmp"
	"math"
	"slices"
)

// Point is a place in the plane; the distance of neighbours is about 1.
type Point struct{ X, Y float64 }

// Layout places the nodes so that distances in the plane follow distances in the
// graph. It draws no random numbers: the same graph gives the same picture. Each
// connected component is placed by itself (pivot multidimensional scaling after
// Brandes & Pich 2006, then stress majorisation after Gansner, Koren & North 2004
// up to 400 nodes), and components are packed by falling size, single nodes last.
// Directions and weights do not count.
func Layout(g *Graph) ([]Point, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	near := g.neighbours()
	places := make([]Point, len(g.Nodes))
	var boxes []box
	for _, nodes := range components(near) {
		p := placeComponent(nodes, near)
		boxes = append(boxes, newBox(nodes, p))
	}
	pack(boxes)
	for _, b := range boxes {
		for k, node := range b.nodes {
			places[node] = Point{b.points[k].X + b.at.X, b.points[k].Y + b.at.Y}
		}
	}
	return places, nil
}

// neighbours lists the neighbours of every node, ascending and without repeats.
func (g *Graph) neighbours() [][]int {
	near := make([][]int, len(g.Nodes))
	for _, e := range g.Edges {
		if e.From != e.To {
			near[e.From] = append(near[e.From], e.To)
			near[e.To] = append(near[e.To], e.From)
		}
	}
	for i := range near {
		slices.Sort(near[i])
		near[i] = slices.Compact(near[i])
	}
	return near
}

// components by falling size, then by their first node; nodes rising.
func components(near [][]int) [][]int {
	seen := make([]bool, len(near))
	var all [][]int
	for i := range near {
		if seen[i] {
			continue
		}
		seen[i] = true
		nodes := []int{i}
		for k := 0; k < len(nodes); k++ {
			for _, j := range near[nodes[k]] {
				if !seen[j] {
					seen[j] = true
					nodes = append(nodes, j)
				}
			}
		}
		slices.Sort(nodes)
		all = append(all, nodes)
	}
	slices.SortStableFunc(all, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	return all
}

// placeComponent returns a place for each of the nodes.
func placeComponent(nodes []int, near [][]int) []Point {
	n := len(nodes)
	local := make(map[int]int, n)
	for k, node := range nodes {
		local[node] = k
	}
	links := make([][]int, n)
	for k, node := range nodes {
		for _, j := range near[node] {
			links[k] = append(links[k], local[j])
		}
	}
	points := pivotScaling(links)
	if n <= 400 {
		majorise(points, links)
	}
	return points
}

// hops are the distances from a node along links.
func hops(links [][]int, from int) []float64 {
	d := make([]float64, len(links))
	for i := range d {
		d[i] = -1
	}
	d[from] = 0
	queue := []int{from}
	for k := 0; k < len(queue); k++ {
		for _, j := range links[queue[k]] {
			if d[j] < 0 {
				d[j] = d[queue[k]] + 1
				queue = append(queue, j)
			}
		}
	}
	return d
}

// box is a placed component with its lower left corner at the origin.
type box struct {
	nodes         []int
	points        []Point
	width, height float64
	at            Point
}

func newBox(nodes []int, points []Point) box {
	low, high := points[0], points[0]
	for _, p := range points {
		low = Point{min(low.X, p.X), min(low.Y, p.Y)}
		high = Point{max(high.X, p.X), max(high.Y, p.Y)}
	}
	for k := range points {
		points[k].X -= low.X
		points[k].Y -= low.Y
	}
	return box{nodes: nodes, points: points, width: high.X - low.X, height: high.Y - low.Y}
}

// pack sets boxes on shelves of about the width that makes the whole a square.
func pack(boxes []box) {
	const gap = 1
	var area, widest float64
	for _, b := range boxes {
		area += (b.width + gap) * (b.height + gap)
		widest = max(widest, b.width)
	}
	width := max(widest, 1.1*math.Sqrt(area))
	var x, y, shelf float64
	for i := range boxes {
		b := &boxes[i]
		if x > 0 && x+b.width > width {
			x, y, shelf = 0, y+shelf+gap, 0
		}
		b.at = Point{x, y}
		x += b.width + gap
		shelf = max(shelf, b.height)
	}
}
