package datasets

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"pare/internal/table"
)

// tableRows are the rows of a file that a Table uses, and their targets. Rows are counted
// from 0, as in the file.
type tableRows struct {
	*table.Table
	set  *Set
	rows []int     // that are used
	y    []float32 // of rows, Task.Targets each
}

// has reports an attribute that the file does not have.
func (t *tableRows) has(attributes []string) error {
	for _, name := range attributes {
		if _, err := t.Column(name); err != nil {
			return &AttributeError{err}
		}
	}
	return nil
}

// cellsOf is the table of some columns, as far as the file has them.
func (t *tableRows) cellsOf(names []string) *table.Table {
	others := slices.DeleteFunc(t.Names(), func(name string) bool { return slices.Contains(names, name) })
	out, err := t.Drop(others...)
	if err != nil {
		panic(err) // the names are its own
	}
	return out
}

// note adds a warning about the file.
func (t *tableRows) note(format string, args ...any) {
	t.set.Notes = append(slices.Clone(t.set.Notes), t.Source+": "+fmt.Sprintf(format, args...))
}

// errorf is an error about a cell.
func (t *tableRows) errorf(row int, column, format string, args ...any) error {
	return fmt.Errorf("%s: row %d, column %s: %s", t.Source, row+1, column, fmt.Sprintf(format, args...))
}

// complete applies the rule for missing cells to the columns to predict from and the targets.
func (t *tableRows) complete(d *Table, features []string) error {
	for _, name := range slices.Concat(features, d.Target) {
		c, err := t.Column(name)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(c.Numbers, func(v float64) bool { return math.IsInf(v, 0) }); i >= 0 {
			return t.errorf(i, name, "%+v is not finite", c.Numbers[i])
		}
	}
	needed := slices.Clone(d.Target)
	if d.Missing == "refuse" || d.Missing == "drop" {
		needed = slices.Concat(features, d.Target)
	}
	rows, err := t.Complete(needed...)
	if err != nil {
		return err
	}
	t.rows = rows
	gone := t.Rows() - len(rows)
	switch {
	case gone == 0:
		return nil
	case d.Missing == "drop":
		t.note("%d of %d rows have a missing cell and are left out", gone, t.Rows())
		if len(rows) == 0 {
			return fmt.Errorf("%s: every row has a missing cell", t.Source)
		}
		return nil
	}
	row := 0
	for row < len(rows) && rows[row] == row {
		row++
	}
	for _, name := range needed {
		complete, err := t.Complete(name)
		if err != nil {
			return err
		}
		if _, ok := slices.BinarySearch(complete, row); ok {
			continue
		}
		if slices.Contains(d.Target, name) {
			return t.errorf(row, name, "the target is missing; missing: drop leaves such rows out")
		}
		return t.errorf(row, name, "the cell has no value (%d of %d rows have such a cell); "+
			"choose missing: drop, mean or indicator, or leave the column out with drop", gone, t.Rows())
	}
	return nil
}

// numbers reads a target that is a number or a label, number j of an example.
func (t *tableRows) numbers(task Task, j int, name string) error {
	c, err := t.Column(name)
	if err != nil {
		return err
	}
	if !c.Numeric() {
		_, err := t.Target(name)
		return err
	}
	for i, row := range t.rows {
		v := c.Numbers[row]
		switch {
		case task.Labels && v != 0 && v != 1:
			return t.errorf(row, name, "the label is %g; it must be 0 or 1", v)
		case math.Abs(v) > math.MaxFloat32:
			return t.errorf(row, name, "%g is too large: a target is at most %.3g", v, math.MaxFloat32)
		}
		t.y[i*task.Targets+j] = float32(v)
	}
	return nil
}

// classes reads a target that is one of the named classes.
func (t *tableRows) classes(name string, classes []string) error {
	c, err := t.Column(name)
	if err != nil {
		return err
	}
	values, codes := c.Values()
	for i, row := range t.rows {
		class := slices.Index(classes, values[codes[row]])
		if class < 0 {
			return t.errorf(row, name, "the class is %q, which no row of the file with the training rows has; its classes are %s",
				values[codes[row]], fewNames(classes))
		}
		t.y[i] = float32(class)
	}
	return nil
}

// fewNames lists the first of some names.
func fewNames(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
