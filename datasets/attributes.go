package datasets

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pare/internal/option"
	"pare/internal/table"
)

// Attributed is implemented by parts that know columns about their examples, which need not be
// inputs: those that Options.Attributes names.
type Attributed interface {
	// Attribute is the text of a column for each example, never empty. A column that is not
	// there, or has no value for an example, is an error.
	Attribute(name string) ([]string, error)
}

// AttributeError is the error of a column of Options.Attributes that a file does not have.
type AttributeError struct{ Err error }

func (e *AttributeError) Error() string { return e.Err.Error() }
func (e *AttributeError) Unwrap() error { return e.Err }

// Placed is implemented by parts whose examples come from files.
type Placed interface {
	// Place is where example i lies.
	Place(i int) Place
}

// PlaceOf is the place of example i of a part; without files, its number in the part, counted
// from 1.
func PlaceOf(p Part, i int) Place {
	if placed, ok := p.(Placed); ok {
		return placed.Place(i)
	}
	return Place{Row: i + 1}
}

// ReadAttributes reads columns about the examples of a part from a table with a row for each
// example, in any order; rows of other examples are left alone. The column file has paths of
// files, or as many of their last elements as tell them apart; the column row has numbers of rows,
// counted from 1. Errors name the key at fault: file or by.
func ReadAttributes(path string, names []string, part Part) ([][]string, error) {
	t, err := table.Read(path, table.Options{})
	if err != nil {
		return nil, option.Errorf("file", "cannot be read: %s", err)
	}
	var columns []*table.Column
	for _, name := range names {
		c, err := t.Column(name)
		if err != nil {
			return nil, option.Errorf("by", "names a column that is not there: %s", err)
		}
		columns = append(columns, c)
	}
	rows, err := matchRows(t, part)
	if err != nil {
		return nil, option.Errorf("file", "cannot be used: %s", err)
	}
	out := make([][]string, len(names))
	for k, c := range columns {
		if out[k], err = cellTexts(t, c, rows); err != nil {
			return nil, option.Errorf("by", "cannot be used: %s", err)
		}
	}
	return out, nil
}

// cellTexts are the cells of a column in some rows. A cell without a value is an error.
func cellTexts(t *table.Table, c *table.Column, rows []int) ([]string, error) {
	complete, err := t.Complete(c.Name)
	if err != nil {
		return nil, err
	}
	out, missing, first := make([]string, len(rows)), 0, 0
	for k, row := range rows {
		if _, ok := slices.BinarySearch(complete, row); !ok || c.Text(row) == "" {
			if missing++; missing == 1 {
				first = row
			}
			continue
		}
		out[k] = c.Text(row)
	}
	if missing > 0 {
		return nil, fmt.Errorf("%s: row %d, column %s: the cell has no value (%d of %d examples have such a cell), "+
			"so the group of the example is not known; fill it in", t.Source, first+1, c.Name, missing, len(rows))
	}
	return out, nil
}

// matchRows are the rows of a table that describe the examples of a part.
func matchRows(t *table.Table, part Part) ([]int, error) {
	has := func(name string) bool { return slices.Contains(t.Names(), name) }
	byFile := PlaceOf(part, 0).Row == 0
	key := "row"
	if byFile {
		key = "file"
	}
	if !has(key) {
		return nil, fmt.Errorf("%s: there is no column %s to tell which example a row describes; the first one is %s",
			t.Source, key, PlaceOf(part, 0))
	}
	c, err := t.Column(key)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, t.Rows())
	for row := range t.Rows() {
		name := slashed(c.Text(row))
		if !byFile && c.Numbers != nil { // not 1e+06
			name = strconv.FormatFloat(c.Numbers[row], 'f', -1, 64)
		}
		if other, twice := at[name]; twice {
			return nil, fmt.Errorf("%s: rows %d and %d both describe %s %s; remove one of them", t.Source, other+1, row+1, key, c.Text(row))
		}
		at[name] = row
	}
	out, used := make([]int, part.Len()), make(map[int]int, part.Len())
	missing, first := 0, Place{}
	for i := range out {
		p := PlaceOf(part, i)
		row, found := find(at, p, byFile)
		if !found {
			if missing++; missing == 1 {
				first = p
			}
			continue
		}
		if other, taken := used[row]; taken {
			return nil, fmt.Errorf("%s: row %d, %s, fits two examples, %s and %s; give more of the path",
				t.Source, row+1, c.Text(row), PlaceOf(part, other), p)
		}
		out[i], used[row] = row, i
	}
	if missing > 0 {
		return nil, fmt.Errorf("%s: no row describes %s (%d of %d examples have none)", t.Source, first, missing, len(out))
	}
	return out, nil
}

// find is the row of the longest end of a path, or of a row number.
func find(at map[string]int, p Place, byFile bool) (int, bool) {
	if !byFile {
		row, ok := at[strconv.Itoa(p.Row)]
		return row, ok
	}
	name := slashed(p.File)
	for {
		if row, ok := at[name]; ok {
			return row, true
		}
		_, rest, more := strings.Cut(strings.TrimPrefix(name, "/"), "/")
		if !more {
			return 0, false
		}
		name = rest
	}
}

// slashed is a path with slashes. A member of a shard follows its shard.
func slashed(name string) string {
	return strings.TrimPrefix(filepath.ToSlash(strings.ReplaceAll(name, ": ", "/")), "./")
}
