package linear

import (
	"math"

	"pare/internal/dense"
	"pare/internal/f64"
)

// projection makes dual points feasible for what is not penalised: it takes from u
// the part V·B(BᵀVB)⁻¹Bᵀu, with B the column of ones, if there is an intercept, and
// the unpenalised columns, so that Bᵀu = 0.
type projection struct {
	v       []float64
	basis   [][]float64 // of the columns of B, orthonormal in the metric V
	kept    []int       // the features of B that do not depend on the ones before them
	factor  [][]float64 // by vector of the basis: the column it was made of, in the basis up to it
	scratch []float64
}

// alike is the norm of the part of a column that others do not explain, relative to
// its own, that is rounding.
const alike = 1e-13

// newProjection makes that of the intercept, if there is one, and the given features.
func newProjection(t *task, features []int) *projection { return newProjectionIn(t, t.v, features) }

// newProjectionIn is newProjection with weights v of the observations.
func newProjectionIn(t *task, v []float64, features []int) *projection {
	p := &projection{v: v, scratch: make([]float64, t.n)}
	rank := 0
	for _, v := range v {
		if v > 0 {
			rank++
		}
	}
	x := make([]float64, t.n)
	if t.intercept {
		for i := range x {
			x[i] = 1
		}
		x, _ = p.include(x, alike)
	}
	extent := 0.0 // of the columns that are kept: what they are rounded in proportion to
	for _, j := range features {
		if len(p.basis) == rank {
			break
		}
		t.column(j, x)
		own := t.extent(j) / t.normOf(j)
		var added bool
		if x, added = p.include(x, max(alike, 1e-15*max(own, extent))); added {
			p.kept = append(p.kept, j)
			extent = max(extent, own)
		}
	}
	return p
}

// include adds what is new in x to the basis, by Gram and Schmidt, twice, unless that is
// a part of x that is at most rounding. It returns a slice for the next column, and
// whether it added anything.
func (p *projection) include(x []float64, rounding float64) (next []float64, added bool) {
	size := p.norm(x)
	column := make([]float64, len(p.basis)+1)
	for range 2 {
		for k, b := range p.basis {
			f64.Mul(p.scratch, p.v, b)
			along := f64.Dot(p.scratch, x)
			f64.Axpy(-along, b, x)
			column[k] += along
		}
	}
	rest := p.norm(x)
	if !(rest > rounding*size) {
		return x, false
	}
	for i := range x {
		x[i] /= rest
	}
	column[len(p.basis)] = rest
	p.basis, p.factor = append(p.basis, x), append(p.factor, column)
	return make([]float64, len(x)), true
}

// coefficients returns by how much those of the columns of B have to change for the
// residuals u of least squares to be orthogonal to all of them: the intercept first, if
// there is one, then those of kept.
func (p *projection) coefficients(u []float64) []float64 {
	d := make([]float64, len(p.basis))
	for k, b := range p.basis {
		d[k] = f64.Dot(b, u)
	}
	for k := len(d) - 1; k >= 0; k-- {
		d[k] /= p.factor[k][k]
		f64.Axpy(-d[k], p.factor[k][:k], d[:k])
	}
	return d
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
	factor, kept := dense.Independent(len(p.basis), func(i, j int) float64 {
		f64.Mul(p.scratch, h, p.basis[i])
		return f64.Dot(p.scratch, p.basis[j])
	})
	part := make([]float64, len(kept))
	for range 2 {
		for k, i := range kept {
			part[k] = f64.Dot(p.basis[i], u)
		}
		factor.Solve(part)
		for k, i := range kept {
			f64.MulAxpy(-part[k], p.basis[i], h, u)
		}
	}
}
