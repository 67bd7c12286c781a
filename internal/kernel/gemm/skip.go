package gemm

import (
	"math/bits"
	"unsafe"

	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
	"pare/internal/simd"
)

// Products may skip the zeros of one operand, as a ReLU and the gradients behind it
// make them: each of the other values adds one row of the other operand. That costs
// as much as the dense product of two to three values, whose operands lie in
// registers and L1, so it pays up to a share.
//
// Each call decides anew whether to skip, from a sample of the rows and nothing else:
// results depend on the operands, never on threads or on earlier calls. A skipped
// zero never meets an infinite or undefined value of the other operand.
const (
	skipShare  = 0.25    // most values that are not 0
	skipSample = 16      // every such row is in the sample
	skipLeast  = 1024    // least rows
	skipDepth  = 256     // columns of the sparse operand at a time: their rows stay in L2
	skipFloats = 1 << 26 // most values of the other operand: offsets are 32 bits
)

// skipPays reports whether a product of this size should look for zeros at all.
func skipPays(rows, cols, other int) bool {
	return rows >= skipLeast && cols >= 64 && other >= 16 && cols*other <= skipFloats
}

// SkipsZeros reports whether the product of A [m,k] with [k,n], after SkipZeros, skips the zeros
// of an A of which such a share of the values is not 0.
func SkipsZeros(m, n, k int, share float64) bool {
	return skipPays(m, max(n, k), min(n, k)) && share <= skipShare
}

// mostlyZero reports whether so few values of x [rows,cols] are not 0 that skipping
// the others pays.
func mostlyZero(x []float32, rows, cols int) bool {
	var words [skipDepth / 64]uint64
	count, limit := 0, int(skipShare*float64((rows+skipSample-1)/skipSample*cols))
	for r := 0; r < rows && count <= limit; r += skipSample {
		for lo := 0; lo < cols; lo += skipDepth {
			for _, w := range nonzeroBits(words[:], x[r*cols+lo:r*cols+min(lo+skipDepth, cols)], skipSample*cols) {
				count += bits.OnesCount64(w)
			}
		}
	}
	return count <= limit
}

// nonzeroBits sets a bit for each value of x that is not 0, NaN included, and returns the
// words in use. It prefetches values at the distance ahead.
func nonzeroBits(words []uint64, x []float32, ahead int) []uint64 {
	words = words[:(len(x)+63)/64]
	full := len(x) / 64
	if simd.AVX2 && full > 0 {
		nonzeroBitsAVX2(&words[0], &x[0], full, ahead)
	} else {
		full = 0
	}
	for i := full; i < len(words); i++ {
		w := uint64(0)
		for j, v := range x[i*64 : min(i*64+64, len(x))] {
			if v != 0 {
				w |= 1 << j
			}
		}
		words[i] = w
	}
	return words
}

// skipEntries lists the values of x that are not 0; x begins in row first of an operand
// whose rows have n values. It prefetches values at the distance ahead.
func skipEntries(list []Entry, words []uint64, x []float32, ahead, first, n int) []Entry {
	k := 0
	for i, w := range nonzeroBits(words, x, ahead) {
		for ; w != 0; w &= w - 1 {
			j := i*64 + bits.TrailingZeros64(w)
			list[k] = Entry{uint32((first + j) * n), x[j]}
			k++
		}
	}
	return list[:k]
}

// addPicked adds the rows of b that the entries name, times their values, to dst, in
// the order of the entries.
func addPicked(dst, b []float32, entries []Entry) {
	if len(entries) == 0 {
		return
	}
	if simd.AVX2 {
		addPickedAVX2(unsafe.SliceData(dst), unsafe.SliceData(b), unsafe.SliceData(entries), len(entries), len(dst))
		return
	}
	for _, e := range entries {
		for j, v := range b[e.At:][:len(dst)] {
			dst[j] += e.Value * v
		}
	}
}

// dotPicked computes the products of a with the rows of b that the entries name, four at a
// time: dst and entries have room for a multiple of four, and the surplus is not used.
func dotPicked(dst, a, b []float32, entries []Entry) {
	if len(entries) == 0 {
		return
	}
	if simd.AVX2 {
		padded := entries[:(len(entries)+3)&^3]
		for i := len(entries); i < len(padded); i++ {
			padded[i] = padded[0]
		}
		dotPickedAVX2(unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(b), unsafe.SliceData(padded), len(padded), len(a))
		return
	}
	for i, e := range entries {
		sum := float32(0)
		for j, v := range b[e.At:][:len(a)] {
			sum += a[j] * v
		}
		dst[i] = sum
	}
}

// skipRowsTask is the number of rows of a task, and so of reads of every part of B.
const skipRowsTask = 256

// skipProduct is the plan of a Product that skips zeros: the zeros of A in
// C = A·op(B), or of a mask over C.
type skipProduct struct {
	*Product
	ld     int       // distance of the rows of op(B)
	turned []float32 // op(B), where B is transposed: rows of whole vectors
	ws     []skipWorker
}

// skipWorker holds the lists of one worker.
type skipWorker struct {
	words   [skipDepth / 64]uint64
	entries [skipDepth]Entry
	dots    [skipDepth]float32
	_       [64]byte
}

// SkipZeros lets the plan skip the zeros of A, and of the mask of a product with one,
// in calls where most values are zero. Call it where A or the mask is the output of a
// ReLU, or the gradient behind one.
func (g *Product) SkipZeros() {
	if g.transA || !skipPays(g.m, max(g.n, g.k), min(g.n, g.k)) {
		return
	}
	g.skip = &skipProduct{Product: g, ld: g.n}
	if g.transB {
		g.skip.ld = (g.n + 7) &^ 7
	}
}

// run computes the product and reports whether it did: where A, or the mask, has too
// few zeros it does nothing.
func (s *skipProduct) run() bool {
	masked := s.end&tileMask != 0
	if masked && (!s.transB || !mostlyZero(s.other, s.m, s.n)) || !masked && !mostlyZero(s.a, s.m, s.k) {
		return false
	}
	s.ws = parallel.PerWorker(s.ws)
	tasks := (s.m + skipRowsTask - 1) / skipRowsTask
	if masked {
		parallel.Each(tasks, s, (*skipProduct).dotsTask)
		return true
	}
	if s.transB {
		s.turned = parallel.Grow(s.turned, s.ld*s.k)
		parallel.Each((s.n+7)/8, s, (*skipProduct).turnTask)
		s.b = s.turned
	}
	parallel.Each(tasks, s, (*skipProduct).rowsTask)
	return true
}

// turnTask transposes eight rows of B.
func (s *skipProduct) turnTask(_, task int) {
	j := task * 8
	PackTransposed(s.turned[j:], s.b[j*s.k:], s.k, min(8, s.n-j), s.ld, s.k)
}

// rowsTask computes some rows of C, a part of the depth after another.
func (s *skipProduct) rowsTask(worker, task int) {
	w := &s.ws[worker]
	i0, i1 := task*skipRowsTask, min((task+1)*skipRowsTask, s.m)
	for k0 := 0; k0 < s.k; k0 += skipDepth {
		k1 := min(k0+skipDepth, s.k)
		for i := i0; i < i1; i++ {
			c := s.c[i*s.n:][:s.n]
			if k0 == 0 {
				s.start(c, i)
			}
			row := s.a[i*s.k+k0 : i*s.k+k1]
			addPicked(c, s.b, skipEntries(w.entries[:], w.words[:], row, s.k, k0, s.ld))
			if k1 == s.k && s.end&TileReLU != 0 {
				vector.ReLUSlice(c, c)
			}
		}
	}
}

// start stores in a row of C the values that the product is added to.
func (s *skipProduct) start(c []float32, i int) {
	switch {
	case s.end&tileSum != 0:
		copy(c, s.other[i*s.n:])
	case s.mode&TileLoad == 0:
		clear(c)
	}
	if s.mode&TileBias != 0 {
		vector.AddSlice(c, c, s.bias[:s.n])
	}
}

// dotsTask computes some rows of C where the mask is not 0.
func (s *skipProduct) dotsTask(worker, task int) {
	w := &s.ws[worker]
	for j0 := 0; j0 < s.n; j0 += skipDepth {
		j1 := min(j0+skipDepth, s.n)
		for i := task * skipRowsTask; i < min((task+1)*skipRowsTask, s.m); i++ {
			c, mask := s.c[i*s.n+j0:i*s.n+j1], s.other[i*s.n+j0:i*s.n+j1]
			entries := skipEntries(w.entries[:], w.words[:], mask, s.n, j0, s.k)
			dotPicked(w.dots[:], s.a[i*s.k:][:s.k], s.b, entries)
			clear(c)
			d := 0
			for at, word := range w.words[:(j1-j0+63)/64] {
				for ; word != 0; word &= word - 1 {
					if j := at*64 + bits.TrailingZeros64(word); mask[j] > 0 {
						c[j] = w.dots[d]
					}
					d++
				}
			}
		}
	}
}

const (
	skipUnits  = 256 // most units of a task: their sums stay in L2
	skipTasks  = 8   // tasks are made smaller until there are this many
	skipAhead  = 8   // rows that are fetched ahead
	skipTokens = 256 // rows of a block: the rows of the dense operand stay in L2
)

// skipWeights is a plan for C = Sᵀ·D with S [rows,units], mostly zeros, and D [rows,n]: the
// gradient of weights from inputs or gradients with many zeros. Block by block of rows, a
// task lists the rows where a unit is not 0, for each of its units, and adds these rows of
// D. No sum is split between tasks.
type skipWeights struct {
	rows, units, n int
	part           int // units of a task, a multiple of 64
	ws             []skipUnitWorker

	c, s, d []float32 // of the call in progress; C is [units,n]
	sums    []float32 // of the columns of S, where asked for
	turned  bool      // C is stored as [n,units]
}

// skipUnitWorker lists the entries of up to skipUnits units.
type skipUnitWorker struct {
	words   [skipUnits / 64]uint64
	entries []Entry // skipTokens for each unit
	count   [skipUnits]int
	c       []float32 // a result before it is stored transposed
	_       [64]byte
}

func newSkipWeights(rows, units, n int) *skipWeights {
	w := &skipWeights{rows: rows, units: units, n: n}
	w.part = min(skipUnits, max(64, units/skipTasks&^63))
	return w
}

// run computes c, transposed or not, and the sums of the columns of s unless they
// are nil.
func (w *skipWeights) run(c, s, d, sums []float32, turned bool) {
	w.ws = parallel.PerWorker(w.ws)
	for i := range w.ws {
		ws := &w.ws[i]
		ws.entries = parallel.Grow(ws.entries, w.part*skipTokens)
		if turned {
			ws.c = parallel.Grow(ws.c, w.part*w.n)
		}
	}
	w.c, w.s, w.d, w.sums, w.turned = c, s, d, sums, turned
	parallel.Each((w.units+w.part-1)/w.part, w, (*skipWeights).unitsTask)
	w.c, w.s, w.d, w.sums = nil, nil, nil, nil
}

// unitsTask computes the rows of C of a task.
func (w *skipWeights) unitsTask(worker, task int) {
	ws := &w.ws[worker]
	u0, u1 := task*w.part, min((task+1)*w.part, w.units)
	c := ws.c
	if !w.turned {
		c = w.c[u0*w.n:]
	}
	c = c[:(u1-u0)*w.n]
	clear(c)
	if w.sums != nil {
		clear(w.sums[u0:u1])
	}
	for t0 := 0; t0 < w.rows; t0 += skipTokens {
		t1 := min(t0+skipTokens, w.rows)
		ws.list(w, u0, u1, t0, t1)
		for u, count := range ws.count[:u1-u0] {
			entries := ws.entries[u*skipTokens:][:count]
			addPicked(c[u*w.n:][:w.n], w.d[t0*w.n:], entries)
			if w.sums != nil {
				sum := w.sums[u0+u]
				for _, e := range entries {
					sum += e.Value
				}
				w.sums[u0+u] = sum
			}
		}
	}
	if w.turned {
		for j := range w.n {
			dst := w.c[j*w.units+u0 : j*w.units+u1]
			for u := range dst {
				dst[u] = c[u*w.n+j]
			}
		}
	}
}

// list makes the lists of units [u0,u1) over rows [t0,t1).
func (ws *skipUnitWorker) list(w *skipWeights, u0, u1, t0, t1 int) {
	count := ws.count[:u1-u0]
	clear(count)
	for t := t0; t < t1; t++ {
		row := w.s[t*w.units+u0 : t*w.units+u1]
		at := uint32((t - t0) * w.n)
		for i, word := range nonzeroBits(ws.words[:], row, skipAhead*w.units) {
			for ; word != 0; word &= word - 1 {
				u := i*64 + bits.TrailingZeros64(word)
				ws.entries[u*skipTokens+count[u]] = Entry{at, row[u]}
				count[u]++
			}
		}
	}
}
