package vector

import (
	"fmt"

	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// embedding is a table whose rows the indices name, and a matrix with one of its
// rows for each index.
type embedding struct {
	table, rows, indices []float32
	d                    int
}

var embeddings parallel.Loop[embedding]

// Gather copies rows of table [v,d] to dst [n,d]: row i is the one that
// indices[i] names. An index outside [0,v) panics.
func Gather(dst, table, indices []float32, d int) {
	checkIndices(indices, len(table), d)
	e := embedding{table, dst[:len(indices)*d], indices, d}
	embeddings.Do(len(indices), parallel.Rows(d), e, func(e *embedding, lo, hi, _ int) {
		for d := e.d; lo < hi; lo++ {
			copy(e.rows[lo*d:(lo+1)*d], e.table[int(e.indices[lo])*d:][:d])
		}
	})
}

// scatterCols is the number of columns of a task of ScatterAdd.
const scatterCols = 32

// ScatterAdd overwrites dtable [v,d] with the gradient of Gather: every row of
// dy [n,d] is added, in order, to the row of dtable that its index names. An
// index outside [0,v) panics. Tasks split the columns, so that a row that many
// indices name needs no lock.
func ScatterAdd(dtable, dy, indices []float32, d int) {
	checkIndices(indices, len(dtable), d)
	e := embedding{dtable, dy[:len(indices)*d], indices, d}
	embeddings.Do(len(dtable), parallel.Chunk, e, func(e *embedding, lo, hi, _ int) { clear(e.table[lo:hi]) })
	embeddings.Do(d, scatterCols, e, func(e *embedding, lo, hi, _ int) {
		d, n, i := e.d, hi-lo, simd.Whole(hi-lo, 8)
		if simd.AVX2 && i > 0 && len(e.indices) > 0 {
			scatterAddAVX2(&e.table[lo], &e.rows[lo], &e.indices[0], len(e.indices), i, d)
		}
		if i == n {
			return
		}
		for r, v := range e.indices {
			to, from := e.table[int(v)*d+lo:][:n], e.rows[r*d+lo:][:n]
			for c := i; c < n; c++ {
				to[c] += from[c]
			}
		}
	})
}

// checkIndices panics, in the goroutine of the caller, unless every index names
// a row of d columns of a table of that size.
func checkIndices(indices []float32, size, d int) {
	rows := float32(size / max(d, 1))
	for i, v := range indices {
		if !(v >= 0 && v < rows) {
			panic(fmt.Sprintf("vector: index %d is %v, the table has %v rows", i, v, rows))
		}
	}
}
