package vector

import "pare/internal/kernel/parallel"

// byExample is a tensor of examples, each a matrix with rows of c values, and one row for
// each example.
type byExample struct {
	dst, x, s []float32
	rows, c   int
}

var examples parallel.Loop[byExample]

// ScaleExamples computes dst[n,r,c] = x[n,r,c]·s[n,c] for examples of rows·c values.
func ScaleExamples(dst, x, s []float32, n, rows, c int) {
	e := byExample{dst[:n*rows*c], x[:n*rows*c], s[:n*c], rows, c}
	examples.Do(n*rows, parallel.Rows(c), e, func(e *byExample, lo, hi, _ int) {
		for c := e.c; lo < hi; lo++ {
			MulSlice(e.dst[lo*c:][:c], e.x[lo*c:][:c], e.s[lo/e.rows*c:])
		}
	})
}

// DotExamples computes dst[n,c] = Σ_r x[n,r,c]·y[n,r,c] for examples of rows·c values.
func DotExamples(dst, x, y []float32, n, rows, c int) {
	e := byExample{dst[:n*c], x[:n*rows*c], y[:n*rows*c], rows, c}
	examples.Do(n, max(1, parallel.Chunk/max(rows*c, 1)), e, func(e *byExample, lo, hi, _ int) {
		for c, size := e.c, e.rows*e.c; lo < hi; lo++ {
			r := ColumnReduction{cols: c, runs: Float32s.Get(c), sums: Float64s.Get(c)}
			clear(*r.sums)
			x, y := e.x[lo*size:], e.s[lo*size:]
			r.Chunk(0, e.rows, 0, func(run []float32, lo, hi int) { DotRows(run, x[lo*c:], y[lo*c:], hi-lo, c, c, c) })
			r.Store(e.dst[lo*c:][:c])
		}
	})
}
