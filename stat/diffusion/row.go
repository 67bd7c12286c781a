package diffusion

import (
	"math"
	"slices"

	"pare/internal/dense"
	"pare/internal/f64"
)

// row is one row of the kernel.
type row struct {
	*descent
	m      *moments
	number int
	factor *dense.Factor // of G on the coordinates, where λ = 0 occurs
	b      []float64     // the row of YᵀX/n
	h, g   []float64     // the row and the correlations
	// The working set gathered, so that a sweep reads memory in order.
	subGram, subG, subH []float64
}

// newRow starts row number at zero.
func newRow(prob *Problem, m *moments, o Options, number int) *descent {
	b := m.cross[number*m.p : (number+1)*m.p]
	r := &row{m: m, number: number, b: b, h: make([]float64, m.p), g: slices.Clone(b)}
	r.descent = &descent{part: r, prob: prob, power: m.power[number], tolerance: o.Tolerance, limit: o.MaxIterations, least: 32}
	for j := range m.p {
		if prob.allowed(number, j) && m.gram[j*m.p+j] > 0 {
			r.coordinates = append(r.coordinates, j)
		}
	}
	r.begin()
	return r.descent
}

func (r *row) gram(j int) []float64 { return r.m.gram[j*r.m.p : (j+1)*r.m.p] }

func (r *row) at(j int) (h, g, b, w float64) {
	return r.h[j], r.g[j], r.b[j], r.prob.weight(r.number, j)
}

func (r *row) start(j int) { r.h[j] = r.prob.shrink(r.g[j], 0) / r.gram(j)[j] }

func (r *row) sweeps(lambda, target float64, limit int) int {
	r.gather()
	defer r.scatter()
	k := len(r.set)
	at := func(a int) (h, g, b, w float64) {
		j := r.set[a]
		return r.subH[a], r.subG[a], r.b[j], r.prob.weight(r.number, j)
	}
	for pass := 1; k > 0; pass++ {
		for a, j := range r.set {
			d := r.subGram[a*k+a]
			next := r.prob.shrink(r.subH[a]*d+r.subG[a], lambda*r.prob.weight(r.number, j)) / d
			if delta := next - r.subH[a]; delta != 0 {
				r.subH[a] = next
				f64.Axpy(-delta, r.subGram[a*k:(a+1)*k], r.subG)
			}
		}
		if pass >= limit {
			return pass
		}
		if pass%3 != 1 {
			continue // the gap costs a good part of a pass
		}
		if _, gap := r.gap(lambda, r.set, at); gap <= target {
			return pass
		}
	}
	return 0
}

// gather copies the parts of G, h and the correlations that belong to the working set.
func (r *row) gather() {
	k := len(r.set)
	r.subGram = slices.Grow(r.subGram[:0], k*k)[:k*k]
	r.subG, r.subH = r.subG[:0], r.subH[:0]
	for a, j := range r.set {
		r.subG, r.subH = append(r.subG, r.g[j]), append(r.subH, r.h[j])
		from, to := r.gram(j), r.subGram[a*k:(a+1)*k]
		for b, l := range r.set {
			to[b] = from[l]
		}
	}
}

// scatter writes the working set back.
func (r *row) scatter() {
	for a, j := range r.set {
		r.h[j] = r.subH[a]
	}
	r.correlate()
}

func (r *row) correlate() {
	copy(r.g, r.b)
	for _, j := range r.coordinates {
		if r.h[j] != 0 {
			f64.Axpy(-r.h[j], r.gram(j), r.g)
		}
	}
}

func (r *row) factorise() bool {
	k := len(r.coordinates)
	if k == r.m.p {
		r.factor = r.m.factor()
		return r.factor != nil
	}
	sub := make([]float64, 0, k*k)
	for _, i := range r.coordinates {
		for _, j := range r.coordinates {
			sub = append(sub, r.gram(i)[j])
		}
	}
	r.factor = factorise(sub, k)
	return r.factor != nil
}

func (r *row) leastSquares() {
	h := make([]float64, len(r.coordinates))
	for a, j := range r.coordinates {
		h[a] = r.b[j]
	}
	r.factor.Solve(h)
	for a, j := range r.coordinates {
		r.h[j] = h[a]
	}
	r.correlate()
}

// freeGap moves the residual by X G⁻¹e, with e the correlations: scaling gives no dual point
// at λ = 0.
func (r *row) freeGap(list []int, at func(k int) (h, g, b, w float64)) float64 {
	if len(list) != len(r.coordinates) {
		return math.Inf(1) // the factor covers all coordinates
	}
	// The working set comes in another order than the coordinates.
	byColumn, slack := make([]float64, r.m.p), 0.0
	for a, j := range list {
		h, g, _, _ := at(a)
		if r.prob.NonNegative && g < 0 {
			slack -= h * g
			g = 0
		}
		byColumn[j] = g
	}
	e := make([]float64, 0, len(list))
	for _, j := range r.coordinates {
		e = append(e, byColumn[j])
	}
	u := slices.Clone(e)
	r.factor.Solve(u)
	return max(0, f64.Dot(e, u)/2) + slack
}

func (r *row) restrict(k Kernel) {
	own := k.Rows[r.number]
	r.coordinates = append(r.coordinates[:0], own.Index...)
	clear(r.h)
	for a, j := range own.Index {
		r.h[j] = own.Value[a]
	}
	r.correlate()
}

func (r *row) rows() []Row { return []Row{rowOf(r.h)} }
