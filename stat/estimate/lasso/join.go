package lasso

import (
	"slices"

	"pare/internal/table"
)

// Join is a table with the one column of another, which becomes the target, as its
// last column, called target unless a column is.
func Join(t, target *table.Table) (*table.Table, error) {
	columns := target.Names()
	if len(columns) != 1 {
		return nil, inputf("%s: a target is one column, there are %d", target.Source, len(columns))
	}
	if target.Rows() != t.Rows() {
		return nil, inputf("%s has %d rows, %s has %d: the target needs one for each", target.Source, target.Rows(), t.Source, t.Rows())
	}
	var all []table.Column
	for _, name := range t.Names() {
		c, err := t.Column(name)
		if err != nil {
			return nil, input(err)
		}
		all = append(all, *c)
	}
	c, err := target.Column(columns[0])
	if err != nil {
		return nil, input(err)
	}
	y := *c
	for y.Name = "target"; slices.Contains(t.Names(), y.Name); {
		y.Name += "'"
	}
	out, err := table.New(t.Source, append(all, y))
	if err != nil {
		return nil, input(err)
	}
	out.Notes = slices.Concat(t.Notes, target.Notes)
	return out, nil
}

// TargetName is the name of the column that Join added.
func TargetName(t *table.Table) string {
	names := t.Names()
	return names[len(names)-1]
}
