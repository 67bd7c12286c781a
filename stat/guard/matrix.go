// Package guard guards the choice of features against false discoveries:
// knockoffs, stability selection and permutations. It fits no model itself;
// solvers come in as functions. A selection may be empty: that is a result.
package guard

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/internal/dense"
	"pare/internal/f64"
)

// Matrix is a design of Rows observations: column j, a feature, is
// Data[j*Rows : (j+1)*Rows].
type Matrix struct {
	Rows, Cols int
	Data       []float64
}

// NewMatrix is a matrix of zeros.
func NewMatrix(rows, cols int) Matrix {
	return Matrix{Rows: rows, Cols: cols, Data: make([]float64, rows*cols)}
}

// Column is a view of column j.
func (m Matrix) Column(j int) []float64 { return m.Data[j*m.Rows : (j+1)*m.Rows] }

// Dims are the numbers of rows and columns.
func (m Matrix) Dims() (n, p int) { return m.Rows, m.Cols }

// Dot is the product of column j and v.
func (m Matrix) Dot(j int, v []float64) float64 { return f64.Dot(m.Column(j), v) }

// Take is a copy of some rows, in their order.
func (m Matrix) Take(rows []int) Matrix {
	out := NewMatrix(len(rows), m.Cols)
	for j := range m.Cols {
		from, to := m.Column(j), out.Column(j)
		for k, r := range rows {
			to[k] = from[r]
		}
	}
	return out
}

// transposed has a row for each column.
func (m Matrix) transposed() dense.Matrix { return dense.Matrix{Data: m.Data, Stride: m.Rows} }

// gram is mᵀm.
func (m Matrix) gram() []float64 { return square(m.transposed(), m.Cols, m.Rows) }

// square is a·aᵀ for a of rows × columns.
func square(a dense.Matrix, rows, columns int) []float64 {
	out := make([]float64, rows*rows)
	dense.Multiply(out, rows, 1, a, a.T(), rows, rows, columns, dense.Lower)
	dense.Mirror(out, rows)
	return out
}

// beside is the columns of m and then the columns of o.
func (m Matrix) beside(o Matrix) Matrix {
	data := make([]float64, 0, len(m.Data)+len(o.Data))
	return Matrix{Rows: m.Rows, Cols: m.Cols + o.Cols, Data: append(append(data, m.Data...), o.Data...)}
}

// check finds the first fault of a design and its targets.
func (m Matrix) check(y []float64) error {
	switch {
	case m.Rows < 2:
		return fmt.Errorf("the design has %d rows, at least 2 are needed", m.Rows)
	case m.Cols < 1:
		return fmt.Errorf("the design has no columns")
	case len(m.Data) != m.Rows*m.Cols:
		return fmt.Errorf("the design has %d values, %d rows and %d columns need %d", len(m.Data), m.Rows, m.Cols, m.Rows*m.Cols)
	case y != nil && len(y) != m.Rows:
		return fmt.Errorf("the target has %d rows, the design %d", len(y), m.Rows)
	}
	for i, v := range m.Data {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("row %d, column %d of the design: %v is not finite", i%m.Rows+1, i/m.Rows+1, v)
		}
	}
	for i, v := range y {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("row %d of the target: %v is not finite", i+1, v)
		}
	}
	return nil
}

// standardized is a copy with columns of mean 0 and mean square 1, with the former means
// and scales; a constant column becomes 0, with scale 0.
func (m Matrix) standardized() (z Matrix, mean, scale []float64) {
	z = NewMatrix(m.Rows, m.Cols)
	mean, scale = make([]float64, m.Cols), make([]float64, m.Cols)
	for j := range m.Cols {
		c := m.Column(j)
		mean[j], scale[j] = moments(c)
		if scale[j] == 0 {
			continue
		}
		to := z.Column(j)
		for i, v := range c {
			to[i] = (v - mean[j]) / scale[j]
		}
	}
	return z, mean, scale
}

// moments are the mean and the root mean square deviation; the rounding error of a constant
// counts as 0.
func moments(v []float64) (mean, scale float64) {
	size := 0.0
	for _, x := range v {
		mean += x
		size = max(size, math.Abs(x))
	}
	mean /= float64(len(v))
	for _, x := range v {
		scale += (x - mean) * (x - mean)
	}
	scale = math.Sqrt(scale / float64(len(v)))
	if scale <= 1e-14*size {
		scale = 0
	}
	return mean, scale
}

// split is a generator of its own for work done in parallel.
func split(rng *rand.Rand) *rand.Rand { return rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64())) }
