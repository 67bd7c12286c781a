package estimate

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"pare/internal/table"
)

// Source says which columns and rows of a file an estimator uses, and how text becomes
// numbers. With Path alone it uses all of them and refuses text, missing cells and constant
// columns.
type Source struct {
	Path    string        // CSV, gzip, zip or npy, as table.Read reads them
	Cells   table.Options // of CSV; its Columns are not used
	Columns []string      // nil: all
	Drop    []string      // left out of Columns
	// Complete leaves out rows with a cell that is missing or not finite.
	Complete bool
	// DropConstant leaves out constant columns.
	DropConstant bool
	// OneHot replaces each column of text by columns of 0 and 1, one for each value.
	// Categorical columns are replaced too, be they of text or of numbers.
	OneHot      bool
	Categorical []string
	// DropFirst: the first value of a replaced column gets no column of its own, so that
	// the columns and an intercept are independent.
	DropFirst bool
}

// Design holds columns of finite numbers, none of them constant.
type Design struct {
	*table.Matrix
	Of       []string // the column of the table that each column stands for
	Constant []string // columns left out
	Notes    []string // oddities of the file, a line each
}

// Data holds finite numbers, Rows × len(Names), row-major.
type Data struct {
	File     string // without its folder
	Names    []string
	Rows     int
	X        []float64
	Constant []string // columns left out
	Notes    []string // oddities of the file, a line each
}

// Table reads the columns of the file, with all its rows.
func (s *Source) Table() (*table.Table, error) {
	o := s.Cells
	o.Columns = s.Columns
	t, err := table.Read(s.Path, o)
	if err != nil {
		return nil, err
	}
	if t, err = t.Drop(s.Drop...); err == nil && len(t.Names()) == 0 {
		err = fmt.Errorf("%s: no column is left", t.Source)
	}
	return t, err
}

// Read reads the file as numbers. Fewer than 2 rows are an error.
func (s *Source) Read() (*Data, error) {
	t, err := s.Table()
	if err != nil {
		return nil, err
	}
	tables, err := s.Rows(t)
	if err != nil {
		return nil, err
	}
	return s.Data(tables[0])
}

// Data returns all columns of a table as numbers.
func (s *Source) Data(t *table.Table) (*Data, error) {
	m, err := s.Design(t, t.Names())
	if err != nil {
		return nil, err
	}
	return &Data{File: filepath.Base(s.Path), Names: m.Names, Rows: m.Rows, X: m.RowMajor(), Constant: m.Constant, Notes: m.Notes}, nil
}

// Take returns the named columns in the order of names; nil if one does not exist.
func (d *Data) Take(names []string) *Data {
	out := *d
	out.Names, out.X = names, make([]float64, 0, d.Rows*len(names))
	at := make([]int, len(names))
	for i, name := range names {
		if at[i] = slices.Index(d.Names, name); at[i] < 0 {
			return nil
		}
	}
	for r := range d.Rows {
		for _, j := range at {
			out.X = append(out.X, d.X[r*len(d.Names)+j])
		}
	}
	return &out
}

// Design returns the named columns of a table as numbers.
func (s *Source) Design(t *table.Table, names []string) (*Design, error) {
	read := map[string]bool{}
	for _, name := range names {
		read[name] = true
	}
	for _, name := range s.Categorical {
		if !read[name] {
			return nil, fmt.Errorf("-categorical names %q, which is not among the columns%s", name,
				table.Suggestion(name, "columns", names))
		}
	}
	if s.OneHot || s.Categorical != nil {
		encoded, err := t.Encode(table.Encoding{Text: s.OneHot, Categorical: s.Categorical, Reference: s.DropFirst,
			But: slices.DeleteFunc(t.Names(), func(n string) bool { return read[n] })})
		if err != nil {
			return nil, remedy(t, nil, err)
		}
		t = encoded
		names = slices.DeleteFunc(t.Names(), func(n string) bool { return !read[table.Feature(n, read)] })
	}
	m, err := t.Matrix(names...)
	if err != nil {
		return nil, remedy(t, names, err)
	}
	d := &Design{Matrix: m, Notes: t.Notes}
	if at := m.Constant(); len(at) > 0 {
		var vary []string
		for j, name := range m.Names {
			if _, is := slices.BinarySearch(at, j); is {
				d.Constant = append(d.Constant, name)
			} else {
				vary = append(vary, name)
			}
		}
		is := "column " + d.Constant[0] + " is"
		if len(at) > 1 {
			is = "columns " + Few(d.Constant) + " are"
		}
		switch {
		case !s.DropConstant:
			return nil, fmt.Errorf("%s: %s constant (%g in the first); leave out with -drop %s, or all such columns with -drop-constant",
				t.Source, is, m.Column(at[0])[0], strings.Join(d.Constant[:min(len(at), 20)], ","))
		case vary == nil:
			return nil, fmt.Errorf("%s: all columns are constant", t.Source)
		}
		d.Notes = append(slices.Clone(d.Notes), "constant, left out: "+Few(d.Constant))
		if d.Matrix, err = t.Matrix(vary...); err != nil {
			return nil, err
		}
	}
	for _, name := range d.Names {
		d.Of = append(d.Of, table.Feature(name, read))
	}
	return d, t.Range(d.Matrix)
}

// Few lists the first of some names.
func Few(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// Log replaces the data by their natural logarithms.
func (d *Data) Log() error {
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
