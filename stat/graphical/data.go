package graphical

import (
	"fmt"
	"math"

	"pare/internal/dense"
	"pare/internal/f64"
)

// materialize is the number of variables up to which S of data is computed once, 8 MiB.
const materialize = 1024

// FromData is the covariance of n observations (rows) of p variables (columns), row-major:
// Sᵢⱼ = Σ (xᵢ−x̄ᵢ)(xⱼ−x̄ⱼ)/n. With many variables S is never stored: its elements are
// computed from a centred copy of the data where they are needed. NaN and infinite cells,
// constant columns and n < 2 are errors.
func FromData(x []float64, n, p int) (*Covariance, error) {
	d, diag, err := center(x, n, p)
	if err != nil {
		return nil, err
	}
	c := &Covariance{source: d, n: n, diag: diag}
	if p <= materialize || p <= n {
		values := make([]float64, p*p)
		c.block(upTo(p), values)
		c.source = &matrixSource{values, p}
	}
	return c, nil
}

func upTo(n int) []int {
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	return index
}

// dataSource holds the variables one after another, centred and divided by √n, so that
// elements of S are dot products.
type dataSource struct {
	z    []float64 // p × n
	n, p int
}

// constant is the ratio of standard deviation and largest value below which a column is
// rounding noise.
const constant = 1e-13

func center(x []float64, n, p int) (*dataSource, []float64, error) {
	if n < 2 {
		return nil, nil, fmt.Errorf("a covariance needs at least 2 observations; there are %d", n)
	}
	if p < 1 || len(x) != n*p {
		return nil, nil, fmt.Errorf("%d observations of %d variables have %d values; there are %d", n, p, n*p, len(x))
	}
	d := &dataSource{make([]float64, n*p), n, p}
	diag := make([]float64, p)
	for i := range n {
		for j, v := range x[i*p : (i+1)*p] {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, nil, fmt.Errorf("the data hold %v in row %d, column %d", v, i+1, j+1)
			}
			d.z[j*n+i] = v
		}
	}
	for j := range p {
		col := d.z[j*n : (j+1)*n]
		mean, largest := 0.0, 0.0
		for _, v := range col {
			mean += v / float64(n)
			largest = max(largest, math.Abs(v))
		}
		for i := range col {
			col[i] = (col[i] - mean) / math.Sqrt(float64(n))
		}
		diag[j] = f64.Dot(col, col)
		if math.Sqrt(diag[j]) <= constant*largest {
			return nil, nil, fmt.Errorf("column %d is constant: drop it", j+1)
		}
	}
	return d, diag, nil
}

func (d *dataSource) scaled(by []float64) *dataSource {
	to := &dataSource{make([]float64, len(d.z)), d.n, d.p}
	for j, s := range by {
		for i, v := range d.z[j*d.n : (j+1)*d.n] {
			to.z[j*d.n+i] = v * s
		}
	}
	return to
}

func (d *dataSource) size() int { return d.p }

func (d *dataSource) at(i, j int) float64 {
	return f64.Dot(d.z[i*d.n:(i+1)*d.n], d.z[j*d.n:])
}

func (d *dataSource) block(index []int, dst []float64) {
	m := len(index)
	z := d.z
	if m != d.p {
		z = make([]float64, m*d.n)
		for i, from := range index {
			copy(z[i*d.n:(i+1)*d.n], d.z[from*d.n:])
		}
	}
	clear(dst[:m*m])
	a := dense.Matrix{Data: z, Stride: d.n}
	dense.Multiply(dst, m, 1, a, a.T(), m, m, d.n, dense.Lower)
	dense.Mirror(dst, m)
}

func (d *dataSource) strip(lo, hi int, buffer []float64) ([]float64, int, []float64) {
	size := (hi - lo) * hi
	if len(buffer) < size {
		buffer = make([]float64, (hi-lo)*d.p)
	}
	clear(buffer[:size])
	dense.Multiply(buffer, hi, 1, dense.Matrix{Data: d.z[lo*d.n:], Stride: d.n},
		dense.Matrix{Data: d.z, Stride: d.n, Transposed: true}, hi-lo, hi, d.n, 0)
	return buffer, hi, buffer
}
