package estimate

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"pare/stat/recovery"
)

// pathTable prints a path, a row a λ, for people.
type pathTable struct {
	columns []string
	cells   func(i int) []string // of row i, as many as columns
	rows    int
	scores  []recovery.Score // against a reference; nil: none
	chosen  int              // the row to mark; below 0: none
}

func (p pathTable) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "  ")
	for _, c := range p.columns {
		fmt.Fprintf(t, "%s\t", c)
	}
	if p.scores != nil {
		fmt.Fprint(t, "precision\trecall\tF1\t")
	}
	fmt.Fprintln(t, "\t")
	for i := range p.rows {
		for _, c := range p.cells(i) {
			fmt.Fprintf(t, "%s\t", c)
		}
		if p.scores != nil {
			s := p.scores[i]
			fmt.Fprintf(t, "%.2f\t%.2f\t%.2f\t", s.Precision, s.Recall, s.F1)
		}
		mark := ""
		if i == p.chosen {
			mark = "← chosen"
		}
		fmt.Fprintf(t, "%s\t\n", mark)
	}
	return t.Flush()
}

// scoreText is row i of a column of scores, with its standard error where there is one.
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
