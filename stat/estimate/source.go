package estimate

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"pare/internal/limit"
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
	// Sparse keeps a design of many columns that are mostly zeros without the zeros.
	Sparse bool
}

// Design holds columns of finite numbers, none of them constant: with all their values in
// Matrix or, if the source is Sparse and it pays, in Cells.
type Design struct {
	*table.Matrix
	Cells    *table.Sparse
	Of       []string // the column of the table that each column stands for
	Factors  []Factor // the columns of the table that were replaced
	Constant []string // columns left out
	Notes    []string // oddities of the file, a line each
}

// Factor is a column of a table that columns of 0 and 1 replace.
type Factor struct {
	Column string
	Levels []string // in their order; table.Table.OneHot says how they are written
	// Numbers: the column was one of numbers, and its levels are the numbers as text.
	Numbers bool
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
	o.Columns, o.Sparse = s.Columns, s.Sparse
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
	var factors []Factor
	if s.OneHot || s.Categorical != nil {
		e := table.Encoding{Text: s.OneHot, Categorical: s.Categorical, Reference: s.DropFirst,
			But: slices.DeleteFunc(t.Names(), func(n string) bool { return read[n] })}
		encoded, err := t.Encode(e)
		if err == nil {
			factors, err = factorsOf(t, e)
		}
		if err != nil {
			return nil, remedy(t, nil, err)
		}
		t = encoded
		names = slices.DeleteFunc(t.Names(), func(n string) bool { return !read[table.Feature(n, read)] })
	}
	sparse, err := s.keepsSparse(t, names)
	if err != nil {
		return nil, err
	}
	d := &Design{Factors: factors, Notes: t.Notes}
	if err := d.read(t, names, sparse); err != nil {
		return nil, remedy(t, names, err)
	}
	if at := d.constant(); len(at) > 0 {
		var vary []string
		for j, name := range names {
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
				t.Source, is, d.first(at[0]), strings.Join(d.Constant[:min(len(at), 20)], ","))
		case vary == nil:
			return nil, fmt.Errorf("%s: all columns are constant", t.Source)
		}
		d.Notes = append(slices.Clone(d.Notes), "constant, left out: "+Few(d.Constant))
		names = vary
		if err = d.read(t, names, sparse); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		d.Of = append(d.Of, table.Feature(name, read))
	}
	if sparse {
		return d, t.RangeSparse(d.Cells)
	}
	return d, t.Range(d.Matrix)
}

// factorsOf lists the columns that an encoding replaces.
func factorsOf(t *table.Table, e table.Encoding) ([]Factor, error) {
	names, err := t.Categories(e)
	if err != nil {
		return nil, err
	}
	var out []Factor
	for _, name := range names {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		levels, _ := c.Values()
		out = append(out, Factor{name, levels, c.Numeric()})
	}
	return out, nil
}

// A design of at least manyColumns columns, or of more than manyCells cells, stays sparse if
// at most 1/fewFilled of its cells are not 0.
const (
	manyColumns = 512
	manyCells   = 1 << 25
	fewFilled   = 16
)

// keepsSparse reports whether the design of some columns stays without its zeros.
func (s *Source) keepsSparse(t *table.Table, names []string) (bool, error) {
	cells := t.Rows() * len(names)
	if !s.Sparse || len(names) < manyColumns && cells <= manyCells {
		return false, nil
	}
	filled, err := t.Filled(names...)
	return fewFilled*filled <= cells, err
}

// read sets the values.
func (d *Design) read(t *table.Table, names []string, sparse bool) (err error) {
	if sparse {
		d.Cells, err = t.Sparse(names...)
		return err
	}
	if err := limit.Check(fmt.Sprintf("%s: a table of %d rows and %d columns", t.Source, t.Rows(), len(names)),
		int64(t.Rows())*int64(len(names)), 8); err != nil {
		return err
	}
	d.Matrix, err = t.Matrix(names...)
	return err
}

func (d *Design) constant() []int {
	if d.Cells != nil {
		return d.Cells.Constant()
	}
	return d.Matrix.Constant()
}

// first returns the value of a column in the first row.
func (d *Design) first(j int) float64 {
	if d.Cells != nil {
		return d.Cells.Entries(j).At(0)
	}
	return d.Matrix.Column(j)[0]
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
