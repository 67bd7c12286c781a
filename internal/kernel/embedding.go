package kernel

import "fmt"

// Gather copies rows of table [v,d] to dst [n,d]: row i is the one that
// indices[i] names. An index outside [0,v) panics.
func Gather(dst, table, indices []float32, d int) {
	checkIndices(indices, len(table), d)
	j := newJob()
	j.dst, j.a, j.b, j.cols = dst[:len(indices)*d], table, indices, d
	j.each(len(indices), rowStep(d), func(j *job, lo, hi, _ int) {
		d := j.cols
		for i := lo; i < hi; i++ {
			copy(j.dst[i*d:(i+1)*d], j.a[int(j.b[i])*d:][:d])
		}
	})
	j.release()
}

// scatterCols is the number of columns of a task of ScatterAdd.
const scatterCols = 32

// ScatterAdd overwrites dtable [v,d] with the gradient of Gather: every row of
// dy [n,d] is added, in order, to the row of dtable that its index names. An
// index outside [0,v) panics. Tasks split the columns, so that a row that many
// indices name needs no lock.
func ScatterAdd(dtable, dy, indices []float32, d int) {
	checkIndices(indices, len(dtable), d)
	j := newJob()
	j.dst, j.a, j.b, j.cols = dtable, dy[:len(indices)*d], indices, d
	j.each(len(dtable), flatChunk, func(j *job, lo, hi, _ int) { clear(j.dst[lo:hi]) })
	j.each(d, scatterCols, scatterColumns)
	j.release()
}

// scatterColumns adds columns [lo,hi).
func scatterColumns(j *job, lo, hi, _ int) {
	d, n, i := j.cols, hi-lo, 0
	if useAVX2 && n >= 8 && len(j.b) > 0 {
		i = n &^ 7
		scatterAddAVX2(&j.dst[lo], &j.a[lo], &j.b[0], len(j.b), i, d)
	}
	if i == n {
		return
	}
	for r, v := range j.b {
		to, from := j.dst[int(v)*d+lo:][:n], j.a[r*d+lo:][:n]
		for c := i; c < n; c++ {
			to[c] += from[c]
		}
	}
}

// checkIndices panics, in the goroutine of the caller, unless every index names
// a row of d columns of a table of that size.
func checkIndices(indices []float32, size, d int) {
	rows := float32(size / max(d, 1))
	for i, v := range indices {
		if !(v >= 0 && v < rows) {
			panic(fmt.Sprintf("kernel: index %d is %v, the table has %v rows", i, v, rows))
		}
	}
}
