package vector

import (
	"math"

	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// preluCall is a matrix of rows as long as slopes: dst = v, times the slope of the column
// where x is not positive; or, with sums, the gradient of the slopes.
type preluCall struct {
	dst, x, v, slopes []float32
	ColumnReduction
}

var prelus parallel.Loop[preluCall]

// PReLU computes dst[r,c] = x[r,c], or slopes[c]·x[r,c] below zero, for x [rows,c]. dst may be
// x.
func PReLU(dst, x, slopes []float32, rows, c int) { PReLUBackward(dst, x, x, slopes, rows, c) }

// PReLUBackward computes dx[r,c] = dy[r,c], or slopes[c]·dy[r,c] where the input x is not
// positive. dx may be any input.
func PReLUBackward(dx, x, dy, slopes []float32, rows, c int) {
	p := preluCall{dst: dx[:rows*c], x: x[:rows*c], v: dy[:rows*c], slopes: slopes[:c]}
	prelus.Do(rows, parallel.Rows(c), p, func(p *preluCall, lo, hi, _ int) { p.rows(lo, hi) })
}

func (p *preluCall) rows(lo, hi int) {
	c := len(p.slopes)
	i := simd.Whole(c, 8)
	if simd.AVX2 && i > 0 {
		preluAVX2(&p.dst[lo*c], &p.x[lo*c], &p.v[lo*c], &p.slopes[0], hi-lo, i, c)
	}
	for ; lo < hi && i < c; lo++ {
		dst, x, v := p.dst[lo*c:][:c], p.x[lo*c:][:c], p.v[lo*c:][:c]
		for j := i; j < c; j++ {
			d := v[j]
			if x[j] <= 0 {
				d *= p.slopes[j]
			}
			dst[j] = d
		}
	}
}

// PReLUSlopes computes the gradient of the slopes, dst[c] = Σ_r dy[r,c]·min(x[r,c], 0).
func PReLUSlopes(dst, x, dy []float32, rows, c int) {
	p := preluCall{x: x[:rows*c], v: dy[:rows*c], slopes: dst[:c], ColumnReduction: NewColumnReduction(rows, c)}
	prelus.Do(rows, p.Step, p, func(p *preluCall, lo, hi, task int) {
		p.Chunk(lo, hi, task, func(run []float32, lo, hi int) { p.sum(run, lo, hi) })
	})
	p.Store(dst[:c])
}

// sum adds dy·min(x, 0) of rows [lo,hi) to run.
func (p *preluCall) sum(run []float32, lo, hi int) {
	var negative [512]float32
	below := clip{dst: negative[:], v: p.x, lo: float32(math.Inf(-1)), scale: 1}
	c := len(run)
	for ; lo < hi; lo++ {
		for j := 0; j < c; j += len(negative) {
			n := min(len(negative), c-j)
			below.v = p.x[lo*c+j:]
			below.forward(0, n)
			DotRows(run[j:j+n], negative[:], p.v[lo*c+j:], 1, n, c, c)
		}
	}
}
