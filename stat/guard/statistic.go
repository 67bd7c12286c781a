package guard

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Statistic says how much more a feature explains than its knockoff. The
// design has 2p columns of one scale: features, then their knockoffs; w has p
// values. Exchanging a feature and its knockoff must change the sign of w and
// nothing else. rng is for folds and the like.
type Statistic func(x Matrix, y []float64, rng *rand.Rand) (w []float64, err error)

// Path is the coefficients of every column at each of falling λ, of the
// objective 1/(2n)‖y − b₀ − Xβ‖² + λ‖β‖₁ or its logistic counterpart, without
// scaling columns.
type Path func(x Matrix, y []float64, lambdas []float64) (coefficients [][]float64, err error)

// SignedMax is, with Z the largest λ at which a column has a coefficient, the
// larger Z of a feature and its knockoff, negative where it is the knockoff's.
// The path has count λ, log-spaced from λ_max to ratio times that.
func SignedMax(path Path, count int, ratio float64) Statistic {
	return func(x Matrix, y []float64, _ *rand.Rand) ([]float64, error) {
		entry, err := entries(path, x, y, count, ratio)
		if err != nil {
			return nil, err
		}
		w := make([]float64, x.Cols/2)
		for j := range w {
			switch a, b := entry[j], entry[j+len(w)]; {
			case a > b:
				w[j] = a
			case a < b:
				w[j] = -b
			}
		}
		return w, nil
	}
}

// entries are the largest λ of a path at which each column has a coefficient,
// 0 where there is none.
func entries(path Path, x Matrix, y []float64, count int, ratio float64) ([]float64, error) {
	lambdas, err := grid(x, y, count, ratio)
	if err != nil {
		return nil, err
	}
	betas, err := path(x, y, lambdas)
	if err != nil {
		return nil, err
	}
	if len(betas) != len(lambdas) {
		return nil, fmt.Errorf("the path has %d fits for %d λ", len(betas), len(lambdas))
	}
	entry := make([]float64, x.Cols)
	for k := len(betas) - 1; k >= 0; k-- {
		if len(betas[k]) != x.Cols {
			return nil, fmt.Errorf("the fit has %d coefficients for %d columns", len(betas[k]), x.Cols)
		}
		for j, b := range betas[k] {
			if b != 0 {
				entry[j] = lambdas[k]
			}
		}
	}
	return entry, nil
}

// grid are count λ, log-spaced down from the smallest with no coefficient.
func grid(x Matrix, y []float64, count int, ratio float64) ([]float64, error) {
	if count < 2 || !(ratio > 0 && ratio < 1) {
		return nil, fmt.Errorf("a path needs 2 λ and a ratio between 0 and 1, got %d and %v", count, ratio)
	}
	mean, _ := moments(y)
	r := make([]float64, len(y))
	for i, v := range y {
		r[i] = v - mean
	}
	top := 0.0
	for j := range x.Cols {
		top = max(top, math.Abs(x.Dot(j, r)))
	}
	lambdas := make([]float64, count)
	for k := range lambdas {
		lambdas[k] = top / float64(len(y)) * math.Pow(ratio, float64(k)/float64(count-1))
	}
	return lambdas, nil
}
