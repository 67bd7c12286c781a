package linear

import "pare/internal/f64"

// residual is smooth by the weighted residuals u: naive updates. The function is
// ½ Σ uᵢ²/hᵢ, and a move takes d·h∘x̃ from u. The last value of the state is how far
// the intercept has moved.
type residual struct {
	columns   [][]float64
	h, u      []float64
	even      float64 // the value of all h if they are equal, else zero
	total     float64 // Σ h
	intercept bool
	point     []float64 // u and the move of the intercept
}

func newResidual(columns [][]float64, h, u []float64, intercept bool) *residual {
	r := &residual{columns: columns, h: h, intercept: intercept, even: h[0]}
	r.point = append(append(make([]float64, 0, len(u)+1), u...), 0)
	r.u = r.point[:len(u)]
	for _, w := range h {
		r.total += w
		if w != r.even {
			r.even = 0
		}
	}
	return r
}

// curvature returns Σ hᵢx̃ᵢⱼ².
func (r *residual) curvature(j int) float64 {
	x := r.columns[j]
	sum := 0.0
	for i, w := range r.h {
		sum += w * x[i] * x[i]
	}
	return sum
}

func (r *residual) gradient(j int) float64 { return f64.Dot(r.u, r.columns[j]) }

func (r *residual) move(j int, d float64) {
	if r.even != 0 {
		f64.Axpy(-d*r.even, r.columns[j], r.u)
		return
	}
	f64.MulAxpy(-d, r.columns[j], r.h, r.u)
}

func (r *residual) settle() float64 {
	if !r.intercept {
		return 0
	}
	sum := 0.0
	for _, u := range r.u {
		sum += u
	}
	d := sum / r.total
	f64.Axpy(-d, r.h, r.u)
	r.point[len(r.u)] += d
	return max(sum, -sum)
}

func (r *residual) state() []float64 { return r.point }

func (r *residual) value() float64 { return weightedSquare(r.u, r.h) / 2 }

// moved is how far the intercept has moved.
func (r *residual) moved() float64 { return r.point[len(r.u)] }

// weightedSquare is Σ u²/h over positive h.
func weightedSquare(u, h []float64) float64 {
	sum := 0.0
	for i, w := range h {
		if w > 0 {
			sum += u[i] * u[i] / w
		}
	}
	return sum
}
