package linear

import (
	"fmt"
	"math"

	"pare/internal/f64"
)

// Dense is a design in memory, column after column.
type Dense struct {
	n, p int
	data []float64
}

// NewDense makes a design of p columns with n values each. It keeps columnMajor,
// which must not change while the design is used. A cell that is NaN or infinite
// is an error that names its row and column, from zero.
func NewDense(n, p int, columnMajor []float64) (*Dense, error) {
	if n < 0 || p < 0 || len(columnMajor) != n*p {
		return nil, fmt.Errorf("linear: %d values for %d rows and %d columns", len(columnMajor), n, p)
	}
	for i, v := range columnMajor {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("linear: row %d, column %d is %v", i%n, i/n, v)
		}
	}
	return &Dense{n, p, columnMajor}, nil
}

// NewDenseRows makes a design from rows of equal length, which it copies.
func NewDenseRows(rows [][]float64) (*Dense, error) {
	n := len(rows)
	if n == 0 {
		return nil, fmt.Errorf("linear: no rows")
	}
	p := len(rows[0])
	data := make([]float64, n*p)
	for i, row := range rows {
		if len(row) != p {
			return nil, fmt.Errorf("linear: row %d has %d columns, the first one %d", i, len(row), p)
		}
		for j, v := range row {
			data[j*n+i] = v
		}
	}
	return NewDense(n, p, data)
}

// Dims implements Design.
func (d *Dense) Dims() (n, p int) { return d.n, d.p }

// Column returns the values of column j, not a copy.
func (d *Dense) Column(j int) []float64 { return d.data[j*d.n : (j+1)*d.n : (j+1)*d.n] }

// Dot implements Design.
func (d *Dense) Dot(j int, v []float64) float64 { return f64.Dot(d.Column(j), v) }

// AddTo implements Design.
func (d *Dense) AddTo(v []float64, j int, a float64) { f64.Axpy(a, d.Column(j), v) }

func (d *Dense) column(j int, dst []float64) { copy(dst, d.Column(j)) }

// denseChunk is how many columns of n values one task takes: about a quarter
// of a million values, beside which starting it costs nothing.
func denseChunk(n int) int { return max(8, 1<<18/max(n, 1)) }

func (d *Dense) moments(v, mean, variance []float64, threads int) {
	inRanges(d.p, denseChunk(d.n)/4, threads, func(from, to int) {
		centred, weighted := make([]float64, d.n), make([]float64, d.n)
		for j := from; j < to; j++ {
			mean[j], variance[j] = d.momentsOf(j, v, centred, weighted)
		}
	})
}

// momentsOf is the function of that name through kernels; v sums to one.
func (d *Dense) momentsOf(j int, v, centred, weighted []float64) (mean, variance float64) {
	x := d.Column(j)
	mean = f64.Dot(x, v)
	for i := range centred {
		centred[i] = x[i] - mean
	}
	f64.Mul(weighted, centred, v)
	variance = f64.Dot(centred, weighted)
	if variance <= 1e-10*mean*mean {
		return momentsOf(x, v)
	}
	return mean, variance
}

func (d *Dense) dots(u []float64, need []bool, out []float64, threads int) {
	inRanges(d.p, denseChunk(d.n), threads, func(from, to int) {
		var wait [4]int
		waiting := 0
		for j := from; j < to; j++ {
			if !need[j] {
				continue
			}
			wait[waiting] = j
			if waiting++; waiting == 4 {
				s := f64.Dot4(u, d.Column(wait[0]), d.Column(wait[1]), d.Column(wait[2]), d.Column(wait[3]))
				for i, j := range wait {
					out[j] = s[i]
				}
				waiting = 0
			}
		}
		for _, j := range wait[:waiting] {
			out[j] = f64.Dot(d.Column(j), u)
		}
	})
}
