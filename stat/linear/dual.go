package linear

import (
	"math"
	"slices"
)

// project sets fair to u, moved to be feasible for what has no penalty: at λ = 0 that
// is every feature which is not at a bound.
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

// mix moves fair towards that of the model without penalised features, which is as
// feasible for what has no penalty.
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

// negligible tells that thresholds at λ are below the rounding of correlations.
func (f *fitter) negligible(lambda float64) bool {
	return lambda*f.t.alpha <= 1e-12*f.t.largest*math.Sqrt(f.unit)
}

// setNull sets the objective without penalised features, after that of the intercept
// alone, and the gap to reach. Where unpenalised features explain nearly all of the
// response the predictors are rounded in proportion to its size, not to the residuals.
func (f *fitter) setNull(null float64) {
	if f.unit == 0 {
		f.unit = null
	}
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

// prove sets the gap to a dual objective, which is that of the dual point of the given
// scale. The losses are not negative, so that zero is a dual point too, with the
// objective zero. A gap that is negative by rounding is zero; one that is more negative
// than that, as rounding tells, would be an error, and stays.
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

// rounding is that of an objective.
func (f *fitter) rounding(objective float64) float64 {
	return 1e-15 * (f.unit + objective + f.cancelled())
}

// cancelled is the size of what is added up in predictors and multiplied by residuals:
// where large coefficients cancel that is far more than the objective.
func (f *fitter) cancelled() float64 {
	sum := math.Abs(f.intercept)
	for _, j := range f.set {
		sum += math.Abs(f.beta[j]) * f.t.extent(j)
	}
	return sum * f.screen.size
}

// room returns the largest s for which s·u is feasible, and whether there are
// correlations over their threshold of which the conjugate is finite, because of a
// ridge or a bound. These do not limit s unless strict is set: it finds the point
// where they vanish.
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
			if strict || !limited {
				most = min(most, 1/excess)
			}
		}
	}
	return most, smooth
}

// dualAt returns the dual objective at s·u, s at most most, and s. With smooth
// conjugates s is most, or what is best without them.
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
