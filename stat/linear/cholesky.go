package linear

import (
	"math"

	"pare/internal/f64"
)

// cholesky is the factor L of a Gram matrix of some features, by rows. When the
// features change only the rows from the first change on are computed again, so that
// features that enter cost one row each.
type cholesky struct {
	index []int // what the rows were asked for, with those that were left out
	kept  []int // the features of the rows
	rows  [][]float64
	place []int // place[i] is how many rows the first i of index made
}

// reset forgets the factor, because the matrix has changed.
func (c *cholesky) reset() { c.index = c.index[:0] }

// dependent is the part of a column, squared, below which it is a combination of
// the ones before it. Steps through a factor of which a part has few correct digits
// still lead to the minimum, because gradients are computed anew after each.
const dependent = 1e-14

// factor factors the matrix with the entries at(i, j) for i, j of index and returns
// those of index that it kept: not those that depend linearly on others before.
func (c *cholesky) factor(index []int, at func(i, j int) float64) []int {
	same := 0
	for same < len(index) && same < len(c.index) && index[same] == c.index[same] {
		same++
	}
	size := 0
	if same > 0 {
		size = c.place[same-1]
	}
	c.index = append(c.index[:same], index[same:]...)
	c.place = c.place[:same]
	c.kept = c.kept[:size]
	for _, j := range index[same:] {
		if size == len(c.rows) {
			c.rows = append(c.rows, nil)
		}
		if cap(c.rows[size]) <= size {
			c.rows[size] = make([]float64, size+1, 2*size+8)
		}
		row := c.rows[size][:size+1]
		c.rows[size] = row
		for k, i := range c.kept {
			row[k] = (at(j, i) - f64.Dot(row[:k], c.rows[k])) / c.rows[k][k]
		}
		diagonal := at(j, j)
		pivot := diagonal - f64.Dot(row[:size], row)
		if pivot > dependent*diagonal {
			row[size] = math.Sqrt(pivot)
			c.kept = append(c.kept, j)
			size++
		}
		c.place = append(c.place, size)
	}
	return c.kept
}

// solve overwrites b, one value for each feature kept, with (LLᵀ)⁻¹b.
func (c *cholesky) solve(b []float64) {
	for i := range b {
		b[i] = (b[i] - f64.Dot(b[:i], c.rows[i])) / c.rows[i][i]
	}
	for i := len(b) - 1; i >= 0; i-- {
		b[i] /= c.rows[i][i]
		f64.Axpy(-b[i], c.rows[i][:i], b[:i])
	}
}
