package diffusion

import (
	"slices"

	"pare/internal/dense"
	"pare/internal/f64"
)

// symmetric is the whole kernel under Hᵢⱼ = Hⱼᵢ, by pairs. Moving a pair changes two rows
// of the correlations C = YᵀX/n − HG, and its penalty counts both entries.
type symmetric struct {
	*descent
	m      *moments
	factor *dense.Factor // of G, where λ = 0 occurs
	pairs  []pair        // the entries on and below the diagonal, by rows; coordinates are places here
	h, c   []float64     // p×p
}

type pair struct{ i, j int }

func newSymmetric(prob *Problem, m *moments, o Options, _ int) *descent {
	s := &symmetric{m: m, h: make([]float64, m.p*m.p), c: slices.Clone(m.cross)}
	s.descent = &descent{part: s, prob: prob, power: 2 * m.nullObjective(), tolerance: o.Tolerance, limit: o.MaxIterations, least: 32 * m.p}
	for i := range m.p {
		for j := range i + 1 {
			s.pairs = append(s.pairs, pair{i, j})
			if prob.allowed(i, j) && s.curvature(pair{i, j}) > 0 {
				s.coordinates = append(s.coordinates, len(s.pairs)-1)
			}
		}
	}
	s.begin()
	return s.descent
}

// curvature is the second derivative along the pair.
func (s *symmetric) curvature(a pair) float64 {
	p := s.m.p
	if a.i == a.j {
		return s.m.gram[a.i*p+a.i]
	}
	return s.m.gram[a.i*p+a.i] + s.m.gram[a.j*p+a.j]
}

func (s *symmetric) at(k int) (h, g, b, w float64) {
	a, p := s.pairs[k], s.m.p
	below, above := a.i*p+a.j, a.j*p+a.i
	if below == above {
		return s.h[below], s.c[below], s.m.cross[below], s.prob.weight(a.i, a.i)
	}
	return s.h[below], s.c[below] + s.c[above], s.m.cross[below] + s.m.cross[above], 2
}

func (s *symmetric) start(k int) {
	at := s.pairs[k].i * (s.m.p + 1)
	s.h[at] = s.prob.shrink(s.c[at], 0) / s.m.gram[at]
}

func (s *symmetric) sweeps(lambda, target float64, limit int) int {
	defer s.correlate()
	// The gap costs a good part of a pass; at λ = 0 it solves with all of G.
	every := 3
	if lambda == 0 {
		every = 20
	}
	at := func(k int) (h, g, b, w float64) { return s.at(s.set[k]) }
	for pass := 1; len(s.set) > 0; pass++ {
		s.sweep(lambda)
		if pass >= limit {
			return pass
		}
		if pass%every == 0 {
			if _, gap := s.gap(lambda, s.set, at); gap <= target {
				return pass
			}
		}
	}
	return 0
}

// sweep is one pass over the working set.
func (s *symmetric) sweep(lambda float64) {
	p, gram := s.m.p, s.m.gram
	for _, k := range s.set {
		a := s.pairs[k]
		d := s.curvature(a)
		h, g, _, w := s.at(k)
		next := s.prob.shrink(h*d+g, lambda*w) / d
		delta := next - h
		if delta == 0 {
			continue
		}
		s.h[a.i*p+a.j], s.h[a.j*p+a.i] = next, next
		f64.Axpy(-delta, gram[a.j*p:(a.j+1)*p], s.c[a.i*p:(a.i+1)*p])
		if a.i != a.j {
			f64.Axpy(-delta, gram[a.i*p:(a.i+1)*p], s.c[a.j*p:(a.j+1)*p])
		}
	}
}

func (s *symmetric) correlate() {
	p := s.m.p
	copy(s.c, s.m.cross)
	for i := range p {
		row := s.c[i*p : (i+1)*p]
		for j, v := range s.h[i*p : (i+1)*p] {
			if v != 0 {
				f64.Axpy(-v, s.m.gram[j*p:(j+1)*p], row)
			}
		}
	}
}

// factorise factors all of G, even for coordinates that cannot move.
func (s *symmetric) factorise() bool {
	s.factor = s.m.factor()
	return s.factor != nil
}

// leastSquares leaves the kernel unchanged: sweeps start from there.
func (s *symmetric) leastSquares() {}

// freeGap is ½ tr(E G⁻¹ E), with E the symmetric part of the correlations, and the slack of
// the sign constraints, of all coordinates; it ignores the list.
func (s *symmetric) freeGap([]int, func(k int) (h, g, b, w float64)) float64 {
	p := s.m.p
	e, slack := make([]float64, p*p), 0.0
	for _, k := range s.coordinates {
		h, g, _, _ := s.at(k)
		a := s.pairs[k]
		if s.prob.NonNegative && g < 0 {
			slack -= h * g
			g = 0
		}
		if a.i != a.j {
			g /= 2
		}
		e[a.i*p+a.j], e[a.j*p+a.i] = g, g
	}
	u := slices.Clone(e)
	for i := range p {
		s.factor.Solve(u[i*p : (i+1)*p])
	}
	return max(0, f64.Dot(e, u)/2) + slack
}

func (s *symmetric) restrict(k Kernel) {
	clear(s.h)
	s.coordinates = s.coordinates[:0]
	for i, r := range k.Rows {
		for a, j := range r.Index {
			s.h[i*s.m.p+j] = r.Value[a]
			if j <= i {
				s.coordinates = append(s.coordinates, i*(i+1)/2+j)
			}
		}
	}
	s.correlate()
}

func (s *symmetric) rows() []Row {
	rows := make([]Row, s.m.p)
	for i := range rows {
		rows[i] = rowOf(s.h[i*s.m.p : (i+1)*s.m.p])
	}
	return rows
}
