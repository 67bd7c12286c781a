package linear

import "pare/internal/f64"

// sparseResidual is residual for columns that are centred without being filled:
// u = w + t·h, where w takes the moves of the stored values and t those of the means.
type sparseResidual struct {
	*packed
	h         []float64
	hx        []float64 // Σ hᵢxᵢⱼ/scaleⱼ
	even      float64   // the value of all h if they are equal, else zero
	total     float64   // Σ h
	intercept bool
	point     []float64 // w, t, Σu, move of the intercept
	w         []float64 // of a product
}

// at moves to the weights h and residuals u.
func (r *sparseResidual) at(p *packed, h, u []float64, intercept bool) {
	r.packed, r.h, r.even, r.intercept = p, h, h[0], intercept
	sum := 0.0
	r.total = 0
	for i, w := range h {
		r.total += w
		sum += u[i]
		if w != r.even {
			r.even = 0
		}
	}
	r.point = append(append(r.point[:0], u...), 0, sum, 0)
	r.hx = zeros(r.hx, len(p.set))
	if r.even == 0 {
		p.dots(r.hx, h)
		return
	}
	f64.Axpy(r.even, p.sum, r.hx)
}

func (r *sparseResidual) curvature(k int) float64 {
	sum := r.even * r.square[k]
	if r.even == 0 {
		rows, values := r.entries(k)
		for e, i := range rows {
			sum += r.h[i] * values[e] * values[e]
		}
	}
	m := r.mean[k]
	return max(0, sum-2*m*r.hx[k]+m*m*r.total)
}

func (r *sparseResidual) gradient(k int) float64 {
	var sum [1]float64
	f64.GatherDots(sum[:], r.start[k:k+2], r.row, r.filled, r.point)
	return sum[0] + r.point[r.n]*r.hx[k] - r.mean[k]*r.point[r.n+1]
}

func (r *sparseResidual) gradients(out []float64) {
	r.dots(out, r.point)
	f64.Axpy(r.point[r.n], r.hx, out)
	f64.Axpy(-r.point[r.n+1], r.mean, out)
}

func (r *sparseResidual) move(k int, d float64) {
	rows, values := r.entries(k)
	values = values[:len(rows)]
	point := r.point
	if even := d * r.even; even != 0 {
		for e, i := range rows {
			point[i] -= even * values[e]
		}
	} else {
		for e, i := range rows {
			point[i] -= d * values[e] * r.h[i]
		}
	}
	point[r.n] += d * r.mean[k]
	point[r.n+1] -= d * (r.hx[k] - r.mean[k]*r.total)
}

func (r *sparseResidual) settle() float64 {
	if !r.intercept {
		return 0
	}
	sum := r.point[r.n+1]
	d := sum / r.total
	r.point[r.n] -= d
	r.point[r.n+1] = 0
	r.point[r.n+2] += d
	return max(sum, -sum)
}

func (r *sparseResidual) state() []float64 { return r.point }

func (r *sparseResidual) value() float64 {
	sum, t := 0.0, r.point[r.n]
	for i, w := range r.h {
		if w > 0 {
			u := r.point[i] + t*w
			sum += u * u / w
		}
	}
	return sum / 2
}

// moved is how far the intercept has moved.
func (r *sparseResidual) moved() float64 { return r.point[r.n+2] }

// product eliminates the intercept, as it is at its minimum where products are taken.
func (r *sparseResidual) product(out, x []float64) {
	r.w = zeros(r.w, r.n)
	r.times(r.w, x)
	mean := f64.Dot(x, r.mean)
	sum := 0.0
	for i, h := range r.h {
		w := h * (r.w[i] - mean)
		r.w[i] = w
		sum += w
	}
	r.dots(out, r.w)
	if r.intercept {
		f64.Axpy(-sum/r.total, r.hx, out)
	} else {
		f64.Axpy(-sum, r.mean, out)
	}
}

func (r *sparseResidual) shift(x []float64) {
	for k, d := range x {
		if d != 0 {
			r.move(k, d)
		}
	}
}
