package linear

import (
	"cmp"
	"math"
	"slices"
)

// missing lists features outside the working set of which the correlation exceeds
// the threshold, those that exceed it most if there are many.
func (f *fitter) missing(lambda float64) []int {
	var list []int
	for _, j := range f.screen.fresh {
		if f.place[j] >= 0 {
			continue
		}
		threshold := lambda * f.t.alpha * f.t.factor[j]
		if math.Abs(f.screen.c[j]) > threshold && f.excess(j, threshold) > 1 {
			list = append(list, j)
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

// foremost shortens a list of features to those that exceed their threshold most.
func (f *fitter) foremost(list []int) []int {
	if most := max(100, len(f.set)); len(list) > most {
		over := func(j int) float64 { return math.Abs(f.screen.c[j]) / f.t.factor[j] }
		slices.SortFunc(list, func(i, j int) int { return cmp.Or(cmp.Compare(over(j), over(i)), i-j) })
		list = list[:most]
		slices.Sort(list)
	}
	return list
}

// excess is |cⱼ|/threshold without the rounding of cⱼ, zero where a bound at zero
// makes it harmless or, at λ = 0, feature j is a combination of others.
func (f *fitter) excess(j int, threshold float64) float64 {
	c := f.screen.c[j]
	lower, upper := f.t.limits(j)
	if c > 0 && upper == 0 || c < 0 && lower == 0 || f.idles(j) {
		return 0
	}
	return (math.Abs(c) - f.slack(j)) / threshold
}

// entry is the least λα for which the correlation of feature j is within its threshold,
// zero for one that is rounding.
func (f *fitter) entry(j int) float64 {
	if c := f.excess(j, 1); c > 0 {
		return (c + 2*f.slack(j)) / f.t.factor[j]
	}
	return 0
}

// idles tells that feature j depends on others at λ = 0, up to rounding, so that its
// correlation is rounding as long as theirs are.
func (f *fitter) idles(j int) bool { return f.idle != nil && f.idle[j] }
