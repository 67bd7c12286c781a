package linear

import (
	"math"

	"pare/internal/f64"
)

// gramLimit is the largest working set for which least squares keeps a Gram matrix,
// and newtonGram that for which every Newton step of another loss makes one.
const (
	gramLimit  = 8000
	newtonGram = 200
)

// slowSweeps is the number of sweeps after which the columns of a sparse working set are
// filled, if a factor can then solve it.
const slowSweeps = 300

// fill makes the columns of a sparse working set dense.
func (f *fitter) fill() {
	f.sparse = nil
	set := f.set
	for _, j := range set {
		f.place[j] = -1
	}
	f.set = nil
	f.admit(set)
}

// inner minimises on the working set until no violation exceeds target.
func (f *fitter) inner(lambda, target float64, out *outcome) {
	f.descent.sweeps, f.descent.limit = out.iterations, f.limit
	defer func() { out.iterations = f.descent.sweeps }()
	if f.loss.quadratic() {
		for range mostTangents {
			f.pen.step(f, lambda, target)
			f.refresh()
			if f.pen.convex() || f.descent.sweeps >= f.limit || f.violation(lambda) <= target {
				return
			}
		}
		return
	}
	if f.near != nil && len(f.near.row) == 1 && f.near.pays() {
		done := f.near.minimize(lambda, target, out)
		f.descent.sweeps = out.iterations
		if done {
			return
		}
	}
	wanted := f.nearest(target)
	best, patience := math.Inf(1), 5
	for range 100 {
		violation := f.violation(lambda)
		if violation <= wanted || f.descent.sweeps >= f.limit {
			return
		}
		most := violation
		if violation < best {
			best = violation
		} else {
			patience--
		}
		if patience > 0 {
			most *= 2
		}
		if !f.searchStep(lambda, wanted, violation, most) {
			return
		}
	}
}

// load fills the descent with the working set.
func (f *fitter) load(lambda float64) {
	d, t := &f.descent, f.t
	d.beta, d.l1, d.l2 = d.beta[:0], d.l1[:0], d.l2[:0]
	d.lower, d.upper = nil, nil
	for _, j := range f.set {
		d.beta = append(d.beta, f.beta[j])
		l1, l2 := f.pen.tangent(lambda, j, f.beta[j])
		d.l1, d.l2 = append(d.l1, l1), append(d.l2, l2)
		if t.lower != nil {
			d.lower, d.upper = append(d.lower, t.lower[j]), append(d.upper, t.upper[j])
		}
	}
	if t.alpha < 1 {
		f.newton.chol.Reset()
	}
}

func (f *fitter) store() {
	for k, j := range f.set {
		f.beta[j] = f.descent.beta[k]
	}
}

// step descends by coordinates, on sparse columns, a Gram matrix or residuals.
func (elasticNet) step(f *fitter, lambda, target float64) {
	f.loss.curvature(f.h, f.eta)
	f.load(lambda)
	d := &f.descent
	m := len(f.set)
	switch {
	case m == 0 && !f.t.intercept:
	case f.sparse != nil:
		r := &f.residual
		f.packed.hold(f.t, f.sparse, f.set)
		r.at(&f.packed, f.h, f.u, f.t.intercept)
		d.smooth = r
		d.curve = zeros(d.curve, m)
		for k := range d.curve {
			d.curve[k] = r.curvature(k)
		}
		all := d.limit
		if m <= directLimit {
			d.limit = min(all, d.sweeps+slowSweeps)
		}
		done := f.conjugate.minimize(d, r, target)
		d.limit = all
		f.intercept += r.moved()
		if !done && m <= directLimit && d.sweeps < all {
			f.store()
			f.fill()
			f.refresh()
			f.pen.step(f, lambda, target)
			return
		}
	case f.loss.quadratic() && m <= gramLimit:
		f.covariance(target)
	case !f.loss.quadratic() && m <= newtonGram:
		f.weighted(target)
	default:
		f.held = nil
		columns := make([][]float64, m)
		d.curve = zeros(d.curve, m)
		for k, j := range f.set {
			columns[k] = f.columns[j]
		}
		r := newResidual(columns, f.h, f.u, f.t.intercept)
		d.smooth = r
		for k := range d.curve {
			d.curve[k] = r.curvature(k)
		}
		d.solve(target, nil)
		f.intercept += r.moved()
	}
	f.store()
}

// centred fills a Gram matrix of columns centred in the metric h, if there is an intercept,
// and returns their means in it and Σh.
func (f *fitter) centred(g *gram, columns [][]float64, h []float64) (means []float64, total float64) {
	for _, w := range h {
		total += w
	}
	means = make([]float64, len(columns))
	weighted, store := make([][]float64, len(columns)), make([]float64, len(columns)*f.t.n)
	for k, x := range columns {
		weighted[k] = store[k*f.t.n : (k+1)*f.t.n]
		f64.Mul(weighted[k], x, h)
		if f.t.intercept {
			sum := 0.0
			for _, x := range weighted[k] {
				sum += x
			}
			means[k] = sum / total
			f64.Axpy(-means[k], h, weighted[k])
		}
	}
	g.fill(0, columns, weighted, 1)
	return means, total
}

// weighted solves a Newton step on a Gram matrix of its own.
func (f *fitter) weighted(target float64) {
	columns, pull := make([][]float64, len(f.set)), 0.0
	for k, j := range f.set {
		columns[k] = f.columns[j]
	}
	means, total := f.centred(&f.gram, columns, f.h)
	for _, u := range f.u {
		pull += u
	}
	f.gram.q = f.gram.q[:0]
	for k, x := range columns {
		f.gram.q = append(f.gram.q, f64.Dot(f.u, x)-means[k]*pull)
	}
	f.newton.chol.Reset()
	f.newton.order = f.newton.order[:0]
	old := append([]float64(nil), f.descent.beta...)
	f.solveGram(target)
	if f.t.intercept {
		f.intercept += pull / total
		for k, b := range f.descent.beta {
			f.intercept -= means[k] * (b - old[k])
		}
	}
}

// violation is the largest violation of the optimality conditions in the working set.
func (f *fitter) violation(lambda float64) float64 {
	worst, sum := 0.0, 0.0
	for _, u := range f.u {
		sum += u
	}
	if f.t.intercept {
		worst = math.Abs(sum)
	}
	return max(worst, f.pen.violation(f, lambda, func(j int) float64 { return f.correlation(j, sum) }))
}

func (f *fitter) correlation(j int, sum float64) float64 {
	if f.sparse != nil {
		return (f.sparse.Dot(j, f.u) - f.t.mean[j]*sum) / f.t.scale[j]
	}
	return f64.Dot(f.u, f.columns[j])
}

// searchStep takes a Newton step, or a part of it that lowers the objective, and
// returns whether that was possible. Near the optimum, where the objective is equal
// up to rounding, the violation has to be below most instead. The target of the step is a
// part of the violation at its start.
func (f *fitter) searchStep(lambda, target, violation, most float64) bool {
	old := make([]float64, len(f.set))
	for k, j := range f.set {
		old[k] = f.beta[j]
	}
	from := f.intercept
	before := f.loss.value(f.eta) + f.pen.value(lambda, f.beta, f.set)
	equal := 10 * f.rounding(before)
	f.pen.step(f, lambda, max(0.3*target, 0.01*violation, f.nearest(0)))
	for range 40 {
		f.refresh()
		after := f.loss.value(f.eta) + f.pen.value(lambda, f.beta, f.set)
		if change := after - before; change < -equal || change < equal && f.violation(lambda) < most {
			return true
		}
		f.intercept = (f.intercept + from) / 2
		for k, j := range f.set {
			f.beta[j] = (f.beta[j] + old[k]) / 2
		}
	}
	f.intercept = from
	for k, j := range f.set {
		f.beta[j] = old[k]
	}
	f.refresh()
	return false
}

// covariance solves least squares on the Gram matrix that grows with the set: by a factor
// as long as that pays, then by conjugate gradients, unless single precision is not
// enough for the features.
func (f *fitter) covariance(target float64) {
	wide, isWide := f.held.(*wideGram)
	if large := len(f.set) > directLimit && !f.rounded; f.held == nil || large != isWide {
		if large {
			wide = newWideGram(f.t.n, f.t.threads)
			f.held = wide
		} else {
			wide = nil
			f.gram = gram{threads: f.t.threads}
			f.newton = newton{}
			f.held = &f.gram
		}
		f.extend(0)
	}
	if f.aged || f.fine(target) {
		f.settleGram()
	}
	switch {
	case wide == nil:
		f.solveGram(target)
	case !wide.inRange() || !f.wide(wide, target):
		f.rounded = true
		f.covariance(target)
	}
}

// fine reports whether a target is so small that the rounding of moves on a Gram matrix matters.
func (f *fitter) fine(target float64) bool { return target < 1e-9*math.Sqrt(f.unit) }

// wide solves on a Gram matrix in single precision, and returns whether that was enough.
func (f *fitter) wide(w *wideGram, target float64) bool {
	f.descend(w)
	if f.conjugate.minimize(&f.descent, w, target) || f.descent.sweeps >= f.descent.limit {
		return true
	}
	f.store()
	f.refresh()
	return false
}

// descend lets the descent move on covariances.
func (f *fitter) descend(c covariances) {
	d := &f.descent
	d.curve = zeros(d.curve, len(f.set))
	for k := range d.curve {
		d.curve[k] = c.curvature(k)
	}
	c.begin(d.beta)
	d.smooth = c
}

// solveGram solves on gram.
func (f *fitter) solveGram(target float64) {
	f.descend(&f.gram)
	f.descent.solve(target, func() bool { return f.newton.finish(&f.descent, &f.gram) })
}

// extend adds the features of the set from the given one on to the Gram matrix.
func (f *fitter) extend(from int) {
	columns := make([][]float64, len(f.set))
	for k, j := range f.set {
		columns[k] = f.columns[j]
	}
	f.held.extend(columns, from, f.t.v)
	f.correlate(f.held.state()[from:], f.set[from:])
}

// correlate sets q to the correlations of u with the features of list.
func (f *fitter) correlate(q []float64, list []int) {
	threads := sharing(f.t.threads, len(list)*f.t.n, combineValues)
	inRanges(len(list), panelColumns, threads, func(k, to int) {
		for ; k+4 <= to; k += 4 {
			s := f64.Dot4(f.u, f.columns[list[k]], f.columns[list[k+1]], f.columns[list[k+2]], f.columns[list[k+3]])
			copy(q[k:], s[:])
		}
		for ; k < to; k++ {
			q[k] = f64.Dot(f.u, f.columns[list[k]])
		}
	})
}
