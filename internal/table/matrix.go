package table

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// maxLevels bounds the columns that one-hot makes of one: more is an identifier
// or free text.
const maxLevels = 10_000

// Matrix is a design: column j is Data[j*Rows : (j+1)*Rows].
type Matrix struct {
	Names []string
	Rows  int
	Data  []float64
}

// Column is a view of column j.
func (m *Matrix) Column(j int) []float64 { return m.Data[j*m.Rows : (j+1)*m.Rows] }

// RowMajor is a copy of the design, row after row.
func (m *Matrix) RowMajor() []float64 {
	p := len(m.Names)
	out := make([]float64, len(m.Data))
	for j := range p {
		for i, v := range m.Column(j) {
			out[i*p+j] = v
		}
	}
	return out
}

// Constant are the indices of columns in which all rows are equal.
func (m *Matrix) Constant() []int {
	out := []int{}
	for j := range m.Names {
		c := m.Column(j)
		if !slices.ContainsFunc(c, func(v float64) bool { return v != c[0] }) {
			out = append(out, j)
		}
	}
	return out
}

// Sizes of numbers whose fourth powers, products of two squares, float64 holds.
const leastSize, mostSize = 1e-75, 1e75

// Range returns an error that names the first column that varies around its first cell by
// so much or so little that products of squares do not fit in float64; every fit needs
// them.
func (t *Table) Range(m *Matrix) error {
	for j, name := range m.Names {
		x := m.Column(j)
		size, row := 0.0, 0
		for i, v := range x {
			size = max(size, math.Abs(v-x[0]))
			if math.Abs(v) > math.Abs(x[row]) {
				row = i
			}
		}
		if err := t.rangeError(name, size, row, x[row]); err != nil {
			return err
		}
	}
	return nil
}

// rangeError is the error of a column that varies by size around its first cell and has its
// largest value in a row; nil if products of squares fit in float64.
func (t *Table) rangeError(name string, size float64, row int, largest float64) error {
	if size == 0 || size >= leastSize && size <= mostSize {
		return nil
	}
	what := "large"
	if size < 1 {
		what = "small"
	}
	return t.errorf("row %d, column %s: %g is too %s: its fourth power does not fit in float64; "+
		"write the column in another unit", t.Number(row), name, largest, what)
}

// Matrix copies columns of finite numbers, column after column. Text, missing
// and infinite cells are errors that name row and column; a name twice is one
// too. Without names it is all columns.
func (t *Table) Matrix(names ...string) (*Matrix, error) {
	if len(names) == 0 {
		names = t.Names()
	}
	columns, err := t.finiteColumns(names)
	if err != nil {
		return nil, err
	}
	m := &Matrix{Names: slices.Clone(names), Rows: t.rows, Data: make([]float64, 0, t.rows*len(names))}
	for _, c := range columns {
		m.Data = append(m.Data, c.numbers()...)
	}
	return m, nil
}

// finiteColumns are the named columns, which must be different and of finite numbers.
func (t *Table) finiteColumns(names []string) ([]*Column, error) {
	seen := make([]bool, len(t.columns))
	columns := make([]*Column, 0, len(names))
	for _, name := range names {
		i, err := t.index(name)
		if err != nil {
			return nil, err
		}
		if seen[i] {
			return nil, t.errorf("column %s is asked for twice", name)
		}
		seen[i] = true
		c := &t.columns[i]
		if err := t.finite(c); err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// Target is a copy of one column of finite numbers, with errors as in Matrix.
func (t *Table) Target(name string) ([]float64, error) {
	m, err := t.Matrix(name)
	if err != nil {
		return nil, err
	}
	return m.Data, nil
}

// Classes are the class of each row, counted from 0, and the classes' names:
// texts in alphabetical, numbers in numerical order. A missing cell is an error.
func (t *Table) Classes(name string) ([]int, []string, error) {
	c, err := t.Column(name)
	if err != nil {
		return nil, nil, err
	}
	for i := range c.Len() {
		if c.Missing(i) {
			says := ""
			if text := strings.TrimSpace(c.Text(i)); text != "" {
				says = fmt.Sprintf(" (%q is a word for a missing value)", shorten(text))
			}
			return nil, nil, t.errorf("row %d, column %s: the value is missing%s", t.Number(i), name, says)
		}
	}
	levels, codes := c.Values()
	return codes, levels, nil
}

// finite says which cell of a column is not a finite number.
func (t *Table) finite(c *Column) error {
	if !c.Numeric() {
		return t.textError(c)
	}
	values := c.Numbers
	if c.Entries != nil {
		values = c.Entries.Value
	}
	for i, v := range values {
		if v-v == 0 {
			continue
		}
		if c.Entries != nil {
			i = int(c.Entries.Row[i])
		}
		if math.IsNaN(v) {
			return t.errorf("row %d, column %s: the cell has no number (it is empty, NA, NaN or another word for a missing value)", t.Number(i), c.Name)
		}
		return t.errorf("row %d, column %s: %+v is not finite", t.Number(i), c.Name, v)
	}
	return nil
}

// textError names the first cell that is not a number, and proposes one-hot if no cell is
// one.
func (t *Table) textError(c *Column) error {
	if err := t.stray(c); err != nil {
		return err
	}
	number := make([]bool, len(c.Levels))
	hint := fmt.Sprintf("; the column is text with %d different values", len(c.Levels))
	for k, level := range c.Levels {
		v, ok := c.meaning().parse(level)
		number[k] = ok
		if ok && !math.IsNaN(v) {
			hint = ""
		}
	}
	row := slices.IndexFunc(c.Codes, func(code int32) bool { return !number[code] })
	return t.errorf("row %d, column %s: %q is not a number%s", t.Number(row), c.Name, shorten(c.Text(row)), hint)
}

func shorten(s string) string {
	const long = 40
	if r := []rune(s); len(r) > long {
		return string(r[:long]) + "…"
	}
	return s
}

// OneHot is the table with a column of 0 and 1 for each value of the named one
// in its place, called name=value, in alphabetical or numerical order. The
// reference value gets none, so that the columns and an intercept are
// independent; "": every value gets one. Empty cells are a value of their own,
// called (empty). A column with more than 10,000 values is an error.
func (t *Table) OneHot(name, reference string) (*Table, error) {
	i, err := t.index(name)
	if err != nil {
		return nil, err
	}
	levels, codes := t.columns[i].Values()
	if err := t.tooMany(name, levels); err != nil {
		return nil, err
	}
	if reference != "" && !slices.Contains(levels, reference) {
		return nil, t.errorf("column %s has no value %q%s", name, reference, Suggestion(reference, "values", levels))
	}
	hot := make([]Column, 0, len(levels))
	at := make([]int, len(levels))
	for k, level := range levels {
		at[k] = -1
		if reference != "" && level == reference {
			continue
		}
		at[k] = len(hot)
		hot = append(hot, Column{Name: name + "=" + level, Entries: &Entries{Rows: t.rows}})
	}
	for row, k := range codes {
		if at[k] >= 0 {
			e := hot[at[k]].Entries
			e.Row, e.Value = append(e.Row, int32(row)), append(e.Value, 1)
		}
	}
	out, err := New(t.Source, slices.Concat(t.columns[:i:i], hot, t.columns[i+1:]))
	if err != nil {
		return nil, err
	}
	out.rows, out.Notes, out.Open, out.numbers = t.rows, t.Notes, t.Open, t.numbers
	return out, nil
}

// Encoding says which columns Encode makes one-hot columns of.
type Encoding struct {
	Text        bool     // text columns
	Categorical []string // these, be they of text or of numbers
	But         []string // never these
	Reference   bool     // the first value of each gets no column
}

// IdentifierError says that a text column has a value of its own in most rows.
type IdentifierError struct {
	Column string
	line   string
}

// Error is one line.
func (e *IdentifierError) Error() string { return e.line }

// fewLevels is the number of distinct values up to which a text column is never taken for
// an identifier.
const fewLevels = 20

// Encode is the table with one-hot columns in the place of its Categories. The error of a
// column that is hardly meant as one is as there.
func (t *Table) Encode(e Encoding) (*Table, error) {
	names, err := t.Categories(e)
	if err != nil {
		return nil, err
	}
	out := t
	for _, name := range names {
		left := ""
		if e.Reference {
			c, err := t.Column(name)
			if err != nil {
				return nil, err
			}
			levels, _ := c.Values()
			left = levels[0]
		}
		if out, err = out.OneHot(name, left); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Categories are the columns that an encoding replaces. Text columns that are not
// named and are mostly numbers, or have another value in more than every other row, are a
// StrayError and an IdentifierError: they are hardly meant. More than 10,000 values are an
// error.
func (t *Table) Categories(e Encoding) ([]string, error) {
	for _, name := range e.Categorical {
		if _, err := t.index(name); err != nil {
			return nil, err
		}
	}
	var out []string
	for i := range t.columns {
		c := &t.columns[i]
		named := slices.Contains(e.Categorical, c.Name)
		if !named && (c.Numeric() || !e.Text) || slices.Contains(e.But, c.Name) {
			continue
		}
		if !named {
			if err := t.stray(c); err != nil {
				return nil, err
			}
			if k := len(c.Levels); k > fewLevels && 2*k > t.rows {
				return nil, &IdentifierError{c.Name, t.errorf("column %s has %d different values in %d rows, "+
					"as an identifier or free text has", c.Name, k, t.rows).Error()}
			}
		}
		levels, _ := c.Values()
		if err := t.tooMany(c.Name, levels); err != nil {
			return nil, err
		}
		out = append(out, c.Name)
	}
	return out, nil
}

// tooMany is the error of a column with more values than one-hot makes columns of.
func (t *Table) tooMany(name string, levels []string) error {
	if len(levels) <= maxLevels {
		return nil
	}
	return t.errorf("column %s has %d different values; one-hot makes a column of each, of at most %d", name, len(levels), maxLevels)
}

// Feature is the column that a one-hot column stands for: the text before the last
// "=" where that is one of the columns read, or else name itself.
func Feature(name string, columns map[string]bool) string {
	if columns[name] {
		return name
	}
	for i := len(name) - 1; i > 0; i-- {
		if name[i] == '=' && columns[name[:i]] {
			return name[:i]
		}
	}
	return name
}

// Values are the different values as text, texts in alphabetical and numbers in numerical
// order, and the index of each row's. A cell without text is (empty).
func (c *Column) Values() ([]string, []int) {
	codes := make([]int, c.Len())
	if c.Numeric() {
		cells := c.numbers()
		values := slices.Clone(cells)
		slices.Sort(values) // NaN first
		values = slices.CompactFunc(values, func(a, b float64) bool { return a == b || (a != a && b != b) })
		texts := make([]string, len(values))
		for k, v := range values {
			texts[k] = orEmpty(numberText(v))
		}
		for i, v := range cells {
			codes[i], _ = slices.BinarySearch(values, v)
		}
		return texts, codes
	}
	order := make([]int, len(c.Levels))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(c.Levels[a], c.Levels[b]) })
	texts := make([]string, len(order))
	rank := make([]int, len(order))
	for k, l := range order {
		texts[k], rank[l] = orEmpty(c.Levels[l]), k
	}
	for i, code := range c.Codes {
		codes[i] = rank[code]
	}
	return texts, codes
}

func orEmpty(s string) string {
	if s == "" {
		return "(empty)"
	}
	return s
}
