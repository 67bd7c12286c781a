package estimate

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"pare/internal/table"
	"pare/report/graph"
	"pare/stat/diffusion"
	"pare/stat/recovery"

	"gonum.org/v1/gonum/mat"
)

// Templates is a request for the graph behind the outputs of a diffusion of unknown,
// white inputs.
type Templates struct {
	Outputs   Source
	Laplacian bool
	// Anchor is the node that sets the scale; "": the one of the smallest variance for a
	// Laplacian, which keeps well connected nodes quiet, else of the largest.
	Anchor string
	// Epsilon counts if EpsilonGiven; else it is slack times the least distance found.
	Epsilon      float64
	EpsilonGiven bool
	// Threshold is the share of the largest weight up to which edges are left out.
	Threshold     float64
	Tolerance     float64 // 0: 1e-5
	MaxIterations int     // 0: 20,000
	Reference     string
	Progress      func(what string, done, total int64)
}

const (
	// slack over the least distance: a few per cent need many times the steps, and a
	// multiple lets in edges that are not there.
	slack = 1.1
	// seeking is the number of steps that look for the least distance.
	seeking = 2000
)

// TemplatesResult is what Run found.
type TemplatesResult struct {
	Request      Templates
	File         string
	Nodes        []string
	Observations int
	LeftOut      int
	Notes        []string
	Anchor       int
	Epsilon      float64
	Shift        *diffusion.Shift
	Graph        *graph.Graph    // the edges above the threshold
	Score        *recovery.Score // nil without a reference
}

// Run reads, finds the graph and scores it.
func (t Templates) Run() (*TemplatesResult, error) {
	s, err := readSignals(Source{}, t.Outputs)
	if err != nil {
		return nil, err
	}
	r := &TemplatesResult{Request: t, File: s.y.File, Nodes: s.nodes, Observations: s.y.Rows, LeftOut: s.y.LeftOut, Notes: s.y.Notes}
	if len(r.Nodes) < 2 {
		return nil, fmt.Errorf("%s: a graph needs at least 2 nodes; there is one column", r.File)
	}
	var reference [][2]int
	if t.Reference != "" {
		if reference, err = readReference(t.Reference, r.Nodes, r.Nodes); err != nil {
			return nil, err
		}
	}
	if r.Anchor, err = t.anchor(s.y); err != nil {
		return nil, err
	}
	v, err := diffusion.CovarianceTemplates(s.y.dense(), t.Laplacian)
	if err != nil {
		return nil, err
	}
	o := diffusion.TemplateOptions{Epsilon: t.Epsilon, Anchor: r.Anchor, Laplacian: t.Laplacian, Tolerance: t.Tolerance, MaxIterations: t.MaxIterations}
	if !t.EpsilonGiven {
		o.MaxIterations = seeking
		if r.Shift, err = diffusion.SpectralTemplates(v, o); err != nil {
			return nil, err
		}
		o.Epsilon, o.MaxIterations = slack*r.Shift.Distance, t.MaxIterations
	}
	if r.Shift == nil || !r.Shift.Converged {
		o.Progress = named(t.Progress, "spectral templates")
		if r.Shift, err = diffusion.SpectralTemplates(v, o); err != nil {
			return nil, err
		}
	}
	r.Epsilon = o.Epsilon
	if r.Graph, err = graph.FromMatrix(r.adjacency(), r.Nodes); err != nil {
		return nil, err
	}
	if t.Reference != "" {
		r.Graph.Reference = reference
		found := make([][2]int, len(r.Graph.Edges))
		for k, e := range r.Graph.Edges {
			found[k] = [2]int{e.From, e.To}
		}
		score := recovery.Pairs(found, reference, len(r.Nodes))
		r.Score = &score
	}
	return r, nil
}

// anchor is the index of the node that sets the scale.
func (t Templates) anchor(y *Data) (int, error) {
	if t.Anchor != "" {
		i := slices.Index(y.Names, t.Anchor)
		if i < 0 {
			return 0, fmt.Errorf("%s: no column %q for the anchor%s", y.File, t.Anchor, table.Suggestion(t.Anchor, "columns", y.Names))
		}
		return i, nil
	}
	p, best, most := len(y.Names), 0, math.Inf(-1)
	for j := range p {
		var mean, square float64
		for i := range y.Rows {
			mean += y.X[i*p+j] / float64(y.Rows)
		}
		for i := range y.Rows {
			d := y.X[i*p+j] - mean
			square += d * d
		}
		if t.Laplacian {
			square = -square
		}
		if square > most {
			best, most = j, square
		}
	}
	return best, nil
}

// adjacency are the weights above the threshold.
func (r *TemplatesResult) adjacency() *mat.SymDense {
	p := len(r.Nodes)
	a := mat.NewSymDense(p, nil)
	largest := 0.0
	for i := range p {
		for j := range i {
			largest = max(largest, math.Abs(r.Shift.S.At(i, j)))
		}
	}
	for i := range p {
		for j := range i {
			if w := math.Abs(r.Shift.S.At(i, j)); w > r.Request.Threshold*largest {
				a.SetSym(i, j, w)
			}
		}
	}
	return a
}

func (r *TemplatesResult) tolerance() float64 {
	return cmp.Or(r.Request.Tolerance, 1e-5) * r.Shift.Objective
}

// Warnings say in a line that the search did not converge.
func (r *TemplatesResult) Warnings() []string {
	s := r.Shift
	if s.Converged {
		return nil
	}
	return []string{fmt.Sprintf("the graph did not converge: gap %.3g, tolerance %.3g in the sum of weights, distance %.4g of the templates, allowed %.4g, after %d steps; raise -epsilon, -tolerance or -max-iterations",
		s.Gap, r.tolerance(), s.Distance, r.Epsilon, s.Iterations)}
}

// WriteText writes a summary for people.
func (r *TemplatesResult) WriteText(w io.Writer) error {
	s, kind := r.Shift, "adjacency matrix"
	if r.Request.Laplacian {
		kind = "Laplacian"
	}
	left := ""
	if r.LeftOut > 0 {
		left = fmt.Sprintf(", %d incomplete rows left out", r.LeftOut)
	}
	fmt.Fprintf(w, "%s: %d observations of %d nodes, outputs alone%s\n", r.File, r.Observations, len(r.Nodes), left)
	for _, note := range r.Notes {
		fmt.Fprintln(w, "note: "+note)
	}
	fmt.Fprintf(w, "%s with the eigenvectors of the covariance, %s of weight above %.2g of the largest; weights of %s sum to 1\n",
		kind, plural(len(r.Graph.Edges), "edge"), r.Request.Threshold, r.Nodes[r.Anchor])
	if c := r.Score; c != nil {
		fmt.Fprintf(w, "against %s of the reference: precision %.3f, recall %.3f, F1 %.3f\n", plural(c.TruePositives+c.FalseNegatives, "edge"), c.Precision, c.Recall, c.F1)
	}
	if s.Converged {
		fmt.Fprintf(w, "sum of weights %.6g, at most %.1e above the optimum (tolerance %.1e); distance %.3g of the eigenvectors, allowed %.3g; %d steps\n",
			s.Objective, s.Gap, r.tolerance(), s.Distance, r.Epsilon, s.Iterations)
	}
	return nil
}

// JSON is the value to encode; edges are those above the threshold.
func (r *TemplatesResult) JSON() any {
	type edge struct {
		I      int     `json:"i"`
		J      int     `json:"j"`
		A      string  `json:"a"`
		B      string  `json:"b"`
		Weight float64 `json:"weight"`
	}
	edges := []edge{}
	for _, e := range r.Graph.Edges {
		i, j := min(e.From, e.To), max(e.From, e.To)
		edges = append(edges, edge{i, j, r.Nodes[i], r.Nodes[j], e.Weight})
	}
	return struct {
		Format       int             `json:"format"`
		File         string          `json:"output_file"`
		Nodes        []string        `json:"nodes"`
		Observations int             `json:"observations"`
		Laplacian    bool            `json:"laplacian"`
		Anchor       string          `json:"anchor"`
		Epsilon      float64         `json:"epsilon"`
		Threshold    float64         `json:"threshold"`
		Objective    float64         `json:"objective"`
		Gap          float64         `json:"gap"`
		Tolerance    float64         `json:"tolerance"`
		Distance     float64         `json:"distance"`
		Converged    bool            `json:"converged"`
		Iterations   int             `json:"iterations"`
		Eigenvalues  []float64       `json:"eigenvalues"`
		Edges        []edge          `json:"edges"`
		Reference    *recovery.Score `json:"reference,omitempty"`
	}{Format, r.File, r.Nodes, r.Observations, r.Request.Laplacian, r.Nodes[r.Anchor], r.Epsilon, r.Request.Threshold, r.Shift.Objective, r.Shift.Gap,
		r.tolerance(), r.Shift.Distance, r.Shift.Converged, r.Shift.Iterations, r.Shift.Eigenvalues, edges, r.Score}
}

// WriteFolder writes result.json, shift.csv, edges.csv, network.dot, network.graphml and
// network.svg. The folder has to be new or empty.
func (r *TemplatesResult) WriteFolder(dir string) error {
	p := len(r.Nodes)
	files := []file{jsonFile("result.json", r.JSON()), csvFile("shift.csv", r.Nodes, matrixRows(p, p, r.Shift.S.At))}
	return writeFolder(dir, append(files, graphFiles(r.Graph, fmt.Sprintf("%s: %s", r.File, plural(len(r.Graph.Edges), "edge")))...))
}

// Remarks are what reading found odd, a line each.
func (r *TemplatesResult) Remarks() []string { return r.Notes }
