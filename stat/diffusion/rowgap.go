package diffusion

import (
	"math"
	"slices"
)

// gap returns the objective and the duality gap of the problem restricted to
// entries. h and g are indexed by entry, or by place where gathered is not nil.
//
// The dual point is the residual scaled by t until no correlation exceeds λ. With
// R = ‖r‖²/n the gap is ½(1−t)²R + Σ (λωⱼ|hⱼ| − t hⱼgⱼ), a sum of terms that are
// not negative, so nothing cancels when it is small.
func (s *rowSolver) gap(lambda float64, entries []int, h, g []float64, gathered []int) (objective, gap float64) {
	at := func(k int) int {
		if gathered != nil {
			return k
		}
		return entries[k]
	}
	b := s.crossRow()
	var hb, hg, free, l1, top float64
	for k, j := range entries {
		hk, gk := h[at(k)], g[at(k)]
		hb += hk * b[j]
		if s.prob.weight(s.row, j) == 0 {
			free += hk * gk
			continue
		}
		hg += hk * gk
		l1 += math.Abs(hk)
		if !s.prob.NonNegative {
			gk = math.Abs(gk)
		}
		top = max(top, gk)
	}
	r := max(0, s.m.power[s.row]-hb-hg-free)
	objective = r/2 + lambda*l1
	if lambda == 0 {
		return objective, s.gapUnpenalised(entries, h, g, at)
	}
	t := dualScale(r, hg, lambda, top)
	gap = (1 - t) * (1 - t) * r / 2
	for k, j := range entries {
		if s.prob.weight(s.row, j) != 0 {
			hk := h[at(k)]
			gap += max(0, lambda*math.Abs(hk)-t*hk*g[at(k)])
		}
	}
	return objective, gap
}

// dualScale is the factor of the residual that gives the best dual value among
// those whose correlations are at most λ; top is the largest correlation.
func dualScale(r, hg, lambda, top float64) float64 {
	t := 1.0
	if r > 0 {
		t = max(0, 1+hg/r)
	}
	if t*top > lambda {
		t = lambda / top
	}
	return t
}

// gapUnpenalised is the gap at λ = 0, where scaling gives no dual point: the
// residual is moved by X G⁻¹e instead, e being what is left of the correlations.
func (s *rowSolver) gapUnpenalised(entries []int, h, g []float64, at func(int) int) float64 {
	k := len(entries)
	if k == 0 {
		return 0
	}
	if k != len(s.candidates) {
		return math.Inf(1) // the factor is of all entries
	}
	// The working set may come in another order than the candidates, which rise: the
	// place of an entry among them is never above its index.
	e := make([]float64, s.m.p)
	var slack float64
	for a, j := range entries {
		v := g[at(a)]
		if s.prob.NonNegative && v < 0 {
			slack -= h[at(a)] * v
			v = 0
		}
		e[j] = v
	}
	for a, j := range s.candidates {
		e[a] = e[j]
	}
	u := slices.Clone(e[:k])
	s.factor.solve(u, 1)
	return max(0, dot(e[:k], u)/2) + slack
}

// factorise prepares the certificate at λ = 0, and says whether the Gram matrix of
// the candidates has full rank.
func (s *rowSolver) factorise() bool {
	k := len(s.candidates)
	sub := make([]float64, k*k)
	for a, i := range s.candidates {
		row := s.gramRow(i)
		for b, j := range s.candidates {
			sub[a*k+b] = row[j]
		}
	}
	var ok bool
	s.factor, ok = factorise(sub, k)
	return ok
}

// leastSquares sets the row to the solution at λ = 0, up to rounding.
func (s *rowSolver) leastSquares() {
	h := make([]float64, len(s.candidates))
	for a, j := range s.candidates {
		h[a] = s.crossRow()[j]
	}
	s.factor.solve(h, 1)
	for a, j := range s.candidates {
		s.h[j] = h[a]
	}
	s.correlate()
}
