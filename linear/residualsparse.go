package linear

// sparseResidual is residual for columns that are centred without being filled:
// u = w + t·h, where w takes the moves of the stored values and t those of the means.
// The columns of the working set are copied, scaled, next to each other: sweeps would
// otherwise spend their time waiting for memory.
type sparseResidual struct {
	n, m      int
	start     []int32
	row       []int32
	filled    []float64 // xᵢⱼ/scaleⱼ
	mean      []float64 // meanⱼ/scaleⱼ
	h         []float64
	hx        []float64 // Σ hᵢxᵢⱼ/scaleⱼ
	even      float64   // the value of all h if they are equal, else zero
	total     float64   // Σ h
	intercept bool
	point     []float64 // w, t, Σu, move of the intercept
}

func newSparseResidual(t *task, x *Sparse, set []int, h, u []float64) *sparseResidual {
	r := &sparseResidual{n: t.n, m: len(set), h: h, even: h[0], intercept: t.intercept}
	sum := 0.0
	for i, w := range h {
		r.total += w
		sum += u[i]
		if w != r.even {
			r.even = 0
		}
	}
	r.point = append(append(make([]float64, 0, t.n+3), u...), 0, sum, 0)
	r.start = make([]int32, r.m+1)
	r.mean, r.hx = make([]float64, r.m), make([]float64, r.m)
	size := 0
	for _, j := range set {
		size += x.start[j+1] - x.start[j]
	}
	r.row, r.filled = make([]int32, 0, size), make([]float64, 0, size)
	for k, j := range set {
		rows, values := x.entries(j)
		inverse := 1 / t.scale[j]
		for e, i := range rows {
			v := values[e] * inverse
			r.hx[k] += v * h[i]
			r.filled = append(r.filled, v)
		}
		r.row = append(r.row, rows...)
		r.mean[k] = t.mean[j] * inverse
		r.start[k+1] = int32(len(r.row))
	}
	return r
}

func (r *sparseResidual) entries(k int) ([]int32, []float64) {
	from, to := r.start[k], r.start[k+1]
	return r.row[from:to], r.filled[from:to]
}

func (r *sparseResidual) curvature(k int) float64 {
	rows, values := r.entries(k)
	sum := 0.0
	for e, i := range rows {
		sum += r.h[i] * values[e] * values[e]
	}
	m := r.mean[k]
	return max(0, sum-2*m*r.hx[k]+m*m*r.total)
}

func (r *sparseResidual) gradient(k int) float64 {
	rows, values := r.entries(k)
	values = values[:len(rows)]
	sum, point := 0.0, r.point
	for e, i := range rows {
		sum += values[e] * point[i]
	}
	return sum + point[r.n]*r.hx[k] - r.mean[k]*point[r.n+1]
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
