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
	c := Choice{Mean: make([]float64, len(lambdas)), Error: make([]float64, len(lambdas))}
	share := make([]float64, len(losses))
	total := 0.0
	for k := range share {
		share[k] = 1
		if weight != nil {
			share[k] = weight[k]
		}
		total += share[k]
	}
	for l, lambda := range lambdas {
		mean, square := 0.0, 0.0
		for k, s := range share {
			mean += s / total * losses[k][l]
		}
		for k, s := range share {
			d := losses[k][l] - mean
			square += s / total * d * d
		}
		c.Mean[l], c.Error[l] = mean, math.Sqrt(square/float64(len(losses)-1))
		if math.IsInf(mean, 1) {
			c.Error[l] = mean
		}
		if least := c.Mean[c.Min]; mean < least || mean == least && lambda > lambdas[c.Min] {
			c.Min = l
		}
	}
	c.OneSE = c.Min
	for l, mean := range c.Mean {
		if mean <= c.Mean[c.Min]+c.Error[c.Min] && lambdas[l] > lambdas[c.OneSE] {
			c.OneSE = l
		}
	}
	return c
}
