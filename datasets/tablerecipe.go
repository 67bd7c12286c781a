package datasets

import (
	"fmt"
	"math"
	"slices"

	"pare/internal/table"
)

// TableRecipe makes inputs of the rows of a table: a number of each column of numbers, and a
// column of 0 and 1 for each value of a categorical one. A missing number is NaN until it is
// normalised, when it becomes the mean, 0.
type TableRecipe struct {
	// NoHeader says that the first row is data, and columns are called x1, x2, …
	NoHeader bool `json:"no_header,omitempty"`
	// MissingWords are cells without a value, besides empty ones; nil: the usual words.
	MissingWords []string `json:"missing_words,omitempty"`
	// Missing and Unseen are the rules of Table for cells without a value and for categories
	// that no training row has.
	Missing string        `json:"missing"`
	Unseen  string        `json:"unseen"`
	Columns []TableColumn `json:"columns"` // in the order of the inputs
}

// TableColumn is a column that a table is predicted from.
type TableColumn struct {
	Name string `json:"name"`
	// Values are the texts of a categorical variable in the training rows, in the order of their
	// inputs; nil: the column is of numbers.
	Values []string `json:"values,omitempty"`
	// Indicator says that an input of 1 follows the number where it is missing.
	Indicator bool `json:"indicator,omitempty"`
}

// width is the number of inputs of the column.
func (c *TableColumn) width() int {
	switch {
	case c.Values != nil:
		return len(c.Values)
	case c.Indicator:
		return 2
	}
	return 1
}

// features names the inputs of the column, which is a part of a variable; "": of its own.
func (c *TableColumn) features(variable string) []Feature {
	own := orElse(variable, c.Name)
	var out []Feature
	for _, v := range c.Values {
		out = append(out, Feature{Name: c.Name + "=" + v, Variable: own, Category: c.Name})
	}
	if c.Values == nil {
		out = append(out, Feature{Name: c.Name, Variable: variable})
	}
	if c.Indicator {
		out = append(out, Feature{Name: c.Name + "=(missing)", Variable: own})
	}
	return out
}

// Size implements Recipe.
func (r *TableRecipe) Size() int {
	n := 0
	for i := range r.Columns {
		n += r.Columns[i].width()
	}
	return n
}

// isNumber reports whether an input is a number of the table, not a 0 or 1 of the recipe.
func (r *TableRecipe) isNumber(input int) bool {
	for i := range r.Columns {
		c := &r.Columns[i]
		if input < c.width() {
			return c.Values == nil && input == 0
		}
		input -= c.width()
	}
	return false
}

// encode is the inputs of some rows, one after the other.
func (r *TableRecipe) encode(t *table.Table, rows []int) ([]float64, error) {
	cells, err := r.bind(t)
	if err != nil {
		return nil, err
	}
	width := r.Size()
	x := make([]float64, len(rows)*width)
	for i, row := range rows {
		if err := cells.encode(x[i*width:][:width], row); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// tableCells are the columns of a recipe in a table.
type tableCells struct {
	*TableRecipe
	source  string
	columns []boundColumn
}

// boundColumn has the cells of a column: numbers, or for a categorical variable the index
// among its values, by code.
type boundColumn struct {
	numbers []float64
	values  []string // different ones in the table
	codes   []int
	at      []int // place of each value in Values of the recipe; −1: no training row has it
}

// bind finds the columns of a recipe in a table. A missing column, and text in a column of
// numbers, are errors.
func (r *TableRecipe) bind(t *table.Table) (*tableCells, error) {
	out := &tableCells{TableRecipe: r, source: t.Source}
	for i := range r.Columns {
		column := &r.Columns[i]
		c, err := t.Column(column.Name)
		if err != nil {
			return nil, err
		}
		var b boundColumn
		switch {
		case column.Values != nil:
			b.values, b.codes = c.Values()
			for _, v := range b.values {
				b.at = append(b.at, slices.Index(column.Values, v))
			}
		case c.Numeric():
			b.numbers = c.Numbers
		default:
			if some, err := t.Complete(column.Name); err != nil || len(some) > 0 {
				_, err := t.Target(column.Name)
				return nil, err
			}
			b.numbers = slices.Repeat([]float64{math.NaN()}, t.Rows())
		}
		out.columns = append(out.columns, b)
	}
	return out, nil
}

// encode writes the inputs of a row.
func (c *tableCells) encode(dst []float64, row int) error {
	clear(dst)
	for i := range c.columns {
		column, b := &c.Columns[i], &c.columns[i]
		to := dst[:column.width()]
		dst = dst[len(to):]
		switch {
		case b.numbers == nil:
			k := b.codes[row]
			if b.at[k] >= 0 {
				to[b.at[k]] = 1
			} else if c.Unseen == "refuse" {
				return fmt.Errorf("%s: row %d, column %s: no training row has the value %q; train with unseen: other to accept such rows",
					c.source, row+1, column.Name, b.values[k])
			}
		default:
			if to[0] = b.numbers[row]; column.Indicator && math.IsNaN(to[0]) {
				to[1] = 1
			}
		}
	}
	return nil
}
