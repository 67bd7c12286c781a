package linear

import (
	"math"

	"pare/internal/f64"
)

// projection makes dual points feasible for what is not penalised: it takes from u
// the part V·B(BᵀVB)⁻¹Bᵀu, with B the column of ones, if there is an intercept, and
// the unpenalised columns, so that Bᵀu = 0.
type projection struct {
	v       []float64
	basis   [][]float64 // of the columns of B, orthonormal in the metric V
	scratch []float64
}

// alike is the norm of the part of a column that others do not explain, relative to
// its own, that is rounding.
const alike = 1e-13

// newProjection makes that of the intercept, if there is one, and the given features.
func newProjection(t *task, features []int) *projection {
	p := &projection{v: t.v, scratch: make([]float64, t.n)}
	rank := 0
	for _, v := range t.v {
		if v > 0 {
			rank++
		}
	}
	x := make([]float64, t.n)
	if t.intercept {
		for i := range x {
			x[i] = 1
		}
		x = p.include(x)
	}
	for _, j := range features {
		if len(p.basis) == rank {
			break
		}
		t.column(j, x)
		x = p.include(x)
	}
	return p
}

// include adds what is new in x to the basis, by Gram and Schmidt, twice, and returns
// a slice for the next column.
func (p *projection) include(x []float64) []float64 {
	size := p.norm(x)
	for range 2 {
		for _, b := range p.basis {
			f64.Mul(p.scratch, p.v, b)
			f64.Axpy(-f64.Dot(p.scratch, x), b, x)
		}
	}
	rest := p.norm(x)
	if !(rest > alike*size) {
		return x
	}
	for i := range x {
		x[i] /= rest
	}
	p.basis = append(p.basis, x)
	return make([]float64, len(x))
}

func (p *projection) norm(x []float64) float64 {
	f64.Mul(p.scratch, p.v, x)
	return math.Sqrt(f64.Dot(p.scratch, x))
}

// apply projects u.
func (p *projection) apply(u []float64) {
	for range 2 { // the second time removes what rounding left
		for _, b := range p.basis {
			f64.MulAxpy(-f64.Dot(b, u), b, p.v, u)
		}
	}
}

// applyIn projects u in the metric h instead of V. The moves are in proportion to h, as
// those by a Newton step on the unpenalised coefficients are.
func (p *projection) applyIn(h, u []float64) {
	var factor cholesky
	index := make([]int, len(p.basis))
	for k := range index {
		index[k] = k
	}
	kept := factor.factor(index, func(i, j int) float64 {
		f64.Mul(p.scratch, h, p.basis[i])
		return f64.Dot(p.scratch, p.basis[j])
	})
	part := make([]float64, len(kept))
	for range 2 {
		for k, i := range kept {
			part[k] = f64.Dot(p.basis[i], u)
		}
		factor.solve(part)
		for k, i := range kept {
			f64.MulAxpy(-part[k], p.basis[i], h, u)
		}
	}
}
