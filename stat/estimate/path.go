package estimate

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"pare/report/chart"
	"pare/stat/recovery"
)

// Fit certifies one fit: Objective is at most Gap above the optimum, and the fit has
// Converged if Gap ≤ Tolerance.
type Fit struct {
	Lambda, Objective, Gap, Tolerance float64
	Iterations                        int
	Converged                         bool
}

// JSON returns the members of the certificate.
func (f Fit) JSON() Object {
	return Object{"lambda", f.Lambda, "objective", f.Objective, "gap", f.Gap, "tolerance", f.Tolerance, "converged", f.Converged,
		"iterations", f.Iterations}
}

// Column holds one number for each fit of a path.
type Column struct {
	Name  string // in path.csv; "": not there
	Title string // in the summary; "": not there
	Value []float64
	// Error is the standard error of Value, called ErrorName; nil: it has none.
	Error     []float64
	ErrorName string
	// Format is the verb of Value in the summary; "": Number.
	Format string
}

// Path is fits along falling λ.
type Path struct {
	Fits   []Fit
	Sizes  []Column         // of the results
	Losses []Column         // losses and scores
	Scores []recovery.Score // against a reference; nil: none
	// Stationarity is the largest violation of the conditions of a stationary point by each fit, of penalties that
	// are not convex and so have no gap; nil: all fits have gaps.
	Stationarity []float64
	Chosen       int    // the fit to mark; below 0: none
	Unit         string // of gaps and tolerances; "": the unit of the objective
	Rows         int    // of the summary, at most, beside the chosen one; 0: 30
}

// columns lists all columns in the order of path.csv.
func (p *Path) columns() []Column {
	of := func(name, title, format string, value func(i int) float64) Column {
		c := Column{Name: name, Title: title, Format: format}
		for i := range p.Fits {
			c.Value = append(c.Value, value(i))
		}
		return c
	}
	out := append([]Column{of("lambda", "λ", "%.4g", func(i int) float64 { return p.Fits[i].Lambda })}, p.Sizes...)
	out = append(out, of("objective", "", "", func(i int) float64 { return p.Fits[i].Objective }),
		of("gap", "gap", "%.1e", func(i int) float64 { return p.Fits[i].Gap }))
	if p.Stationarity != nil {
		out[len(out)-1].Title = ""
		out = append(out, Column{Name: "stationarity", Title: "stationarity", Format: "%.1e", Value: p.Stationarity})
	}
	out = append(out, of("tolerance", "", "", func(i int) float64 { return p.Fits[i].Tolerance }),
		of("iterations", "", "", func(i int) float64 { return float64(p.Fits[i].Iterations) }),
		Column{Name: "converged"}) // without numbers
	out = append(out, p.Losses...)
	if p.Scores != nil {
		out = append(out, of("precision", "precision", "%.2f", func(i int) float64 { return p.Scores[i].Precision }),
			of("recall", "recall", "%.2f", func(i int) float64 { return p.Scores[i].Recall }),
			of("f1", "F1", "%.2f", func(i int) float64 { return p.Scores[i].F1 }))
	}
	return out
}

// File returns path.csv, which has a row for each λ.
func (p *Path) File() File {
	var header []string
	rows := make([][]string, len(p.Fits))
	for _, c := range p.columns() {
		if c.Name != "" {
			header = append(header, c.Name)
		}
		if c.Error != nil {
			header = append(header, c.ErrorName)
		}
		for i := range rows {
			switch {
			case c.Name == "":
			case c.Value == nil:
				rows[i] = append(rows[i], strconv.FormatBool(p.Fits[i].Converged))
			default:
				rows[i] = append(rows[i], Number(c.Value[i]))
			}
			if c.Error != nil {
				rows[i] = append(rows[i], Number(c.Error[i]))
			}
		}
	}
	return CSVFile("path.csv", header, rows)
}

// WriteText writes the path as a table for people. Of a long path it shows evenly spaced
// rows and the chosen one.
func (p *Path) WriteText(w io.Writer) {
	at := Shown(len(p.Fits), cmp.Or(p.Rows, 30), p.Chosen)
	rows := make([][]string, len(at)+1)
	for _, c := range p.columns() {
		if c.Title == "" {
			continue
		}
		rows[0] = append(rows[0], c.Title)
		for r, i := range at {
			rows[r+1] = append(rows[r+1], c.text(i))
		}
	}
	for r, i := range at {
		if i == p.Chosen {
			rows[r+1] = append(rows[r+1], "← chosen")
		}
	}
	WriteTable(w, 0, rows)
	if p.Stationarity != nil {
		fmt.Fprintf(w, "stationarity: largest violation of the conditions of a stationary point; tolerance %.1e\n", p.Fits[0].Tolerance)
		return
	}
	fmt.Fprintf(w, "gap: %sabove the optimum, at most; tolerance %.1e\n", p.Unit, p.Fits[0].Tolerance)
}

// Shown returns the places of most of n rows, evenly spaced with the first and the last, and the
// chosen one; below 0: none is.
func Shown(n, most, chosen int) []int {
	var at []int
	for k := range min(n, most) {
		i := k
		if n > most {
			i = (k*(n-1) + (most-1)/2) / (most - 1)
		}
		if len(at) > 0 && at[len(at)-1] < chosen && chosen < i {
			at = append(at, chosen)
		}
		at = append(at, i)
	}
	return at
}

// text returns the cell of fit i in a summary.
func (c *Column) text(i int) string {
	switch v := c.Value[i]; {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 1):
		return "no refit"
	case c.Error != nil:
		return fmt.Sprintf(c.Format+" ± "+c.Format, v, c.Error[i])
	case c.Format == "":
		return Number(v)
	default:
		return fmt.Sprintf(c.Format, v)
	}
}

// WriteTable writes rows of cells for people. It aligns the first left columns to the left
// and the others to the right. Rows may differ in length.
func WriteTable(w io.Writer, left int, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for j, cell := range row {
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		line := ""
		for j, cell := range row {
			space := strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell))
			if j < left {
				cell, space = cell+space, ""
			}
			line += "  " + space + cell
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

// Chart returns an empty picture over −log10 λ, so that models grow to the right, and the
// places x of the fits on its axis. The X of a mark is its λ.
func (p *Path) Chart(title, y string, marks ...chart.Mark) (c chart.Chart, x []float64) {
	for _, f := range p.Fits {
		x = append(x, -math.Log10(f.Lambda)) // a λ of 0 has no place
	}
	for i := range marks {
		marks[i].X = -math.Log10(marks[i].X)
	}
	return chart.Chart{Title: title, X: "−log10 λ", Y: y, Marks: marks}, x
}
