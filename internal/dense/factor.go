package dense

import (
	"math"

	"pare/internal/f64"
)

// Factor is the Cholesky factor L of a matrix, by rows. The zero value has no rows.
type Factor struct {
	index []int // the arguments of Grow, with those that were left out
	kept  []int // the indices of the rows
	rows  [][]float64
	place []int // place[i] is the number of rows made by the first i+1 of index
}

// NewFactor factors the lower triangle of the n×n matrix a, which it overwrites and keeps.
// It returns false if a is not positive definite.
func NewFactor(a []float64, n int) (*Factor, bool) {
	f := &Factor{rows: make([][]float64, n)}
	for i := range f.rows {
		f.rows[i] = a[i*n:][:i+1]
	}
	return f, Cholesky(a, n)
}

// Independent factors the n×n matrix with the entries at(i, j), as Grow does.
func Independent(n int, at func(i, j int) float64) (f *Factor, kept []int) {
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	f = &Factor{}
	return f, f.Grow(index, at)
}

// Reset forgets the factor, because the matrix has changed.
func (f *Factor) Reset() { f.index = f.index[:0] }

// dependent is the part of a diagonal element below which its row is a combination of the
// rows before it. Steps by a factor with few correct digits in some part still lead to a
// minimum if the gradients are computed anew after each step.
const dependent = 1e-14

// Grow factors the matrix with the entries at(i, j) for i, j of index and returns the
// indices that it keeps: not those that depend linearly on others before them. The rows
// before the first change of index since the last call stay, so that an index at the end
// costs one row.
func (f *Factor) Grow(index []int, at func(i, j int) float64) (kept []int) {
	same := 0
	for same < len(index) && same < len(f.index) && index[same] == f.index[same] {
		same++
	}
	size := 0
	if same > 0 {
		size = f.place[same-1]
	}
	f.index = append(f.index[:same], index[same:]...)
	f.place = f.place[:same]
	f.kept = f.kept[:size]
	for _, j := range index[same:] {
		if size == len(f.rows) {
			f.rows = append(f.rows, nil)
		}
		if cap(f.rows[size]) <= size {
			f.rows[size] = make([]float64, size+1, 2*size+8)
		}
		row := f.rows[size][:size+1]
		f.rows[size] = row
		for k, i := range f.kept {
			row[k] = (at(j, i) - f64.Dot(row[:k], f.rows[k])) / f.rows[k][k]
		}
		diagonal := at(j, j)
		pivot := diagonal - f64.Dot(row[:size], row)
		if pivot > dependent*diagonal {
			row[size] = math.Sqrt(pivot)
			f.kept = append(f.kept, j)
			size++
		}
		f.place = append(f.place, size)
	}
	return f.kept
}

// Pivots returns the least and the largest diagonal element of L.
func (f *Factor) Pivots() (least, largest float64) {
	least = math.Inf(1)
	for i, row := range f.rows {
		least, largest = min(least, row[i]), max(largest, row[i])
	}
	return least, largest
}

// Solve overwrites b, a value for each row, with (LLᵀ)⁻¹b.
func (f *Factor) Solve(b []float64) {
	for i := range b {
		b[i] = (b[i] - f64.Dot(b[:i], f.rows[i])) / f.rows[i][i]
	}
	for i := len(b) - 1; i >= 0; i-- {
		b[i] /= f.rows[i][i]
		f64.Axpy(-b[i], f.rows[i][:i], b[:i])
	}
}
