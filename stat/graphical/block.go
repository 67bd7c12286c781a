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

// dualPoint writes the lower triangle of a point of the box: share of the one that follows
// from x and w, and the rest of S with shrunk off-diagonal elements.
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
