package robust

import (
	"slices"

	"gonum.org/v1/gonum/mat"

	"pare/internal/f64"
)

// bordered is a factorized system with three more unknowns.
type bordered struct {
	k       *system
	border  [3][]float64
	corner  [9]float64
	through [3][]float64 // the border, solved for
	schur   mat.LU
}

// refinements of the whole: parts of a solution that cancel leave errors which
// would stop the gap near 1e-5.
const refinements = 3

// solve writes the large part of the unknowns to w and returns the others.
func (b *bordered) solve(rhs []float64, right [3]float64, w []float64) (theta [3]float64, ok bool) {
	s := b.corner
	for a := range 3 {
		if b.through[a] = b.k.apply(b.border[a]); b.through[a] == nil {
			return theta, false
		}
	}
	for a := range 3 {
		for c := range 3 {
			s[3*a+c] -= f64.Dot(b.border[a], b.through[c])
		}
	}
	b.schur.Factorize(mat.NewDense(3, 3, s[:]))
	clear(w)
	left, leftCorner := slices.Clone(rhs), right
	applied := make([]float64, len(w))
	for range 1 + refinements {
		part := b.k.apply(left)
		if part == nil {
			return theta, false
		}
		for a := range 3 {
			leftCorner[a] -= f64.Dot(b.border[a], part)
		}
		var d mat.VecDense
		if !solved(b.schur.SolveVecTo(&d, false, mat.NewVecDense(3, leftCorner[:]))) {
			return theta, false
		}
		for a := range 3 {
			f64.Axpy(-d.AtVec(a), b.through[a], part)
			theta[a] += d.AtVec(a)
		}
		f64.Axpy(1, part, w)
		b.k.times(w, applied)
		for j := range left {
			left[j] = rhs[j] - applied[j]
		}
		for a := range 3 {
			f64.Axpy(-theta[a], b.border[a], left)
			leftCorner[a] = right[a] - f64.Dot(b.border[a], w)
			for c := range 3 {
				leftCorner[a] -= b.corner[3*a+c] * theta[c]
			}
		}
	}
	return theta, true
}
