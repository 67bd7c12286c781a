package folds

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestStretchesOfTime compares with scikit-learn's TimeSeriesSplit, with the observations in
// another order, too.
func TestStretchesOfTime(t *testing.T) {
	text, err := os.ReadFile("testdata/time.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Splits []struct {
			N, Folds int
			Fold     []int
		}
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for _, s := range want.Splits {
		time := make([]float64, s.N)
		for i := range time {
			time[i] = float64(i) - 5
		}
		for range 2 {
			d := Design{Folds: s.Folds, Time: time}
			p, err := d.Plan(s.N)
			if err != nil || !p.Forward || p.Count != s.Folds || !slices.Equal(p.Fold[0], s.Fold) {
				t.Errorf("%d folds of %d: %v, %v", s.Folds, s.N, p, err)
			}
			slices.Reverse(time)
			slices.Reverse(s.Fold)
		}
	}
}

// TestStretchesKeepTimesTogether: observations of one time are in one fold, later folds have
// later times, and no fold is empty.
func TestStretchesKeepTimesTogether(t *testing.T) {
	time := []float64{3, 1, 1, 1, 1, 1, 2, 2, 1, 3, 4, 1}
	for folds := 2; folds <= 3; folds++ {
		d := Design{Folds: folds, Time: time}
		p, err := d.Plan(len(time))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int]bool{}
		for i, a := range p.Fold[0] {
			seen[a] = true
			for j, b := range p.Fold[0] {
				if time[i] < time[j] && a > b || time[i] == time[j] && a != b {
					t.Errorf("%d folds: times %v and %v are in folds %d and %d", folds, time[i], time[j], a, b)
				}
			}
		}
		if len(seen) != folds+1 {
			t.Errorf("%d folds: %v", folds, p.Fold)
		}
		if p.Trains(1, 1) || p.Trains(2, 1) || !p.Trains(0, 1) || !p.Trains(-1, 0) {
			t.Error("a fold is not fitted to the observations before it")
		}
	}
}

// TestStrataAreSpread: the folds have as many observations of each stratum, up to one, in each
// repeat; the first repeat is the one without repeats, the others differ.
func TestStrataAreSpread(t *testing.T) {
	strata := make([]int, 103)
	for i := range strata {
		strata[i] = i * i % 5
	}
	d := Design{Folds: 4, Strata: strata, Repeats: 3, Seed: 9}
	p, err := d.Plan(len(strata))
	if err != nil || len(p.Fold) != 3 {
		t.Fatal(err)
	}
	for _, fold := range p.Fold {
		count := map[[2]int]int{}
		all := map[int]int{}
		for i, k := range fold {
			count[[2]int{strata[i], k}]++
			all[strata[i]]++
		}
		for s, n := range all {
			for k := range 4 {
				if c := count[[2]int{s, k}]; c < n/4 || c > n/4+1 {
					t.Errorf("stratum %d of %d has %d in fold %d", s, n, c, k)
				}
			}
		}
	}
	if slices.Equal(p.Fold[0], p.Fold[1]) || slices.Equal(p.Fold[1], p.Fold[2]) {
		t.Error("repeats have the same folds")
	}
	d.Repeats = 0
	if one, err := d.Plan(len(strata)); err != nil || !slices.Equal(one.Fold[0], p.Fold[0]) {
		t.Errorf("the first repeat is another draw, %v", err)
	}
}

func TestDesignErrors(t *testing.T) {
	ten, time := make([]int, 10), make([]float64, 10)
	for want, d := range map[string]Design{
		"groups of 9 observations":         {Together: ten[1:]},
		"strata of 9 observations":         {Strata: ten[1:]},
		"times of 9 observations":          {Time: time[1:]},
		"-1 repeats":                       {Repeats: -1},
		"assigned, and folds in time":      {Assigned: ten, Time: time},
		"are of folds that are drawn":      {Time: time, Repeats: 2},
		"would part it":                    {Together: ten, Strata: ten},
		"there are 1 different times":      {Time: time, Folds: 3},
		"10 folds in time; at least 2 are": {Time: time},
	} {
		if _, err := d.Plan(10); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestChooseRepeated: the mean is taken over all folds, and repeats do not shrink the standard
// error; of a gain the largest is chosen.
func TestChooseRepeated(t *testing.T) {
	lambdas := []float64{2, 1}
	folds := [][]float64{{1, 3}, {2, 5}, {3, 4}}
	one := Choose(folds, nil, lambdas)
	twice := ChooseRepeated([][][]float64{folds, folds}, [][]float64{nil, nil}, lambdas, false)
	if !slices.Equal(one.Mean, twice.Mean) || twice.Error[0] < 0.999*one.Error[0] || twice.Error[0] > 1.001*one.Error[0] {
		t.Errorf("%v and %v", one, twice)
	}
	gain := ChooseRepeated([][][]float64{folds}, [][]float64{nil}, lambdas, true)
	if one.Min != 0 || gain.Min != 1 || gain.OneSE != 1 {
		t.Errorf("%v and %v", one, gain)
	}
}
