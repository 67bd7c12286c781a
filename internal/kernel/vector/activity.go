package vector

import (
	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// ActivityShare is the number of values that one task of a sweep over activations
// takes.
const ActivityShare = 64 << 10

// Activity measures the rows of an activation in one sweep: the sums that penalties
// on activations and measures of their sparsity need. It belongs to one caller at a
// time.
type Activity struct {
	Abs       []float64 // for each row Σ|x|
	Square    []float64 // for each row Σx²
	Saturated []float64 // for each row Σ|x|/(β+|x|); nil without β
	Fired     []int32   // for each column the rows where x ≠ 0, NaN included

	cols, step int
	beta       float32
	x          []float32
	rows       int
	counts     []int32 // of each task
}

// NewActivity plans for up to rows rows of cols values. beta > 0 asks for
// Saturated.
func NewActivity(rows, cols int, beta float32) *Activity {
	a := &Activity{Abs: make([]float64, rows), Square: make([]float64, rows), Fired: make([]int32, cols),
		cols: cols, step: max(1, ActivityShare/cols), beta: beta}
	if beta > 0 {
		a.Saturated = make([]float64, rows)
	}
	a.counts = make([]int32, (rows+a.step-1)/a.step*cols)
	return a
}

// Run measures the first rows of x, at most the planned number; the measures of the other
// rows remain from an earlier run.
func (a *Activity) Run(x []float32, rows int) {
	a.x, a.rows = x[:rows*a.cols], rows
	tasks := (rows + a.step - 1) / a.step
	clear(a.counts[:tasks*a.cols])
	parallel.Each(tasks, a, (*Activity).run)
	clear(a.Fired)
	for t := range tasks {
		for c, n := range a.counts[t*a.cols:][:a.cols] {
			a.Fired[c] += n
		}
	}
	a.x = nil
}

func (a *Activity) run(_, task int) {
	counts := a.counts[task*a.cols:][:a.cols]
	for r := task * a.step; r < min((task+1)*a.step, a.rows); r++ {
		row := a.x[r*a.cols:][:a.cols]
		abs, square := activityRow(row, counts)
		a.Abs[r], a.Square[r] = float64(abs), float64(square)
		if a.beta > 0 {
			a.Saturated[r] = float64(saturatedRow(row, a.beta))
		}
	}
}

// activityRow returns Σ|x| and Σx² and counts the values that are not 0.
func activityRow(x []float32, counts []int32) (abs, square float32) {
	i := simd.Whole(len(x), 8)
	if simd.AVX2 && i > 0 {
		abs, square = activityRowAVX2(&x[0], &counts[0], i)
	}
	for ; i < len(x); i++ {
		v := x[i]
		if v != 0 {
			counts[i]++
		}
		if v < 0 {
			v = -v
		}
		abs += v
		square += v * v
	}
	return abs, square
}

// saturatedRow returns Σ|x|/(β+|x|).
func saturatedRow(x []float32, beta float32) (sum float32) {
	i := simd.Whole(len(x), 8)
	if simd.AVX2 && i > 0 {
		sum = saturatedRowAVX2(&x[0], i, beta)
	}
	for ; i < len(x); i++ {
		v := x[i]
		if v < 0 {
			v = -v
		}
		sum += v / (beta + v)
	}
	return sum
}

// SignGrad adds w[c]·(p·sign(x) + q·x) to the values of a row, with sign(0) = 0:
// the gradient of Σ|x| and of functions of Σ|x| and Σx². p is at least 0.
func SignGrad(dst, x, w []float32, p, q float32) {
	dst, w = dst[:len(x)], w[:len(x)]
	i := simd.Whole(len(x), 8)
	if simd.AVX2 && i > 0 {
		signGradAVX2(&dst[0], &x[0], &w[0], i, p, q)
	}
	for ; i < len(x); i++ {
		v := x[i]
		s := q * v
		if v > 0 {
			s += p
		} else if v < 0 {
			s -= p
		}
		dst[i] += w[i] * s
	}
}

// SaturatedGrad adds w[c]·β·sign(x)/(β+|x|)² to the values of a row, with
// sign(0) = 0: the gradient of Σ|x|/(β+|x|).
func SaturatedGrad(dst, x, w []float32, beta float32) {
	dst, w = dst[:len(x)], w[:len(x)]
	i := simd.Whole(len(x), 8)
	if simd.AVX2 && i > 0 {
		saturatedGradAVX2(&dst[0], &x[0], &w[0], i, beta)
	}
	for ; i < len(x); i++ {
		v := x[i]
		switch {
		case v > 0:
			dst[i] += w[i] * (beta / ((beta + v) * (beta + v)))
		case v < 0:
			dst[i] -= w[i] * (beta / ((beta - v) * (beta - v)))
		case v != v:
			dst[i] += v
		}
	}
}
