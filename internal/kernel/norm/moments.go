package norm

import (
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
	"pare/internal/simd"
)

// shiftRows is the share of the rows of a chunk, 1/shiftRows, whose mean shifts the chunk.
// If the other rows have a mean far from it, the cancellation error of the variance grows
// by at most this factor.
const shiftRows = 32

// momentsCall is a call of Moments.
type momentsCall struct {
	fold
	x    []float32
	c    int
	runs []float32 // of each chunk: sums and squares of a run; the shift
	sums []float64 // of each chunk: sums and squares
}

var momentsLoop parallel.Loop[momentsCall]

// Moments computes the mean and the biased variance of every channel of x [rows,c],
// zero without rows, in one pass over memory. Each chunk is shifted by the mean of
// its first rows, so that little cancels where the mean is large; the chunks are
// combined in float64 relative to the first row.
func Moments(mean, variance, x []float32, rows, c int) {
	mean, variance = mean[:c], variance[:c]
	if rows == 0 {
		clear(mean)
		clear(variance)
		return
	}
	f := newFold(rows, c, momentsWidth)
	step := vector.ChunkRows(f.cols)
	chunks := (f.rows + step - 1) / step
	runs, sums := vector.Float32s.Get(chunks*3*f.cols), vector.Float64s.Get(2*c+chunks*2*f.cols)
	clear(*sums)
	m := momentsCall{f, x[:rows*c], c, *runs, (*sums)[2*c:]}
	momentsLoop.Do(f.rows, step, m, (*momentsCall).chunk)

	sum, square, part := (*sums)[:c], (*sums)[c:2*c], (*sums)[2*c:]
	for ; len(part) > 0; part = part[2*f.cols:] {
		for i, v := range part[:c] {
			sum[i] += v
			square[i] += part[f.cols+i]
		}
	}
	first := m.x[:c]
	for rest := m.x[f.rows*f.cols:]; len(rest) > 0; rest = rest[c:] {
		for i, v := range rest[:c] {
			d := float64(v) - float64(first[i])
			sum[i] += d
			square[i] += d * d
		}
	}
	scale := 1 / float64(rows)
	for i, v := range sum {
		d := v * scale
		mean[i] = float32(d + float64(first[i]))
		variance[i] = float32(max(0, square[i]*scale-d*d))
	}
	vector.Float32s.Put(runs)
	vector.Float64s.Put(sums)
}

// chunk computes Σ(x-first) and Σ(x-first)² of folded rows [lo,hi), where first is
// the first row of the matrix.
func (m *momentsCall) chunk(lo, hi, task int) {
	c, cols := m.c, m.cols
	run, shift := m.runs[task*3*cols:][:2*cols], m.runs[(task*3+2)*cols:][:cols]
	sum, square := m.sums[task*2*cols:][:cols], m.sums[(task*2+1)*cols:][:cols]

	some := (hi - lo + shiftRows - 1) / shiftRows
	clear(run)
	clear(shift)
	m.add(run, shift, lo, lo+some)
	gather(run[:cols], c)
	scale := 1 / float32(some*(cols/c))
	for i, v := range run[:c] {
		shift[i] = v * scale
	}
	m.spread(shift, shift[:c])

	n := float64((hi - lo) * (cols / c))
	for ; lo < hi; lo += vector.RunRows {
		clear(run)
		m.add(run, shift, lo, min(lo+vector.RunRows, hi))
		vector.AddRun(sum, run[:cols])
		vector.AddRun(square, run[cols:])
	}
	gather(sum, c)
	gather(square, c)
	for i, s := range sum[:c] {
		d := float64(shift[i]) - float64(m.x[i])
		sum[i] = s + n*d
		square[i] += d * (2*s + n*d)
	}
}

// momentsAVX2 does momentsWidth columns of momentsBlock rows at a time.
const (
	momentsWidth = 32
	momentsBlock = 8
)

// add adds Σ(x-shift) and Σ(x-shift)² of folded rows [lo,hi) to two rows of sums.
func (m *momentsCall) add(sums, shift []float32, lo, hi int) {
	cols, done := m.cols, 0
	if simd.AVX2 && cols >= momentsWidth {
		done = cols &^ (momentsWidth - 1)
		momentsAVX2(&sums[0], &m.x[lo*cols], &shift[0], hi-lo, momentsBlock, done, cols)
	}
	for ; lo < hi && done < cols; lo++ {
		row := m.x[lo*cols:][:cols]
		for i := done; i < cols; i++ {
			d := row[i] - shift[i]
			sums[i] += d
			sums[cols+i] += d * d
		}
	}
}

// TaskMoments collects the mean and the variance of every channel of a tensor that
// is computed in tasks, each from the part just written, while that is in cache.
// Within a task values are summed in float32 relative to the mean of a few; the tasks
// are combined in float64 in their order (Chan, Golub and LeVeque, 1979), so
// that results do not depend on which worker ran which task.
type TaskMoments struct {
	channels int
	rows     []int     // rows seen by each task
	part     []float32 // [task][3][channels]: shift, Σ(x−shift), Σ(x−shift)²
	mean, m2 []float64
}

// Start forgets all rows and prepares for the given number of tasks.
func (m *TaskMoments) Start(tasks, channels int) {
	m.channels = channels
	m.rows = parallel.Grow(m.rows, tasks)
	m.part = parallel.Grow(m.part, tasks*3*channels)
	m.mean, m.m2 = parallel.Grow(m.mean, channels), parallel.Grow(m.m2, channels)
	clear(m.rows)
}

// Add collects the contiguous rows x [·, channels] for a task. Different tasks
// may add at the same time.
func (m *TaskMoments) Add(task int, x []float32) {
	c := m.channels
	rows := len(x) / max(c, 1)
	if rows == 0 {
		return
	}
	part := m.part[task*3*c:][:3*c]
	if m.rows[task] == 0 {
		reference(part[:c], x, rows)
		clear(part[c:])
	}
	m.rows[task] += rows
	momentRows(part[c:2*c], part[2*c:], x, part[:c], rows, c)
}

// reference computes the mean of four rows. It is never farther from the mean of
// all of them than √(rows/4) times their deviation, so that little cancels.
func reference(mean, x []float32, rows int) {
	n := len(mean)
	row := func(i int) []float32 { return x[(2*i+1)*rows/8*n:][:n] }
	r0, r1, r2, r3 := row(0), row(1), row(2), row(3)
	for c, v := range r0 {
		mean[c] = (v + r1[c] + r2[c] + r3[c]) * 0.25
	}
}

// Finish writes the mean and the biased variance over all rows; no rows give
// zeros.
func (m *TaskMoments) Finish(mean, variance []float32) {
	c := m.channels
	clear(m.mean)
	clear(m.m2)
	total := 0.0
	for t, rows := range m.rows {
		if rows == 0 {
			continue
		}
		n := float64(rows)
		share := n / (total + n)
		weight := total * share
		per := 1 / n
		part := m.part[t*3*c:][:3*c]
		shift, sum, square := part[:c], part[c:2*c], part[2*c:]
		for i, s := range sum {
			d := float64(s) * per
			m2 := float64(square[i]) - float64(s)*d
			d += float64(shift[i]) - m.mean[i]
			m.mean[i] += d * share
			m.m2[i] += max(m2, 0) + d*d*weight
		}
		total += n
	}
	if total == 0 {
		total = 1
	}
	for i := range mean[:c] {
		mean[i] = float32(m.mean[i])
		variance[i] = float32(m.m2[i] / total)
	}
}

// momentRows adds to sum and square the sums of x − shift and of its square
// over contiguous rows of n.
func momentRows(sum, square, x, shift []float32, rows, n int) {
	i := simd.Whole(n, 8)
	if simd.AVX2 && i > 0 && rows > 0 {
		momentRowsAVX2(&sum[0], &square[0], &x[0], &shift[0], rows, i, n)
	}
	for r := 0; r < rows && i < n; r++ {
		v := x[r*n : (r+1)*n]
		for j := i; j < n; j++ {
			d := v[j] - shift[j]
			sum[j] += d
			square[j] += d * d
		}
	}
}
