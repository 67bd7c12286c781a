package graphical

import (
	"math"

	"pare/internal/dense"
	"pare/internal/f64"
)

const (
	sufficient = 1e-3 // share of the predicted decrease that a step has to bring
	halvings   = 40   // of a step before it counts as none
	closeBy    = 0.1  // residual per variable from which the gap is worth a look
)

// state is a positive definite Θ of a block, with its inverse, objective and gap, and room to work.
type state struct {
	x       []float64 // Θ, p×p, symmetric
	w       []float64 // Θ⁻¹, once invert has run
	factor  []float64 // Cholesky factor of x, then scratch
	f       float64   // objective
	logDet  float64
	trace   float64
	gap     float64 // +Inf until measured
	steps   int
	settled bool // rounding leaves nothing to gain
}

func newState(b *block, x []float64) *state {
	n := b.p * b.p
	return &state{x: x, w: make([]float64, n), factor: make([]float64, n), gap: math.Inf(1)}
}

// evaluate computes factor and objective of x and reports whether x is positive definite.
func (s *state) evaluate(b *block) bool {
	logDet, trace, f, ok := b.objective(s.x, s.factor)
	if ok {
		s.logDet, s.trace, s.f = logDet, trace, f
	}
	return ok
}

// objective uses factor for the Cholesky factor of x.
func (b *block) objective(x, factor []float64) (logDet, trace, f float64, ok bool) {
	copy(factor, x)
	if !dense.Cholesky(factor, b.p) {
		return 0, 0, 0, false
	}
	logDet = dense.LogDet(factor, b.p)
	trace, penalty := b.linear(x)
	return logDet, trace, trace + penalty - logDet, true
}

// invert turns the factor into w.
func (s *state) invert(b *block) { dense.Inverse(s.w, s.factor, b.p) }

// measure sets the gap; w has to be up to date.
func (s *state) measure(b *block) { s.gap = b.gap(s.x, s.w, s.f, s.factor) }

// newton improves s until its gap is at most tolerance or limit steps are done. s has been
// evaluated. Each step minimises the second-order model of the smooth part plus the
// penalty, over the elements that are not zero or would not stay zero, and then searches along
// the line.
func (b *block) newton(s *state, tolerance float64, limit int) {
	d := newDirection(b)
	trial := make([]float64, len(s.x))
	for ; ; s.steps++ {
		s.invert(b)
		d.start(b, s)
		if d.residual <= closeBy*float64(b.p) || s.steps >= limit {
			if s.measure(b); s.gap <= tolerance {
				return
			}
		}
		if s.steps >= limit {
			return
		}
		d.solve(s, min(0.1, d.residual/float64(b.p)))
		if !b.search(s, d, trial) {
			s.settled = true
			s.invert(b)
			s.measure(b)
			return
		}
	}
}

// search moves x along d and reports whether it found a decrease. The factor is then that
// of the new x; in either case it is up to date.
func (b *block) search(s *state, d *direction, trial []float64) bool {
	change := d.predicted()
	step := 1.0
	if change < -1e-15*math.Abs(s.f) {
		for range halvings {
			d.move(trial, s.x, step)
			logDet, trace, f, ok := b.objective(trial, s.factor)
			if ok && f <= s.f+sufficient*step*change {
				copy(s.x, trial)
				s.logDet, s.trace, s.f = logDet, trace, f
				return true
			}
			step /= 2
		}
	}
	s.evaluate(b)
	return false
}

// entry is an element of the lower triangle that a Newton step may change.
type entry struct {
	row    int32
	col    int32
	g      float64 // Sᵢⱼ − Wᵢⱼ, the gradient of the smooth part
	x, d   float64 // Θᵢⱼ and its change
	a      float64 // curvature Wᵢⱼ² + Wᵢᵢ·Wⱼⱼ
	lambda float64
}

// direction is a proximal Newton step in the making: the minimiser of
// tr(GD) + ½ tr(WDWD) + Σ λ|Θ + D| over a set of elements, by coordinate descent.
type direction struct {
	p         int
	entries   []entry   // row by row; the diagonal element ends its row
	rows      []int     // where rows start; p+1 of them
	u         []float64 // D·W
	column    []float64 // of u
	conjugate conjugate
	residual  float64 // Σ |smallest subgradient|·√(curvature)⁻¹, zero at the optimum
}

func newDirection(b *block) *direction {
	return &direction{p: b.p, rows: make([]int, b.p+1), u: make([]float64, b.p*b.p), column: make([]float64, b.p)}
}

// start collects the elements that are not zero or have a gradient beyond λ.
func (d *direction) start(b *block, s *state) {
	p := b.p
	d.entries = d.entries[:0]
	d.residual = 0
	for i := range p {
		d.rows[i] = len(d.entries)
		for j := range i + 1 {
			at := i*p + j
			x, g, l := s.x[at], b.s[at]-s.w[at], b.lambda(i, j)
			if x == 0 && math.Abs(g) <= l {
				continue
			}
			wij := s.w[at]
			a := wij * wij
			if i != j {
				a += s.w[i*p+i] * s.w[j*p+j]
			}
			d.entries = append(d.entries, entry{int32(i), int32(j), g, x, 0, a, l})
			d.residual += math.Abs(slope(x, g, l)) / math.Sqrt(a)
		}
	}
	d.rows[p] = len(d.entries)
}

// slope is the smallest subgradient of g·x + λ|x|.
func slope(x, g, lambda float64) float64 {
	switch {
	case x > 0:
		return g + lambda
	case x < 0:
		return g - lambda
	}
	return max(math.Abs(g)-lambda, 0)
}

const (
	rounds = 10 // of sweeps and conjugate gradients at most in one Newton step
	sweeps = 10 // of coordinate descent in a round
)

// solve runs coordinate descent until a sweep changes D by less than the share precision of
// D, with conjugate gradients in between where that takes long.
func (d *direction) solve(s *state, precision float64) {
	clear(d.u)
	for round := range rounds {
		for sweep := range sweeps {
			moved, size := d.sweep(s.w, round+sweep > 0)
			if moved <= precision*size {
				return
			}
		}
		if !d.refine(s) {
			return
		}
	}
}

// sweep visits every entry once, or those not at zero only, and returns the sizes of its
// changes and of D, in the metric of the curvature.
//
// Column i of u is copied once for a row i of entries: updates of other rows of u change
// it in two places, which are kept up to date.
func (d *direction) sweep(w []float64, inside bool) (moved, size float64) {
	p := d.p
	for i := range p {
		row := d.entries[d.rows[i]:d.rows[i+1]]
		if len(row) == 0 {
			continue
		}
		for k := range d.column {
			d.column[k] = d.u[k*p+i]
		}
		wi, ui := w[i*p:(i+1)*p], d.u[i*p:(i+1)*p]
		for k := range row {
			e := &row[k]
			if inside && e.x+e.d == 0 {
				continue
			}
			j := int(e.col)
			wj := w[j*p : (j+1)*p]
			slope := e.g + f64.Dot(wj, d.column)
			at := e.x + e.d
			change := soft(at-slope/e.a, e.lambda/e.a) - at
			scale := math.Sqrt(e.a)
			if change != 0 {
				e.d += change
				moved += math.Abs(change) * scale
				f64.Axpy(change, wj, ui)
				if i != j {
					f64.Axpy(change, wi, d.u[j*p:(j+1)*p])
					d.column[j] += change * wi[i]
				}
				d.column[i] += change * wj[i]
			}
			size += math.Abs(e.d) * scale
		}
	}
	return moved, size
}

func soft(x, threshold float64) float64 {
	switch {
	case x > threshold:
		return x - threshold
	case x < -threshold:
		return x + threshold
	}
	return 0
}

// predicted is the first-order change of the objective, tr(GD) + Σ λ(|Θ+D| − |Θ|) ≤ 0.
func (d *direction) predicted() float64 {
	sum := 0.0
	for k := range d.entries {
		e := &d.entries[k]
		change := e.g * e.d
		if e.lambda > 0 {
			change += e.lambda * (math.Abs(e.x+e.d) - math.Abs(e.x))
		}
		sum += e.times() * change
	}
	return sum
}

// times is the number of times that the element is in the matrix.
func (e *entry) times() float64 {
	if e.row == e.col {
		return 1
	}
	return 2
}

// move writes x + step·D. Elements that D brings to zero are exactly zero at step 1.
func (d *direction) move(to, x []float64, step float64) {
	copy(to, x)
	for _, e := range d.entries {
		v, i, j := e.x+step*e.d, int(e.row), int(e.col)
		to[i*d.p+j], to[j*d.p+i] = v, v
	}
}

const (
	conjugateSteps = 40
	conjugateDrop  = 1e-6 // of the squared residual
)

// conjugate are the vectors of refine, an element for each entry of the direction.
type conjugate struct {
	r, z, s, hs, v []float64
	u              []float64 // p×p
}

// refine improves D by conjugate gradients among the entries that are not at zero, their
// signs held, which coordinate descent does slowly when W is ill-conditioned. The inverse
// of the Hessian V ↦ WVW without its restriction to these entries, R ↦ ΘRΘ, preconditions.
// Entries that would change their sign stop at zero. It reports whether the model fell.
func (d *direction) refine(s *state) bool {
	n := len(d.entries)
	c := &d.conjugate
	if len(c.u) == 0 {
		c.u = make([]float64, d.p*d.p)
	}
	for _, v := range []*[]float64{&c.r, &c.z, &c.s, &c.hs, &c.v} {
		if cap(*v) < n {
			*v = make([]float64, n)
		}
		*v = (*v)[:n]
		clear(*v)
	}
	d.values(c.v)
	d.apply(c.hs, c.v, s.w, d.u, false)
	before := d.model(c.v, c.hs)
	for k, e := range d.entries {
		if at := e.x + e.d; at != 0 {
			c.r[k] = -e.g - c.hs[k] - math.Copysign(e.lambda, at)
		}
	}
	clear(c.v)
	d.apply(c.z, c.r, s.x, c.u, true)
	copy(c.s, c.z)
	rz := d.inner(c.r, c.z)
	first := rz
	for range conjugateSteps {
		if !(rz > conjugateDrop*first) {
			break
		}
		d.apply(c.hs, c.s, s.w, c.u, true)
		step := rz / d.inner(c.s, c.hs)
		for k, v := range c.s {
			c.v[k] += step * v
			c.r[k] -= step * c.hs[k]
		}
		d.apply(c.z, c.r, s.x, c.u, true)
		next := d.inner(c.r, c.z)
		for k, v := range c.z {
			c.s[k] = v + next/rz*c.s[k]
		}
		rz = next
	}
	for share := 1.0; share > 0.1; share /= 2 {
		for k, e := range d.entries {
			at, to := e.x+e.d, e.x+e.d+share*c.v[k]
			c.s[k] = e.d + share*c.v[k]
			if e.lambda > 0 && at*to <= 0 {
				c.s[k] = -e.x
			}
			if at == 0 {
				c.s[k] = e.d
			}
		}
		d.apply(c.hs, c.s, s.w, c.u, false)
		if d.model(c.s, c.hs) < before {
			for k := range d.entries {
				d.entries[k].d = c.s[k]
			}
			d.u, c.u = c.u, d.u
			return true
		}
	}
	return false
}

// values are the elements of D.
func (d *direction) values(to []float64) {
	for k, e := range d.entries {
		to[k] = e.d
	}
}

// apply writes the entries of M·V·M, of those not at zero or of all, and V·M to u.
func (d *direction) apply(to, v, m, u []float64, inside bool) {
	p := d.p
	clear(u)
	for k, e := range d.entries {
		if v[k] == 0 {
			continue
		}
		i, j := int(e.row), int(e.col)
		f64.Axpy(v[k], m[j*p:(j+1)*p], u[i*p:(i+1)*p])
		if i != j {
			f64.Axpy(v[k], m[i*p:(i+1)*p], u[j*p:(j+1)*p])
		}
	}
	for i := range p {
		for k := range d.column {
			d.column[k] = u[k*p+i]
		}
		for k := d.rows[i]; k < d.rows[i+1]; k++ {
			e := &d.entries[k]
			if inside && e.x+e.d == 0 {
				to[k] = 0
				continue
			}
			to[k] = f64.Dot(m[int(e.col)*p:(int(e.col)+1)*p], d.column)
		}
	}
}

// inner is tr(AB) of two symmetric matrices given by entries.
func (d *direction) inner(a, b []float64) float64 {
	sum := 0.0
	for k := range d.entries {
		sum += d.entries[k].times() * a[k] * b[k]
	}
	return sum
}

// model is the value of the second-order model at the entries v with their image h = WVW.
func (d *direction) model(v, h []float64) float64 {
	sum := 0.0
	for k := range d.entries {
		e := &d.entries[k]
		q := v[k] * (e.g + h[k]/2)
		if e.lambda > 0 {
			q += e.lambda * (math.Abs(e.x+v[k]) - math.Abs(e.x))
		}
		sum += e.times() * q
	}
	return sum
}
