package diffusion

import (
	"math"
	"slices"
)

// gap is that of rowSolver.gap, summed over pairs.
func (s *symmetricSolver) gap(lambda float64, pairs []pair) (objective, gap float64) {
	p := s.m.p
	var hb, hc, free, l1, top float64
	for _, a := range pairs {
		h, c, w := s.h[a.i*p+a.j], s.correlation(a), s.weight(a)
		hb += h * s.m.cross[a.i*p+a.j]
		if a.i != a.j {
			hb += h * s.m.cross[a.j*p+a.i]
		}
		if w == 0 {
			free += h * c
			continue
		}
		hc += h * c
		l1 += w * math.Abs(h)
		if !s.prob.NonNegative {
			c = math.Abs(c)
		}
		top = max(top, c/w)
	}
	r := max(0, s.power-hb-hc-free)
	objective = r/2 + lambda*l1
	if lambda == 0 {
		return objective, s.gapUnpenalised()
	}
	t := dualScale(r, hc, lambda, top)
	gap = (1 - t) * (1 - t) * r / 2
	for _, a := range pairs {
		if w := s.weight(a); w != 0 {
			h := s.h[a.i*p+a.j]
			gap += max(0, lambda*w*math.Abs(h)-t*h*s.correlation(a))
		}
	}
	return objective, gap
}

// gapUnpenalised is ½ tr(E G⁻¹ E), E being what is left of the symmetric part of
// the correlations, and the slack of the sign constraints.
func (s *symmetricSolver) gapUnpenalised() float64 {
	p := s.m.p
	e := make([]float64, p*p)
	var slack float64
	for _, a := range s.pairs {
		v := (s.c[a.i*p+a.j] + s.c[a.j*p+a.i]) / 2
		if s.prob.NonNegative && v < 0 {
			f := 2.0
			if a.i == a.j {
				f = 1
			}
			slack -= f * s.h[a.i*p+a.j] * v
			v = 0
		}
		e[a.i*p+a.j], e[a.j*p+a.i] = v, v
	}
	u := slices.Clone(e)
	s.factor.solve(u, p)
	return max(0, dot(e, u)/2) + slack
}

func (s *symmetricSolver) factorise() bool {
	var ok bool
	s.factor, ok = factorise(slices.Clone(s.m.gram), s.m.p)
	return ok
}
