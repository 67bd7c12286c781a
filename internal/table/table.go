// Package table reads tables from CSV, gzip, zip and NumPy files into float64
// and text columns, and makes design matrices of them.
//
// Rows are counted from 1, without the header, in everything a person reads.
// Every error is one line that says where: "grades.csv: row 17, column age:
// \"12b\" is not a number".
package table

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"pare/internal/factor"
)

// Table is a list of columns of equal length. It is not changed by any method;
// tables made from others share their columns.
type Table struct {
	// Source begins every error; empty: nothing does.
	Source string
	// Notes are the oddities that did not stop the reader, one line each, such as a
	// column that occurs twice.
	Notes []string
	// Open: a column that the table does not have is 0 in every row, as in svmlight files.
	Open bool

	columns []Column
	rows    int
	places  map[string]int // of columns, by name
	numbers []int          // of the rows, see Number; nil: all rows are there
}

// New is a table of columns, which must have different names and equal lengths.
func New(source string, columns []Column) (*Table, error) {
	t := &Table{Source: source}
	t.keep(columns)
	for i := range columns {
		c := &columns[i]
		if t.places[c.Name] != i {
			return nil, t.errorf("two columns are called %s", c.Name)
		}
		if i == 0 {
			t.rows = c.Len()
		} else if c.Len() != t.rows {
			return nil, t.errorf("column %s has %d rows, column %s %d", c.Name, c.Len(), columns[0].Name, t.rows)
		}
	}
	return t, nil
}

// Rows is the number of rows, the header not counted.
func (t *Table) Rows() int { return t.rows }

// Number is the number of a row, counted from 0, in the table that Take has taken it from, counted
// from 1, as errors name it.
func (t *Table) Number(row int) int {
	if t.numbers != nil {
		return t.numbers[row]
	}
	return row + 1
}

// Names are the names of all columns in their order.
func (t *Table) Names() []string {
	names := make([]string, len(t.columns))
	for i := range t.columns {
		names[i] = t.columns[i].Name
	}
	return names
}

// Has reports whether the table has a column of that name.
func (t *Table) Has(name string) bool {
	_, ok := t.places[name]
	return ok
}

// Column is the column of a name; an unknown one is an error with a suggestion.
func (t *Table) Column(name string) (*Column, error) {
	i, err := t.index(name)
	if err != nil {
		return nil, err
	}
	return &t.columns[i], nil
}

func (t *Table) index(name string) (int, error) {
	if i, ok := t.places[name]; ok {
		return i, nil
	}
	return 0, t.unknown(name, t.Names())
}

// keep sets the columns of a table that is being made.
func (t *Table) keep(columns []Column) {
	t.columns = columns
	t.places = make(map[string]int, len(columns))
	for i := range columns {
		t.places[columns[i].Name] = i
	}
}

// unknown is the error of a name that a header does not have.
func (t *Table) unknown(name string, header []string) error {
	if len(header) == 1 && strings.ContainsRune(header[0], separator(header[0])) {
		return t.errorf("no column %q: the whole header is one column, so its separator is probably %q", name, separator(header[0]))
	}
	return t.errorf("no column %q%s", name, Suggestion(name, "columns", header))
}

// Drop is the table without the named columns.
func (t *Table) Drop(names ...string) (*Table, error) {
	if len(names) == 0 {
		return t, nil
	}
	gone := map[int]bool{}
	for _, name := range names {
		i, err := t.index(name)
		if err != nil {
			return nil, err
		}
		gone[i] = true
	}
	out := *t
	var columns []Column
	for i := range t.columns {
		if !gone[i] {
			columns = append(columns, t.columns[i])
		}
	}
	out.keep(columns)
	return &out, nil
}

// With is the table with a column of numbers more, or in the place of the one
// that has its name.
func (t *Table) With(name string, values []float64) (*Table, error) {
	if len(values) != t.rows {
		return nil, t.errorf("column %s would have %d rows, the table has %d", name, len(values), t.rows)
	}
	out := *t
	columns := slices.Clone(t.columns)
	c := Column{Name: name, Numbers: values}
	if i, ok := t.places[name]; ok {
		columns[i] = c
	} else {
		columns = append(columns, c)
	}
	out.keep(columns)
	return &out, nil
}

// Take is the table of the given rows, counted from 0, in that order.
func (t *Table) Take(rows []int) (*Table, error) {
	for _, r := range rows {
		if r < 0 || r >= t.rows {
			return nil, t.errorf("row %d is not among %d rows", r+1, t.rows)
		}
	}
	out := *t
	out.rows, out.numbers = len(rows), make([]int, len(rows))
	for k, r := range rows {
		out.numbers[k] = t.Number(r)
	}
	out.columns = make([]Column, len(t.columns))
	where := newSelection(rows, t.rows)
	for i := range t.columns {
		out.columns[i] = t.columns[i].take(where)
	}
	return &out, nil
}

// Complete are the rows, counted from 0, in which none of the named columns
// has a missing cell: empty, or with a word for a missing value, or in a column of
// numbers not finite. Without names all columns count.
func (t *Table) Complete(names ...string) ([]int, error) {
	if len(names) == 0 {
		names = t.Names()
	}
	keep := make([]bool, t.rows)
	for i := range keep {
		keep[i] = true
	}
	for _, name := range names {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		c.mark(keep)
	}
	rows := []int{}
	for i, k := range keep {
		if k {
			rows = append(rows, i)
		}
	}
	return rows, nil
}

func (t *Table) errorf(format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	if t.Source != "" {
		msg = t.Source + ": " + msg
	}
	return &Error{msg}
}

// Error is one line about the data or the request, with the file's name.
type Error struct{ line string }

func (e *Error) Error() string { return e.line }

// Column is one column: of numbers if Numbers or Entries is not nil, of text otherwise.
type Column struct {
	Name string
	// Numbers are the values; NaN where the file had an empty cell or a word for a
	// missing value.
	Numbers []float64
	// Entries are the values that are not 0 of a column that is mostly 0, in place of
	// Numbers: Read makes such columns for Options.Sparse, and OneHot does.
	Entries *Entries
	// Levels are the different texts in order of first appearance, and Codes
	// the index into them of each row.
	Levels []string
	Codes  []int32

	cells *cells // how a column of text was read; nil: as usual
}

// Numeric reports whether all cells are numbers or missing.
func (c *Column) Numeric() bool { return c.Numbers != nil || c.Entries != nil }

// Len is the number of rows.
func (c *Column) Len() int {
	switch {
	case c.Entries != nil:
		return c.Entries.Rows
	case c.Numbers != nil:
		return len(c.Numbers)
	}
	return len(c.Codes)
}

// numbers are all values of a column of numbers.
func (c *Column) numbers() []float64 {
	if c.Entries != nil {
		return c.Entries.fill()
	}
	return c.Numbers
}

// Text is the cell of a row, counted from 0, as text; a number is written with
// as many digits as it needs, a missing one as "".
func (c *Column) Text(row int) string {
	switch {
	case c.Entries != nil:
		return numberText(c.Entries.At(row))
	case c.Numbers != nil:
		return numberText(c.Numbers[row])
	}
	return c.Levels[c.Codes[row]]
}

// Level is the cell of a row, counted from 0, as Values writes it; number says that the
// values are numbers, so that 1.0 is 1.
func (c *Column) Level(row int, number bool) string {
	text := c.Text(row)
	if number && !c.Numeric() {
		if v, ok := c.meaning().parse(text); ok {
			text = numberText(v)
		}
	}
	return orEmpty(text)
}

// Texts are all cells as Text writes them.
func (c *Column) Texts() []string {
	out := make([]string, c.Len())
	for i := range out {
		out[i] = c.Text(i)
	}
	return out
}

func numberText(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// Missing reports whether the cell of a row, counted from 0, is missing or not finite.
func (c *Column) Missing(row int) bool {
	switch {
	case c.Entries != nil:
		v := c.Entries.At(row)
		return v-v != 0
	case c.Numbers != nil:
		v := c.Numbers[row]
		return v-v != 0
	}
	return c.meaning().absent(c.Levels[c.Codes[row]])
}

// mark sets at to false for the rows with a missing cell.
func (c *Column) mark(at []bool) {
	if c.Entries != nil {
		for k, row := range c.Entries.Row {
			v := c.Entries.Value[k]
			at[row] = at[row] && v-v == 0
		}
		return
	}
	for i := range at {
		at[i] = at[i] && !c.Missing(i)
	}
}

// take returns the column with some of its rows; if only numbers remain in a text column,
// it becomes numeric.
func (c *Column) take(s *selection) Column {
	if c.Entries != nil {
		return Column{Name: c.Name, Entries: c.Entries.take(s)}
	}
	if c.Numeric() {
		out := Column{Name: c.Name, Numbers: make([]float64, len(s.rows))}
		for k, r := range s.rows {
			out.Numbers[k] = c.Numbers[r]
		}
		return out
	}
	b, text := builder{name: c.Name, cells: c.meaning()}, factor.Factor{}
	for _, r := range s.rows {
		b.add(c.Text(r))
		text.Add(c.Text(r))
	}
	if out := b.column(); out.Numeric() {
		return out
	}
	return Column{Name: c.Name, Levels: text.Levels, Codes: text.Codes, cells: c.cells}
}
