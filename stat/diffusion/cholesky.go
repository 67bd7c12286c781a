package diffusion

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// cholesky solves with a positive definite matrix. It leaves out the estimate of
// the condition that mat.Cholesky makes, which costs as much as a small factor.
type cholesky struct{ factor blas64.Triangular }

// factorise overwrites a, n×n. It says no to a matrix whose smallest pivot is lost
// in the rounding of the largest.
func factorise(a []float64, n int) (*cholesky, bool) {
	if n == 0 {
		return &cholesky{}, true
	}
	t, ok := lapack64.Potrf(blas64.Symmetric{N: n, Stride: n, Data: a, Uplo: blas.Upper})
	if !ok {
		return nil, false
	}
	low, high := math.Inf(1), 0.0
	for i := range n {
		low, high = min(low, a[i*n+i]), max(high, a[i*n+i])
	}
	return &cholesky{t}, low > 1e-6*high
}

// solve overwrites b, n×columns, with the solution.
func (c *cholesky) solve(b []float64, columns int) {
	if c.factor.N > 0 && columns > 0 {
		lapack64.Potrs(c.factor, blas64.General{Rows: c.factor.N, Cols: columns, Stride: columns, Data: b})
	}
}
