package report

import (
	"fmt"
	"io"

	"pare/nn"
	"pare/report/chart"
)

// weightsRow is a line of the table of weights, in words.
type weightsRow struct {
	Name, Kind, Units string
	Trained, Final    weightsCells
	Class             string
}

// weightsCells are the columns at the end of training, or of the final network. Left
// is a share of the weights at the start; zeros are among those left.
type weightsCells struct{ Weights, Left, Zero, Near, Hoyer string }

func weightsRows(d Data) []weightsRow {
	var out []weightsRow
	for _, w := range d.Weights {
		r := weightsRow{Units: arrow(units(w.Trained), units(w.Final)),
			Trained: cellsOf(w.Trained, w.Original), Final: cellsOf(w.Final, w.Original)}
		if s := w.Trained; s != nil {
			r.Name, r.Kind = s.Layer, s.Kind
		}
		if s := w.Final; s != nil {
			r.Name, r.Kind = s.Layer, s.Kind
		} else {
			r.Class = "gone"
		}
		out = append(out, r)
	}
	return out
}

func cellsOf(s *nn.Sparsity, original int64) weightsCells {
	var c weightsCells
	if s == nil {
		return c
	}
	c = weightsCells{Weights: Count(s.Weights), Zero: Count(s.Zero), Near: Count(s.Near), Hoyer: index(s.Hoyer)}
	if original > 0 {
		c.Left = Percent(float64(s.Weights) / float64(original))
	}
	if s.Zero > 0 {
		c.Zero += " (" + Percent(float64(s.Zero)/float64(s.Weights)) + ")"
	}
	return c
}

// left describes how many of the weights at the start remain in the final network.
func (w Weights) left() string {
	n := int64(0)
	if w.Final != nil {
		n = w.Final.Weights
	}
	if w.Original == 0 {
		return Count(n)
	}
	return fmt.Sprintf("%s of %s (%s)", Count(n), Count(w.Original), Percent(float64(n)/float64(w.Original)))
}

func units(s *nn.Sparsity) string {
	if s == nil {
		return "0"
	}
	return Count(int64(s.Units))
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
	if !chart.Finite(v) {
		return "—"
	}
	return fmt.Sprintf("%.3f", v)
}

// weightsTable writes the distribution of weights as text: at most tableRows layers,
// zeros and the rest at the end of training → in the final network.
func weightsTable(w io.Writer, d Data) {
	rows := weightsRows(d)
	if len(rows) == 0 {
		return
	}
	lines := [][]string{{"weights of", "left", "zeros among them", "near zero", "Hoyer"}}
	for i, r := range rows {
		if i == tableRows {
			lines = append(lines, []string{some(len(rows)-i, "more layer")})
			break
		}
		a, b := r.Trained, r.Final
		lines = append(lines, []string{r.Name, d.Weights[i].left(), both(a.Zero, b.Zero), both(a.Near, b.Near), both(a.Hoyer, b.Hoyer)})
	}
	fmt.Fprintln(w)
	write(w, lines, []bool{false, true, true, true, true})
}
