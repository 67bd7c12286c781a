package graphical

import (
	"math"

	"pare/internal/dense"
)

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
