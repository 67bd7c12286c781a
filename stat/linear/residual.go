package linear

import (
	"slices"

	"pare/internal/f64"
)

// residual implements smooth with the weighted residuals u as its state ("naive updates").
// The function is ½ Σ uᵢ²/hᵢ; when a coefficient moves by d, d·h∘x̃ is subtracted from u.
// The last value of the state is the change of the intercept.
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

func (r *residual) value() float64 {
	sum := 0.0
	for i, w := range r.h {
		if w > 0 {
			sum += r.u[i] * r.u[i] / w
		}
	}
	return sum / 2
}

// moved is how far the intercept has moved.
func (r *residual) moved() float64 { return r.point[len(r.u)] }

// packed holds the columns of a sparse working set, scaled, next to each other and by
// rows as well: products would otherwise spend their time waiting for memory.
type packed struct {
	n       int
	threads int
	set     []int
	start   []int
	row     []int32
	filled  []float64 // xᵢⱼ/scaleⱼ
	mean    []float64 // meanⱼ/scaleⱼ
	sum     []float64 // Σ filled
	square  []float64 // Σ filled²

	rowStart []int // the same by rows
	column   []int32
	across   []float64
}

// hold makes set the columns that are held.
func (p *packed) hold(t *task, x *Sparse, set []int) {
	p.n, p.threads = t.n, t.threads
	same := 0
	for same < len(set) && same < len(p.set) && set[same] == p.set[same] {
		same++
	}
	if same == len(set) && same == len(p.set) && p.rowStart != nil {
		return
	}
	if p.start == nil {
		p.start = []int{0}
	}
	p.set, p.start = append(p.set[:same], set[same:]...), p.start[:same+1]
	p.row, p.filled = p.row[:p.start[same]], p.filled[:p.start[same]]
	p.mean, p.sum, p.square = p.mean[:same], p.sum[:same], p.square[:same]
	for _, j := range set[same:] {
		rows, values := x.entries(j)
		inverse, sum, square := 1/t.scale[j], 0.0, 0.0
		for _, v := range values {
			v *= inverse
			sum += v
			square += v * v
			p.filled = append(p.filled, v)
		}
		p.row = append(p.row, rows...)
		p.start = append(p.start, len(p.row))
		p.mean, p.sum, p.square = append(p.mean, t.mean[j]*inverse), append(p.sum, sum), append(p.square, square)
	}
	p.transpose()
}

// transpose fills the fields by rows.
func (p *packed) transpose() {
	p.rowStart = slices.Grow(p.rowStart[:0], p.n+1)[:p.n+1]
	clear(p.rowStart)
	for _, i := range p.row {
		p.rowStart[i+1]++
	}
	for i := range p.n {
		p.rowStart[i+1] += p.rowStart[i]
	}
	p.column = slices.Grow(p.column[:0], len(p.row))[:len(p.row)]
	p.across = slices.Grow(p.across[:0], len(p.row))[:len(p.row)]
	next := slices.Clone(p.rowStart)
	for k := range p.set {
		for e := p.start[k]; e < p.start[k+1]; e++ {
			at := &next[p.row[e]]
			p.column[*at], p.across[*at] = int32(k), p.filled[e]
			*at++
		}
	}
}

func (p *packed) entries(k int) ([]int32, []float64) {
	from, to := p.start[k], p.start[k+1]
	return p.row[from:to], p.filled[from:to]
}

// gatherValues is the least number of values that pays for a second thread.
const gatherValues = 1 << 14

// gatherColumns is the number of columns of a product in a task.
const gatherColumns = 1250

// gather sets out to inner products with x, on the threads of the task.
func (p *packed) gather(out []float64, start []int, index []int32, value, x []float64) {
	inRanges(len(out), gatherColumns, sharing(p.threads, len(value), gatherValues), func(from, to int) {
		f64.GatherDots(out[from:to], start[from:to+1], index, value, x)
	})
}

// times sets w to the held columns, not centred, times x.
func (p *packed) times(w, x []float64) { p.gather(w, p.rowStart, p.column, p.across, x) }

// dots sets out to the held columns, not centred, transposed times w.
func (p *packed) dots(out, w []float64) { p.gather(out, p.start, p.row, p.filled, w) }

// sparseResidual is residual for columns that are centred without being filled:
// u = w + t·h, where w takes the moves of the stored values and t the moves of the means.
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

// product eliminates the intercept, which is at its minimum whenever products are computed.
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
