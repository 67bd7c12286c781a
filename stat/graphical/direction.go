package graphical

import (
	"math"

	"pare/internal/f64"
)

// entry is an element of the lower triangle that a Newton step may change.
type entry struct {
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
			d.entries = append(d.entries, entry{int32(j), g, x, 0, a, l})
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

// sweep visits every entry once, or those not at zero only, and returns the size of its
// changes and that of D, in the metric of the curvature.
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
func (d *direction) predicted(b *block, x []float64) float64 {
	sum := 0.0
	for i := range d.p {
		for _, e := range d.entries[d.rows[i]:d.rows[i+1]] {
			change := e.g * e.d
			if e.lambda > 0 {
				change += e.lambda * (math.Abs(e.x+e.d) - math.Abs(e.x))
			}
			if int(e.col) != i {
				change *= 2
			}
			sum += change
		}
	}
	return sum
}

// move writes x + step·D. Elements that D brings to zero are exactly zero at step 1.
func (d *direction) move(to, x []float64, step float64) {
	copy(to, x)
	for i := range d.p {
		for _, e := range d.entries[d.rows[i]:d.rows[i+1]] {
			v := e.x + step*e.d
			to[i*d.p+int(e.col)], to[int(e.col)*d.p+i] = v, v
		}
	}
}
