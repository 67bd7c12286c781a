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

// slowSweeps is after how many sweeps over a sparse working set that a factor could
// solve its columns are filled to use one.
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
	f.penalties(lambda)
	f.descent.sweeps, f.descent.limit = out.iterations, f.limit
	defer func() { out.iterations = f.descent.sweeps }()
	if f.loss.quadratic() {
		f.step(target)
		f.refresh()
		return
	}
	for range 100 {
		if f.violation() <= target || f.descent.sweeps >= f.limit || !f.searchStep(target) {
			return
		}
	}
}

// penalties fills what the descent needs to know about the working set.
func (f *fitter) penalties(lambda float64) {
	d, t := &f.descent, f.t
	d.l1, d.l2 = d.l1[:0], d.l2[:0]
	d.lower, d.upper = d.lower[:0], d.upper[:0]
	for _, j := range f.set {
		d.l1 = append(d.l1, lambda*t.factor[j]*t.alpha)
		d.l2 = append(d.l2, lambda*t.factor[j]*(1-t.alpha))
		if t.lower != nil {
			d.lower, d.upper = append(d.lower, t.lower[j]), append(d.upper, t.upper[j])
		}
	}
	if t.lower == nil {
		d.lower, d.upper = nil, nil
	}
	if t.alpha < 1 {
		f.newton.chol.Reset()
	}
}

func (f *fitter) load() {
	d := &f.descent
	d.beta = zeros(d.beta, len(f.set))
	for k, j := range f.set {
		d.beta[k] = f.beta[j]
	}
}

func (f *fitter) store() {
	for k, j := range f.set {
		f.beta[j] = f.descent.beta[k]
	}
}

// step minimises the quadratic model of the loss at the present point.
func (f *fitter) step(target float64) {
	f.loss.curvature(f.h, f.eta)
	f.load()
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
			f.step(target)
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

// weighted solves a Newton step on a Gram matrix of its own, of columns centred in
// the metric of the second derivatives.
func (f *fitter) weighted(target float64) {
	m := len(f.set)
	columns, weighted := make([][]float64, m), make([][]float64, m)
	total, pull := 0.0, 0.0
	for i, w := range f.h {
		total += w
		pull += f.u[i]
	}
	means := make([]float64, m)
	store := make([]float64, m*f.t.n)
	f.gram.q = f.gram.q[:0]
	for k, j := range f.set {
		columns[k] = f.columns[j]
		weighted[k] = store[k*f.t.n : (k+1)*f.t.n]
		f64.Mul(weighted[k], columns[k], f.h)
		q := f64.Dot(f.u, columns[k])
		if f.t.intercept {
			sum := 0.0
			for _, x := range weighted[k] {
				sum += x
			}
			means[k] = sum / total
			f64.Axpy(-means[k], f.h, weighted[k])
			q -= means[k] * pull
		}
		f.gram.q = append(f.gram.q, q)
	}
	f.gram.fill(0, columns, weighted, 1)
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

// violation is how much the optimality conditions on the working set are violated.
func (f *fitter) violation() float64 {
	d, worst, sum := &f.descent, 0.0, 0.0
	for _, u := range f.u {
		sum += u
	}
	if f.t.intercept {
		worst = math.Abs(sum)
	}
	for k, j := range f.set {
		b := f.beta[j]
		g := f.correlation(j, sum) - d.l2[k]*b
		lower, upper := f.t.limits(j)
		v := math.Abs(g) - d.l1[k]
		if b != 0 {
			v = g - math.Copysign(d.l1[k], b)
		}
		if b != 0 && (v > 0 && b >= upper || v < 0 && b <= lower) || b == 0 && (g > 0 && upper == 0 || g < 0 && lower == 0) {
			v = 0
		}
		if b == 0 {
			v = max(v, 0)
		}
		worst = max(worst, math.Abs(v))
	}
	return worst
}

func (f *fitter) correlation(j int, sum float64) float64 {
	if f.sparse != nil {
		return (f.sparse.Dot(j, f.u) - f.t.mean[j]*sum) / f.t.scale[j]
	}
	return f64.Dot(f.u, f.columns[j])
}

func (f *fitter) descentPenalty() float64 {
	sum := 0.0
	for k, j := range f.set {
		b := f.beta[j]
		sum += f.descent.l1[k]*math.Abs(b) + f.descent.l2[k]/2*b*b
	}
	return sum
}

// searchStep takes a Newton step, or a part of it that lowers the objective, and
// returns whether that was possible. Near the optimum, where the objective is equal
// up to rounding, the violation has to be lower instead. The target of the step is a
// part of the violation at its start.
func (f *fitter) searchStep(target float64) bool {
	old := make([]float64, len(f.set))
	for k, j := range f.set {
		old[k] = f.beta[j]
	}
	from, violation := f.intercept, f.violation()
	before := f.loss.value(f.eta) + f.descentPenalty()
	equal := 10 * f.rounding(before)
	f.step(max(0.3*target, 0.01*violation, f.floor()))
	for range 40 {
		f.refresh()
		after := f.loss.value(f.eta) + f.descentPenalty()
		if change := after - before; change < -equal || change < equal && f.violation() < violation {
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
