package linear

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"pare/internal/f64"
)

// minimize solves on the working groups until no violation exceeds target.
func (e *grouped) minimize(lambda, target float64, out *outcome) {
	before := e.loss.value(e.eta) + e.groupPenalty(lambda)
	least, stale := math.Inf(1), 0
	for range 100 {
		old, from := append([]float64(nil), e.beta...), e.intercept
		worst := e.newtonStep(lambda, target, out)
		e.refresh()
		if e.loss.quadratic() || out.iterations >= e.limit {
			return
		}
		after := e.loss.value(e.eta) + e.groupPenalty(lambda)
		equal := 10 * e.rounding(before)
		for try := 0; after > before+equal && try < 40; try++ {
			e.intercept = (e.intercept + from) / 2
			for _, j := range e.set {
				e.beta[j] = (e.beta[j] + old[j]) / 2
			}
			e.refresh()
			after = e.loss.value(e.eta) + e.groupPenalty(lambda)
		}
		if worst <= target || after > before+equal {
			return
		}
		// Near the optimum, where objectives are equal up to rounding, violations
		// still get less.
		if stale++; after < before-equal || worst < least {
			stale = 0
		}
		if stale == 3 {
			return
		}
		before, least = after, min(least, worst)
	}
}

// newtonStep minimises the quadratic model at the present point by sweeps over the
// groups, and returns the violation that the first sweep met.
func (e *grouped) newtonStep(lambda, target float64, out *outcome) float64 {
	e.loss.curvature(e.h, e.eta)
	columns := make([][]float64, len(e.set))
	for k, j := range e.set {
		columns[k] = e.columns[j]
	}
	r := newResidual(columns, e.h, e.u, e.t.intercept)
	e.load()
	e.prepare(lambda, columns)
	beta := e.descent.beta
	all := make([]int, len(beta))
	for k := range all {
		all[k] = k
	}
	history := &e.descent.history
	history.clear()
	first, start := -1.0, out.iterations
	least, stale := math.Inf(1), 0
	for out.iterations < e.limit && stale < staleSweeps {
		worst := r.settle()
		for k := range e.blocks {
			worst = max(worst, e.blocks[k].step(r, beta))
		}
		out.iterations++
		if stale++; worst < 0.9*least {
			least, stale = worst, 0
		}
		if first < 0 {
			first = worst
		}
		if worst <= target || !e.loss.quadratic() && worst < 0.01*first {
			break
		}
		if history.push(beta, all, r.point) {
			if sweeps := out.iterations - start; sweeps < slowGroups || !e.newtonGroups(r, beta) {
				e.extrapolate(r, beta)
			}
			history.clear()
		}
	}
	e.store()
	e.intercept += r.moved()
	return first
}

// prepare makes the blocks of the working groups with their part of the Hessian.
func (e *grouped) prepare(lambda float64, columns [][]float64) {
	keep := e.loss.quadratic()
	if !keep {
		e.blocks = e.blocks[:0]
	}
	from := 0
	for k, g := range e.list {
		to := from + len(e.members[g])
		if k >= len(e.blocks) {
			hessian := mat.NewSymDense(to-from, nil)
			weighted := make([]float64, e.t.n)
			for a := from; a < to; a++ {
				f64.Mul(weighted, columns[a], e.h)
				for b := a; b < to; b++ {
					hessian.SetSym(a-from, b-from, f64.Dot(weighted, columns[b]))
				}
			}
			e.blocks = append(e.blocks, newBlock(from, to, hessian))
		}
		e.blocks[k].l1 = lambda * e.factor[g] * e.t.alpha
		e.blocks[k].l2 = lambda * e.factor[g] * (1 - e.t.alpha)
		from = to
	}
}

// step minimises over the block and returns how far the gradient was from optimal.
func (b *block) step(r *residual, beta []float64) float64 {
	g := make([]float64, b.to-b.from)
	for i := range g {
		g[i] = r.gradient(b.from + i)
	}
	own := beta[b.from:b.to]
	b.minimize(g, own)
	change, top := 0.0, 0.0
	for i, now := range b.next {
		if d := now - own[i]; d != 0 {
			own[i] = now
			r.move(b.from+i, d)
			change += d * d
		}
	}
	for _, d := range b.values {
		top = max(top, d)
	}
	return (top + b.l2) * math.Sqrt(change)
}

// extrapolate goes to the combination of the past sweeps if that is lower.
func (e *grouped) extrapolate(r *residual, beta []float64) {
	next, state, ok := e.descent.history.combine()
	if !ok {
		return
	}
	before := r.value() + e.blockPenalty(beta)
	old := append([]float64(nil), r.point...)
	copy(r.point, state)
	if r.value()+e.blockPenalty(next) < before {
		copy(beta, next)
		return
	}
	copy(r.point, old)
}

func (e *grouped) blockPenalty(beta []float64) float64 {
	sum := 0.0
	for _, b := range e.blocks {
		square := 0.0
		for _, v := range beta[b.from:b.to] {
			square += v * v
		}
		sum += b.l1*math.Sqrt(square) + b.l2/2*square
	}
	return sum
}
