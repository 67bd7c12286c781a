package lasso

import (
	"fmt"
	"slices"
	"strconv"

	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/linear"
)

// NewRows are rows of a table as fits of a model read them.
type NewRows struct {
	Row    []int     // their numbers in the file, from 1
	Offset []float64 // added to each linear predictor
	Notes  []string

	model   *Model
	columns []*values // of each of Model.Columns; nil: no fit uses it
}

// Read reads the columns that any of some fits of the model use. With complete, or where the fit had
// that rule, rows with a missing cell in one of them are left out.
func (m *Model) Read(t *table.Table, fits []*SavedFit, complete bool) (*NewRows, error) {
	needed, err := m.needed(t, fits)
	if err != nil {
		return nil, err
	}
	r := &NewRows{model: m, columns: make([]*values, len(m.Columns))}
	rows := all(t.Rows())
	if m.Complete || complete {
		var there []string
		for _, c := range needed {
			if t.Has(m.Columns[c].Name) {
				there = append(there, m.Columns[c].Name)
			}
		}
		if m.Offset != "" && t.Has(m.Offset) {
			there = append(there, m.Offset)
		}
		if there != nil {
			if rows, err = t.Complete(there...); err != nil {
				return nil, err
			}
		}
		if gone := t.Rows() - len(rows); gone > 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("%d of %d rows with a missing cell are left out", gone, t.Rows()))
		}
	}
	for _, c := range needed {
		if r.columns[c], err = m.Columns[c].read(t, rows); err != nil {
			return nil, err
		}
	}
	r.Offset = make([]float64, len(rows))
	if m.Offset != "" {
		column := Column{Name: m.Offset}
		read, err := column.read(t, rows)
		if err != nil {
			return nil, err
		}
		for i := range r.Offset {
			r.Offset[i] = read.at(i, -1)
		}
	}
	for _, row := range rows {
		r.Row = append(r.Row, row+1)
	}
	return r, nil
}

// Link returns the linear predictor of each row, with its offset.
func (r *NewRows) Link(terms *Terms) []float64 {
	out := r.model.link(terms, r.columns, len(r.Row))
	for i, v := range r.Offset {
		out[i] += v
	}
	return out
}

// Value returns the value of a feature of the model in row i of the list.
func (r *NewRows) Value(i int, f *Feature) float64 {
	v := r.columns[f.Column].at(i, f.Level)
	if f.Times != nil {
		v *= r.columns[f.Times.Column].at(i, f.Times.Level)
	}
	return v
}

// response reads the target of a row: the place of its class, or its number. complaint says why
// there is none; a missing cell is not asked for.
func (m *Model) response(column *table.Column, target string, row int) (y float64, complaint string) {
	text := column.Text(row)
	if m.Classes != nil {
		class := slices.Index(m.Classes, text)
		if class < 0 {
			complaint = fmt.Sprintf("row %d, column %s: %q is no class of the model (%s)", row+1, target, text, estimate.Few(m.Classes))
		}
		return float64(class), complaint
	}
	y, err := strconv.ParseFloat(text, 64)
	family, _ := familyOf(m.Family)
	switch {
	case err != nil:
		complaint = fmt.Sprintf("row %d, column %s: %q is not a number", row+1, target, text)
	case family == linear.Poisson && y < 0:
		complaint = fmt.Sprintf("row %d, column %s: %v is negative, and the model predicts counts", row+1, target, y)
	}
	return y, complaint
}

// Responses reads the targets of the rows: the places of their classes in Model.Classes, or
// numbers. there lists the places of the rows that have one.
func (r *NewRows) Responses(t *table.Table, target string) (y []float64, there []int, err error) {
	if !t.Has(target) {
		return nil, nil, fmt.Errorf("%s: no column %q, the target of the model%s", t.Source, target,
			table.Suggestion(target, "columns", t.Names()))
	}
	column, err := t.Column(target)
	if err != nil {
		return nil, nil, err
	}
	y = make([]float64, len(r.Row))
	for i, row := range r.Row {
		if column.Missing(row - 1) {
			continue
		}
		complaint := ""
		if y[i], complaint = r.model.response(column, target, row-1); complaint != "" {
			return nil, nil, fmt.Errorf("%s: %s", t.Source, complaint)
		}
		there = append(there, i)
	}
	return y, there, nil
}
