package guard

import (
	"cmp"
	"math"
	"slices"
)

// Threshold is the smallest t among the |w| with
// (offset + #{w ≤ −t}) / max(1, #{w ≥ t}) ≤ q, or +Inf where there is none.
// With offset 1 it is knockoff+, which bounds the false discovery rate by q and
// selects nothing or at least 1/q features; with 0 it is the knockoff filter,
// which bounds E[V/(R+1/q)] only (Barber & Candès 2015).
func Threshold(w []float64, q float64, offset int) float64 {
	type size struct {
		t        float64
		positive bool
	}
	sizes := make([]size, 0, len(w))
	for _, v := range w {
		if v != 0 && !math.IsNaN(v) {
			sizes = append(sizes, size{math.Abs(v), v > 0})
		}
	}
	slices.SortFunc(sizes, func(a, b size) int { return cmp.Compare(b.t, a.t) })
	best := math.Inf(1)
	positive, negative := 0, 0
	for i, s := range sizes {
		if s.positive {
			positive++
		} else {
			negative++
		}
		if i+1 < len(sizes) && sizes[i+1].t == s.t {
			continue // equal sizes are on the same side of any t
		}
		if float64(offset+negative) <= q*float64(max(1, positive)) {
			best = s.t
		}
	}
	return best
}

// above are the indices with w ≥ t.
func above(w []float64, t float64) []int {
	out := []int{}
	for j, v := range w {
		if v >= t {
			out = append(out, j)
		}
	}
	return out
}
