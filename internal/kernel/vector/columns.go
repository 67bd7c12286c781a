package vector

import (
	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

const (
	// reduceChunk is the number of values per partial sum of a reduction. Changing
	// it changes results in the last bits.
	reduceChunk = 32 << 10
	// RunRows is the number of rows that a column reduction sums in float32.
	RunRows = 64
)

var (
	// Float32s and Float64s lend the scratch memory of reductions.
	Float32s parallel.Scratch[float32]
	Float64s parallel.Scratch[float64]
)

// ChunkRows is the number of rows of one chunk of a reduction over c columns: whole
// runs, or with many columns a part of one that is still worth a task.
func ChunkRows(c int) int {
	n := reduceChunk / max(c, 1)
	if n < RunRows {
		return max(n, RunRows/4)
	}
	return (n + RunRows - 1) / RunRows * RunRows
}

// ColumnReduction sums the columns of a matrix: short runs of rows in float32, the
// runs in float64, and the chunks, whose size depends on the shape only, in order.
type ColumnReduction struct {
	Step int // rows of a chunk, the step of the loop that calls Chunk

	cols int
	runs *[]float32 // of each chunk
	sums *[]float64
}

// NewColumnReduction prepares for a matrix [rows,cols]. Release gives its memory back.
func NewColumnReduction(rows, cols int) ColumnReduction {
	step := ChunkRows(cols)
	size := max(1, (rows+step-1)/step) * cols
	r := ColumnReduction{step, cols, Float32s.Get(size), Float64s.Get(size)}
	clear(*r.sums)
	return r
}

// Chunk sums rows [lo,hi), the chunk of a task: add adds rows to run, one value for
// each column.
func (r *ColumnReduction) Chunk(lo, hi, task int, add func(run []float32, lo, hi int)) {
	run, sum := (*r.runs)[task*r.cols:][:r.cols], (*r.sums)[task*r.cols:][:r.cols]
	for ; lo < hi; lo += RunRows {
		clear(run)
		add(run, lo, min(lo+RunRows, hi))
		AddRun(sum, run)
	}
}

// Totals returns the sums of the columns, valid until Release. Call it once.
func (r *ColumnReduction) Totals() []float64 {
	totals := (*r.sums)[:r.cols]
	for part := (*r.sums)[r.cols:]; len(part) > 0; part = part[r.cols:] {
		for i, v := range part[:r.cols] {
			totals[i] += v
		}
	}
	return totals
}

// Release gives the memory back.
func (r *ColumnReduction) Release() {
	Float32s.Put(r.runs)
	Float64s.Put(r.sums)
}

// Store writes the totals to the given slices, one after another, and releases.
func (r *ColumnReduction) Store(dst ...[]float32) {
	totals := r.Totals()
	for _, d := range dst {
		for i := range d {
			d[i] = float32(totals[i])
		}
		totals = totals[len(d):]
	}
	r.Release()
}

// AddRun adds the sums of a run to the sums of a chunk.
func AddRun(sum []float64, run []float32) {
	sum = sum[:len(run)]
	i := simd.Whole(len(run), 8)
	if simd.AVX2 && i > 0 {
		addRunAVX2(&sum[0], &run[0], i)
	}
	for ; i < len(run); i++ {
		sum[i] += float64(run[i])
	}
}

// columnArgs are the operands of a sum or of a product with column sums.
type columnArgs struct {
	ColumnReduction
	x, y []float32 // y: the second factor of a product, else zeros to subtract
	ld   int       // values from row to row
}

var columnLoop parallel.Loop[columnArgs]

// ColumnSums computes dst[c] = Σ_r x[r,c].
func ColumnSums(dst, x []float32, rows, cols int) {
	StridedColumnSums(dst[:cols], x[:rows*cols], rows, cols)
}

// StridedColumnSums computes dst[c] = Σ_r x[r·ld+c].
func StridedColumnSums(dst, x []float32, rows, ld int) {
	zeros := Float32s.Get(len(dst))
	clear(*zeros)
	c := columnArgs{NewColumnReduction(rows, len(dst)), x, *zeros, ld}
	columnLoop.Do(rows, c.Step, c, func(c *columnArgs, lo, hi, task int) {
		c.Chunk(lo, hi, task, func(run []float32, lo, hi int) { sumRows(run, c.x[lo*c.ld:], c.y, hi-lo, c.ld) })
	})
	c.Store(dst)
	Float32s.Put(zeros)
}

// dotColumns returns the reduction that holds Σ_r x[r,c]·y[r,c] for c < cols.
func dotColumns(x, y []float32, rows, cols int) ColumnReduction {
	c := columnArgs{NewColumnReduction(rows, cols), x, y, cols}
	columnLoop.Do(rows, c.Step, c, func(c *columnArgs, lo, hi, task int) {
		c.Chunk(lo, hi, task, func(run []float32, lo, hi int) {
			DotRows(run, c.x[lo*c.ld:], c.y[lo*c.ld:], hi-lo, c.ld, c.ld, c.ld)
		})
	})
	return c.ColumnReduction
}

// DotChannels computes dst[c] = Σ_r x[r,c]·dy[r,c].
func DotChannels(dst, x, dy []float32, rows, c int) {
	r := dotColumns(x[:rows*c], dy[:rows*c], rows, c)
	r.Store(dst[:c])
}

// Dot returns Σ a[i]·b[i].
func Dot(a, b []float32) float32 {
	// Sixteen columns turn the dot product into a column reduction.
	const cols = 16
	b = b[:len(a)]
	r := dotColumns(a, b, len(a)/cols, cols)
	s := 0.0
	for _, v := range r.Totals() {
		s += v
	}
	r.Release()
	for i := len(a) / cols * cols; i < len(a); i++ {
		s += float64(a[i]) * float64(b[i])
	}
	return float32(s)
}

// FMARows computes dst[r·ds+j] += x[r·xs+j]·w[j] for j in [0,n).
func FMARows(dst, x, w []float32, rows, n, ds, xs int) {
	w = w[:n]
	i := simd.Whole(n, 8)
	if simd.AVX2 && i > 0 && rows > 0 {
		fmaRowsAVX2(&dst[0], &x[0], &w[0], rows, i, ds, xs)
	}
	for r := 0; r < rows && i < n; r++ {
		d, v := dst[r*ds:][:n], x[r*xs:][:n]
		for j := i; j < n; j++ {
			d[j] += w[j] * v[j]
		}
	}
}

// DotRows computes dst[j] += Σ_r x[r·xs+j]·y[r·ys+j] for j in [0,n).
func DotRows(dst, x, y []float32, rows, n, xs, ys int) {
	dst = dst[:n]
	i := simd.Whole(n, 8)
	if simd.AVX2 && i > 0 && rows > 0 {
		dotRowsAVX2(&dst[0], &x[0], &y[0], rows, i, xs, ys)
	}
	for r := 0; r < rows && i < n; r++ {
		v, u := x[r*xs:][:n], y[r*ys:][:n]
		for j := i; j < n; j++ {
			dst[j] += u[j] * v[j]
		}
	}
}

// sumRows computes dst[j] += Σ_r (x[r·ld+j] - shift[j]).
func sumRows(dst, x, shift []float32, rows, ld int) {
	n := len(dst)
	shift = shift[:n]
	i := simd.Whole(n, 8)
	if simd.AVX2 && i > 0 && rows > 0 {
		sumRowsAVX2(&dst[0], &x[0], &shift[0], rows, i, ld)
	}
	for r := 0; r < rows && i < n; r++ {
		v := x[r*ld:][:n]
		for j := i; j < n; j++ {
			dst[j] += v[j] - shift[j]
		}
	}
}
