package estimate

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"

	"pare/stat/graphical"
	"pare/stat/recovery"
)

// WriteText writes a summary for people.
func (r *GlassoResult) WriteText(w io.Writer) error {
	fmt.Fprintln(w, r.headline())
	for _, note := range r.Notes {
		fmt.Fprintln(w, "note: "+note)
	}
	if len(r.Networks) > 1 {
		if err := r.writePath(w); err != nil {
			return err
		}
	}
	if r.Chosen != nil {
		return r.writeNetwork(w)
	}
	return nil
}

// headline says what was fitted.
func (r *GlassoResult) headline() string {
	what, of := "covariances", ""
	if r.Request.Correlation {
		what = "correlations"
	}
	switch r.Request.Transform {
	case "log":
		of = " of logarithms"
	case "npn":
		of = " of normal scores"
	}
	diagonal := "diagonal not penalised"
	if r.Request.Diagonal {
		diagonal = "diagonal penalised"
	}
	observations := ""
	if r.Observations > 0 {
		observations = fmt.Sprintf("%d observations of ", r.Observations)
	}
	left := ""
	if r.LeftOut > 0 {
		left = fmt.Sprintf(", %d incomplete rows left out", r.LeftOut)
	}
	return fmt.Sprintf("%s: %s%d variables, %s%s, %s%s", r.File, observations, len(r.Variables), what, of, diagonal, left)
}

// score is the column of the selection, and how it is called.
func (r *GlassoResult) score() (string, []float64) {
	if r.Selection == nil {
		return "", nil
	}
	name := map[graphical.Method]string{graphical.StARS: "instability", graphical.CV: "held-out"}[graphical.Method(r.Request.Select)]
	return cmp.Or(name, "eBIC"), r.Selection.Score
}

func (r *GlassoResult) writePath(w io.Writer) error {
	method, scores := r.score()
	t := pathTable{columns: []string{"λ", "edges", "components", "gap"}, rows: len(r.Networks), scores: r.Scores, chosen: r.ChosenAt}
	if scores != nil {
		t.columns = append(t.columns, method)
	}
	t.cells = func(i int) []string {
		n := r.Networks[i]
		cells := []string{fmt.Sprintf("%.4g", n.Lambda), strconv.Itoa(len(n.Edges)), strconv.Itoa(len(n.Components)), fmt.Sprintf("%.1e", n.Gap)}
		if scores != nil {
			cells = append(cells, scoreText(scores[i], r.Selection.StdErr, i))
		}
		return cells
	}
	if err := t.write(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "gap: nats above the optimum, at most; tolerance %.1e\n", r.Networks[0].Tolerance)
	if r.Scores != nil {
		all := float64(len(r.Variables) * (len(r.Variables) - 1) / 2)
		last := r.Scores[0]
		fmt.Fprintf(w, "area under precision over recall: %.3f; pairs at random have %.3f\n", recovery.Area(r.Scores), float64(last.TruePositives+last.FalseNegatives)/all)
	}
	return nil
}

// mostEdges is how many a summary lists.
const mostEdges = 20

func (r *GlassoResult) writeNetwork(w io.Writer) error {
	n := r.Chosen
	kind := ""
	if r.Request.Relaxed {
		kind = ", fitted again without a penalty"
	}
	fmt.Fprintf(w, "λ = %.4g%s: %s of %d pairs, %s, the largest of %s\n", n.Lambda, kind, plural(len(n.Edges), "edge"), n.P()*(n.P()-1)/2,
		plural(len(n.Components), "component"), plural(largest(n.Components), "variable"))
	edges := slices.Clone(n.Edges)
	slices.SortStableFunc(edges, func(a, b graphical.Edge) int { return cmp.Compare(math.Abs(b.Partial), math.Abs(a.Partial)) })
	frequency := r.frequency()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for k, e := range edges {
		if k == 0 {
			fmt.Fprint(t, "  strongest edges\t\tpartial correlation\tΘ")
			if frequency != nil {
				fmt.Fprint(t, "\tin subsamples")
			}
			fmt.Fprintln(t)
		}
		if k == mostEdges {
			fmt.Fprintf(t, "  … and %d more\n", len(edges)-k)
			break
		}
		fmt.Fprintf(t, "  %s\t%s\t%+.3f\t%+.4g", r.Variables[e.I], r.Variables[e.J], e.Partial, e.Weight)
		if frequency != nil {
			fmt.Fprintf(t, "\t%.0f %%", 100*frequency[[2]int{e.I, e.J}])
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if r.Scores != nil {
		s := r.Scores[r.ChosenAt]
		fmt.Fprintf(w, "against %s: precision %.2f, recall %.2f, F1 %.2f\n", plural(s.TruePositives+s.FalseNegatives, "edge")+" of the reference", s.Precision, s.Recall, s.F1)
	}
	if n.Converged {
		fmt.Fprintf(w, "objective %.9g nats, at most %.1e above the optimum (tolerance %.1e), %s\n", n.Objective, n.Gap, n.Tolerance, plural(n.Iterations, "iteration"))
	}
	return nil
}

func largest(components [][]int) int {
	most := 0
	for _, c := range components {
		most = max(most, len(c))
	}
	return most
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
