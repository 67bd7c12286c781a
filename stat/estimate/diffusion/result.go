package diffusion

import (
	"fmt"
	"io"

	"pare/stat/diffusion"
	"pare/stat/estimate"
	"pare/stat/recovery"
)

type object = estimate.Object

// JSON returns one kernel with its members at the top level, or a path with a list of
// kernels. Indices count from 0.
func (r *Result) JSON() estimate.Object {
	q := &r.Request
	out := object{"input_file", r.InputFile, "output_file", r.File, "inputs", r.Inputs, "outputs", r.Nodes,
		"symmetric", q.Symmetric, "nonnegative", q.NonNegative, "free_diagonal", q.FreeDiagonal, "penalize_diagonal", !q.FreeDiagonal}
	if q.Relaxed {
		out = append(out, "relaxed", true)
	}
	if r.Chosen == nil {
		var path []object
		for i, m := range r.Models {
			path = append(path, r.kernel(m, i))
		}
		return r.Envelope(append(out, "path", path))
	}
	out = append(out, r.kernel(r.Chosen, r.ChosenAt)...)
	if cv := r.CV; cv != nil {
		out = append(out, "cross_validation", object{"best", cv.Min, "one_se", cv.OneSE, "lambdas", cv.Lambdas,
			"entries", r.path().Sizes[0].Value, "errors", cv.Error, "standard_errors", cv.SE})
	}
	return r.Envelope(out)
}

// kernel returns the JSON of a model; at is the index of its score. Entry (i, j) is the
// weight of input j in output i.
func (r *Result) kernel(m *diffusion.Model, at int) object {
	out := certificate(m).JSON()
	if m.Intercept != nil {
		out = append(out, "intercept", m.Intercept)
	}
	entries := []object{}
	for i, row := range m.Kernel.Rows {
		for a, j := range row.Index {
			entries = append(entries, object{"i", i, "j", j, "output", r.Nodes[i], "input", r.Inputs[j], "weight", row.Value[a]})
		}
	}
	if out = append(out, "entries", entries); r.Scores != nil {
		out = append(out, "reference", r.Scores[at])
	}
	return out
}

func certificate(m *diffusion.Model) estimate.Fit {
	return estimate.Fit{Lambda: m.Lambda, Objective: m.Objective, Gap: m.Gap, Tolerance: m.Tolerance, Iterations: m.Iterations,
		Converged: m.Converged}
}

func (r *Result) path() *estimate.Path {
	p := &estimate.Path{Chosen: r.ChosenAt, Scores: r.Scores}
	entries := estimate.Column{Name: "entries", Title: "entries"}
	for _, m := range r.Models {
		p.Fits = append(p.Fits, certificate(m))
		entries.Value = append(entries.Value, float64(m.Kernel.Nonzeros()))
	}
	p.Sizes = []estimate.Column{entries}
	if r.CV != nil {
		p.Losses = []estimate.Column{{Name: "held_out_error", Title: "held-out error", Value: r.CV.Error, Error: r.CV.SE,
			ErrorName: "standard_error", Format: "%.4f"}}
	}
	return p
}

// WriteText writes a summary for people.
func (r *Result) WriteText(w io.Writer) {
	r.WriteHead(w, "%s → %s: %d observations, %d inputs, %d outputs", r.InputFile, r.File, r.Observations, len(r.Inputs), len(r.Nodes))
	if len(r.Models) > 1 {
		r.path().WriteText(w)
		if r.Scores != nil {
			fmt.Fprintf(w, "area under precision over recall: %.3f\n", recovery.Area(r.Scores))
		}
	}
	m := r.Chosen
	if m == nil {
		return
	}
	again := ""
	if r.Request.Relaxed {
		again = ", fitted again without a penalty"
	}
	fmt.Fprintf(w, "λ = %.4g%s: %d of %d entries are not 0\n", m.Lambda, again, m.Kernel.Nonzeros(), len(r.Inputs)*len(r.Nodes))
	if r.Scores != nil {
		thing := "weight"
		if r.SameNodes {
			thing = "off-diagonal weight"
		}
		estimate.WriteScore(w, r.Scores[r.ChosenAt], thing)
	}
	if m.Converged {
		fmt.Fprintf(w, "objective %.9g, at most %.1e above the optimum (tolerance %.1e), %d passes\n", m.Objective, m.Gap, m.Tolerance,
			m.Iterations)
	}
}

// Files returns result.json; of one kernel kernel.csv, edges.csv, network.dot, network.graphml
// and network.svg; of a path path.csv.
func (r *Result) Files() ([]estimate.File, error) {
	files := []estimate.File{estimate.JSONFile(r.JSON())}
	if m := r.Chosen; m != nil {
		g, err := BipartiteGraph(m.Kernel, r.Inputs, r.Nodes)
		if r.SameNodes {
			g, err = KernelGraph(m.Kernel, r.Nodes)
		}
		if err != nil {
			return nil, err
		}
		if r.SameNodes {
			g.Reference = r.Reference
		}
		files = append(files, estimate.MatrixFile("kernel.csv", r.Inputs, len(r.Nodes), m.Kernel.Dense().At))
		files = append(files, estimate.GraphFiles(g, fmt.Sprintf("%s → %s: λ = %.3g, %s", r.InputFile, r.File, m.Lambda,
			estimate.Plural(len(g.Edges), "edge")))...)
	}
	if len(r.Models) > 1 {
		files = append(files, r.path().File())
	}
	return files, nil
}
