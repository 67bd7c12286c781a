package linear

import "math"

// penalty is λ Σ ω(α‖β‖₂ + (1−α)/2 ‖β‖²) over units, which are features or groups of them,
// within bounds. An optimum with correlations c = X̃ᵀu has ‖c‖ ≤ λαω for a unit at zero; for
// every other unit c is λω(α β/‖β‖ + (1−α)β), unless bounds hold it.
//
// Vectors are passed as functions of a feature: readers need few of their values.
type penalty interface {
	// unit is the unit of a feature, features the features of a unit that are neither
	// constant nor excluded, and first the first of these.
	unit(feature int) int
	features(unit int) []int
	first(unit int) int
	// weight is ω: 0 leaves the unit free, +Inf excludes it.
	weight(unit int) float64
	// norm is ‖v‖₂ over the features of a unit: the dual norm of correlations.
	norm(unit int, v func(feature int) float64) float64
	// room is the distance that the unit can move from zero, in the direction of its
	// correlations c, before a bound holds it.
	room(unit int, c func(feature int) float64) float64
	// value is the penalty of β, which is zero outside of set.
	value(lambda float64, beta []float64, set []int) float64
	// fresh lists the units whose correlations the screen computed last. bound is its
	// threshold for single correlations, over ω: a unit with no correlation beyond it has a
	// norm, over ω, of at most the given threshold.
	fresh(s *screen) []int
	bound(threshold float64) float64
	// step minimises the quadratic model of the loss at the present point, plus the penalty,
	// over the working set, until no violation exceeds target: the proximal map in the metric
	// of the Hessian.
	step(f *fitter, lambda, target float64)
	// violation is the largest violation of the optimality conditions in the working set,
	// given the correlations of its features.
	violation(f *fitter, lambda float64, c func(feature int) float64) float64
	// tangent returns l1 and l2 of l1|β| + l2/2 β², which is the penalty of a feature that is a
	// unit, or touches it from above where the coefficient is b, up to a constant.
	tangent(lambda float64, feature int, b float64) (l1, l2 float64)
	// convex reports whether it is, so that there is a duality gap.
	convex() bool
}

// Penalty is a penalty other than the elastic net: Ridge, MCP or SCAD.
type Penalty interface {
	// check returns an error if a value is out of range.
	check() error
	// lasso is α: the part of the penalty that makes zeros.
	lasso() float64
	bind(t *task) penalty
}

// Ridge is the penalty λ/2 Σ ωⱼβⱼ², which makes no zeros: every model has all features. The
// largest λ of its path is the largest of α = 0.001.
type Ridge struct{}

func (Ridge) check() error { return nil }

func (Ridge) lasso() float64 { return 0 }

func (Ridge) bind(t *task) penalty { return elasticNet{t} }

// elasticNet is a penalty with every feature as a unit: the lasso if α is 1.
type elasticNet struct{ *task }

func (p elasticNet) unit(j int) int { return j }

func (p elasticNet) features(j int) []int { return []int{j} }

func (p elasticNet) first(j int) int { return j }

func (p elasticNet) weight(j int) float64 { return p.factor[j] }

func (p elasticNet) norm(j int, v func(int) float64) float64 { return math.Abs(v(j)) }

func (p elasticNet) room(j int, c func(int) float64) float64 {
	lower, upper := p.limits(j)
	if c(j) < 0 {
		return -lower
	}
	return upper
}

func (p elasticNet) value(lambda float64, beta []float64, set []int) float64 {
	sum := 0.0
	for _, j := range set {
		if b := beta[j]; b != 0 && p.factor[j] != 0 {
			sum += lambda * p.factor[j] * (p.alpha*math.Abs(b) + (1-p.alpha)/2*b*b)
		}
	}
	return sum
}

func (t *task) tangent(lambda float64, j int, _ float64) (l1, l2 float64) {
	return lambda * t.factor[j] * t.alpha, lambda * t.factor[j] * (1 - t.alpha)
}

func (t *task) convex() bool { return true }

func (p elasticNet) fresh(s *screen) []int { return s.fresh }

func (p elasticNet) bound(threshold float64) float64 { return threshold }

func (p elasticNet) violation(f *fitter, lambda float64, c func(int) float64) float64 {
	worst := 0.0
	for _, j := range f.set {
		b, l1 := f.beta[j], lambda*p.factor[j]*p.alpha
		g := c(j) - lambda*p.factor[j]*(1-p.alpha)*b
		over := max(0, math.Abs(g)-l1)
		if b != 0 {
			g -= math.Copysign(l1, b)
			over = math.Abs(g)
		}
		if lower, upper := p.limits(j); g > 0 && b < upper || g < 0 && b > lower {
			worst = max(worst, over)
		}
	}
	return worst
}

// excess is ‖c‖/threshold of a unit without the rounding of c, zero where a bound at zero
// makes it harmless, or the feature is a combination of others without a penalty.
func (f *fitter) excess(unit int, threshold float64) float64 {
	if f.idles(unit) || f.pen.room(unit, f.c) == 0 {
		return 0
	}
	return (f.pen.norm(unit, f.c) - f.slack(unit)) / threshold
}

// entry is the least λα for which the correlations of a unit are within their threshold,
// zero where they are rounding.
func (f *fitter) entry(unit int) float64 {
	if c := f.excess(unit, 1); c > 0 {
		return (c + 2*f.slack(unit)) / f.pen.weight(unit)
	}
	return 0
}

// idles reports whether feature j depends on others without a penalty, up to rounding, so that
// its correlation is rounding as long as theirs are.
func (f *fitter) idles(j int) bool { return f.idle != nil && f.idle[j] }

// slack is the amount by which the correlations of a unit may exceed their threshold: their
// rounding error, if columns are multiplied before they are centred and the threshold is
// small enough for this to matter, else zero.
func (f *fitter) slack(unit int) float64 {
	if !f.loose {
		return 0
	}
	return f.pen.norm(unit, f.noise)
}

// conjugateOf is sup over the coefficients of a unit, within bounds, of
// s·cᵀβ − strength(α‖β‖ + (1−α)/2 ‖β‖²).
func (f *fitter) conjugateOf(unit int, s, strength float64) float64 {
	c := s * f.pen.norm(unit, f.c)
	over := c - strength*f.t.alpha
	if over <= 0 {
		return 0
	}
	room, ridge := f.pen.room(unit, f.c), strength*(1-f.t.alpha)
	if ridge > 0 {
		room = min(room, over/ridge)
	}
	switch {
	case room == 0:
		return 0
	case math.IsInf(room, 1):
		if over <= f.slack(unit)+1e-15*c {
			return 0
		}
		return room
	}
	return over*room - ridge/2*room*room
}
