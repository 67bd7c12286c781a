package graphical

import (
	"math"

	"pare/internal/f64"
)

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
	for i := range p {
		for k := d.rows[i]; k < d.rows[i+1]; k++ {
			if v[k] == 0 {
				continue
			}
			j := int(d.entries[k].col)
			f64.Axpy(v[k], m[j*p:(j+1)*p], u[i*p:(i+1)*p])
			if i != j {
				f64.Axpy(v[k], m[i*p:(i+1)*p], u[j*p:(j+1)*p])
			}
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
	for i := range d.p {
		for k := d.rows[i]; k < d.rows[i+1]; k++ {
			if int(d.entries[k].col) == i {
				sum += a[k] * b[k]
			} else {
				sum += 2 * a[k] * b[k]
			}
		}
	}
	return sum
}

// model is the value of the second-order model at the entries v with their image h = WVW.
func (d *direction) model(v, h []float64) float64 {
	sum := 0.0
	for i := range d.p {
		for k := d.rows[i]; k < d.rows[i+1]; k++ {
			e := &d.entries[k]
			q := v[k] * (e.g + h[k]/2)
			if e.lambda > 0 {
				q += e.lambda * (math.Abs(e.x+v[k]) - math.Abs(e.x))
			}
			if int(e.col) != i {
				q *= 2
			}
			sum += q
		}
	}
	return sum
}
