package graphical

import (
	"errors"
	"fmt"
	"math"

	"pare/internal/dense"
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

// semidefinite is how far below zero the smallest eigenvalue of a correlation matrix may
// lie by rounding, a few units of single precision.
const semidefinite = 1e-7

// Variances of which products are numbers.
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
			return nil, fmt.Errorf("the variance of variable %d is %v: its square does not fit in float64; use another unit", i+1, c.diag[i])
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
		return nil, errors.New("the covariance is not positive semidefinite: compute it from complete rows of data, or replace its negative eigenvalues by zero")
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

// matrixSource is a stored matrix, of which the lower triangle is read.
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
