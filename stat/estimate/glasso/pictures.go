package glasso

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"pare/report/chart"
	"pare/report/graph"
	"pare/stat/estimate"
	"pare/stat/graphical"
)

const (
	// mostCurves is the number of edges in the picture of a path.
	mostCurves = 200
	// mostPanels is the number of variables up to which networks of a path are drawn side by
	// side.
	mostPanels = 120
)

// Graph returns a fitted precision matrix as a graph: the weights of edges are Θᵢⱼ, pictures
// show partial correlations. Without names the nodes are x1, x2, …
func Graph(n *graphical.Network, names []string) (*graph.Graph, error) {
	if names != nil && len(names) != n.P() {
		return nil, fmt.Errorf("%d names for %d variables", len(names), n.P())
	}
	g := &graph.Graph{Nodes: make([]graph.Node, n.P()), Measure: "partial correlation"}
	for i := range g.Nodes {
		g.Nodes[i].Name = fmt.Sprintf("x%d", i+1)
		if names != nil {
			g.Nodes[i].Name = names[i]
		}
	}
	for _, e := range n.Edges {
		g.Edges = append(g.Edges, graph.Edge{From: e.I, To: e.J, Weight: e.Weight, Value: e.Partial})
	}
	return g, nil
}

// drawPath draws the partial correlations along the path, with wide lines for the edges of
// the reference.
func (r *Result) drawPath(w io.Writer) error {
	var marks []chart.Mark
	if r.ChosenAt >= 0 {
		marks = []chart.Mark{{Name: "chosen", X: r.Networks[r.ChosenAt].Lambda}}
	}
	picture, x := r.path().Chart("Partial correlations", "partial correlation", marks...)
	picture.Zero, picture.Names = true, chart.Unnamed
	known := map[[2]int]bool{}
	for _, k := range r.Reference {
		known[[2]int{min(k[0], k[1]), max(k[0], k[1])}] = true
	}
	curves := map[[2]int]*chart.Curve{}
	strength := map[[2]int]float64{}
	var order [][2]int
	for i, n := range r.Networks {
		for _, e := range n.Edges {
			k := [2]int{e.I, e.J}
			c := curves[k]
			if c == nil {
				c = &chart.Curve{Name: r.Variables[e.I] + " – " + r.Variables[e.J], X: x, Y: make([]float64, len(x)), Style: chart.Thin}
				if known[k] {
					c.Style = chart.Strong
				}
				curves[k] = c
				order = append(order, k)
			}
			c.Y[i] = e.Partial
			strength[k] = max(strength[k], math.Abs(e.Partial))
		}
	}
	if len(order) > mostCurves {
		slices.SortStableFunc(order, func(a, b [2]int) int { return cmp.Compare(strength[b], strength[a]) })
		order = order[:mostCurves]
		picture.Title = fmt.Sprintf("The %d strongest partial correlations", mostCurves)
	}
	if r.Reference != nil {
		picture.Title += "; wide: in the reference"
	}
	for _, k := range order {
		picture.Curves = append(picture.Curves, *curves[k])
	}
	return picture.WriteSVG(w)
}

// drawNetworks draws up to six networks of the path side by side: from the first with an
// edge to the one with the most, as even in their numbers of edges as may be.
func (r *Result) drawNetworks(w io.Writer) error {
	const most = 6
	first, last := -1, 0
	for i, n := range r.Networks {
		if first < 0 && len(n.Edges) > 0 {
			first = i
		}
		if len(n.Edges) > len(r.Networks[last].Edges) {
			last = i
		}
	}
	low, high := len(r.Networks[first].Edges), len(r.Networks[last].Edges)
	var graphs []*graph.Graph
	var titles []string
	for i := first; i <= last && len(graphs) < most; i++ {
		n := r.Networks[i]
		if len(n.Edges) < low+len(graphs)*(high-low)/(most-1) {
			continue
		}
		g, err := r.graph(n)
		if err != nil {
			return err
		}
		title := fmt.Sprintf("λ = %.3g: %s", n.Lambda, estimate.Plural(len(n.Edges), "edge"))
		if r.Scores != nil {
			title += fmt.Sprintf(", precision %.2f, recall %.2f", r.Scores[i].Precision, r.Scores[i].Recall)
		}
		graphs, titles = append(graphs, g), append(titles, title)
	}
	return graph.WriteSeries(w, graphs, titles, r.File+": networks along the path")
}
