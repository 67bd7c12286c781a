package folds

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	lambdas, inf := []float64{4, 3, 2, 1, 0.5}, math.Inf(1)
	c := Choose([][]float64{{9, 4, 2, 3, inf}, {9, 2, 3, 2, 4}, {9, 3, 2.5, 2.5, 4}}, nil, lambdas)
	// Equal errors of 2.5: the larger λ is kept; its standard error is 0.29.
	if c.Min != 2 || c.OneSE != 2 || !math.IsInf(c.Mean[4], 1) || !math.IsInf(c.Error[4], 1) {
		t.Errorf("%+v", c)
	}
	losses := [][]float64{{9, 4, 1.9, 3, inf}, {9, 2, 4, 2, 4}, {9, 3, 2.3, 2.4, 4}}
	if c = Choose(losses, nil, lambdas); c.Min != 3 || c.OneSE != 2 {
		t.Errorf("%+v", c)
	}
	// Weights of 1, 1 and 0: the last fold has no say in the means.
	if c = Choose(losses, []float64{1, 1, 0}, lambdas); c.Mean[1] != 3 || c.Mean[3] != 2.5 || c.Min != 3 {
		t.Errorf("%+v", c)
	}
}

func TestDealAndCount(t *testing.T) {
	fold, err := Deal([]int{2, 0, 3, 1}, 3)
	if err != nil || !slices.Equal(fold, []int{1, 0, 0, 2}) {
		t.Errorf("%v, %v", fold, err)
	}
	if n, err := Count(fold, 4); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for want, f := range map[string]func() error{
		"5 folds of 4": func() error { _, err := Deal(make([]int, 4), 5); return err },
		"1 folds of 4": func() error { _, err := Deal(make([]int, 4), 1); return err },
		"for 3":        func() error { _, err := Count(fold, 3); return err },
		"count from 0": func() error { _, err := Count([]int{0, -1}, 2); return err },
		"in fold 1":    func() error { _, err := Count([]int{0, 2}, 2); return err },
		"at least 2":   func() error { _, err := Count([]int{0, 0}, 2); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
