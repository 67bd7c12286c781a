package graphical

import (
	"math"

	"pare/internal/dense"
)

const (
	sufficient = 1e-3 // share of the predicted decrease that a step has to bring
	halvings   = 40   // of a step before it counts as none
	closeBy    = 0.1  // residual per variable from which the gap is worth a look
)

// state is a positive definite Θ of a block with what follows from it, and room to work.
type state struct {
	x       []float64 // Θ, p×p, symmetric
	w       []float64 // Θ⁻¹, once invert has run
	factor  []float64 // Cholesky factor of x, then scratch
	f       float64   // objective
	logDet  float64
	trace   float64
	gap     float64 // +Inf until measured
	steps   int
	settled bool // rounding leaves nothing to gain
}

func newState(b *block, x []float64) *state {
	n := b.p * b.p
	return &state{x: x, w: make([]float64, n), factor: make([]float64, n), gap: math.Inf(1)}
}

// evaluate computes factor and objective of x and reports whether x is positive definite.
func (s *state) evaluate(b *block) bool {
	logDet, trace, f, ok := b.objective(s.x, s.factor)
	if ok {
		s.logDet, s.trace, s.f = logDet, trace, f
	}
	return ok
}

// objective uses factor for the Cholesky factor of x.
func (b *block) objective(x, factor []float64) (logDet, trace, f float64, ok bool) {
	copy(factor, x)
	if !dense.Cholesky(factor, b.p) {
		return 0, 0, 0, false
	}
	logDet = dense.LogDet(factor, b.p)
	trace, penalty := b.linear(x)
	return logDet, trace, trace + penalty - logDet, true
}

// invert turns the factor into w.
func (s *state) invert(b *block) { dense.Inverse(s.w, s.factor, b.p) }

// measure sets the gap; w has to be up to date.
func (s *state) measure(b *block) { s.gap = b.gap(s.x, s.w, s.f, s.factor) }

// newton improves s until its gap is at most tolerance or limit steps are done. s has been
// evaluated. Each step minimises the second-order model of the smooth part plus the
// penalty, over what is not zero or would not stay so, and then searches along the line.
func (b *block) newton(s *state, tolerance float64, limit int) {
	d := newDirection(b)
	trial := make([]float64, len(s.x))
	for ; ; s.steps++ {
		s.invert(b)
		d.start(b, s)
		if d.residual <= closeBy*float64(b.p) || s.steps >= limit {
			if s.measure(b); s.gap <= tolerance {
				return
			}
		}
		if s.steps >= limit {
			return
		}
		d.solve(s, min(0.1, d.residual/float64(b.p)))
		if !b.search(s, d, trial) {
			s.settled = true
			s.invert(b)
			s.measure(b)
			return
		}
	}
}

// search moves x along d and reports whether it found a decrease. The factor is then that
// of the new x; in either case it is up to date.
func (b *block) search(s *state, d *direction, trial []float64) bool {
	change := d.predicted(b, s.x)
	step := 1.0
	if change < -1e-15*math.Abs(s.f) {
		for range halvings {
			d.move(trial, s.x, step)
			logDet, trace, f, ok := b.objective(trial, s.factor)
			if ok && f <= s.f+sufficient*step*change {
				copy(s.x, trial)
				s.logDet, s.trace, s.f = logDet, trace, f
				return true
			}
			step /= 2
		}
	}
	s.evaluate(b)
	return false
}
