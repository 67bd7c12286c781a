package estimate

import (
	"fmt"
	"io"
	"strconv"

	"pare/report/graph"
	"pare/stat/diffusion"
	"pare/stat/recovery"
)

// WriteText writes a summary for people.
func (r *DiffusionResult) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s → %s: %d observations, %d inputs, %d outputs", r.InputFile, r.File, r.Observations, len(r.Inputs), len(r.Nodes))
	if r.LeftOut > 0 {
		fmt.Fprintf(w, ", %d incomplete rows left out", r.LeftOut)
	}
	fmt.Fprintln(w)
	for _, note := range r.Notes {
		fmt.Fprintln(w, "note: "+note)
	}
	if len(r.Models) > 1 {
		if err := r.writePath(w); err != nil {
			return err
		}
	}
	m := r.Chosen
	if m == nil {
		return nil
	}
	kind := ""
	if r.Request.Relaxed {
		kind = ", fitted again without a penalty"
	}
	fmt.Fprintf(w, "λ = %.4g%s: %d of %d entries are not 0\n", m.Lambda, kind, m.Kernel.Nonzeros(), len(r.Inputs)*len(r.Nodes))
	if r.Scores != nil {
		s := r.Scores[r.ChosenAt]
		what := "entries"
		if r.SameNodes {
			what = "entries off the diagonal"
		}
		fmt.Fprintf(w, "against %d %s of the reference: precision %.3f, recall %.3f, F1 %.3f\n", s.TruePositives+s.FalseNegatives, what, s.Precision, s.Recall, s.F1)
	}
	if m.Converged {
		fmt.Fprintf(w, "objective %.9g, at most %.1e above the optimum (tolerance %.1e), %d passes\n", m.Objective, m.Gap, m.Tolerance, m.Iterations)
	}
	return nil
}

func (r *DiffusionResult) writePath(w io.Writer) error {
	t := pathTable{columns: []string{"λ", "entries", "gap"}, rows: len(r.Models), scores: r.Scores, chosen: r.ChosenAt}
	if r.CV != nil {
		t.columns = append(t.columns, "held-out error")
	}
	t.cells = func(i int) []string {
		m := r.Models[i]
		cells := []string{fmt.Sprintf("%.4g", m.Lambda), strconv.Itoa(m.Kernel.Nonzeros()), fmt.Sprintf("%.1e", m.Gap)}
		if r.CV != nil {
			cells = append(cells, scoreText(r.CV.Error[i], r.CV.SE, i))
		}
		return cells
	}
	if err := t.write(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "gap: above the optimum, at most; tolerance %.1e\n", r.Models[0].Tolerance)
	if r.Scores != nil {
		fmt.Fprintf(w, "area under precision over recall: %.3f\n", recovery.Area(r.Scores))
	}
	return nil
}

// WriteFolder writes result.json; of one kernel kernel.csv, edges.csv, network.dot,
// network.graphml and network.svg; of a path path.csv. The folder has to be new or empty.
func (r *DiffusionResult) WriteFolder(dir string) error {
	files := []file{jsonFile("result.json", r.JSON())}
	if m := r.Chosen; m != nil {
		g, err := r.graph(m)
		if err != nil {
			return err
		}
		h := m.Kernel.Dense()
		files = append(files, csvFile("kernel.csv", r.Inputs, matrixRows(len(r.Nodes), len(r.Inputs), h.At)))
		files = append(files, graphFiles(g, fmt.Sprintf("%s → %s: λ = %.3g, %s", r.InputFile, r.File, m.Lambda, plural(len(g.Edges), "edge")))...)
	}
	if len(r.Models) > 1 {
		files = append(files, r.pathFile())
	}
	return writeFolder(dir, files)
}

// graph is on the nodes, or on inputs and outputs where they are not the same.
func (r *DiffusionResult) graph(m *diffusion.Model) (*graph.Graph, error) {
	if !r.SameNodes {
		return BipartiteGraph(m.Kernel, r.Inputs, r.Nodes)
	}
	g, err := KernelGraph(m.Kernel, r.Nodes)
	if err == nil {
		g.Reference = r.Reference
	}
	return g, err
}

func (r *DiffusionResult) pathFile() file {
	header := []string{"lambda", "entries", "objective", "gap", "tolerance", "iterations", "converged"}
	if r.CV != nil {
		header = append(header, "held_out_error", "standard_error")
	}
	if r.Scores != nil {
		header = append(header, "precision", "recall", "f1")
	}
	var rows [][]string
	for i, m := range r.Models {
		row := []string{number(m.Lambda), strconv.Itoa(m.Kernel.Nonzeros()), number(m.Objective), number(m.Gap), number(m.Tolerance),
			strconv.Itoa(m.Iterations), strconv.FormatBool(m.Converged)}
		if r.CV != nil {
			row = append(row, number(r.CV.Error[i]), number(r.CV.SE[i]))
		}
		if r.Scores != nil {
			s := r.Scores[i]
			row = append(row, number(s.Precision), number(s.Recall), number(s.F1))
		}
		rows = append(rows, row)
	}
	return csvFile("path.csv", header, rows)
}
