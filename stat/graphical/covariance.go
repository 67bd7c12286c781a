package graphical

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"pare/internal/dense"
	"pare/internal/f64"
)

// Covariance is the matrix S of a problem, given or implied by data. It is read only and
// may be shared by fits that run at the same time.
type Covariance struct {
	source
	n    int // observations; 0 if unknown
	diag []float64
}

// source is where elements of S come from.
type source interface {
	size() int
	at(i, j int) float64
	// block writes the symmetric matrix of the variables in index.
	block(index []int, dst []float64)
	// strip returns rows lo to hi of the lower triangle: element (i, j), j ≤ i, is at
	// (i−lo)·stride + j. buffer may be used and is returned for the next call.
	strip(lo, hi int, buffer []float64) (values []float64, stride int, rest []float64)
}

// P is the number of variables.
func (c *Covariance) P() int { return c.size() }

// N is the number of observations, 0 if the matrix was given without it.
func (c *Covariance) N() int { return c.n }

// semidefinite is the distance below zero at which the smallest eigenvalue of a correlation
// matrix may lie by rounding, a few units of single precision.
const semidefinite = 1e-7

// Bounds of variances whose products neither overflow nor underflow.
const leastVariance, mostVariance = 1e-150, 1e150

// FromMatrix takes a covariance or correlation matrix of p variables, row-major. It is not
// copied and must not change. n is the number of observations behind it, which only eBIC
// needs; 0 means unknown. Not finite, not symmetric (beyond 1e-8 relative), without a
// positive diagonal or with a negative eigenvalue, the matrix is refused.
func FromMatrix(s []float64, p, n int) (*Covariance, error) {
	if p < 1 || len(s) != p*p {
		return nil, fmt.Errorf("a covariance of %d variables has %d × %d values; there are %d", p, p, p, len(s))
	}
	m := &matrixSource{s, p}
	c := &Covariance{source: m, n: n, diag: make([]float64, p)}
	for i := range p {
		for j, v := range s[i*p : (i+1)*p] {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("the covariance holds %v in row %d, column %d", v, i+1, j+1)
			}
		}
		c.diag[i] = s[i*p+i]
		if c.diag[i] <= 0 {
			return nil, fmt.Errorf("the variance of variable %d is %v: drop constant columns", i+1, c.diag[i])
		}
		if c.diag[i] < leastVariance || c.diag[i] > mostVariance {
			return nil, fmt.Errorf("the variance of variable %d is %v: its square does not fit in float64; use another unit",
				i+1, c.diag[i])
		}
	}
	for i := range p {
		for j := range i {
			a, b := s[i*p+j], s[j*p+i]
			if math.Abs(a-b) > 1e-8*math.Sqrt(c.diag[i]*c.diag[j]) {
				return nil, fmt.Errorf("the covariance is not symmetric: row %d, column %d is %v and its mirror image %v", i+1, j+1, a, b)
			}
		}
	}
	if !c.isSemidefinite() {
		return nil, errors.New("the covariance is not positive semidefinite: " +
			"compute it from complete rows of data, or replace its negative eigenvalues by zero")
	}
	return c, nil
}

func (c *Covariance) isSemidefinite() bool {
	p := c.P()
	a := make([]float64, p*p)
	for i := range p {
		for j := range i + 1 {
			a[i*p+j] = c.at(i, j) / math.Sqrt(c.diag[i]*c.diag[j])
		}
		a[i*p+i] += semidefinite
	}
	return dense.Cholesky(a, p)
}

// Correlation is S scaled to a unit diagonal. A matrix is copied; of data only the scale changes.
func (c *Covariance) Correlation() *Covariance {
	p := c.P()
	scale := make([]float64, p)
	one := make([]float64, p)
	for i, v := range c.diag {
		scale[i], one[i] = 1/math.Sqrt(v), 1
	}
	to := &Covariance{n: c.n, diag: one}
	switch s := c.source.(type) {
	case *matrixSource:
		values := make([]float64, p*p)
		for i := range p {
			for j := range i {
				v := c.at(i, j) * scale[i] * scale[j]
				values[i*p+j], values[j*p+i] = v, v
			}
			values[i*p+i] = 1
		}
		to.source = &matrixSource{values, p}
	case *dataSource:
		to.source = s.scaled(scale)
	}
	return to
}

// matrixSource is a stored matrix; only its lower triangle is read.
type matrixSource struct {
	s []float64
	p int
}

func (m *matrixSource) size() int { return m.p }

func (m *matrixSource) at(i, j int) float64 {
	if j > i {
		i, j = j, i
	}
	return m.s[i*m.p+j]
}

func (m *matrixSource) block(index []int, dst []float64) {
	n := len(index)
	for i, from := range index {
		for j, to := range index[:i+1] {
			v := m.at(from, to)
			dst[i*n+j], dst[j*n+i] = v, v
		}
	}
}

func (m *matrixSource) strip(lo, hi int, buffer []float64) ([]float64, int, []float64) {
	return m.s[lo*m.p : hi*m.p], m.p, buffer
}

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

// Nonparanormal replaces each variable by the normal quantiles Φ⁻¹(rank/(n+1)) of its ranks
// (Liu, Lafferty and Wasserman 2009), so that neither outliers nor the scale of a variable
// counts. Equal values get the mean of their ranks.
func Nonparanormal(x []float64, n, p int) {
	order := upTo(n)
	for j := range p {
		at := func(i int) float64 { return x[i*p+j] }
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(at(a), at(b)) })
		scores := make([]float64, n)
		for from := 0; from < n; {
			to := from + 1
			for to < n && at(order[to]) == at(order[from]) {
				to++
			}
			rank := float64(from+1+to) / 2
			for _, i := range order[from:to] {
				scores[i] = math.Sqrt2 * math.Erfinv(2*rank/float64(n+1)-1)
			}
			from = to
		}
		for i, v := range scores {
			x[i*p+j] = v
		}
	}
}
