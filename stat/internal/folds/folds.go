// Package folds divides observations into the folds of a cross-validation and chooses λ by
// the losses on the folds.
package folds

import (
	"fmt"
	"math"
	"slices"
)

// Check returns an error unless n observations can make the given number of folds.
func Check(folds, n int) error {
	if folds < 2 || folds > n {
		return fmt.Errorf("%d folds of %d observations; between 2 and %d are possible", folds, n, n)
	}
	return nil
}

// Deal puts the units, numbered from 0, into folds in turn, in the given order, and returns
// the fold of each.
func Deal(order []int, folds int) ([]int, error) {
	if err := Check(folds, len(order)); err != nil {
		return nil, err
	}
	fold := make([]int, len(order))
	for at, unit := range order {
		fold[unit] = at % folds
	}
	return fold, nil
}

// Count returns the number of folds assigned to n observations. Folds must be numbered from
// 0 without gaps, and there must be at least two.
func Count(fold []int, n int) (int, error) {
	if len(fold) != n {
		return 0, fmt.Errorf("%d folds given for %d observations", len(fold), n)
	}
	for r, k := range fold {
		if k < 0 {
			return 0, fmt.Errorf("observation %d is in fold %d, folds count from 0", r+1, k)
		}
	}
	count := slices.Max(fold) + 1
	for k := range count {
		if !slices.Contains(fold, k) {
			return 0, fmt.Errorf("no observation is in fold %d", k)
		}
	}
	if count < 2 {
		return 0, fmt.Errorf("cross-validation needs at least 2 folds")
	}
	return count, nil
}

// Choice is the outcome of a cross-validation.
type Choice struct {
	// Mean is the loss for each λ, the mean over folds, and Error its standard error; both
	// are +Inf where a fold has no fit.
	Mean, Error []float64
	Min         int // index of the least mean, of equal ones at the largest λ
	OneSE       int // index of the largest λ whose mean is at most Error[Min] above the least
}

// Choose compares λ by losses[fold][λ]. Folds count by weight; nil: alike.
func Choose(losses [][]float64, weight, lambdas []float64) Choice {
	return ChooseRepeated([][][]float64{losses}, [][]float64{weight}, lambdas, false)
}

// ChooseRepeated compares λ by values[repeat][fold][λ], losses or, with larger, gains, with
// the weights of the folds of each repeat. The standard error is the root of the mean square
// of the standard errors of the repeats.
func ChooseRepeated(values [][][]float64, weights [][]float64, lambdas []float64, larger bool) Choice {
	c := Choice{Mean: make([]float64, len(lambdas)), Error: make([]float64, len(lambdas))}
	better := func(a, b float64) bool { return a < b }
	if larger {
		better = func(a, b float64) bool { return a > b }
	}
	for l, lambda := range lambdas {
		square := 0.0
		for r := range values {
			mean, err := summary(values[r], weights[r], l)
			c.Mean[l] += mean / float64(len(values))
			square += err * err / float64(len(values))
			c.Error[l] = err
		}
		if len(values) > 1 {
			c.Error[l] = math.Sqrt(square)
		}
		if math.IsInf(c.Mean[l], 0) {
			c.Error[l] = math.Inf(1)
		}
		if best := c.Mean[c.Min]; better(c.Mean[l], best) || c.Mean[l] == best && lambda > lambdas[c.Min] {
			c.Min = l
		}
	}
	c.OneSE = c.Min
	for l := range c.Mean {
		if c.Within(l, c.Limit(c.Min, larger), larger) && lambdas[l] > lambdas[c.OneSE] {
			c.OneSE = l
		}
	}
	return c
}

// Limit returns the value one standard error worse than the value of λ l.
func (c *Choice) Limit(l int, larger bool) float64 {
	if larger {
		return c.Mean[l] - c.Error[l]
	}
	return c.Mean[l] + c.Error[l]
}

// Within reports whether the value of λ l is as good as a limit.
func (c *Choice) Within(l int, limit float64, larger bool) bool {
	if larger {
		return c.Mean[l] >= limit
	}
	return c.Mean[l] <= limit
}

// summary returns the mean of the values of folds at one λ, and its standard error.
func summary(values [][]float64, weight []float64, l int) (mean, err float64) {
	share := func(k int) float64 {
		if weight == nil {
			return 1
		}
		return weight[k]
	}
	total, square := 0.0, 0.0
	for k := range values {
		total += share(k)
	}
	for k := range values {
		mean += share(k) / total * values[k][l]
	}
	for k := range values {
		d := values[k][l] - mean
		square += share(k) / total * d * d
	}
	return mean, math.Sqrt(square / float64(len(values)-1))
}
