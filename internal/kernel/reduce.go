package kernel

// Column reductions sum short runs of rows in float32, the runs in float64 and
// the chunks, whose size depends on the shape only, in order.

// reduceRun is the number of rows summed in float32.
const reduceRun = 64

// chunkRows is the number of rows of one chunk of a reduction over c columns:
// whole runs, or with many columns a part of one that is still worth a task.
func chunkRows(c int) int {
	n := reduceChunk / max(c, 1)
	if n < reduceRun {
		return max(n, reduceRun/4)
	}
	return (n + reduceRun - 1) / reduceRun * reduceRun
}

// columns runs the reduction op, which adds rows [lo,hi) to sums[cols], over
// all rows and returns the totals, valid until the job is released. op may use
// run[cols] as scratch, zeroed.
func (j *job) columns(rows, cols int, op func(j *job, run []float32, lo, hi int)) []float64 {
	step := chunkRows(cols)
	chunks := max(1, (rows+step-1)/step)
	j.cols = cols
	j.part = grow(j.part, chunks*cols)
	j.vec = grow(j.vec, chunks*cols)
	clear(j.part)
	j.reduce = op
	j.each(rows, step, reduceColumns)
	j.reduce = nil
	sum := j.part[:cols]
	for k := 1; k < chunks; k++ {
		for i, v := range j.part[k*cols : (k+1)*cols] {
			sum[i] += v
		}
	}
	return sum
}

// reduceColumns sums one chunk.
func reduceColumns(j *job, lo, hi, task int) {
	n := j.cols
	run, sum := j.vec[task*n:][:n], j.part[task*n:][:n]
	for ; lo < hi; lo += reduceRun {
		clear(run)
		j.reduce(j, run, lo, min(lo+reduceRun, hi))
		addRun(sum, run)
	}
}

// addRun adds the sums of a run to those of the chunk.
func addRun(sum []float64, run []float32) {
	sum = sum[:len(run)]
	i := 0
	if useAVX2 && len(run) >= 8 {
		i = len(run) &^ 7
		addRunAVX2(&sum[0], &run[0], i)
	}
	for ; i < len(run); i++ {
		sum[i] += float64(run[i])
	}
}

func toFloat32(dst []float32, src []float64) {
	for i, v := range src {
		dst[i] = float32(v)
	}
}

// ColumnSums computes dst[c] = Σ_r x[r,c].
func ColumnSums(dst, x []float32, rows, cols int) {
	columnSumsOf(dst[:cols], x[:rows*cols], rows, cols)
}

// columnSumsOf computes dst[c] = Σ_r x[r·ld+c].
func columnSumsOf(dst, x []float32, rows, ld int) {
	j := newJob()
	j.a, j.width = x, ld
	j.vec2 = grow(j.vec2, len(dst))
	clear(j.vec2)
	toFloat32(dst, j.columns(rows, len(dst), func(j *job, run []float32, lo, hi int) {
		sumRows(run, j.a[lo*j.width:], j.vec2, hi-lo, j.cols, j.width)
	}))
	j.release()
}

// DotChannels computes dst[c] = Σ_r x[r,c]·dy[r,c].
func DotChannels(dst, x, dy []float32, rows, c int) {
	j := newJob()
	j.a, j.b = x[:rows*c], dy[:rows*c]
	toFloat32(dst[:c], j.columns(rows, c, func(j *job, run []float32, lo, hi int) {
		dotRows(run, j.a[lo*j.cols:], j.b[lo*j.cols:], hi-lo, j.cols, j.cols, j.cols)
	}))
	j.release()
}

// Dot returns Σ a[i]·b[i].
func Dot(a, b []float32) float32 {
	// Sixteen columns turn the dot product into a column reduction.
	const cols = 16
	j := newJob()
	j.a, j.b = a, b[:len(a)]
	s := 0.0
	for _, v := range j.columns(len(a)/cols, cols, func(j *job, run []float32, lo, hi int) {
		dotRows(run, j.a[lo*j.cols:], j.b[lo*j.cols:], hi-lo, j.cols, j.cols, j.cols)
	}) {
		s += v
	}
	for i := len(a) / cols * cols; i < len(a); i++ {
		s += float64(a[i]) * float64(b[i])
	}
	j.release()
	return float32(s)
}
