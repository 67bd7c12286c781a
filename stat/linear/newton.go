package linear

import (
	"math"
	"slices"

	"pare/internal/dense"
)

// directLimit is the largest support on which Newton steps are taken: beyond it the
// factor costs more than sweeps.
const directLimit = 400

// newton moves a descent on a Gram matrix to the minimum on its present support.
type newton struct {
	chol  dense.Factor
	order []int     // the support, in the order of the factor
	rhs   []float64 // and the step, in the order of the factor
	first []float64 // by feature: minus the gradient at the start
	moved []float64 // by feature
}

// finish moves to the minimum with the present support and signs, by a Cholesky factor.
// Where a coefficient would change its sign or leave its bounds on the way it stops there,
// takes that one out and continues with the rest; the function decreases all the way. It
// returns false if the support is too large or empty.
func (n *newton) finish(d *descent, g *gram) bool {
	if !n.arrange(d) {
		return false
	}
	m := len(d.beta)
	n.first, n.moved = zeros(n.first, m), zeros(n.moved, m)
	for _, j := range n.order {
		n.first[j] = g.q[j] - d.l2[j]*d.beta[j]
		if d.beta[j] != 0 {
			n.first[j] -= math.Copysign(d.l1[j], d.beta[j])
		}
	}
	inside := append([]int(nil), n.order...)
	for len(inside) > 0 {
		kept := n.chol.Grow(inside, func(i, j int) float64 {
			if i == j {
				return g.g[i][i] + d.l2[i]
			}
			return g.g[i][j]
		})
		if len(kept) < len(inside) {
			if j := n.slide(inside, kept, d, g); j >= 0 {
				inside = slices.DeleteFunc(inside, func(i int) bool { return i == j })
				continue
			}
		}
		n.rest(kept, d, g)
		n.chol.Solve(n.rhs)
		j := n.advance(kept, n.rhs, 1, d)
		if j < 0 {
			break
		}
		inside = slices.DeleteFunc(inside, func(i int) bool { return i == j })
	}
	for _, j := range n.order {
		if n.moved[j] != 0 {
			g.move(j, n.moved[j])
		}
	}
	return true
}

// zeros returns s with n values, all zero.
func zeros(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n, n+n/2)
	}
	s = s[:n]
	clear(s)
	return s
}

// rest sets rhs to minus the gradient after the moves so far.
func (n *newton) rest(kept []int, d *descent, g *gram) {
	n.rhs = n.rhs[:0]
	for _, j := range kept {
		row, r := g.g[j], n.first[j]-d.l2[j]*n.moved[j]
		for _, other := range n.order {
			if s := n.moved[other]; s != 0 {
				r -= row[other] * s
			}
		}
		n.rhs = append(n.rhs, r)
	}
}

// slide moves a feature that depends linearly on others, with these so that their sum
// stays the same, the way that lowers the penalty, until one of them ends at zero or at
// a bound. It returns that one, or −1 if none does.
func (n *newton) slide(inside, kept []int, d *descent, g *gram) int {
	at := 0
	for at < len(kept) && inside[at] == kept[at] {
		at++
	}
	j := inside[at]
	step := make([]float64, 0, len(kept)+1)
	for _, i := range kept {
		step = append(step, -g.g[j][i])
	}
	n.chol.Solve(step)
	moving := append(slices.Clone(kept), j)
	step = append(step, 1)
	slope := 0.0
	n.rest(moving, d, g)
	for k, r := range n.rhs {
		slope += r * step[k]
	}
	if slope < 0 {
		for k := range step {
			step[k] = -step[k]
		}
	}
	return n.advance(moving, step, math.Inf(1), d)
}

// advance moves the coefficients of list along step, at most most times its length, until
// one of them ends at zero or at a bound. It returns that one, or −1. If most is infinite
// and no coefficient ends the step, it does not move.
func (n *newton) advance(list []int, step []float64, most float64, d *descent) int {
	t, stop, end := reach(list, step, most, d)
	if math.IsInf(t, 1) {
		return -1
	}
	for k, j := range list {
		d.beta[j] += t * step[k]
		n.moved[j] += t * step[k]
	}
	if stop < 0 {
		return -1
	}
	j := list[stop]
	n.moved[j] += end - d.beta[j]
	d.beta[j] = end
	return j
}

// reach returns the part t of step, at most most, that the coefficients can go, with the
// one of kept that stops there, or −1, and its value there.
func reach(kept []int, steps []float64, most float64, d *descent) (t float64, stop int, end float64) {
	t, stop = most, -1
	for k, j := range kept {
		b, step := d.beta[j], steps[k]
		limit := math.Copysign(math.Inf(1), step)
		if d.l1[j] > 0 && b*step < 0 {
			limit = 0
		} else if d.lower != nil {
			limit = d.upper[j]
			if step < 0 {
				limit = d.lower[j]
			}
		}
		if step == 0 || math.IsInf(limit, 0) {
			continue
		}
		if part := (limit - b) / step; part < t {
			t, stop, end = max(part, 0), k, limit
		}
	}
	return t, stop, end
}

// arrange sets order to the support without features at a bound: first the features that it
// had before, in the same order, so that the factor can be used again.
func (n *newton) arrange(d *descent) bool {
	n.order = slices.DeleteFunc(n.order, func(j int) bool { return !d.moves(j) })
	n.first = zeros(n.first, len(d.beta))
	for _, j := range n.order {
		n.first[j] = 1
	}
	for j := range d.beta {
		if n.first[j] == 0 && d.moves(j) {
			n.order = append(n.order, j)
		}
	}
	return len(n.order) > 0 && len(n.order) <= directLimit
}
