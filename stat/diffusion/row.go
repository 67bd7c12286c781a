package diffusion

import (
	"cmp"
	"math"
	"slices"
)

// rowSolver fits one row of the kernel at a time: min ½hᵀGh − bᵀh + ½c + λΣωⱼ|hⱼ|
// with G, b and c from the moments, by coordinate descent on working sets. It warm
// starts from the λ before.
type rowSolver struct {
	prob      *Problem
	m         *moments
	tolerance float64 // of the gap, relative to ½c
	limit     int
	factor    *cholesky // of G on the candidates, where λ = 0 occurs

	row        int
	solved     float64   // the λ that h belongs to
	candidates []int     // entries of the row that may differ from zero
	h, g       []float64 // the row and b − Gh, the correlations of the residual
	// The working set: indices in the order of a sweep, with G, b − Gh and h
	// gathered, so that a sweep reads memory in order.
	set        []int
	sub        []float64
	subG, subH []float64
}

// fit is what one solve found.
type fit struct {
	objective, gap float64
	iterations     int
}

func newRowSolver(prob *Problem, m *moments, o Options) *rowSolver {
	return &rowSolver{
		prob: prob, m: m, tolerance: o.tolerance(), limit: o.maxIterations(),
		h: make([]float64, m.p), g: make([]float64, m.p),
	}
}

func (s *rowSolver) gramRow(j int) []float64 { return s.m.gram[j*s.m.p : (j+1)*s.m.p] }

func (s *rowSolver) crossRow() []float64 { return s.m.cross[s.row*s.m.p : (s.row+1)*s.m.p] }

// begin starts a row at zero, but for a free diagonal: fitted first, it spares the
// largest λ entries that would only stand in for it.
func (s *rowSolver) begin(row int) {
	s.row = row
	clear(s.h)
	copy(s.g, s.crossRow())
	s.candidates = s.candidates[:0]
	for j := range s.m.p {
		if s.prob.allowed(row, j) && s.m.gram[j*s.m.p+j] > 0 {
			s.candidates = append(s.candidates, j)
			if s.prob.weight(row, j) == 0 {
				d := s.m.gram[j*s.m.p+j]
				s.h[j] = s.prob.shrink(s.g[j], 0) / d
			}
		}
	}
	s.correlate()
	s.solved = 0
	for _, j := range s.candidates {
		s.solved = max(s.solved, s.excess(j, s.g[j], 0))
	}
}

// solve goes on from the present h to the solution at λ.
func (s *rowSolver) solve(lambda float64) fit {
	target := s.tolerance * s.m.power[s.row] / 2
	if lambda == 0 && !s.prob.NonNegative {
		s.leastSquares()
	}
	var passes int
	for _, l := range approach(s.solved, lambda) {
		if passes < s.limit {
			objective, _ := s.gap(l, s.candidates, s.h, s.g, nil)
			passes += s.descend(l, max(target, rough*objective), s.limit-passes).iterations
		}
	}
	f := s.descend(lambda, target, max(1, s.limit-passes))
	f.iterations += passes
	s.solved = lambda
	return f
}

// descend stops at a gap of at most the target.
func (s *rowSolver) descend(lambda, target float64, limit int) fit {
	var f fit
	for {
		s.gather(lambda)
		f.iterations += s.sweeps(lambda, 0.3*target, limit-f.iterations)
		s.scatter()
		f.objective, f.gap = s.gap(lambda, s.candidates, s.h, s.g, nil)
		if f.gap <= target || f.iterations >= limit {
			return f
		}
		if len(s.set) == 0 && !s.violated(lambda) {
			return f
		}
	}
}

// excess is by how much the correlation of entry j leaves what the penalty allows.
func (s *rowSolver) excess(j int, g, lambda float64) float64 {
	w := lambda * s.prob.weight(s.row, j)
	if !s.prob.NonNegative {
		g = math.Abs(g)
	}
	return max(0, g-w)
}

func (s *rowSolver) violated(lambda float64) bool {
	for _, j := range s.candidates {
		if s.excess(j, s.g[j], lambda) > 0 {
			return true
		}
	}
	return false
}

// gather makes the working set: what is not zero, and of what violates its
// condition the worst, at most as many again (or 32).
func (s *rowSolver) gather(lambda float64) {
	s.set = s.set[:0]
	var out []int
	free := -1
	for _, j := range s.candidates {
		switch {
		case s.prob.weight(s.row, j) == 0:
			free = j
		case s.h[j] != 0:
			s.set = append(s.set, j)
		case lambda == 0 || s.excess(j, s.g[j], lambda) > 0:
			out = append(out, j)
		}
	}
	if limit := max(32, len(s.set)); len(out) > limit && lambda > 0 {
		slices.SortFunc(out, func(a, b int) int {
			return cmp.Or(cmp.Compare(s.excess(b, s.g[b], lambda), s.excess(a, s.g[a], lambda)), a-b)
		})
		out = out[:limit]
	}
	s.set = append(s.set, out...)
	slices.Sort(s.set)
	if free >= 0 {
		// Last in a sweep: its correlation is then zero when the gap is taken, as
		// a dual point has to have it.
		s.set = append(s.set, free)
	}
	k := len(s.set)
	s.sub = slices.Grow(s.sub[:0], k*k)[:k*k]
	s.subG = slices.Grow(s.subG[:0], k)[:k]
	s.subH = slices.Grow(s.subH[:0], k)[:k]
	for a, j := range s.set {
		s.subG[a], s.subH[a] = s.g[j], s.h[j]
		from, to := s.gramRow(j), s.sub[a*k:(a+1)*k]
		for b, l := range s.set {
			to[b] = from[l]
		}
	}
}

// sweeps runs coordinate descent on the working set until its gap is at most the
// target, and returns the number of passes.
func (s *rowSolver) sweeps(lambda, target float64, limit int) int {
	k := len(s.set)
	if k == 0 {
		return 0
	}
	for pass := 1; ; pass++ {
		for a, j := range s.set {
			d := s.sub[a*k+a]
			next := s.prob.shrink(s.subH[a]*d+s.subG[a], lambda*s.prob.weight(s.row, j)) / d
			if delta := next - s.subH[a]; delta != 0 {
				s.subH[a] = next
				axpy(-delta, s.sub[a*k:(a+1)*k], s.subG)
			}
		}
		if pass >= limit {
			return pass
		}
		if pass%3 != 1 {
			continue // the gap costs a good part of a pass
		}
		if _, gap := s.gap(lambda, s.set, s.subH, s.subG, s.set); gap <= target {
			return pass
		}
	}
}

// shrink is the proximal map of the penalty.
func (p *Problem) shrink(z, lambda float64) float64 {
	switch {
	case z > lambda:
		return z - lambda
	case z < -lambda && !p.NonNegative:
		return z + lambda
	}
	return 0
}

// scatter writes the working set back and computes all correlations anew, so that
// rounding does not add up along the path.
func (s *rowSolver) scatter() {
	for a, j := range s.set {
		s.h[j] = s.subH[a]
	}
	s.correlate()
}

func (s *rowSolver) correlate() {
	copy(s.g, s.crossRow())
	for _, j := range s.candidates {
		if s.h[j] != 0 {
			axpy(-s.h[j], s.gramRow(j), s.g)
		}
	}
}

// entries are the values of the row that are not zero.
func (s *rowSolver) entries() Row {
	var r Row
	for j, v := range s.h {
		if v != 0 {
			r.Index = append(r.Index, j)
			r.Value = append(r.Value, v)
		}
	}
	return r
}
