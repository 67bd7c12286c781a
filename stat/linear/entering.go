package linear

import (
	"cmp"
	"math"
	"slices"
)

// missing lists units outside the working set of which the correlations exceed the
// threshold, those that exceed it most if there are many.
func (f *fitter) missing(lambda float64) []int {
	var list []int
	for _, unit := range f.pen.fresh(f.screen) {
		if f.place[f.pen.first(unit)] >= 0 {
			continue
		}
		threshold := lambda * f.t.alpha * f.pen.weight(unit)
		if f.pen.norm(unit, f.c) > threshold && f.excess(unit, threshold) > 1 {
			list = append(list, unit)
		}
	}
	return f.foremost(list)
}

// likely is beyond which part of λ a correlation at the last solution is expected to be
// beyond λ at the next.
const likely = 1.02

// expected is missing by the correlations as they were last computed, near the solution
// for the λ before.
func (f *fitter) expected(lambda float64) []int {
	var list []int
	for j, c := range f.screen.c {
		if threshold := lambda * f.t.alpha * f.t.factor[j]; math.Abs(c) > threshold && f.place[j] < 0 && f.excess(j, threshold) > 1 {
			list = append(list, j)
		}
	}
	return f.foremost(list)
}

// foremost shortens a list of units to those that exceed their threshold most.
func (f *fitter) foremost(list []int) []int {
	if most := max(100, len(f.set)); len(list) > most {
		over := func(unit int) float64 { return f.pen.norm(unit, f.c) / f.pen.weight(unit) }
		slices.SortFunc(list, func(i, j int) int { return cmp.Or(cmp.Compare(over(j), over(i)), i-j) })
		list = list[:most]
		slices.Sort(list)
	}
	return list
}
