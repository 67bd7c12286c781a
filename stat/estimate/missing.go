package estimate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"pare/internal/table"
)

// Rows returns the rows to use of tables that describe the same observations row by row:
// with Complete the rows that have no missing or infinite cell in any of the tables, else
// all of them. A note on the last table counts the rows left out. Fewer than 2 rows are an
// error.
func (s *Source) Rows(tables ...*table.Table) ([]*table.Table, error) {
	all := tables[0].Rows()
	left := ""
	if s.Complete {
		rows, err := tables[0].Complete()
		for _, t := range tables[1:] {
			var other []int
			if err == nil {
				other, err = t.Complete()
			}
			rows = slices.DeleteFunc(rows, func(row int) bool { _, ok := slices.BinarySearch(other, row); return !ok })
		}
		for k, t := range tables {
			if err == nil {
				tables[k], err = t.Take(rows)
			}
		}
		if err != nil {
			return nil, err
		}
		if gone := all - len(rows); gone > 0 {
			left = fmt.Sprintf(" (%d of them are not complete)", gone)
			t := tables[len(tables)-1]
			t.Notes = append(slices.Clone(t.Notes), fmt.Sprintf("%d of %d rows with a missing cell are left out", gone, all))
		}
	}
	if n := tables[0].Rows(); n < 2 {
		return nil, fmt.Errorf("%s: %d of %d rows%s; at least 2 observations are needed", tables[0].Source, n, all, left)
	}
	return tables, nil
}

// remedy adds to an error about the named columns the option that avoids it.
func remedy(t *table.Table, names []string, err error) error {
	if hint := joined(t, names); hint != "" {
		return fmt.Errorf("%w; %s", err, hint)
	}
	var stray *table.StrayError
	var identifier *table.IdentifierError
	switch {
	case errors.As(err, &stray):
		return fmt.Errorf("%w; correct the cell, name it in -missing, or take every value as a category with -categorical %s", err,
			stray.Column)
	case errors.As(err, &identifier):
		return fmt.Errorf("%w; leave the column out with -drop %s, or keep it with -categorical %[2]s", err, identifier.Column)
	}
	for _, name := range names {
		c, unknown := t.Column(name)
		switch {
		case unknown != nil:
			return err
		case !c.Numeric():
			return fmt.Errorf("%w; -one-hot replaces it by a column of 0 and 1 for each value, -drop %s leaves it out", err, name)
		case slices.ContainsFunc(c.Numbers, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }):
			return fmt.Errorf("%w; leave such rows out with -complete, or the column with -drop %s", err, name)
		}
	}
	return err
}

// joined says how to read a table of which every row was read as one cell, as of a file with spaces between
// cells: the only column has a name of several words, and its first cell has as many. It is "" for others.
func joined(t *table.Table, names []string) string {
	if len(names) != 1 {
		return ""
	}
	c, err := t.Column(names[0])
	if err != nil || c.Numeric() || t.Rows() == 0 {
		return ""
	}
	words := strings.Fields(c.Name)
	if len(words) < 2 || len(words) != len(strings.Fields(c.Text(0))) {
		return ""
	}
	hint := "every row is one cell; if spaces separate cells, give -sep ' '"
	for _, word := range words {
		if _, err := strconv.ParseFloat(word, 64); err != nil {
			return hint
		}
	}
	return hint + ", and -no-header, as the first row has numbers"
}
