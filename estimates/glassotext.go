package estimates

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"pare/graphical"
	"pare/recovery"
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
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	method, scores := r.score()
	fmt.Fprint(t, "  λ\tedges\tcomponents\tgap\t")
	if scores != nil {
		fmt.Fprintf(t, "%s\t", method)
	}
	if r.Scores != nil {
		fmt.Fprint(t, "precision\trecall\tF1\t")
	}
	fmt.Fprintln(t, "\t")
	for i, n := range r.Networks {
		fmt.Fprintf(t, "%.4g\t%d\t%d\t%.1e\t", n.Lambda, len(n.Edges), len(n.Components), n.Gap)
		if scores != nil {
			fmt.Fprintf(t, "%s\t", scoreText(scores[i], r.Selection.StdErr, i))
		}
		if r.Scores != nil {
			s := r.Scores[i]
			fmt.Fprintf(t, "%.2f\t%.2f\t%.2f\t", s.Precision, s.Recall, s.F1)
		}
		mark := ""
		if i == r.ChosenAt {
			mark = "← chosen"
		}
		fmt.Fprintf(t, "%s\t\n", mark)
	}
	if err := t.Flush(); err != nil {
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

func scoreText(v float64, stdErr []float64, i int) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 1):
		return "no refit"
	case stdErr != nil:
		return fmt.Sprintf("%.4f ± %.4f", v, stdErr[i])
	}
	return fmt.Sprintf("%.5g", v)
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
