package linear

import (
	"math"
	"slices"

	"pare/internal/dense"
	"pare/internal/f64"
)

// slowGroups is after how many sweeps Newton steps on the groups that are not zero
// begin: where columns are nearly dependent sweeps hardly move.
const slowGroups = 20

// newtonGroups takes Newton steps on the groups that are not zero, where the penalty is
// smooth, as long as they lower the objective and end where a group becomes zero. It
// returns whether it took any.
func (e *grouped) newtonGroups(r *residual, beta []float64) bool {
	var list []int
	group, norms := make([]int, len(beta)), make([]float64, len(e.blocks))
	for k := range e.blocks {
		b := &e.blocks[k]
		norms[k] = norm2(beta[b.from:b.to])
		for i := b.from; i < b.to && (norms[k] > 0 || b.l1 == 0); i++ {
			list = append(list, i)
			group[i] = k
		}
	}
	if len(list) == 0 || len(list) > directLimit {
		return false
	}
	hessian := e.smoothHessian(r, list)
	place := make([]int, len(beta))
	for at, i := range list {
		place[i] = at
	}
	at := func(i, j int) float64 {
		v := hessian[max(place[i], place[j])][min(place[i], place[j])]
		b, n := &e.blocks[group[i]], norms[group[i]]
		if i == j {
			// What is added lets dependent columns move: far, until one is zero.
			v += b.l2 + 1e-12*v
			if b.l1 > 0 {
				v += b.l1 / n
			}
		}
		if group[i] == group[j] && b.l1 > 0 {
			v -= b.l1 * beta[i] * beta[j] / (n * n * n)
		}
		return v
	}
	for moved := false; ; moved = true {
		var factor dense.Factor
		kept := factor.Grow(list, at)
		step := e.smoothGradient(r, beta, kept, group)
		before := norm2(step)
		factor.Solve(step)
		zero, ok := e.moveGroups(r, beta, kept, step, func() bool {
			return norm2(e.smoothGradient(r, beta, kept, group)) < before
		})
		if !ok || zero < 0 {
			return ok || moved
		}
		for k, b := range e.blocks {
			norms[k] = norm2(beta[b.from:b.to])
		}
		list = slices.DeleteFunc(list, func(i int) bool { return i == zero })
	}
}

// smoothGradient returns minus the gradient of the objective by features of groups that
// are not zero.
func (e *grouped) smoothGradient(r *residual, beta []float64, list, group []int) []float64 {
	g := make([]float64, len(list))
	for k, i := range list {
		b := &e.blocks[group[i]]
		g[k] = r.gradient(i) - b.l2*beta[i]
		if b.l1 > 0 {
			g[k] -= b.l1 * beta[i] / norm2(beta[b.from:b.to])
		}
	}
	return g
}

func norm2(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// smoothHessian returns the lower triangle of the Hessian of the loss, with the
// intercept eliminated.
func (e *grouped) smoothHessian(r *residual, list []int) [][]float64 {
	hessian := make([][]float64, len(list))
	means := make([]float64, len(list))
	weighted := make([]float64, e.t.n)
	for a, i := range list {
		f64.Mul(weighted, r.columns[i], r.h)
		for _, w := range weighted {
			means[a] += w
		}
		hessian[a] = make([]float64, a+1)
		for b := range hessian[a] {
			hessian[a][b] = f64.Dot(weighted, r.columns[list[b]])
			if r.intercept {
				hessian[a][b] -= means[a] * means[b] / r.total
			}
		}
	}
	return hessian
}

// moveGroups goes along the step as far as lowers the objective or, where that is equal
// up to rounding, is flatter, and returns which feature became zero, or −1, and whether it
// went anywhere.
func (e *grouped) moveGroups(r *residual, beta []float64, kept []int, step []float64, flatter func() bool) (zero int, ok bool) {
	before := r.value() + e.blockPenalty(beta)
	equal := e.rounding(before)
	old, point := append([]float64(nil), beta...), append([]float64(nil), r.point...)
	most, first := e.firstZero(beta, kept, step)
	for t := most; t > 1e-12*most; t /= 2 {
		for k, i := range kept {
			next := beta[i] + t*step[k]
			if t == most && k == first {
				next = 0
			}
			r.move(i, next-beta[i])
			beta[i] = next
		}
		r.settle()
		change := r.value() + e.blockPenalty(beta) - before
		if change < -equal || change < equal && flatter() {
			if t == most && first >= 0 {
				return kept[first], true
			}
			return -1, true
		}
		copy(beta, old)
		copy(r.point, point)
	}
	return -1, false
}

// firstZero returns how far along the step, at most 1, no group of one feature changes
// its sign, with the place in kept of the one that becomes zero there, or −1.
func (e *grouped) firstZero(beta []float64, kept []int, step []float64) (most float64, zero int) {
	most, zero = 1, -1
	for _, b := range e.blocks {
		if b.to-b.from > 1 || b.l1 == 0 {
			continue
		}
		k, ok := slices.BinarySearch(kept, b.from)
		if !ok || beta[b.from]*step[k] >= 0 {
			continue
		}
		if t := -beta[b.from] / step[k]; t < most {
			most, zero = t, k
		}
	}
	return most, zero
}
