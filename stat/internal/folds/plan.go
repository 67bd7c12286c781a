package folds

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Design says how observations are divided into folds. The zero value is ten folds, drawn.
type Design struct {
	Folds   int    // 0: 10
	Repeats int    // of the draw, each with other folds; 0: 1
	Seed    uint64 // of the draw
	// Together, unless nil, names a group for each observation; a group is in one fold.
	Together []int
	// Strata, unless nil, names a stratum for each observation; each stratum is spread evenly
	// over the folds.
	Strata []int
	// Assigned, unless nil, is the fold of each observation, from 0.
	Assigned []int
	// Time, unless nil, orders the observations. The folds are then stretches of time after a
	// first one that is in no fold, and each is predicted from all observations before it.
	// Observations of one time are not parted.
	Time []float64
}

// Plan is the folds of a cross-validation.
type Plan struct {
	// Fold is, for each repeat, the fold of each observation, from 0; −1: in none.
	Fold  [][]int
	Count int // of the folds of one repeat
	// Forward: an observation serves the fits of later folds only, not of earlier ones.
	Forward bool
}

// Trains reports whether an observation in fold own is fitted when fold k is left out.
func (p *Plan) Trains(own, k int) bool {
	if p.Forward {
		return own < k
	}
	return own != k
}

// Plan divides n observations.
func (d *Design) Plan(n int) (*Plan, error) {
	for _, list := range []struct {
		name   string
		length int
	}{{"groups", len(d.Together)}, {"strata", len(d.Strata)}, {"times", len(d.Time)}} {
		if list.length != 0 && list.length != n {
			return nil, fmt.Errorf("%s of %d observations for %d", list.name, list.length, n)
		}
	}
	if d.Repeats < 0 {
		return nil, fmt.Errorf("%d repeats", d.Repeats)
	}
	drawn := d.Assigned == nil && d.Time == nil
	switch {
	case d.Assigned != nil && d.Time != nil:
		return nil, fmt.Errorf("folds that are assigned, and folds in time")
	case !drawn && (d.Together != nil || d.Strata != nil || d.Repeats > 1):
		return nil, fmt.Errorf("groups, strata and repeats are of folds that are drawn")
	case d.Together != nil && d.Strata != nil:
		return nil, fmt.Errorf("groups and strata: one observation of a group would part it")
	case d.Assigned != nil:
		count, err := Count(d.Assigned, n)
		return &Plan{Fold: [][]int{slices.Clone(d.Assigned)}, Count: count}, err
	case d.Time != nil:
		fold, err := stretches(d.Time, cmp.Or(d.Folds, 10))
		return &Plan{Fold: [][]int{fold}, Count: cmp.Or(d.Folds, 10), Forward: true}, err
	}
	p := &Plan{Count: cmp.Or(d.Folds, 10)}
	for repeat := range max(d.Repeats, 1) {
		fold, err := d.draw(n, p.Count, repeat)
		if err != nil {
			return nil, err
		}
		p.Fold = append(p.Fold, fold)
	}
	return p, nil
}

// draw deals the units, shuffled, into folds.
func (d *Design) draw(n, count, repeat int) ([]int, error) {
	units := make([]int, n) // observations of one unit stay together
	for i := range units {
		units[i] = i
		if d.Together != nil {
			units[i] = d.Together[i]
		}
	}
	names := slices.Clone(units)
	slices.Sort(names)
	names = slices.Compact(names)
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	r := rand.New(rand.NewPCG(d.Seed, 0x9e3779b97f4a7c15+uint64(repeat)))
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	if d.Strata != nil {
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(d.Strata[i], d.Strata[j]) })
	}
	of, err := Deal(order, count)
	if err != nil {
		return nil, err
	}
	for i, unit := range units {
		at, _ := slices.BinarySearch(names, unit)
		units[i] = of[at]
	}
	return units, nil
}

// stretches divides observations by time: the last count stretches of equal size are folds,
// the observations before them are in none. A stretch begins with the first observation of
// its time, so with many observations of one time it may be longer or shorter.
func stretches(time []float64, count int) ([]int, error) {
	n := len(time)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(time[a], time[b]) })
	var starts []int // in order, of each time
	for at, i := range order {
		if at == 0 || time[i] != time[order[at-1]] {
			starts = append(starts, at)
		}
	}
	if count < 2 || count >= len(starts) {
		return nil, fmt.Errorf("%d folds in time; at least 2 are needed, and a time more than folds: there are %d different times",
			count, len(starts))
	}
	size, last := n/(count+1), 0
	fold := slices.Repeat([]int{-1}, n)
	for k := range count {
		begin := n - (count-k)*size
		at, exact := slices.BinarySearch(starts, begin)
		if !exact {
			at--
		}
		last = min(max(at, last+1), len(starts)-(count-k))
		for _, i := range order[starts[last]:] {
			fold[i] = k
		}
	}
	return fold, nil
}
