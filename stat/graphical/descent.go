package graphical

import (
	"math"

	"pare/internal/dense"
	"pare/internal/f64"
)

// descent is block coordinate descent on the dual problem (Friedman, Hastie and Tibshirani
// 2008): W stays positive definite and in the box around S, and one row and column of it
// after another is made optimal by a lasso, ½βᵀW₁₁β − s₁₂ᵀβ + Σ λ|β|, w₁₂ = W₁₁β.
type descent struct {
	b        *block
	w        []float64 // p×p, symmetric
	beta     []float64 // row j holds the coefficients of column j
	residual []float64 // s₁₂ − W₁₁β
	active   []int     // variables of the current lasso
	member   []bool
	gram     []float64 // W among the active ones
	inner    []float64 // residual among the active ones
	moved    []float64 // change of their coefficients
	scale    []float64 // √Wᵢᵢ
}

// newDescent starts at Θ of s, whose w is up to date, or reports that no positive definite
// point of the box was found.
func newDescent(b *block, s *state) (*descent, bool) {
	p := b.p
	d := &descent{b: b, w: make([]float64, p*p), beta: make([]float64, p*p), residual: make([]float64, p),
		member: make([]bool, p), scale: make([]float64, p)}
	share, found := b.feasible(s.factor, s.x, s.w)
	if !found {
		return nil, false
	}
	b.dualPoint(d.w, s.x, s.w, share)
	dense.Mirror(d.w, p)
	for j := range p {
		d.scale[j] = math.Sqrt(d.w[j*p+j])
		for i := range p {
			if i != j && s.x[j*p+i] != 0 {
				d.beta[j*p+i] = -s.x[j*p+i] / s.x[j*p+j]
			}
		}
	}
	return d, true
}

const (
	maxRounds = 20  // of widening the active set of one lasso
	maxPasses = 200 // over the active set
)

// sweep visits all columns, solving each lasso to precision, and returns the mean change of
// W off the diagonal. Both are in units of correlations.
func (d *descent) sweep(precision float64) float64 {
	p, total := d.b.p, 0.0
	for j := range p {
		d.lasso(j, precision)
		row, s := d.w[j*p:(j+1)*p], d.b.s[j*p:(j+1)*p]
		change := 0.0
		for i, r := range d.residual {
			if i == j {
				continue
			}
			v := s[i] - r
			if l := d.b.lambda(j, i); math.Abs(r) > l { // within rounding of the lasso
				v = s[i] - math.Copysign(l, r)
			}
			change += math.Abs(v-row[i]) / d.scale[i]
			row[i], d.w[i*p+j] = v, v
		}
		total += change / d.scale[j]
	}
	return total / float64(p*max(p-1, 1))
}

// lasso solves for column j and leaves its residual.
func (d *descent) lasso(j int, precision float64) {
	p := d.b.p
	beta := d.beta[j*p : (j+1)*p]
	copy(d.residual, d.b.s[j*p:(j+1)*p])
	d.active = d.active[:0]
	clear(d.member)
	for i, v := range beta {
		if v != 0 {
			f64.Axpy(-v, d.w[i*p:(i+1)*p], d.residual)
			d.active, d.member[i] = append(d.active, i), true
		}
	}
	d.member[j] = true
	for range maxRounds {
		before := len(d.active)
		for i, r := range d.residual {
			if !d.member[i] && math.Abs(r) > d.b.lambda(j, i)+precision*1e-3*d.scale[i]*d.scale[j] {
				d.active, d.member[i] = append(d.active, i), true
			}
		}
		if !d.coordinates(j, beta, precision) && len(d.active) == before {
			break
		}
	}
}

// coordinates runs coordinate descent among the active variables and brings the residual of
// all up to date. It reports whether anything moved by more than precision.
func (d *descent) coordinates(j int, beta []float64, precision float64) bool {
	p, m := d.b.p, len(d.active)
	if cap(d.gram) < m*m {
		d.gram = make([]float64, 2*m*m)
	}
	if cap(d.inner) < m {
		d.inner, d.moved = make([]float64, p), make([]float64, p)
	}
	gram, inner, moved := d.gram[:m*m], d.inner[:m], d.moved[:m]
	for a, i := range d.active {
		row := d.w[i*p : (i+1)*p]
		for c, k := range d.active {
			gram[a*m+c] = row[k]
		}
		inner[a], moved[a] = d.residual[i], 0
	}
	limit := precision * d.scale[j]
	for range maxPasses {
		largest := 0.0
		for a, i := range d.active {
			curvature := gram[a*m+a]
			now := soft(inner[a]+curvature*beta[i], d.b.lambda(j, i)) / curvature
			if change := now - beta[i]; change != 0 {
				beta[i] = now
				moved[a] += change
				f64.Axpy(-change, gram[a*m:(a+1)*m], inner)
				largest = max(largest, math.Abs(change)*d.scale[i])
			}
		}
		if largest <= limit {
			break
		}
	}
	any := false
	for a, i := range d.active {
		if moved[a] != 0 {
			f64.Axpy(-moved[a], d.w[i*p:(i+1)*p], d.residual)
			any = any || math.Abs(moved[a])*d.scale[i] > limit
		}
	}
	return any
}

// theta writes the Θ given by W and β, made symmetric: an element that is zero on one side
// becomes zero on both. Before convergence Θ may be indefinite.
func (d *descent) theta(x []float64) {
	p := d.b.p
	for j := range p {
		beta := d.beta[j*p : (j+1)*p]
		rest := d.w[j*p+j] - f64.Dot(beta, d.w[j*p:])
		for i, v := range beta {
			x[j*p+i] = -v / rest
		}
		x[j*p+j] = 1 / rest
	}
	for i := range p {
		for j := range i {
			a, b := x[i*p+j], x[j*p+i]
			v := (a + b) / 2
			if a == 0 || b == 0 {
				v = 0
			}
			x[i*p+j], x[j*p+i] = v, v
		}
	}
}
