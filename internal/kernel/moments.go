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
	j := newJob()
	j.a = x[:rows*c]
	j.fold = newFold(rows, c, momentsWidth)
	f := j.fold
	step := chunkRows(f.cols)
	chunks := (f.rows + step - 1) / step
	j.cols = 2 * f.cols
	j.part = grow(j.part, max(1, chunks)*j.cols)
	j.vec, j.vec2 = grow(j.vec, chunks*j.cols), grow(j.vec2, (chunks+1)*f.cols)
	clear(j.part)
	if rows > 0 {
		f.spread(j.vec2[:f.cols], x[:c])
	}
	j.each(f.rows, step, chunkMoments)
	total := j.combine(chunks)
	for i, v := range j.a[f.rows*f.cols:] {
		d := float64(v) - float64(j.vec2[i])
		total[i] += d
		total[f.cols+i] += d * d
	}
	scale := 1 / float64(max(rows, 1))
	for i := range mean {
		sum, square := 0.0, 0.0
		for k := i; k < f.cols; k += c {
			sum += total[k]
			square += total[f.cols+k]
		}
		sum *= scale
		variance[i] = float32(max(0, square*scale-sum*sum))
		mean[i] = float32(sum)
		if rows > 0 {
			mean[i] = float32(sum + float64(x[i]))
		}
	}
	j.release()
}

// chunkMoments computes Σ(x-first) and Σ(x-first)² of folded rows [lo,hi),
// where first is the first row of the matrix.
func chunkMoments(j *job, lo, hi, task int) {
	cols := j.fold.cols
	first, shift := j.vec2[:cols], j.vec2[(task+1)*cols:][:cols]
	run, sum := j.vec[task*2*cols:][:2*cols], j.part[task*2*cols:][:2*cols]
	n := hi - lo
	some := (n + shiftRows - 1) / shiftRows
	clear(run)
	clear(shift)
	j.moments(run, shift, lo, lo+some)
	scale := 1 / float32(some)
	for i, v := range run[:cols] {
		shift[i] = v * scale
	}
	for ; lo < hi; lo += reduceRun {
		clear(run)
		j.moments(run, shift, lo, min(lo+reduceRun, hi))
		addRun(sum, run)
	}
	square := sum[cols:][:cols]
	for i, s := range sum[:cols] {
		d := float64(shift[i]) - float64(first[i])
		sum[i] = s + float64(n)*d
		square[i] += d * (2*s + float64(n)*d)
	}
}

// momentsWidth is the number of columns that momentsAVX2 does at a time.
const momentsWidth = 32

// moments adds Σ(x-shift) and Σ(x-shift)² of folded rows [lo,hi) to two rows of
// sums.
func (j *job) moments(sums, shift []float32, lo, hi int) {
	cols, done := j.fold.cols, 0
	if useAVX2 && cols >= momentsWidth {
		done = cols &^ (momentsWidth - 1)
		momentsAVX2(&sums[0], &j.a[lo*cols], &shift[0], hi-lo, done, cols)
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
