package linear

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// LeastSquares is a fit without penalty.
type LeastSquares struct {
	Intercept    float64
	Coefficients []float64
	Rank         int
	// MinimumNorm: the columns are dependent, after centring when there is
	// an intercept: of all solutions it is the one with the least ‖β‖₂.
	MinimumNorm bool
}

// OLS solves ordinary least squares, by QR, or by a singular value decomposition when
// the columns are dependent. It fills an n×p matrix.
func OLS(x Design, y []float64, intercept bool) (*LeastSquares, error) {
	p := Problem{X: x, Y: y, NoIntercept: !intercept, NoStandardize: true}
	t, err := newTask(&p, 1)
	if err != nil {
		return nil, err
	}
	if t.p == 0 {
		return nil, fmt.Errorf("linear: no features")
	}
	a, b := mat.NewDense(t.n, t.p, nil), mat.NewVecDense(t.n, nil)
	column := make([]float64, t.n)
	for j := range t.p {
		if !math.IsInf(t.factor[j], 1) {
			t.column(j, column)
			a.SetCol(j, column)
		}
	}
	shift := 0.0
	if intercept {
		shift = mean(y, t.v)
	}
	for i, v := range y {
		b.SetVec(i, v-shift)
	}
	fit, err := leastSquares(a, b)
	if err != nil {
		return nil, err
	}
	fit.Intercept = shift
	for j, c := range fit.Coefficients {
		fit.Intercept -= c * t.mean[j]
	}
	return fit, nil
}

// singular is the condition number above which columns count as dependent.
const singular = 1e12

func leastSquares(a *mat.Dense, b *mat.VecDense) (*LeastSquares, error) {
	n, p := a.Dims()
	fit := &LeastSquares{Rank: p}
	var beta mat.VecDense
	if n >= p {
		var qr mat.QR
		qr.Factorize(a)
		if qr.Cond() < singular {
			if err := qr.SolveVecTo(&beta, false, b); err == nil {
				fit.Coefficients = beta.RawVector().Data
				return fit, nil
			}
		}
	}
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDThin) {
		return nil, fmt.Errorf("linear: the singular values did not converge")
	}
	fit.MinimumNorm = true
	fit.Rank = svd.Rank(1 / singular)
	fit.Coefficients = make([]float64, p)
	if fit.Rank == 0 {
		return fit, nil
	}
	svd.SolveVecTo(&beta, b, fit.Rank)
	copy(fit.Coefficients, beta.RawVector().Data)
	return fit, nil
}
