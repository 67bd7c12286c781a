package linear

import (
	"cmp"
	"math"
	"slices"

	"pare/internal/f64"
)

// fitter solves a task for one λ after another, each from the solution before.
type fitter struct {
	t        *task
	loss     loss
	pen      penalty
	screen   *screen
	c, noise func(feature int) float64 // correlations of the last update, and their rounding

	beta      []float64 // all features, standardised
	intercept float64   // on the standardised scale
	eta, u    []float64 // at beta
	fair      []float64 // u, projected to be feasible for features without a penalty
	first     []float64 // fair of the model without penalised features
	h         []float64
	slope     []float64 // correlations of the working set with u, where proximal steps are taken
	apart     float64   // the largest difference of a correlation with u from the one in the screen

	set     []int // working set
	place   []int // of each feature in it, or −1
	columns map[int][]float64
	sparse  *Sparse  // the design, if it is sparse
	nonzero struct { // of the last predictors
		columns [][]float64
		values  []float64
	}

	descent   descent
	newton    newton
	conjugate conjugate
	near      *proximal // nil: not for this loss and penalty
	packed    packed
	residual  sparseResidual
	scaled    []float64
	gram      gram
	held      covariances // of set, with gradients at beta; nil: none
	aged      bool        // its gradients belong to the last λ, or have rounding errors of moves
	rounded   bool        // single precision is not enough for the Gram matrix

	lambdas [2]float64 // the last two
	former  []float64  // the coefficients for the one before the last

	null      float64 // objective without penalised features
	unit      float64 // of the tolerance: null, or more if null is rounding
	goal      float64 // the gap to reach
	keepDual  bool
	loose     bool        // see slack
	whole     *projection // of all features, for λ = 0
	idle      []bool      // features that depend on others without a penalty and stay at 0; at λ = 0, of all; nil: none
	tolerance float64
	limit     int
}

// outcome is how the fit of one λ ended.
type outcome struct {
	objective, loss, gap float64
	scale                float64 // of the dual point
	iterations           int
	converged            bool
	separable            bool
	gradient             float64 // at λ = 0
	stationarity         float64 // of a penalty that is not convex
	dependent            int
}

// newFitter keeps the columns that it fills in columns.
func newFitter(t *task, l loss, p penalty, columns map[int][]float64, o Options) *fitter {
	f := &fitter{t: t, loss: l, pen: p, columns: columns, screen: newScreen(t), keepDual: o.KeepDual,
		tolerance: cmp.Or(o.Tolerance, 1e-6), limit: cmp.Or(o.MaxIterations, 100_000)}
	f.beta = make([]float64, t.p)
	f.place = make([]int, t.p)
	for j := range f.place {
		f.place[j] = -1
	}
	f.eta, f.u, f.fair, f.h = make([]float64, t.n), make([]float64, t.n), make([]float64, t.n), make([]float64, t.n)
	f.c = func(j int) float64 { return f.screen.c[j] }
	f.noise = func(j int) float64 { return 4e-16 * t.extent(j) * f.screen.size }
	f.sparse, _ = t.x.(*Sparse)
	if t.intercept {
		f.intercept = l.start()
	}
	f.admitFree()
	f.refresh()
	f.setNull(l.value(f.eta))
	return f
}

// admitFree adds the units without a penalty to the working set. Features that depend on those
// before them stay at zero, as at λ = 0; groups are solved whole.
func (f *fitter) admitFree() {
	t := f.t
	if _, grouped := f.pen.(*groupLasso); grouped {
		for _, j := range t.free {
			f.admit(f.pen.features(f.pen.unit(j)))
		}
		return
	}
	f.admit(t.basis.kept)
	if len(t.basis.kept) == len(t.free) {
		return
	}
	f.idle = make([]bool, t.p)
	for _, j := range t.free {
		f.idle[j] = true
	}
	for _, j := range t.basis.kept {
		f.idle[j] = false
	}
}

// refresh computes η and u from the coefficients.
func (f *fitter) refresh() {
	f.predict()
	f.loss.dual(f.u, f.eta)
	f.apart = math.Inf(1)
}

// predict computes η from the coefficients.
func (f *fitter) predict() {
	shift := f.intercept
	if f.sparse != nil {
		f.packed.hold(f.t, f.sparse, f.set)
		f.scaled = zeros(f.scaled, len(f.set))
		for k, j := range f.set {
			f.scaled[k] = f.beta[j]
		}
		f.packed.times(f.eta, f.scaled)
		shift -= f64.Dot(f.scaled, f.packed.mean)
	} else {
		f.combine()
	}
	for i := range f.eta {
		f.eta[i] += shift
	}
	if f.t.offset != nil {
		f64.Axpy(1, f.t.offset, f.eta)
	}
}

// A task of combine takes combineRows observations, for any number of threads; a second
// thread pays from combineValues values on.
const (
	combineRows   = 2560
	combineValues = 1 << 18
)

// combine sets η to the columns of the working set times their coefficients.
func (f *fitter) combine() {
	columns, values := f.nonzero.columns[:0], f.nonzero.values[:0]
	for _, j := range f.set {
		if b := f.beta[j]; b != 0 {
			columns, values = append(columns, f.columns[j]), append(values, b)
		}
	}
	f.nonzero.columns, f.nonzero.values = columns, values
	threads := sharing(f.t.threads, len(columns)*f.t.n, combineValues)
	inRanges(f.t.n, combineRows, threads, func(from, to int) {
		eta := f.eta[from:to]
		clear(eta)
		k := 0
		for ; k+4 <= len(columns); k += 4 {
			f64.Axpy4((*[4]float64)(values[k:]), &[4][]float64{columns[k][from:to], columns[k+1][from:to],
				columns[k+2][from:to], columns[k+3][from:to]}, eta)
		}
		for ; k < len(columns); k++ {
			f64.Axpy(values[k], columns[k][from:to], eta)
		}
	})
}

// admit adds features to the working set.
func (f *fitter) admit(list []int) {
	from := len(f.set)
	for _, j := range list {
		if f.place[j] >= 0 {
			continue
		}
		f.place[j] = len(f.set)
		f.set = append(f.set, j)
		if f.sparse == nil && f.columns[j] == nil {
			x := make([]float64, f.t.n)
			f.t.column(j, x)
			f.columns[j] = x
		}
	}
	if f.held != nil {
		f.extend(from)
	}
}

// enter adds units to the working set, and returns whether there are any.
func (f *fitter) enter(units []int) bool {
	var list []int
	for _, unit := range units {
		list = append(list, f.pen.features(unit)...)
	}
	f.admit(list)
	return len(units) > 0
}

// trim takes units at zero out of the working set, unless the Gram matrix of all features
// that were ever in it is kept.
func (f *fitter) trim() {
	if s, ok := f.t.x.(*Sparse); ok && f.sparse == nil {
		f.sparse, f.held = s, nil
	}
	if f.held != nil || f.near != nil && f.near.holds() {
		return
	}
	if f.near != nil {
		f.near.forget()
	}
	f.set = slices.DeleteFunc(f.set, func(j int) bool {
		gone := f.beta[j] == 0 && f.t.factor[j] > 0 && f.pen.norm(f.pen.unit(j), func(j int) float64 { return f.beta[j] }) == 0
		if gone {
			f.place[j] = -1
		}
		return gone
	})
	for k, j := range f.set {
		f.place[j] = k
	}
}

// solve minimises for λ. Each round solves on the working set, computes the gap of the
// whole problem and admits units that violate the optimality conditions.
func (f *fitter) solve(lambda float64) outcome {
	switch {
	case lambda == 0:
		return f.solveUnpenalised()
	case !f.pen.convex():
		return f.solveStationary(lambda)
	}
	f.trim()
	f.allow(lambda, false)
	f.aged = true
	if f.sparse != nil || f.near != nil && f.near.expects() {
		f.admit(f.expected(likely * lambda))
	}
	f.extrapolate(lambda)
	var out outcome
	strict, rough := 0.8, 0.0
	if f.iterative() {
		// Missing units show long before the working set is solved.
		rough = 0.02 * lambda
	}
	for {
		f.inner(lambda, max(f.target(strict), rough), &out)
		f.project(lambda)
		if rough > 0 && out.iterations < f.limit {
			f.screen.beside(f.fair, f.pen.bound(lambda*f.t.alpha), f.place)
		} else {
			f.look(f.pen.bound(lambda * f.t.alpha))
			f.measure(lambda, &out)
			if out.converged || out.iterations >= f.limit {
				return out
			}
		}
		missing := f.missing(lambda)
		if !f.enter(missing) && rough == 0 {
			if f.loose && strict < 1e-12 {
				if f.negligible(lambda) {
					f.project(0) // residuals without any correlation are feasible for every λ
					f.screen.update(f.fair, f.pen.bound(lambda*f.t.alpha))
					f.measure(lambda, &out)
				}
				return out
			}
			f.allow(lambda, strict < 1e-12)
			strict *= 0.1
			_, f.aged = f.held.(*wideGram)
			f.rounded = f.rounded || f.aged && strict < enough
		}
		rough = 0
		if f.iterative() { // the next ones that are missing violate less than these
			for _, unit := range missing {
				rough = max(rough, 0.1*(f.excess(unit, 1)/f.pen.weight(unit)-lambda*f.t.alpha))
			}
		}
	}
}

// look lets the screen compute correlations with the dual point.
func (f *fitter) look(threshold float64) {
	f.screen.update(f.fair, threshold)
	square := 0.0
	for i, w := range f.t.v {
		if d := f.u[i] - f.fair[i]; d != 0 {
			square += d * d / w
		}
	}
	f.apart = f.t.largest * math.Sqrt(square)
}

// nearest is the violation to reach for a target: as little as rounding allows, which is a part
// of its bound, where the target is as small as that.
func (f *fitter) nearest(target float64) float64 {
	if floor := f.floor(); target <= floor {
		return floor / 4
	}
	return target
}

// enough is the part of the target at which a Gram matrix in single precision is given
// up: gradients have been computed anew several times then.
const enough = 1e-6

// iterative reports whether the working set is solved by conjugate gradients or sweeps, not by
// a factor or by proximal steps.
func (f *fitter) iterative() bool {
	return f.sparse != nil || len(f.set) > directLimit && (f.near == nil || !f.near.pays())
}

// extrapolate goes on along the line through the last two solutions, because paths
// are piecewise linear in λ, unless a factor will find the next solution anyway.
func (f *fitter) extrapolate(lambda float64) {
	last := f.lambdas
	f.lambdas = [2]float64{lambda, last[0]}
	if f.former == nil {
		f.former = make([]float64, f.t.p)
	}
	move := f.iterative() && last[1] > last[0] && last[0] > lambda
	t := (last[0] - lambda) / (last[1] - last[0])
	f.scaled = zeros(f.scaled, len(f.set))
	for k, j := range f.set {
		old, b := f.former[j], f.beta[j]
		f.former[j] = b
		next := b + t*(b-old)
		if !move || old == 0 || b*next <= 0 {
			continue
		}
		lower, upper := f.t.limits(j)
		next = min(max(next, lower), upper)
		f.beta[j], f.scaled[k] = next, next-b
	}
	if !move {
		return
	}
	f.screen.forget()
	if f.held != nil {
		f.settleGram()
		f.held.shift(f.scaled)
		return // the residuals follow when the working set has been solved
	}
	f.refresh()
}

// settleGram takes the rounding of past moves out of the correlations of the Gram matrix.
func (f *fitter) settleGram() {
	f.correlate(f.held.state(), f.set)
	f.aged = false
}

// target is the violation of the optimality conditions for which the gap of the
// working set is within the tolerance: the gap is about the violation times ‖β‖₁.
func (f *fitter) target(strict float64) float64 {
	sum := 0.0
	for _, j := range f.set {
		sum += math.Abs(f.beta[j])
	}
	return max(strict*f.goal/max(sum, math.Sqrt(f.unit)), f.floor())
}

// floor is the rounding of correlations: no violation can be asked to be less.
func (f *fitter) floor() float64 { return 2e-15 * f.t.largest * math.Sqrt(f.unit) }

// missing lists units outside the working set whose correlations exceed the threshold; if
// there are many, the ones that exceed it most.
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
	if most := max(100, len(f.set)); len(list) > most && f.t.alpha > 0 {
		over := func(unit int) float64 { return f.pen.norm(unit, f.c) / f.pen.weight(unit) }
		slices.SortFunc(list, func(i, j int) int { return cmp.Or(cmp.Compare(over(j), over(i)), i-j) })
		list = list[:most]
		slices.Sort(list)
	}
	return list
}
