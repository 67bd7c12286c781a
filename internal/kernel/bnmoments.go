package kernel

// shiftRows is the share of the rows of a chunk, 1/shiftRows, whose mean shifts
// the chunk. Rows that the mean stays far from add to the variance what the
// cancellation loses up to this factor, whatever they are.
const shiftRows = 32

// BNMoments computes the mean and the biased variance of every channel of
// x [rows,c], zero without rows, in one pass over memory. Each chunk is shifted
// by the mean of its first rows, so that little cancels where the mean is large;
// the chunks are combined in float64 relative to the first row.
func BNMoments(mean, variance, x []float32, rows, c int) {
	mean, variance = mean[:c], variance[:c]
	if rows == 0 {
		clear(mean)
		clear(variance)
		return
	}
	j := newJob()
	j.a, j.cols = x[:rows*c], c
	j.fold = newFold(rows, c, momentsWidth)
	f := j.fold
	step := chunkRows(f.cols)
	chunks := (f.rows + step - 1) / step
	j.vec, j.vec2 = grow(j.vec, chunks*2*f.cols), grow(j.vec2, chunks*f.cols)
	j.part = grow(j.part, 2*c+chunks*2*f.cols)
	clear(j.part)
	j.each(f.rows, step, chunkMoments)

	sum, square, part := j.part[:c], j.part[c:2*c], j.part[2*c:]
	for ; len(part) > 0; part = part[2*f.cols:] {
		for i, v := range part[:c] {
			sum[i] += v
			square[i] += part[f.cols+i]
		}
	}
	first := j.a[:c]
	for rest := j.a[f.rows*f.cols:]; len(rest) > 0; rest = rest[c:] {
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
	j.release()
}

// chunkMoments computes Σ(x-first) and Σ(x-first)² of folded rows [lo,hi),
// where first is the first row of the matrix.
func chunkMoments(j *job, lo, hi, task int) {
	c, cols := j.cols, j.fold.cols
	run, shift := j.vec[task*2*cols:][:2*cols], j.vec2[task*cols:][:cols]
	sum := j.part[2*c+task*2*cols:][:cols]
	square := j.part[2*c+task*2*cols+cols:][:cols]

	some := (hi - lo + shiftRows - 1) / shiftRows
	clear(run)
	clear(shift)
	j.moments(run, shift, lo, lo+some)
	gather(run[:cols], c)
	scale := 1 / float32(some*(cols/c))
	for i, v := range run[:c] {
		shift[i] = v * scale
	}
	j.fold.spread(shift, shift[:c])

	n := float64((hi - lo) * (cols / c))
	for ; lo < hi; lo += reduceRun {
		clear(run)
		j.moments(run, shift, lo, min(lo+reduceRun, hi))
		addRun(sum, run[:cols])
		addRun(square, run[cols:])
	}
	gather(sum, c)
	gather(square, c)
	for i, s := range sum[:c] {
		d := float64(shift[i]) - float64(j.a[i])
		sum[i] = s + n*d
		square[i] += d * (2*s + n*d)
	}
}

// momentsAVX2 does momentsWidth columns of momentsBlock rows at a time.
const (
	momentsWidth = 32
	momentsBlock = 8
)

// moments adds Σ(x-shift) and Σ(x-shift)² of folded rows [lo,hi) to two rows of
// sums.
func (j *job) moments(sums, shift []float32, lo, hi int) {
	cols, done := j.fold.cols, 0
	if useAVX2 && cols >= momentsWidth {
		done = cols &^ (momentsWidth - 1)
		momentsAVX2(&sums[0], &j.a[lo*cols], &shift[0], hi-lo, momentsBlock, done, cols)
	}
	for ; lo < hi && done < cols; lo++ {
		row := j.a[lo*cols:][:cols]
		for i := done; i < cols; i++ {
			d := row[i] - shift[i]
			sums[i] += d
			sums[cols+i] += d * d
		}
	}
}
