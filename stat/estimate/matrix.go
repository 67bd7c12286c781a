package estimate

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"pare/internal/table"
)

// Matrix holds a value for each pair of variables: rows × len(Names), row-major.
type Matrix struct {
	File   string
	Names  []string // of the columns
	Values []float64
	Notes  []string // oddities of the file, a line each

	rows  int
	named bool // by the file, not x1, x2, …
}

// ReadMatrix reads all columns of a file as numbers. NaN is an error, and so is an infinite
// number unless infinite is set.
func ReadMatrix(path string, infinite bool) (*Matrix, error) {
	// A first row of numbers is data, not a header: matrices are often written without
	// names.
	t, err := table.Read(path, table.Options{NoHeader: !table.NamesColumns(path)})
	if err != nil {
		return nil, err
	}
	header := !table.NamesColumns(path) && slices.ContainsFunc(t.Names(), func(name string) bool {
		c, err := t.Column(name)
		return err == nil && !c.Numeric() && !isNumber(c.Text(0))
	})
	if header {
		if t, err = table.Read(path, table.Options{}); err != nil {
			return nil, err
		}
	}
	names := t.Names()
	m := &Matrix{File: t.Source, rows: t.Rows(), Names: names, Notes: t.Notes, Values: make([]float64, t.Rows()*len(names))}
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
			switch {
			case math.IsNaN(v):
				return nil, fmt.Errorf("%s: row %d, column %s: the cell has no number (it is empty, NA or NaN)", t.Source, t.Number(i), name)
			case math.IsInf(v, 0) && !infinite:
				return nil, fmt.Errorf("%s: row %d, column %s: %+v is not finite", t.Source, t.Number(i), name, v)
			}
			m.Values[i*len(names)+j] = v
		}
	}
	return m, nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// ReadSquare is ReadMatrix for a file with as many rows as columns. The error for any other
// file calls the matrix by its kind, such as "a covariance".
func ReadSquare(path, kind string, infinite bool) (*Matrix, error) {
	m, err := ReadMatrix(path, infinite)
	if err == nil && m.rows != len(m.Names) {
		err = fmt.Errorf("%s: %s must be square; it has %d rows and %d columns", m.File, kind, m.rows, len(m.Names))
	}
	return m, err
}

// Drop removes the rows and columns of variables from a square matrix.
func (m *Matrix) Drop(names []string) error {
	for _, name := range names {
		if !slices.Contains(m.Names, name) {
			return fmt.Errorf("%s: no column %q%s", m.File, name, table.Suggestion(name, "columns", m.Names))
		}
	}
	kept := slices.DeleteFunc(slices.Clone(m.Names), func(name string) bool { return slices.Contains(names, name) })
	if len(kept) == 0 {
		return fmt.Errorf("%s: no column is left", m.File)
	}
	m.named = true
	values, err := m.Of(kept, kept)
	m.Names, m.Values, m.rows = kept, values, len(kept)
	return err
}

// Of returns the rows and columns of variables: by name if the file names them all, else by
// their order if the file has as many.
func (m *Matrix) Of(rows, columns []string) ([]float64, error) {
	at := func(names []string) []int {
		out := make([]int, len(names))
		for i, name := range names {
			if out[i] = slices.Index(m.Names, name); out[i] < 0 {
				return nil
			}
		}
		return out
	}
	if m.named && m.rows == len(m.Names) {
		if r, c := at(rows), at(columns); r != nil && c != nil {
			out := make([]float64, 0, len(r)*len(c))
			for _, i := range r {
				for _, j := range c {
					out = append(out, m.Values[i*len(m.Names)+j])
				}
			}
			return out, nil
		}
	}
	if m.rows != len(rows) || len(m.Names) != len(columns) {
		return nil, fmt.Errorf("%s: the matrix is %d × %d, expected %d × %d, or columns named as the variables", m.File, m.rows,
			len(m.Names), len(rows), len(columns))
	}
	return m.Values, nil
}
