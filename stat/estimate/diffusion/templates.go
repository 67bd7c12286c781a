package diffusion

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"pare/internal/table"
	"pare/report/graph"
	"pare/stat/diffusion"
	"pare/stat/estimate"
	"pare/stat/recovery"

	"gonum.org/v1/gonum/mat"
)

// Templates asks for the graph behind the outputs of a diffusion of unknown, white inputs.
type Templates struct {
	estimate.Source // of the outputs
	Laplacian       bool
	// Anchor is the node that sets the scale; "": the node of the smallest variance for a
	// Laplacian, which keeps well connected nodes quiet, else of the largest.
	Anchor string
	// Epsilon counts only if EpsilonGiven; else 1.1 times the least distance found is used.
	Epsilon      float64
	EpsilonGiven bool
	// Threshold is the share of the largest weight up to which edges are left out.
	Threshold float64
	// Only Tolerance (0: 1e-5), MaxIterations (0: 20,000) and Progress are used: the method
	// has no λ.
	estimate.Search
	Reference string
}

const (
	// slack over the least distance: a few per cent need many times the steps, and a
	// multiple lets in edges that are not there.
	slack = 1.1
	// seeking is the number of steps that look for the least distance.
	seeking = 2000
)

// TemplatesResult holds the graph of a request.
type TemplatesResult struct {
	estimate.Head
	Request Templates
	Nodes   []string
	Anchor  int
	Epsilon float64
	Shift   *diffusion.Shift
	Graph   *graph.Graph    // the edges above the threshold
	Score   *recovery.Score // nil without a reference
}

// Run reads, finds the graph and scores it.
func (t Templates) Run() (*TemplatesResult, error) {
	t.DropFirst = true
	y, err := t.Read()
	if err != nil {
		return nil, err
	}
	r := &TemplatesResult{Request: t, Nodes: y.Names, Head: estimate.Head{Command: "diffusion", File: y.File, Observations: y.Rows,
		Notes: y.Notes}}
	if len(r.Nodes) < 2 {
		return nil, fmt.Errorf("%s: a graph needs at least 2 nodes; there is one column", r.File)
	}
	var reference [][2]int
	if t.Reference != "" {
		if reference, err = estimate.ReadReference(t.Reference, r.Nodes, r.Nodes); err != nil {
			return nil, err
		}
	}
	if r.Anchor, err = t.anchor(y); err != nil {
		return nil, err
	}
	v, err := diffusion.CovarianceTemplates(dense(y), t.Laplacian)
	if err != nil {
		return nil, err
	}
	o := diffusion.TemplateOptions{Epsilon: t.Epsilon, Anchor: r.Anchor, Laplacian: t.Laplacian, Tolerance: t.Tolerance,
		MaxIterations: t.MaxIterations}
	if !t.EpsilonGiven {
		o.MaxIterations = seeking
		if r.Shift, err = diffusion.SpectralTemplates(v, o); err != nil {
			return nil, err
		}
		o.Epsilon, o.MaxIterations = slack*r.Shift.Distance, t.MaxIterations
	}
	if r.Shift == nil || !r.Shift.Converged {
		o.Progress = t.Tell("spectral templates")
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

// anchor returns the index of the node that sets the scale.
func (t Templates) anchor(y *estimate.Data) (int, error) {
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

// adjacency returns the weights above the threshold.
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

// Warnings returns a line if the search did not converge.
func (r *TemplatesResult) Warnings() []string {
	s := r.Shift
	if s.Converged {
		return nil
	}
	return []string{fmt.Sprintf("the graph did not converge: gap %.3g, tolerance %.3g in the sum of weights, "+
		"distance %.4g of the templates, allowed %.4g, after %d steps; raise -epsilon, -tolerance or -max-iterations",
		s.Gap, r.tolerance(), s.Distance, r.Epsilon, s.Iterations)}
}

// WriteText writes a summary for people.
func (r *TemplatesResult) WriteText(w io.Writer) {
	s, kind := r.Shift, "adjacency matrix"
	if r.Request.Laplacian {
		kind = "Laplacian"
	}
	r.WriteHead(w, "%s: %d observations of %d nodes, outputs alone", r.File, r.Observations, len(r.Nodes))
	fmt.Fprintf(w, "%s with the eigenvectors of the covariance, %s of weight above %.2g of the largest; weights of %s sum to 1\n",
		kind, estimate.Plural(len(r.Graph.Edges), "edge"), r.Request.Threshold, r.Nodes[r.Anchor])
	if r.Score != nil {
		estimate.WriteScore(w, *r.Score, "edge")
	}
	if s.Converged {
		fmt.Fprintf(w, "sum of weights %.6g, at most %.1e above the optimum (tolerance %.1e); "+
			"distance %.3g of the eigenvectors, allowed %.3g; %d steps\n",
			s.Objective, s.Gap, r.tolerance(), s.Distance, r.Epsilon, s.Iterations)
	}
}

// JSON returns the graph; its edges are those above the threshold.
func (r *TemplatesResult) JSON() estimate.Object {
	s := r.Shift
	edges := []object{}
	for _, e := range r.Graph.Edges {
		i, j := min(e.From, e.To), max(e.From, e.To)
		edges = append(edges, object{"i", i, "j", j, "a", r.Nodes[i], "b", r.Nodes[j], "weight", e.Weight})
	}
	out := object{"output_file", r.File, "nodes", r.Nodes, "laplacian", r.Request.Laplacian, "anchor", r.Nodes[r.Anchor],
		"epsilon", r.Epsilon, "threshold", r.Request.Threshold, "objective", s.Objective, "gap", s.Gap, "tolerance", r.tolerance(),
		"distance", s.Distance, "converged", s.Converged, "iterations", s.Iterations, "eigenvalues", s.Eigenvalues, "edges", edges}
	if r.Score != nil {
		out = append(out, "reference", r.Score)
	}
	return r.Envelope(out)
}

// Files returns result.json, shift.csv, edges.csv, network.dot, network.graphml and network.svg.
func (r *TemplatesResult) Files() ([]estimate.File, error) {
	files := []estimate.File{estimate.JSONFile(r.JSON()), estimate.MatrixFile("shift.csv", r.Nodes, len(r.Nodes), r.Shift.S.At)}
	return append(files, estimate.GraphFiles(r.Graph, fmt.Sprintf("%s: %s", r.File, estimate.Plural(len(r.Graph.Edges), "edge")))...), nil
}
