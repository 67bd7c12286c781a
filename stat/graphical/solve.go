package graphical

import (
	"math"

	"pare/internal/dense"
)

const (
	firstPrecision = 1e-3  // of the lassos in the first sweep, in units of correlations
	lastChange     = 1e-14 // mean change of W that is rounding
	stalled        = 0.98  // ratio of the changes of two sweeps that are not worth more
)

// solve minimises the problem of b until the gap is at most tolerance or limit iterations
// (sweeps and Newton steps) are done, starting at given if that is good.
//
// Block coordinate descent comes first whatever the size: with strong correlations it
// needs tens of sweeps where the coordinate descent inside a Newton step needs thousands.
// Newton steps take over where it stalls, or Θ is not positive definite.
func (b *block) solve(given []float64, tolerance float64, limit int) *state {
	s := b.begin(given)
	s.invert(b)
	s.measure(b)
	if s.gap > tolerance {
		b.descend(s, tolerance, limit)
	}
	if s.gap > tolerance {
		s.evaluate(b)
		b.newton(s, tolerance, limit)
	}
	return s
}

// descend replaces Θ of s by what sweeps of block coordinate descent find, if that is better.
func (b *block) descend(s *state, tolerance float64, limit int) {
	d, ok := newDescent(b, s)
	if !ok {
		return
	}
	precision, before := firstPrecision, 1.0
	look := math.Sqrt(tolerance / float64(b.p)) // change at which the gap is worth measuring
	for s.steps < limit {
		change := d.sweep(precision)
		s.steps++
		done := change <= lastChange || s.steps >= limit || s.steps > 3 && change > stalled*before
		if done || change <= look {
			if look = change / 4; d.adopt(s) && s.gap <= tolerance || done {
				return
			}
		}
		before, precision = change, min(precision, change/10)
	}
}

// adopt moves s to the Θ that follows from d if that is better, with the gap between them.
func (d *descent) adopt(s *state) bool {
	b := d.b
	d.theta(s.w)
	logDet, trace, f, ok := b.objective(s.w, s.factor)
	if !ok || f > s.f {
		return false
	}
	copy(s.x, s.w)
	s.logDet, s.trace, s.f = logDet, trace, f
	s.gap = math.Inf(1)
	copy(s.factor, d.w)
	if dense.Cholesky(s.factor, b.p) {
		s.gap = max(0, f-dense.LogDet(s.factor, b.p)-float64(b.p))
	}
	return true
}

// definite reports whether S with the penalised diagonal is positive definite.
func (b *block) definite() bool {
	a := append([]float64(nil), b.s...)
	for i := range b.p {
		a[i*b.p+i] += b.lambda(i, i)
	}
	return dense.Cholesky(a, b.p)
}
