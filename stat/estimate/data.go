package estimate

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"pare/internal/table"
)

// Source says which numbers of a file to take: CSV, gzip, zip or npy, as table.Read
// reads them.
type Source struct {
	Path string
	// Columns are the names of those to take; nil: all. Drop are left out of them.
	Columns, Drop []string
	NoHeader      bool // columns are called x1, x2, …
	// Complete leaves out rows with a cell that is missing or not finite.
	Complete bool
	// OneHot puts columns of 0 and 1 in the place of columns of text, one for each
	// value but the first.
	OneHot bool
	// Categorical columns have those, too, be they of text or of numbers.
	Categorical []string
	// Missing and Decimal are as in table.Options.
	Missing []string
	Decimal rune
	// Progress hears how many bytes of the file have been read; nil: nobody does.
	Progress func(read, total int64)
}

// Data are finite numbers, Rows × len(Names), row-major.
type Data struct {
	File  string // without its folder
	Names []string
	Rows  int
	X     []float64
	// LeftOut is the number of rows that are not complete.
	LeftOut int
	// Notes are what reading found odd, a line each.
	Notes []string
}

// Read reads the data of one file. Constant columns and fewer than 2 rows are errors.
func (s Source) Read() (*Data, error) {
	t, err := s.table()
	if err != nil {
		return nil, err
	}
	all := t.Rows()
	if s.Complete {
		rows, err := t.Complete()
		if err != nil {
			return nil, err
		}
		if t, err = t.Take(rows); err != nil {
			return nil, err
		}
	}
	return s.numbers(t, all-t.Rows())
}

// table reads the columns, as they are in the file.
func (s Source) table() (*table.Table, error) {
	t, err := table.Read(s.Path, table.Options{Columns: s.Columns, NoHeader: s.NoHeader, Progress: s.Progress,
		Missing: s.Missing, Decimal: s.Decimal})
	if err != nil {
		return nil, err
	}
	if t, err = t.Drop(s.Drop...); err != nil {
		return nil, err
	}
	if s.OneHot || s.Categorical != nil {
		if t, err = t.Encode(table.Encoding{Text: s.OneHot, Categorical: s.Categorical, Reference: true}); err != nil {
			return nil, fmt.Errorf("%w%s", err, remedyOf(err))
		}
	}
	if len(t.Names()) == 0 {
		return nil, fmt.Errorf("%s: no column is left", t.Source)
	}
	return t, nil
}

// numbers makes data of a table.
func (s Source) numbers(t *table.Table, leftOut int) (*Data, error) {
	d := &Data{File: filepath.Base(s.Path), Rows: t.Rows(), LeftOut: leftOut, Notes: t.Notes}
	if d.Rows < 2 {
		left := ""
		if leftOut > 0 {
			left = fmt.Sprintf(" (%d of them are not complete)", leftOut)
		}
		return nil, fmt.Errorf("%s: %d of %d rows%s; at least 2 observations are needed", d.File, d.Rows, d.Rows+leftOut, left)
	}
	m, err := t.Matrix()
	if err != nil {
		if text := remedyOf(err); text != "" {
			return nil, fmt.Errorf("%w%s", err, text)
		}
		return nil, fmt.Errorf("%w%s", err, remedy(t))
	}
	if err := t.Range(m); err != nil {
		return nil, err
	}
	if constant := m.Constant(); len(constant) > 0 {
		names := make([]string, len(constant))
		for k, j := range constant {
			names[k] = m.Names[j]
		}
		verb, what := "is", "column "
		if len(names) > 1 {
			verb, what = "are", "columns "
		}
		return nil, fmt.Errorf("%s: %s%s %s constant (%g in the first); leave out with -drop %s", d.File, what, few(names), verb,
			m.Column(constant[0])[0], strings.Join(names[:min(len(names), 20)], ","))
	}
	d.Names, d.X = m.Names, m.RowMajor()
	return d, nil
}

// logarithms replaces the data by their natural logarithms.
func (d *Data) logarithms() error {
	for k, v := range d.X {
		if !(v > 0) {
			name := d.Names[k%len(d.Names)]
			return fmt.Errorf("%s: row %d, column %s is %g, which has no logarithm; leave the column out with -drop %s, or take -transform npn",
				d.File, k/len(d.Names)+1, name, v, name)
		}
		d.X[k] = math.Log(v)
	}
	return nil
}

// remedyOf is what to do about a text column that is hardly meant; "": err is another one.
func remedyOf(err error) string {
	var stray *table.StrayError
	var identifier *table.IdentifierError
	switch {
	case errors.As(err, &stray):
		return fmt.Sprintf("; correct the cell, name it in -missing, or take every value as a category with -categorical %s", stray.Column)
	case errors.As(err, &identifier):
		return fmt.Sprintf("; leave the column out with -drop %s, or keep it with -categorical %s", identifier.Column, identifier.Column)
	}
	return ""
}

// remedy is what to do about the first column that is not of finite numbers.
func remedy(t *table.Table) string {
	for _, name := range t.Names() {
		c, err := t.Column(name)
		switch {
		case err != nil:
			return ""
		case !c.Numeric():
			return fmt.Sprintf("; -one-hot replaces it by a column of 0 and 1 for each value, -drop %s leaves it out", name)
		case slices.ContainsFunc(c.Numbers, math.IsNaN):
			return "; leave such rows out with -complete"
		case slices.ContainsFunc(c.Numbers, func(v float64) bool { return math.IsInf(v, 0) }):
			return "; leave such rows out with -complete, or the column with -drop " + name
		}
	}
	return ""
}

// few lists names, of which there may be many.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
