package diffusion

import (
	"cmp"
	"math"
	"slices"
)

// symmetricSolver fits all entries at once under Hᵢⱼ = Hⱼᵢ: coordinate descent over
// pairs. Moving a pair changes two rows of the correlations C = YᵀX/n − HG, and its
// penalty counts both entries.
type symmetricSolver struct {
	prob      *Problem
	m         *moments
	tolerance float64 // of the gap, relative to the objective of H = 0
	limit     int
	factor    *cholesky // of G, where λ = 0 occurs

	pairs  []pair
	solved float64   // the λ that h belongs to
	h, c   []float64 // p×p
	set    []pair
	power  float64
}

// pair is an entry on or below the diagonal.
type pair struct{ i, j int }

func solveSymmetric(prob *Problem, m *moments, lambdas []float64, o Options) ([]*Model, error) {
	s := newSymmetricSolver(prob, m, o)
	if slices.Contains(lambdas, 0) && !s.factorise() {
		return nil, errRank
	}
	models := make([]*Model, len(lambdas))
	for l, lambda := range lambdas {
		f := s.solve(lambda)
		models[l] = &Model{Kernel: s.kernel(), Objective: f.objective, Gap: f.gap, Iterations: f.iterations}
		if o.Progress != nil {
			o.Progress(l+1, len(lambdas))
		}
	}
	return models, nil
}

func newSymmetricSolver(prob *Problem, m *moments, o Options) *symmetricSolver {
	s := &symmetricSolver{
		prob: prob, m: m, tolerance: o.tolerance(), limit: o.maxIterations(),
		h: make([]float64, m.p*m.p), c: slices.Clone(m.cross), power: 2 * m.nullObjective(),
	}
	for i := range m.p {
		for j := range i + 1 {
			if prob.allowed(i, j) && s.curvature(pair{i, j}) > 0 {
				s.pairs = append(s.pairs, pair{i, j})
			}
		}
	}
	// As rowSolver.begin does.
	for _, a := range s.pairs {
		if s.weight(a) == 0 {
			s.h[a.i*m.p+a.i] = prob.shrink(s.c[a.i*m.p+a.i], 0) / s.curvature(a)
		}
	}
	s.refresh()
	for _, a := range s.pairs {
		s.solved = max(s.solved, s.excess(a, 0)/max(1, s.weight(a)))
	}
	return s
}

// warm starts from a symmetric kernel.
func (s *symmetricSolver) warm(k Kernel) {
	clear(s.h)
	for i, r := range k.Rows {
		for a, j := range r.Index {
			s.h[i*s.m.p+j] = r.Value[a]
		}
	}
	s.refresh()
}

// curvature is the second derivative along the pair.
func (s *symmetricSolver) curvature(a pair) float64 {
	p := s.m.p
	if a.i == a.j {
		return s.m.gram[a.i*p+a.i]
	}
	return s.m.gram[a.i*p+a.i] + s.m.gram[a.j*p+a.j]
}

// correlation is minus the derivative of the loss along the pair.
func (s *symmetricSolver) correlation(a pair) float64 {
	p := s.m.p
	if a.i == a.j {
		return s.c[a.i*p+a.i]
	}
	return s.c[a.i*p+a.j] + s.c[a.j*p+a.i]
}

// weight is the factor of λ|h| for the pair.
func (s *symmetricSolver) weight(a pair) float64 {
	if a.i == a.j {
		return s.prob.weight(a.i, a.j)
	}
	return 2
}

// solve and descend do as those of rowSolver.
func (s *symmetricSolver) solve(lambda float64) fit {
	target := s.tolerance * s.power / 2
	var passes int
	for _, l := range approach(s.solved, lambda) {
		if passes < s.limit {
			objective, _ := s.gap(l, s.pairs)
			passes += s.descend(l, max(target, rough*objective), s.limit-passes).iterations
		}
	}
	f := s.descend(lambda, target, max(1, s.limit-passes))
	f.iterations += passes
	s.solved = lambda
	return f
}

func (s *symmetricSolver) descend(lambda, target float64, limit int) fit {
	var f fit
	for {
		violated := s.choose(lambda)
		f.iterations += s.sweeps(lambda, 0.3*target, limit-f.iterations)
		s.refresh()
		f.objective, f.gap = s.gap(lambda, s.pairs)
		if f.gap <= target || f.iterations >= limit || (len(s.set) == 0 && !violated) {
			return f
		}
	}
}

func (s *symmetricSolver) excess(a pair, lambda float64) float64 {
	c := s.correlation(a)
	if !s.prob.NonNegative {
		c = math.Abs(c)
	}
	return max(0, c-lambda*s.weight(a))
}

// choose makes the working set, as rowSolver.gather does, and says whether an entry
// that is zero violates its condition.
func (s *symmetricSolver) choose(lambda float64) bool {
	s.set = s.set[:0]
	var out, free []pair
	for _, a := range s.pairs {
		switch {
		case s.weight(a) == 0:
			free = append(free, a)
		case s.h[a.i*s.m.p+a.j] != 0:
			s.set = append(s.set, a)
		case lambda == 0 || s.excess(a, lambda) > 0:
			out = append(out, a)
		}
	}
	if limit := max(32*s.m.p, len(s.set)); len(out) > limit && lambda > 0 {
		slices.SortFunc(out, func(a, b pair) int {
			return cmp.Or(cmp.Compare(s.excess(b, lambda), s.excess(a, lambda)), a.i-b.i, a.j-b.j)
		})
		out = out[:limit]
	}
	s.set = append(s.set, out...)
	slices.SortFunc(s.set, func(a, b pair) int { return cmp.Or(a.i-b.i, a.j-b.j) })
	// A diagonal entry changes its own row of C alone: after a pass over all of
	// them each has correlation zero, as a dual point has to have it.
	s.set = append(s.set, free...)
	return len(out) > 0
}

func (s *symmetricSolver) sweeps(lambda, target float64, limit int) int {
	if len(s.set) == 0 {
		return 0
	}
	// The gap costs a good part of a pass; at λ = 0 it solves with all of G.
	every := 3
	if lambda == 0 {
		every = 20
	}
	for pass := 1; ; pass++ {
		s.sweep(lambda)
		if pass >= limit {
			return pass
		}
		if pass%every == 0 {
			if _, gap := s.gap(lambda, s.set); gap <= target {
				return pass
			}
		}
	}
}

// sweep is one pass over the working set.
func (s *symmetricSolver) sweep(lambda float64) {
	p, gram := s.m.p, s.m.gram
	for _, a := range s.set {
		d := s.curvature(a)
		at := a.i*p + a.j
		next := s.prob.shrink(s.h[at]*d+s.correlation(a), lambda*s.weight(a)) / d
		delta := next - s.h[at]
		if delta == 0 {
			continue
		}
		s.h[at], s.h[a.j*p+a.i] = next, next
		axpy(-delta, gram[a.j*p:(a.j+1)*p], s.c[a.i*p:(a.i+1)*p])
		if a.i != a.j {
			axpy(-delta, gram[a.i*p:(a.i+1)*p], s.c[a.j*p:(a.j+1)*p])
		}
	}
}

// refresh computes all correlations anew.
func (s *symmetricSolver) refresh() {
	p := s.m.p
	copy(s.c, s.m.cross)
	for i := range p {
		row := s.c[i*p : (i+1)*p]
		for j, v := range s.h[i*p : (i+1)*p] {
			if v != 0 {
				axpy(-v, s.m.gram[j*p:(j+1)*p], row)
			}
		}
	}
}

func (s *symmetricSolver) kernel() Kernel {
	p := s.m.p
	k := Kernel{Inputs: p, Rows: make([]Row, p)}
	for i := range p {
		for j, v := range s.h[i*p : (i+1)*p] {
			if v != 0 {
				k.Rows[i].Index = append(k.Rows[i].Index, j)
				k.Rows[i].Value = append(k.Rows[i].Value, v)
			}
		}
	}
	return k
}
