package estimate

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"pare/report/chart"
	"pare/report/graph"
	"pare/stat/graphical"
)

const (
	// mostDense is the number of variables up to which precision.csv is written.
	mostDense = 1000
	// mostCurves is the number of edges in the picture of a path.
	mostCurves = 200
	// mostPanels is the number of variables up to which networks of a path are drawn side by
	// side.
	mostPanels = 120
)

// WriteFolder writes result.json; of one network edges.csv, network.dot, network.graphml,
// network.svg and, up to 1,000 variables, precision.csv; of a path path.csv, path_edges.csv,
// path.svg and, up to 120 variables, networks.svg. The folder has to be new or empty.
func (r *GlassoResult) WriteFolder(dir string) error {
	files := []file{jsonFile("result.json", r.JSON())}
	if r.Chosen != nil {
		g, err := r.graph(r.Chosen)
		if err != nil {
			return err
		}
		files = append(files, graphFiles(g, r.title(r.Chosen))...)
		if p := len(r.Variables); p <= mostDense {
			theta := r.Chosen.Theta()
			files = append(files, csvFile("precision.csv", r.Variables, matrixRows(p, p, func(i, j int) float64 { return theta[i*p+j] })))
		}
	}
	if len(r.Networks) > 1 {
		path, err := r.pathFiles()
		if err != nil {
			return err
		}
		files = append(files, path...)
	}
	return writeFolder(dir, files)
}

func (r *GlassoResult) graph(n *graphical.Network) (*graph.Graph, error) {
	g, err := NetworkGraph(n, r.Variables)
	if err == nil {
		g.Reference = r.Reference
	}
	return g, err
}

func (r *GlassoResult) title(n *graphical.Network) string {
	return fmt.Sprintf("%s: λ = %.3g, %s", r.File, n.Lambda, plural(len(n.Edges), "edge"))
}

func (r *GlassoResult) pathFiles() ([]file, error) {
	header := []string{"lambda", "edges", "components", "objective", "gap", "tolerance", "iterations", "converged"}
	method, scores := r.score()
	if scores != nil {
		header = append(header, method)
		if r.Selection.StdErr != nil {
			header = append(header, "standard_error")
		}
	}
	if r.Scores != nil {
		header = append(header, "precision", "recall", "f1")
	}
	var rows, edges [][]string
	for i, n := range r.Networks {
		row := []string{number(n.Lambda), strconv.Itoa(len(n.Edges)), strconv.Itoa(len(n.Components)), number(n.Objective), number(n.Gap),
			number(n.Tolerance), strconv.Itoa(n.Iterations), strconv.FormatBool(n.Converged)}
		if scores != nil {
			row = append(row, number(scores[i]))
			if r.Selection.StdErr != nil {
				row = append(row, number(r.Selection.StdErr[i]))
			}
		}
		if r.Scores != nil {
			s := r.Scores[i]
			row = append(row, number(s.Precision), number(s.Recall), number(s.F1))
		}
		rows = append(rows, row)
		for _, e := range n.Edges {
			edges = append(edges, []string{number(n.Lambda), r.Variables[e.I], r.Variables[e.J], number(e.Weight), number(e.Partial)})
		}
	}
	files := []file{csvFile("path.csv", header, rows),
		csvFile("path_edges.csv", []string{"lambda", "a", "b", "weight", "partial_correlation"}, edges)}
	if len(edges) > 0 {
		files = append(files, file{"path.svg", r.drawPath})
		if len(r.Variables) <= mostPanels {
			files = append(files, file{"networks.svg", r.drawNetworks})
		}
	}
	return files, nil
}

// drawPath draws the partial correlations over λ, those of the reference wide.
func (r *GlassoResult) drawPath(w io.Writer) error {
	known := map[[2]int]bool{}
	for _, k := range r.Reference {
		known[[2]int{min(k[0], k[1]), max(k[0], k[1])}] = true
	}
	x := make([]float64, len(r.Networks))
	curves := map[[2]int]*chart.Curve{}
	strength := map[[2]int]float64{}
	var order [][2]int
	for i, n := range r.Networks {
		x[i] = math.Log10(n.Lambda)
		for _, e := range n.Edges {
			k := [2]int{e.I, e.J}
			c := curves[k]
			if c == nil {
				c = &chart.Curve{Name: r.Variables[e.I] + " – " + r.Variables[e.J], X: x, Y: make([]float64, len(r.Networks)), Style: chart.Thin}
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
	caption := "Partial correlations"
	if len(order) > mostCurves {
		slices.SortStableFunc(order, func(a, b [2]int) int { return cmp.Compare(strength[b], strength[a]) })
		order = order[:mostCurves]
		caption = fmt.Sprintf("The %d strongest partial correlations", mostCurves)
	}
	if r.Reference != nil {
		caption += "; wide: in the reference"
	}
	picture := chart.Chart{Title: caption, X: "log10 λ", Y: "partial correlation", Zero: true, Names: chart.Unnamed}
	for _, k := range order {
		picture.Curves = append(picture.Curves, *curves[k])
	}
	if r.ChosenAt >= 0 {
		picture.Marks = []chart.Mark{{Name: "chosen", X: x[r.ChosenAt]}}
	}
	return picture.WriteSVG(w)
}

// drawNetworks draws networks of the path side by side.
func (r *GlassoResult) drawNetworks(w io.Writer) error {
	var graphs []*graph.Graph
	var titles []string
	for _, i := range panels(len(r.Networks), func(i int) int { return len(r.Networks[i].Edges) }) {
		n := r.Networks[i]
		g, err := r.graph(n)
		if err != nil {
			return err
		}
		title := fmt.Sprintf("λ = %.3g: %s", n.Lambda, plural(len(n.Edges), "edge"))
		if r.Scores != nil {
			title += fmt.Sprintf(", precision %.2f, recall %.2f", r.Scores[i].Precision, r.Scores[i].Recall)
		}
		graphs, titles = append(graphs, g), append(titles, title)
	}
	return graph.WriteSeries(w, graphs, titles, r.File+": networks along the path")
}
