package report

import (
	"fmt"
	"io"

	"pare/nn"
)

// weightsRow is a line of the table of weights, in words: at the end of training
// and in the final network.
type weightsRow struct {
	Name, Kind, Units        string
	Weights, Zero, Near      string
	Density, Hoyer           string
	FinalWeights, FinalZero  string
	FinalNear                string
	FinalDensity, FinalHoyer string
	Class                    string
}

func weightsRows(d Data) []weightsRow {
	var out []weightsRow
	for _, w := range d.Weights {
		r := weightsRow{Units: arrow(units(w.Trained), units(w.Final))}
		if s := w.Trained; s != nil {
			r.Name, r.Kind = s.Layer, s.Kind
			r.Weights, r.Zero, r.Near = count(s.Weights), count(s.Zero), count(s.Near)
			r.Density, r.Hoyer = percent(s.Density), index(s.Hoyer)
		}
		if s := w.Final; s != nil {
			r.Name, r.Kind = s.Layer, s.Kind
			r.FinalWeights, r.FinalZero, r.FinalNear = count(s.Weights), count(s.Zero), count(s.Near)
			r.FinalDensity, r.FinalHoyer = percent(s.Density), index(s.Hoyer)
		} else {
			r.Class = "gone"
		}
		out = append(out, r)
	}
	return out
}

func units(s *nn.Sparsity) string {
	if s == nil {
		return "0"
	}
	return count(int64(s.Units))
}

// both is arrow for a layer that may be missing on either side.
func both(trained, final string) string {
	if trained == "" {
		trained = "—"
	}
	if final == "" {
		final = "—"
	}
	return arrow(trained, final)
}

// index writes a number between 0 and 1.
func index(v float64) string {
	if !finite(v) {
		return "—"
	}
	return fmt.Sprintf("%.3f", v)
}

// weightsTable writes the distribution of weights as text: at most tableRows
// layers.
func weightsTable(w io.Writer, d Data) {
	rows := weightsRows(d)
	if len(rows) == 0 {
		return
	}
	lines := [][]string{{"weights of", "zero", "near zero", "density", "Hoyer"}}
	for i, r := range rows {
		if i == tableRows {
			lines = append(lines, []string{some(len(rows)-i, "more layer")})
			break
		}
		lines = append(lines, []string{r.Name, both(r.Zero, r.FinalZero), both(r.Near, r.FinalNear),
			both(r.Density, r.FinalDensity), both(r.Hoyer, r.FinalHoyer)})
	}
	fmt.Fprintln(w)
	write(w, lines, []bool{false, true, true, true, true})
}
