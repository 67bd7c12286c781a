package linear

import (
	"cmp"
	"math"
	"slices"

	"pare/internal/dense"
	"pare/internal/f64"
)

// project sets fair to u, moved to be feasible for features without a penalty: at λ = 0 all
// that are not at a bound.
func (f *fitter) project(lambda float64) {
	copy(f.fair, f.u)
	free := f.basis(lambda)
	if f.loss.softness(f.h, f.fair) {
		free.applyIn(f.h, f.fair)
	}
	free.apply(f.fair)
	if lambda > 0 && f.first != nil {
		f.mix(f.loss.outside(f.fair, f.first))
	}
}

// mix moves fair towards the dual point of the model without penalised features, which is as
// feasible for features without a penalty.
func (f *fitter) mix(t float64) {
	if t == 0 {
		return
	}
	for i, u := range f.first {
		f.fair[i] += t * (u - f.fair[i])
	}
}

// setFirst sets the dual point of the model without penalised features.
func (f *fitter) setFirst() {
	f.first = nil
	f.project(1)
	f.first = slices.Clone(f.fair)
	f.allow(0, true)
}

func (f *fitter) basis(lambda float64) *projection {
	if lambda > 0 {
		return f.t.basis
	}
	if f.whole == nil || f.t.lower != nil {
		inside := f.inside()
		f.whole = newProjection(f.t, inside)
		f.idle = make([]bool, f.t.p)
		for _, j := range inside {
			f.idle[j] = true
		}
		for _, j := range f.whole.kept {
			f.idle[j] = false
		}
	}
	return f.whole
}

// inside lists the features that are not at a bound.
func (f *fitter) inside() []int {
	var list []int
	for j, w := range f.t.factor {
		if lower, upper := f.t.limits(j); !math.IsInf(w, 1) && f.beta[j] > lower && f.beta[j] < upper {
			list = append(list, j)
		}
	}
	return list
}

// dualPoint returns the scaled dual point.
func (f *fitter) dualPoint(scale float64) []float64 {
	point := make([]float64, f.t.n)
	for i, u := range f.fair {
		point[i] = scale * u
	}
	return point
}

// allow says whether thresholds at λ are so small that correlations are rounding, or
// that nothing but rounding keeps the gap from being small.
func (f *fitter) allow(lambda float64, stuck bool) {
	f.loose = stuck || f.negligible(lambda)
}

// negligible reports whether thresholds at λ are below the rounding of correlations.
func (f *fitter) negligible(lambda float64) bool {
	return lambda*f.t.alpha <= 1e-12*f.t.largest*math.Sqrt(f.unit)
}

// setNull sets the objective without penalised features, after the objective of the
// intercept alone, and the gap to reach. Where unpenalised features explain nearly all of the
// response the predictors are rounded in proportion to its size, not to the residuals.
func (f *fitter) setNull(null float64) {
	f.unit = cmp.Or(f.unit, null)
	size := math.Sqrt(null * f.unit)
	f.null = null
	f.unit = max(null, 1e-15*f.unit)
	f.goal = max(f.tolerance*f.unit, 1e-15*size)
}

// measure computes objective and gap of the whole problem.
func (f *fitter) measure(lambda float64, out *outcome) {
	out.loss = f.loss.value(f.eta)
	out.objective = out.loss + f.pen.value(lambda, f.beta, f.set)
	most, smooth := f.room(lambda, false)
	best, scale := f.dualAt(lambda, most, smooth)
	if smooth && best < out.objective-f.goal {
		most, _ = f.room(lambda, true)
		if value, s := f.dualAt(lambda, most, true); value > best {
			best, scale = value, s
		}
	}
	f.prove(best, scale, f.rounding(out.objective), out)
}

// prove sets the gap to the objective of the dual point of the given scale. The losses are
// not negative, so that zero is a dual point too, with the objective zero. A gap that is
// negative by rounding is zero; a gap that is more negative would be an error, and stays.
func (f *fitter) prove(best, scale, rounding float64, out *outcome) {
	if !(best > 0) {
		best, scale = 0, 0
	}
	out.gap, out.scale = out.objective-best, scale
	if out.gap < 0 && out.gap >= -rounding {
		out.gap = 0
	}
	out.converged = out.gap >= 0 && out.gap <= f.goal
}

// rounding is the rounding of an objective.
func (f *fitter) rounding(objective float64) float64 {
	return 1e-15 * (f.unit + objective + f.cancelled() + f.loss.terms())
}

// cancelled is the size of the terms of predictors times residuals: where large coefficients
// cancel it is far more than the objective.
func (f *fitter) cancelled() float64 {
	sum := math.Abs(f.intercept)
	for _, j := range f.set {
		sum += math.Abs(f.beta[j]) * f.t.extent(j)
	}
	return sum * f.screen.size
}

// room returns the largest s for which s·u is feasible, and whether there are correlations
// over their threshold whose conjugate is still finite, because of a ridge or a bound.
// These do not limit s unless strict is set: it finds the point where they vanish, except for
// units at a bound, whose conjugate is as large as their part of the primal for any s.
func (f *fitter) room(lambda float64, strict bool) (most float64, smooth bool) {
	most = 1 // beyond it correlations below their threshold could pass it
	for _, unit := range f.pen.fresh(f.screen) {
		w := f.pen.weight(unit)
		if w == 0 || f.pen.norm(unit, f.c) <= lambda*f.t.alpha*w {
			continue
		}
		if excess := f.excess(unit, lambda*f.t.alpha*w); excess > 1 {
			limited := lambda*w*(1-f.t.alpha) > 0 || !math.IsInf(f.pen.room(unit, f.c), 1)
			smooth = smooth || limited
			if strict && !f.pressed(unit) || !limited {
				most = min(most, 1/excess)
			}
		}
	}
	return most, smooth
}

// pressed reports whether the coefficient of a unit is at a bound that is not zero, against which
// its correlation pushes it.
func (f *fitter) pressed(unit int) bool {
	j := f.pen.first(unit)
	b := f.beta[j]
	return b != 0 && math.Abs(b) == f.pen.room(unit, f.c) && b > 0 == (f.c(j) > 0)
}

// dualAt returns the dual objective at s·u, s at most most, and s. With smooth
// conjugates s is most, or the best s without them.
func (f *fitter) dualAt(lambda, most float64, smooth bool) (value, s float64) {
	value, s = f.loss.conjugate(f.fair, most)
	if smooth {
		value -= f.conjugates(lambda, s)
	}
	return value, s
}

// conjugates is the sum of the conjugates of the penalties at s·u.
func (f *fitter) conjugates(lambda, s float64) float64 {
	sum := 0.0
	for _, unit := range f.pen.fresh(f.screen) {
		if w := f.pen.weight(unit); w > 0 && !f.idles(unit) {
			sum += f.conjugateOf(unit, s, lambda*w)
		}
	}
	return sum
}

// projection makes dual points feasible for features without a penalty: it takes from u the
// part V·B(BᵀVB)⁻¹Bᵀu, with B the column of ones, if there is an intercept, and the columns
// of these features, so that Bᵀu = 0.
type projection struct {
	v       []float64
	basis   [][]float64 // of the columns of B, orthonormal in the metric V
	kept    []int       // the features of B that do not depend on the ones before them
	factor  [][]float64 // by vector of the basis: the column it was made of, in the basis up to it
	scratch []float64
}

// alike is the norm of the part of a column that others do not explain, relative to
// its own, that is rounding.
const alike = 1e-13

// newProjection makes B of the intercept, if there is one, and the given features.
func newProjection(t *task, features []int) *projection { return newProjectionIn(t, t.v, features) }

// newProjectionIn is newProjection with weights v of the observations.
func newProjectionIn(t *task, v []float64, features []int) *projection {
	p := &projection{v: v, scratch: make([]float64, t.n)}
	rank := 0
	for _, v := range v {
		if v > 0 {
			rank++
		}
	}
	x := make([]float64, t.n)
	if t.intercept {
		for i := range x {
			x[i] = 1
		}
		x, _ = p.include(x, alike)
	}
	extent := 0.0 // of the columns that are kept: their rounding is in proportion to it
	for _, j := range features {
		if len(p.basis) == rank {
			break
		}
		t.column(j, x)
		own := t.extent(j) / t.normOf(j)
		var added bool
		if x, added = p.include(x, max(alike, 1e-15*max(own, extent))); added {
			p.kept = append(p.kept, j)
			extent = max(extent, own)
		}
	}
	return p
}

// include adds the part of x that is new to the basis, by Gram and Schmidt, twice, unless
// it is rounding. It returns a slice for the next column, and
// whether it added anything.
func (p *projection) include(x []float64, rounding float64) (next []float64, added bool) {
	size := p.norm(x)
	column := make([]float64, len(p.basis)+1)
	for range 2 {
		for k, b := range p.basis {
			f64.Mul(p.scratch, p.v, b)
			along := f64.Dot(p.scratch, x)
			f64.Axpy(-along, b, x)
			column[k] += along
		}
	}
	rest := p.norm(x)
	if !(rest > rounding*size) {
		return x, false
	}
	for i := range x {
		x[i] /= rest
	}
	column[len(p.basis)] = rest
	p.basis, p.factor = append(p.basis, x), append(p.factor, column)
	return make([]float64, len(x)), true
}

// coefficients returns by how much the coefficients of B have to change for the residuals u
// of least squares to be orthogonal to all columns of B: the intercept first, if there is
// one, then the features of kept.
func (p *projection) coefficients(u []float64) []float64 {
	d := make([]float64, len(p.basis))
	for k, b := range p.basis {
		d[k] = f64.Dot(b, u)
	}
	for k := len(d) - 1; k >= 0; k-- {
		d[k] /= p.factor[k][k]
		f64.Axpy(-d[k], p.factor[k][:k], d[:k])
	}
	return d
}

func (p *projection) norm(x []float64) float64 {
	f64.Mul(p.scratch, p.v, x)
	return math.Sqrt(f64.Dot(p.scratch, x))
}

// apply projects u.
func (p *projection) apply(u []float64) {
	for range 2 { // the second time removes the rounding of the first
		for _, b := range p.basis {
			f64.MulAxpy(-f64.Dot(b, u), b, p.v, u)
		}
	}
}

// applyIn projects u in the metric h instead of V. The moves are in proportion to h, as
// those by a Newton step on the unpenalised coefficients are.
func (p *projection) applyIn(h, u []float64) {
	factor, kept := dense.Independent(len(p.basis), func(i, j int) float64 {
		f64.Mul(p.scratch, h, p.basis[i])
		return f64.Dot(p.scratch, p.basis[j])
	})
	part := make([]float64, len(kept))
	for range 2 {
		for k, i := range kept {
			part[k] = f64.Dot(p.basis[i], u)
		}
		factor.Solve(part)
		for k, i := range kept {
			f64.MulAxpy(-part[k], p.basis[i], h, u)
		}
	}
}
