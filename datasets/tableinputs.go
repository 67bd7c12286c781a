package datasets

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"pare/internal/table"
)

func init() {
	Recipes.Register("table", "the rows of CSV, Parquet and NumPy files", func() Recipe { return &TableRecipe{} })
}

// Kind implements Recipe.
func (*TableRecipe) Kind() string { return "table" }

// Validate implements Recipe.
func (r *TableRecipe) Validate() error {
	if len(r.Columns) == 0 {
		return fmt.Errorf("it has no columns")
	}
	if !slices.Contains([]string{"refuse", "drop", "mean", "indicator"}, r.Missing) || !slices.Contains([]string{"refuse", "other"}, r.Unseen) {
		return fmt.Errorf("missing is %q and unseen %q", r.Missing, r.Unseen)
	}
	seen := map[string]bool{}
	for i := range r.Columns {
		c := &r.Columns[i]
		switch {
		case seen[c.Name]:
			return fmt.Errorf("column %q is there twice", c.Name)
		case c.Values != nil && (len(c.Values) == 0 || c.Indicator):
			return fmt.Errorf("column %q has no values, or an indicator beside them", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

// Open implements Recipe. Separator and decimal mark are found in each file; columns that are
// no inputs are left out, with a note.
func (r *TableRecipe) Open(ctx context.Context, paths []string, o RecipeOptions) (Inputs, error) {
	norm, width := o.Normalization, r.Size()
	if norm.Mean == nil {
		norm = Unit(width)
	}
	if len(norm.Mean) != width || len(norm.Std) != width {
		return nil, fmt.Errorf("%d means and %d deviations for %d inputs", len(norm.Mean), len(norm.Std), width)
	}
	in := &tableInputs{norm: norm}
	for _, path := range paths {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		cells := table.Options{NoHeader: r.NoHeader && !table.NamesColumns(path), Missing: r.MissingWords}
		if o.Progress != nil {
			cells.Progress = func(read, total int64) { o.Progress("reading "+filepath.Base(path), read, total) }
		}
		t, err := table.Read(path, cells)
		if err != nil {
			return nil, err
		}
		bound, err := r.bind(t)
		if err != nil {
			return nil, err
		}
		var others []string
		for _, name := range t.Names() {
			if !slices.ContainsFunc(r.Columns, func(c TableColumn) bool { return c.Name == name }) {
				others = append(others, name)
			}
		}
		if others != nil {
			in.notes = append(in.notes, fmt.Sprintf("%s: columns that are no inputs of the network are left out: %s", t.Source, fewNames(others)))
		}
		for _, note := range t.Notes {
			in.notes = append(in.notes, t.Source+": "+note)
		}
		in.files = append(in.files, tableInput{path, t, bound})
	}
	return in, nil
}

// tableInputs are the rows of tables, one after the other.
type tableInputs struct {
	files []tableInput
	norm  Normalization
	notes []string
}

type tableInput struct {
	path  string
	table *table.Table
	cells *tableCells
}

// Len implements Inputs.
func (in *tableInputs) Len() (n int) {
	for _, f := range in.files {
		n += f.table.Rows()
	}
	return n
}

// Place implements Inputs.
func (in *tableInputs) Place(i int) Place {
	for _, f := range in.files {
		if n := f.table.Rows(); i >= n {
			i -= n
			continue
		}
		return Place{File: f.path, Row: i + 1}
	}
	return Place{}
}

// Notes implements Inputs.
func (in *tableInputs) Notes() []string { return in.notes }

// Close implements Inputs. Tables are in memory.
func (*tableInputs) Close() {}

// Read implements Inputs.
func (in *tableInputs) Read(ctx context.Context, n int, each func(x []float32, err error) error) error {
	row, x := make([]float64, len(in.norm.Mean)), make([]float32, len(in.norm.Mean))
	for _, f := range in.files {
		for i := range f.table.Rows() {
			if n--; n < 0 {
				return nil
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			err := f.cells.encode(row, i)
			if err == nil {
				err = f.cells.present(row, i)
			}
			standardise(x, row, in.norm)
			if err := each(x, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// present is the error of the first number of an encoded row that is infinite, or missing
// where the training data had none. A missing category is a value like others.
func (c *tableCells) present(x []float64, row int) error {
	at := 0
	for i := range c.Columns {
		column := &c.Columns[i]
		v := x[at]
		at += column.width()
		switch {
		case column.Values != nil:
		case math.IsInf(v, 0):
			return fmt.Errorf("%s: row %d, column %s: %+v is not finite", c.source, row+1, column.Name, v)
		case math.IsNaN(v) && (c.Missing == "refuse" || c.Missing == "drop"):
			return fmt.Errorf("%s: row %d, column %s: the cell has no value; fill it in, or train with missing: mean or indicator",
				c.source, row+1, column.Name)
		}
	}
	return nil
}
