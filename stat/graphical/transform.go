package graphical

import (
	"cmp"
	"math"
	"slices"
)

// Nonparanormal replaces each variable by the normal quantiles Φ⁻¹(rank/(n+1)) of its ranks
// (Liu, Lafferty and Wasserman 2009), so that neither outliers nor the scale of a variable
// counts. Equal values get the mean of their ranks.
func Nonparanormal(x []float64, n, p int) {
	order := upTo(n)
	for j := range p {
		at := func(i int) float64 { return x[i*p+j] }
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(at(a), at(b)) })
		scores := make([]float64, n)
		for from := 0; from < n; {
			to := from + 1
			for to < n && at(order[to]) == at(order[from]) {
				to++
			}
			rank := float64(from+1+to) / 2
			for _, i := range order[from:to] {
				scores[i] = math.Sqrt2 * math.Erfinv(2*rank/float64(n+1)-1)
			}
			from = to
		}
		for i, v := range scores {
			x[i*p+j] = v
		}
	}
}
