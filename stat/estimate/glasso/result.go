package glasso

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"pare/report/graph"
	"pare/stat/estimate"
	"pare/stat/graphical"
	"pare/stat/recovery"
)

type object = estimate.Object

func certificate(n *graphical.Network) estimate.Fit {
	return estimate.Fit{Lambda: n.Lambda, Objective: n.Objective, Gap: n.Gap, Tolerance: n.Tolerance, Iterations: n.Iterations,
		Converged: n.Converged}
}

// JSON returns one network, with its members at the top level, and the selection if there
// was one; or a path with a list of networks. i and j count variables from 0.
func (r *Result) JSON() estimate.Object {
	q := &r.Request
	out := object{"variables", r.Variables}
	if q.Transform != "" {
		out = append(out, "transform", q.Transform)
	}
	out = append(out, "correlation", q.Correlation, "penalize_diagonal", q.Diagonal)
	if q.Relaxed {
		out = append(out, "relaxed", true)
	}
	if r.Chosen == nil {
		var path []object
		for i, n := range r.Networks {
			path = append(path, r.network(n, i))
		}
		if out = append(out, "path", path); r.Scores != nil {
			out = append(out, "area_precision_recall", recovery.Area(r.Scores))
		}
		return r.Envelope(out)
	}
	out = append(out, r.network(r.Chosen, r.ChosenAt)...)
	if s := r.Selection; s != nil {
		selection := object{"method", q.Method, "best", s.Best, "one_se", s.OneSE, "lambdas", s.Path.Lambdas(),
			"edges", r.sizes("edges", "").Value, "scores", s.Score}
		if s.StdErr != nil {
			selection = append(selection, "standard_errors", s.StdErr)
		}
		out = append(out, "selection", selection)
	}
	return r.Envelope(out)
}

// network returns the JSON of a network; at is the index of its score.
func (r *Result) network(n *graphical.Network, at int) object {
	frequency := r.frequency()
	edges := []object{}
	for _, e := range n.Edges {
		edge := object{"i", e.I, "j", e.J, "a", r.Variables[e.I], "b", r.Variables[e.J], "weight", e.Weight,
			"partial_correlation", e.Partial}
		if frequency != nil {
			edge = append(edge, "frequency", frequency[[2]int{e.I, e.J}])
		}
		edges = append(edges, edge)
	}
	out := append(certificate(n).JSON(), "edges", edges, "components", n.Components, "diagonal", n.Diagonal, "log_det", n.LogDet,
		"trace", n.Trace)
	if r.Scores != nil {
		out = append(out, "reference", r.Scores[at])
	}
	return out
}

// frequency returns the frequencies by pair; nil if they were not counted.
func (r *Result) frequency() map[[2]int]float64 {
	if r.Frequency == nil {
		return nil
	}
	out := make(map[[2]int]float64, len(r.Frequency))
	for _, f := range r.Frequency {
		out[[2]int{f.I, f.J}] = f.Frequency
	}
	return out
}

// sizes returns a column of the path: the numbers of edges or of components.
func (r *Result) sizes(name, title string) estimate.Column {
	c := estimate.Column{Name: name, Title: title}
	for _, n := range r.Networks {
		size := len(n.Edges)
		if name == "components" {
			size = len(n.Components)
		}
		c.Value = append(c.Value, float64(size))
	}
	return c
}

func (r *Result) path() *estimate.Path {
	p := &estimate.Path{Chosen: r.ChosenAt, Unit: "nats ", Scores: r.Scores,
		Sizes: []estimate.Column{r.sizes("edges", "edges"), r.sizes("components", "components")}}
	for _, n := range r.Networks {
		p.Fits = append(p.Fits, certificate(n))
	}
	if s := r.Selection; s != nil {
		score := estimate.Column{Name: "eBIC", Value: s.Score, Error: s.StdErr, ErrorName: "standard_error", Format: "%.5g"}
		switch r.Request.Method {
		case graphical.StARS:
			score.Name = "instability"
		case graphical.CV:
			score.Name = "held-out"
		}
		score.Title = score.Name
		p.Losses = append(p.Losses, score)
	}
	return p
}

// mostEdges is the number of edges in a summary, at most.
const mostEdges = 20

// WriteText writes a summary for people.
func (r *Result) WriteText(w io.Writer) {
	q := &r.Request
	observations, kind, diagonal := "", "covariances", "diagonal not penalised"
	if n := r.Head.Observations; n > 0 {
		observations = fmt.Sprintf("%d observations of ", n)
	}
	if q.Correlation {
		kind = "correlations"
	}
	kind += map[string]string{"log": " of logarithms", "npn": " of normal scores"}[q.Transform]
	if q.Diagonal {
		diagonal = "diagonal penalised"
	}
	r.WriteHead(w, "%s: %s%d variables, %s, %s", r.File, observations, len(r.Variables), kind, diagonal)
	if len(r.Networks) > 1 {
		r.path().WriteText(w)
		if r.Scores != nil {
			all := float64(len(r.Variables) * (len(r.Variables) - 1) / 2)
			known := r.Scores[0].TruePositives + r.Scores[0].FalseNegatives
			fmt.Fprintf(w, "area under precision over recall: %.3f; pairs at random have %.3f\n", recovery.Area(r.Scores),
				float64(known)/all)
		}
	}
	n := r.Chosen
	if n == nil {
		return
	}
	again, largest := "", 0
	if q.Relaxed {
		again = ", fitted again without a penalty"
	}
	for _, c := range n.Components {
		largest = max(largest, len(c))
	}
	fmt.Fprintf(w, "λ = %.4g%s: %s of %d pairs, %s, the largest of %s\n", n.Lambda, again, estimate.Plural(len(n.Edges), "edge"),
		n.P()*(n.P()-1)/2, estimate.Plural(len(n.Components), "component"), estimate.Plural(largest, "variable"))
	r.writeEdges(w)
	if r.Scores != nil {
		estimate.WriteScore(w, r.Scores[r.ChosenAt], "edge")
	}
	if n.Converged {
		fmt.Fprintf(w, "objective %.9g nats, at most %.1e above the optimum (tolerance %.1e), %s\n", n.Objective, n.Gap, n.Tolerance,
			estimate.Plural(n.Iterations, "iteration"))
	}
}

// writeEdges lists the strongest edges of the chosen network.
func (r *Result) writeEdges(w io.Writer) {
	edges := slices.Clone(r.Chosen.Edges)
	if len(edges) == 0 {
		return
	}
	slices.SortStableFunc(edges, func(a, b graphical.Edge) int { return cmp.Compare(math.Abs(b.Partial), math.Abs(a.Partial)) })
	frequency := r.frequency()
	rows := [][]string{{"strongest edges", "", "partial correlation", "Θ"}}
	if frequency != nil {
		rows[0] = append(rows[0], "in subsamples")
	}
	for _, e := range edges[:min(mostEdges, len(edges))] {
		row := []string{r.Variables[e.I], r.Variables[e.J], fmt.Sprintf("%+.3f", e.Partial), fmt.Sprintf("%+.4g", e.Weight)}
		if frequency != nil {
			row = append(row, fmt.Sprintf("%.0f %%", 100*frequency[[2]int{e.I, e.J}]))
		}
		rows = append(rows, row)
	}
	estimate.WriteTable(w, 2, rows)
	if rest := len(edges) - mostEdges; rest > 0 {
		fmt.Fprintf(w, "  … and %d more\n", rest)
	}
}

// mostDense is the number of variables up to which precision.csv is written.
const mostDense = 1000

// Files returns result.json; of one network edges.csv, network.dot, network.graphml,
// network.svg and, up to 1,000 variables, precision.csv; of a path path.csv,
// path_edges.csv, path.svg and, up to 120 variables, networks.svg.
func (r *Result) Files() ([]estimate.File, error) {
	files := []estimate.File{estimate.JSONFile(r.JSON())}
	if n := r.Chosen; n != nil {
		g, err := r.graph(n)
		if err != nil {
			return nil, err
		}
		files = append(files, estimate.GraphFiles(g, fmt.Sprintf("%s: λ = %.3g, %s", r.File, n.Lambda,
			estimate.Plural(len(n.Edges), "edge")))...)
		if p := len(r.Variables); p <= mostDense {
			theta := n.Theta()
			files = append(files, estimate.MatrixFile("precision.csv", r.Variables, p, func(i, j int) float64 { return theta[i*p+j] }))
		}
	}
	if len(r.Networks) == 1 {
		return files, nil
	}
	var edges [][]string
	for _, n := range r.Networks {
		for _, e := range n.Edges {
			edges = append(edges, []string{estimate.Number(n.Lambda), r.Variables[e.I], r.Variables[e.J], estimate.Number(e.Weight),
				estimate.Number(e.Partial)})
		}
	}
	files = append(files, r.path().File(), estimate.CSVFile("path_edges.csv",
		[]string{"lambda", "a", "b", "weight", "partial_correlation"}, edges))
	if len(edges) > 0 {
		files = append(files, estimate.File{Name: "path.svg", Write: r.drawPath})
		if len(r.Variables) <= mostPanels {
			files = append(files, estimate.File{Name: "networks.svg", Write: r.drawNetworks})
		}
	}
	return files, nil
}

func (r *Result) graph(n *graphical.Network) (*graph.Graph, error) {
	g, err := Graph(n, r.Variables)
	if err == nil {
		g.Reference = r.Reference
	}
	return g, err
}
