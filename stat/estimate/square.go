package estimate

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"pare/internal/table"
)

// matrix is what a file holds about pairs of variables: rows × columns, row-major.
type matrix struct {
	file          string
	rows, columns int
	values        []float64
	names         []string // of the columns
	named         bool     // by the file, not x1, x2, …
	notes         []string // what reading found odd
}

// readMatrix reads all columns as numbers; infinite says whether they may be infinite.
func readMatrix(path string, infinite bool) (*matrix, error) {
	// A first row of numbers is no header: matrices are often written without names.
	t, err := table.Read(path, table.Options{NoHeader: true})
	if err != nil {
		return nil, err
	}
	header := false
	for _, name := range t.Names() {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		header = header || !c.Numeric() && !isNumber(c.Text(0))
	}
	if header {
		if t, err = table.Read(path, table.Options{}); err != nil {
			return nil, err
		}
	}
	names := t.Names()
	m := &matrix{file: t.Source, rows: t.Rows(), columns: len(names), names: names, notes: t.Notes, values: make([]float64, t.Rows()*len(names))}
	for j, name := range names {
		m.named = m.named || name != fmt.Sprintf("x%d", j+1)
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		if !c.Numeric() {
			_, err := t.Target(name) // says which cell is text
			return nil, err
		}
		for i, v := range c.Numbers {
			if math.IsNaN(v) || math.IsInf(v, 0) && !infinite {
				return nil, fmt.Errorf("%s: row %d, column %s: %s", t.Source, i+1, name, cellText(v))
			}
			m.values[i*len(names)+j] = v
		}
	}
	return m, nil
}

func cellText(v float64) string {
	if math.IsNaN(v) {
		return "the cell has no number (it is empty, NA or NaN)"
	}
	return fmt.Sprintf("%+v is not finite", v)
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// square demands as many rows as columns.
func (m *matrix) square(what string) error {
	if m.rows != m.columns {
		return fmt.Errorf("%s: %s must be square; it has %d rows and %d columns", m.file, what, m.rows, m.columns)
	}
	return nil
}

// of picks the rows and columns of variables: by name where the file names them all,
// by their order where it has as many.
func (m *matrix) of(rows, columns []string) ([]float64, error) {
	at := func(names []string, count int) []int {
		out := make([]int, len(names))
		for i, name := range names {
			if out[i] = slices.Index(m.names, name); out[i] < 0 || out[i] >= count {
				return nil
			}
		}
		return out
	}
	var r, c []int
	if m.named && m.rows == m.columns {
		r, c = at(rows, m.rows), at(columns, m.columns)
	}
	if r == nil || c == nil {
		if m.rows != len(rows) || m.columns != len(columns) {
			return nil, fmt.Errorf("%s: the matrix is %d × %d, expected %d × %d, or columns named as the variables", m.file, m.rows, m.columns, len(rows), len(columns))
		}
		return m.values, nil
	}
	out := make([]float64, 0, len(r)*len(c))
	for _, i := range r {
		for _, j := range c {
			out = append(out, m.values[i*m.columns+j])
		}
	}
	return out, nil
}
