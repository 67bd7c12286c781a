package graphical

import "pare/graphical/internal/dense"

const (
	firstPrecision = 1e-3 // of the lassos in the first sweep, in units of correlations
	lastChange     = 1e-6 // mean change of W from which Newton steps take over
	slowest        = 0.95 // ratio of the changes of two sweeps that counts as stalled
)

// solve minimises the problem of b until the gap is at most tolerance or limit iterations
// (sweeps and Newton steps) are done, starting at given if that is good.
//
// Block coordinate descent comes first whatever the size: with strong correlations it
// needs tens of sweeps where the coordinate descent inside a Newton step needs thousands.
// Near the solution a Newton step does the work of many sweeps and leaves a Θ and a gap
// that are exact.
func (b *block) solve(given []float64, tolerance float64, limit int) *state {
	s := b.begin(given)
	s.invert(b)
	s.measure(b)
	if s.gap <= tolerance {
		return s
	}
	s.steps = b.descend(s, limit)
	s.evaluate(b)
	b.newton(s, tolerance, limit)
	return s
}

// descend replaces Θ of s by what sweeps of block coordinate descent find, if that is
// better, and returns how many there were.
func (b *block) descend(s *state, limit int) int {
	d, ok := newDescent(b, s)
	if !ok {
		return 0
	}
	precision, before, sweeps := firstPrecision, 1.0, 0
	for sweeps < limit {
		change := d.sweep(precision)
		sweeps++
		if change <= lastChange || sweeps > 3 && change > slowest*before {
			break
		}
		before, precision = change, min(precision, change/10)
	}
	d.theta(s.w)
	if _, _, f, ok := b.objective(s.w, s.factor); ok && f < s.f {
		copy(s.x, s.w)
	}
	return sweeps
}

// definite reports whether S with the penalised diagonal is positive definite.
func (b *block) definite() bool {
	a := append([]float64(nil), b.s...)
	for i := range b.p {
		a[i*b.p+i] += b.lambda(i, i)
	}
	return dense.Cholesky(a, b.p)
}
