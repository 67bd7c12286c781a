package graph

import (
	"errors"
	"fmt"
	"io"

	"pare/internal/svg"
)

// WriteSeries draws graphs on the same nodes, sparse ones first, side by side, each below
// its title, so that a node stands at the same place in each. Widths of lines have one
// scale. Title may be empty.
//
// The first graph with at least as many edges as nodes, or else the last graph, gives the
// nodes their places: denser graphs have no clear shape.
func WriteSeries(w io.Writer, graphs []*Graph, titles []string, title string) error {
	if len(graphs) == 0 || len(titles) != len(graphs) {
		return errors.New("a series needs at least one graph, and a title for each")
	}
	nodes := graphs[0].Nodes
	var placing *Graph
	strongest := 0.0
	for k, g := range graphs {
		if len(g.Nodes) != len(nodes) {
			return fmt.Errorf("graph %d of a series has %d nodes, the first %d", k+1, len(g.Nodes), len(nodes))
		}
		if err := g.Check(); err != nil {
			return err
		}
		if placing == nil || len(placing.Edges) < len(nodes) {
			placing = g
		}
		strongest = max(strongest, g.strongest())
	}
	places, err := Layout(placing)
	if err != nil {
		return err
	}
	const wide, high, head, foot = 360.0, 320.0, 56.0, 64.0
	columns := min(3, len(graphs))
	rows := (len(graphs) + columns - 1) / columns
	at := fit(places, wide, high)
	var out svg.Picture
	total := head + float64(rows)*high + foot
	out.Text("title", 20, 32, svg.Start, title)
	for k, g := range graphs {
		corner := Point{float64(k%columns) * wide, head + float64(k/columns)*high}
		moved := make([]Point, len(at))
		for i, p := range at {
			moved[i] = Point{corner.X + p.X, corner.Y + p.Y}
		}
		out.Text("caption", corner.X+20, corner.Y+16, svg.Start, titles[k])
		p := newPanel(g, moved, box{at: corner, width: wide, height: high})
		p.strongest = strongest
		p.draw(&out)
	}
	legend(&out, graphs[0], total-40, plural(len(nodes), "node"), strongest)
	return out.File(w, "graph", title, float64(columns)*wide, total)
}

// fit moves and scales places into a panel, below its title.
func fit(places []Point, wide, high float64) []Point {
	const side, top, bottom = 44.0, 44.0, 24.0
	var far Point
	for _, p := range places {
		far = Point{max(far.X, p.X), max(far.Y, p.Y)}
	}
	w, h := wide-2*side, high-top-bottom
	scale := min(w/max(far.X, 1e-9), h/max(far.Y, 1e-9), 140)
	at := make([]Point, len(places))
	for i, p := range places {
		at[i] = Point{side + (w-scale*far.X)/2 + scale*p.X, top + (h-scale*far.Y)/2 + scale*p.Y}
	}
	return at
}
