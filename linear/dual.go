package linear

import "math"

// measure computes objective and gap of the whole problem.
func (f *fitter) measure(lambda float64, out *outcome) {
	out.loss = f.loss.value(f.eta)
	out.objective = out.loss + f.penaltySum(lambda)
	most, smooth := f.room(lambda, false)
	best := f.dualAt(lambda, most, smooth)
	if smooth && best < out.objective-f.tolerance*f.null {
		most, _ = f.room(lambda, true)
		best = max(best, f.dualAt(lambda, most, true))
	}
	out.gap = max(0, out.objective-best) // below zero by rounding only
	out.converged = out.gap <= f.tolerance*f.null
}

func (f *fitter) penaltySum(lambda float64) float64 {
	sum := 0.0
	for _, j := range f.set {
		sum += f.t.penalty(lambda, j, f.beta[j])
	}
	return sum
}

// room returns the largest s for which s·u is feasible, and whether there are
// correlations over their threshold of which the conjugate is finite, because of a
// ridge or a bound. These do not limit s unless strict is set: it finds the point
// where they vanish.
func (f *fitter) room(lambda float64, strict bool) (most float64, smooth bool) {
	most = 1 // beyond it correlations below their threshold could pass it
	for _, j := range f.screen.fresh {
		w := f.t.factor[j]
		if w == 0 {
			continue
		}
		if excess := f.excess(j, lambda*f.t.alpha*w); excess > 1 {
			limited := f.limited(j, lambda*w)
			smooth = smooth || limited
			if strict || !limited {
				most = min(most, 1/excess)
			}
		}
	}
	return most, smooth
}

// limited tells that the conjugate of the penalty of feature j is finite, because of
// a ridge or because the bound in the direction of the correlation is.
func (f *fitter) limited(j int, strength float64) bool {
	if strength*(1-f.t.alpha) > 0 {
		return true
	}
	lower, upper := f.t.limits(j)
	return f.screen.c[j] > 0 && !math.IsInf(upper, 0) || f.screen.c[j] < 0 && !math.IsInf(lower, 0)
}

// dualAt returns the dual objective at s·u, s at most most. With smooth conjugates
// s is most, or one.
func (f *fitter) dualAt(lambda, most float64, smooth bool) float64 {
	if !smooth {
		value, _ := f.loss.conjugate(f.fair, most)
		return value
	}
	s := min(most, 1)
	scaled := f.h // free at this point
	for i, u := range f.fair {
		scaled[i] = s * u
	}
	value, more := f.loss.conjugate(scaled, 1)
	return value - f.conjugates(lambda, s*more)
}

// conjugates is the sum of the conjugates of the penalties at s·u.
func (f *fitter) conjugates(lambda, s float64) float64 {
	sum := 0.0
	for _, j := range f.screen.fresh {
		if w := f.t.factor[j]; w > 0 {
			sum += f.penaltyConjugate(j, s*f.screen.c[j], lambda*w)
		}
	}
	return sum
}

// penaltyConjugate is sup over β within bounds of cβ − strength(α|β| + (1−α)/2 β²).
func (f *fitter) penaltyConjugate(j int, c, strength float64) float64 {
	over := math.Abs(c) - strength*f.t.alpha
	if over <= 0 {
		return 0
	}
	lower, upper := f.t.limits(j)
	room := upper
	if c < 0 {
		room = -lower
	}
	ridge := strength * (1 - f.t.alpha)
	if ridge > 0 {
		room = min(room, over/ridge)
	}
	switch {
	case room == 0:
		return 0
	case math.IsInf(room, 1):
		if over <= 1e-12*strength {
			return 0 // scaled to the threshold, up to rounding
		}
		return room
	}
	return over*room - ridge/2*room*room
}
