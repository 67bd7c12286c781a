package table

import (
	"slices"

	"pare/internal/factor"
)

// Append is the rows of tables with the same columns, one table after the other, with the
// columns in the order of the first table. Rows are counted through all of them. A column of
// numbers in one table and of text in another becomes text.
func Append(tables ...*Table) (*Table, error) {
	first := tables[0]
	if len(tables) == 1 {
		return first, nil
	}
	columns := make([]Column, len(first.columns))
	for k := range columns {
		var parts []*Column
		for _, t := range tables {
			c, err := t.Column(first.columns[k].Name)
			if err != nil {
				return nil, err
			}
			parts = append(parts, c)
		}
		columns[k] = appended(parts)
	}
	out, err := New(first.Source+" to "+tables[len(tables)-1].Source, columns)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		if len(t.columns) != len(first.columns) {
			for _, name := range t.Names() {
				if _, err := first.Column(name); err != nil {
					return nil, t.errorf("it has a column %s, which %s does not have; files of one table have the same columns", name, first.Source)
				}
			}
		}
		for _, note := range t.Notes {
			out.note("%s: %s", t.Source, note)
		}
	}
	return out, nil
}

func appended(parts []*Column) Column {
	out := Column{Name: parts[0].Name, cells: parts[0].cells}
	if !slices.ContainsFunc(parts, func(c *Column) bool { return !c.Numeric() }) {
		for _, c := range parts {
			out.Numbers = append(out.Numbers, c.numbers()...)
		}
		return out
	}
	var text factor.Factor
	for _, c := range parts {
		for row := range c.Len() {
			text.Add(c.Text(row))
		}
		if !c.Numeric() {
			out.cells = c.cells
		}
	}
	out.Levels, out.Codes = text.Levels, text.Codes
	return out
}
