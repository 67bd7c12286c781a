package graphical

import (
	"math"

	"pare/internal/dense"
)

// block is the problem of one component.
type block struct {
	p         int
	s         []float64 // p×p, symmetric
	lam       []float64 // p×p, or nil for off and diag
	off, diag float64
}

func newBlock(c *Covariance, pen Penalty, index []int) *block {
	p := len(index)
	b := &block{p: p, s: make([]float64, p*p), off: pen.Lambda}
	c.block(index, b.s)
	if pen.Diagonal {
		b.diag = pen.Lambda
	}
	if pen.Weights != nil {
		b.lam = make([]float64, p*p)
		for i, vi := range index {
			for j, vj := range index {
				b.lam[i*p+j] = pen.at(vi, vj, c.P())
			}
		}
	}
	return b
}

// lambda is λᵢⱼ.
func (b *block) lambda(i, j int) float64 {
	if b.lam != nil {
		return b.lam[i*b.p+j]
	}
	if i == j {
		return b.diag
	}
	return b.off
}

// linear is tr(SΘ) and Σ λ|Θ|.
func (b *block) linear(x []float64) (trace, penalty float64) {
	p := b.p
	for i := range p {
		t, l := 0.0, 0.0
		for j, v := range x[i*p : i*p+i] {
			if v != 0 {
				t += v * b.s[i*p+j]
				l += math.Abs(v) * b.lambda(i, j)
			}
		}
		v := x[i*p+i]
		trace += 2*t + v*b.s[i*p+i]
		penalty += 2*l + math.Abs(v)*b.lambda(i, i)
	}
	return trace, penalty
}

// gap is the duality gap of Θ = x with inverse w and objective f. Rounding below zero is
// shown as zero.
//
// The dual point has Sᵢⱼ + λᵢⱼ·sign Θᵢⱼ where Θ is not zero, which leaves an error of second
// order, and the inverse clipped to the box around S elsewhere. Where that is not positive
// definite it is moved towards S with its off-diagonal elements shrunk, which always is.
func (b *block) gap(x, w []float64, f float64, scratch []float64) float64 {
	if _, found := b.feasible(scratch, x, w); found {
		return max(0, f-dense.LogDet(scratch, b.p)-float64(b.p))
	}
	return math.Inf(1)
}

// feasible looks for the largest share whose dual point is positive definite and leaves the
// Cholesky factor of that in scratch.
func (b *block) feasible(scratch, x, w []float64) (share float64, found bool) {
	for share = 1.0; share > 1e-3; share /= 2 {
		b.dualPoint(scratch, x, w, share)
		if dense.Cholesky(scratch, b.p) {
			return share, true
		}
	}
	b.dualPoint(scratch, x, w, 0)
	return 0, dense.Cholesky(scratch, b.p)
}

// dualPoint writes the lower triangle of a point of the box: a mixture of the point that
// follows from x and w, with weight share, and of S with shrunk off-diagonal elements.
func (b *block) dualPoint(to, x, w []float64, share float64) {
	p := b.p
	shrink := 1.0 // largest factor t so that (1−t)·S off the diagonal stays in the box
	if share < 1 {
		for i := range p {
			for j := range i {
				if s := math.Abs(b.s[i*p+j]); s > b.lambda(i, j) {
					shrink = min(shrink, b.lambda(i, j)/s)
				}
			}
		}
	}
	for i := range p {
		for j := range i + 1 {
			at := i*p + j
			s, l := b.s[at], b.lambda(i, j)
			v := 0.0
			switch {
			case i == j || x[at] > 0:
				v = s + l
			case x[at] < 0:
				v = s - l
			default:
				v = min(max(w[at], s-l), s+l)
			}
			if share < 1 {
				inside := s * (1 - shrink)
				if i == j {
					inside = s + l
				}
				v = share*v + (1-share)*inside
			}
			to[at] = v
		}
	}
}

// diagonalStart is the solution without edges.
func (b *block) diagonalStart() []float64 {
	p := b.p
	x := make([]float64, p*p)
	for i := range p {
		x[i*p+i] = 1 / (b.s[i*p+i] + b.lambda(i, i))
	}
	return x
}

// treeStart is the closed form for components without a cycle, which is exact for them and
// mostly near the solution of sparse others (Fattahi and Sojoudi 2019). It need not be
// positive definite with cycles.
func (b *block) treeStart() []float64 {
	p := b.p
	x := b.diagonalStart()
	for i := range p {
		vi := b.s[i*p+i] + b.lambda(i, i)
		for j := range i {
			r := soft(b.s[i*p+j], b.lambda(i, j))
			if r == 0 {
				continue
			}
			vj := b.s[j*p+j] + b.lambda(j, j)
			rest := vi*vj - r*r
			if rest <= 0 {
				return b.diagonalStart()
			}
			x[i*p+j], x[j*p+i] = -r/rest, -r/rest
			x[i*p+i] += r * r / (vi * rest)
			x[j*p+j] += r * r / (vj * rest)
		}
	}
	return x
}

// inverseStart is S⁻¹, the solution without a penalty; nil if there is one or S is singular.
func (b *block) inverseStart() []float64 {
	if b.penalised() {
		return nil
	}
	p := b.p
	x, factor := make([]float64, p*p), make([]float64, p*p)
	copy(factor, b.s)
	if !dense.Cholesky(factor, p) {
		return nil
	}
	dense.Inverse(x, factor, p)
	return x
}

// penalised reports whether any edge is.
func (b *block) penalised() bool {
	for i := range b.p {
		for j := range i {
			if b.lambda(i, j) > 0 {
				return true
			}
		}
	}
	return false
}

// begin is the better of the given start, the closed form for trees and the diagonal.
func (b *block) begin(given []float64) *state {
	best := newState(b, b.diagonalStart())
	best.evaluate(b)
	for _, x := range [][]float64{given, b.treeStart(), b.inverseStart()} {
		if x == nil {
			continue
		}
		logDet, trace, f, ok := b.objective(x, best.w)
		if ok && f < best.f && !math.IsNaN(f) {
			best.x, best.logDet, best.trace, best.f = x, logDet, trace, f
			best.factor, best.w = best.w, best.factor
		}
	}
	return best
}

const (
	firstPrecision = 1e-3  // of the lassos in the first sweep, in units of correlations
	lastChange     = 1e-14 // mean change of W that is rounding
	stalled        = 0.98  // ratio of the changes of two sweeps that are not worth more
)

// solve minimises the problem of b until the gap is at most tolerance or limit iterations
// (sweeps and Newton steps) are done, starting at given if that is good.
//
// Block coordinate descent comes first for every size: with strong correlations it needs
// tens of sweeps where the coordinate descent inside a Newton step needs thousands. Newton
// steps take over where it stalls, or Θ is not positive definite.
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

// descend replaces Θ of s by the end of sweeps of block coordinate descent, if it is better.
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
