package kernel

import "math/bits"

// skipRowsTask is how many rows a task takes: every part of B is read so often.
const skipRowsTask = 256

// skipProduct is a plan for what Gemm computes when it skips zeros: those of A in
// C = A·op(B), or those of a mask over C.
type skipProduct struct {
	m, n, k int
	ld      int       // distance of the rows of op(B)
	turned  []float32 // op(B), where B is transposed: rows of whole vectors
	ws      []skipWorker

	g                *Gemm // the call in progress
	b                []float32
	turn, rows, dots func(worker, task int)
}

// skipWorker is what one worker lists.
type skipWorker struct {
	words   [skipDepth / 64]uint64
	entries []skipEntry
	dots    []float32
	_       [64]byte
}

// SkipZeros lets the plan skip what is 0 in A, and in the mask of a product with
// one, in calls where that is most of it. Call it where A or the mask is what a
// ReLU leaves, or the gradient behind one.
func (g *Gemm) SkipZeros() {
	if g.transA || !skipPays(g.m, max(g.n, g.k), min(g.n, g.k)) {
		return
	}
	s := &skipProduct{m: g.m, n: g.n, k: g.k, ld: g.n}
	if g.transB {
		s.ld = (g.n + 7) &^ 7
	}
	s.turn, s.rows, s.dots = s.turnTask, s.rowsTask, s.dotsTask
	g.skip = s
}

// workers allots what has to be there before tasks run.
func (s *skipProduct) workers() {
	for len(s.ws) < maxWorkers() {
		s.ws = append(s.ws, skipWorker{entries: make([]skipEntry, skipDepth), dots: make([]float32, skipDepth)})
	}
}

// run computes the product of g and reports whether it did: where A, or the mask,
// has too few zeros it does nothing.
func (s *skipProduct) run(g *Gemm) bool {
	if g.end&tileMask != 0 {
		if !g.transB || !mostlyZero(g.other, s.m, s.n) {
			return false
		}
		s.workers()
		s.g, s.b = g, g.b
		parallel((s.m+skipRowsTask-1)/skipRowsTask, s.dots)
		s.g, s.b = nil, nil
		return true
	}
	if !mostlyZero(g.a, s.m, s.k) {
		return false
	}
	s.workers()
	s.g, s.b = g, g.b
	if g.transB {
		s.turned = grow(s.turned, s.ld*s.k)
		s.b = s.turned
		parallel((s.n+7)/8, s.turn)
	}
	parallel((s.m+skipRowsTask-1)/skipRowsTask, s.rows)
	s.g, s.b = nil, nil
	return true
}

// turnTask transposes eight rows of B.
func (s *skipProduct) turnTask(_, task int) {
	j := task * 8
	packTransposed(s.turned[j:], s.g.b[j*s.k:], s.k, min(8, s.n-j), s.ld, s.k)
}

// rowsTask computes some rows of C, a part of the depth after another.
func (s *skipProduct) rowsTask(worker, task int) {
	g, w := s.g, &s.ws[worker]
	i0, i1 := task*skipRowsTask, min((task+1)*skipRowsTask, s.m)
	for k0 := 0; k0 < s.k; k0 += skipDepth {
		k1 := min(k0+skipDepth, s.k)
		for i := i0; i < i1; i++ {
			c := g.c[i*s.n:][:s.n]
			if k0 == 0 {
				s.start(c, i)
			}
			row := g.a[i*s.k+k0 : i*s.k+k1]
			addPicked(c, s.b, skipEntries(w.entries, w.words[:], row, s.k, k0, s.ld))
			if k1 == s.k && g.end&tileReLU != 0 {
				reluSlice(c, c)
			}
		}
	}
}

// start stores in a row of C what the product is added to.
func (s *skipProduct) start(c []float32, i int) {
	g := s.g
	switch {
	case g.end&tileSum != 0:
		copy(c, g.other[i*s.n:])
	case g.mode&tileLoad == 0:
		clear(c)
	}
	if g.mode&tileBias != 0 {
		addSlice(c, c, g.bias[:s.n])
	}
}

// dotsTask computes some rows of C where the mask is not 0.
func (s *skipProduct) dotsTask(worker, task int) {
	g, w := s.g, &s.ws[worker]
	for j0 := 0; j0 < s.n; j0 += skipDepth {
		j1 := min(j0+skipDepth, s.n)
		for i := task * skipRowsTask; i < min((task+1)*skipRowsTask, s.m); i++ {
			c, mask := g.c[i*s.n+j0:i*s.n+j1], g.other[i*s.n+j0:i*s.n+j1]
			entries := skipEntries(w.entries, w.words[:], mask, s.n, j0, s.k)
			dotPicked(w.dots, g.a[i*s.k:][:s.k], s.b, entries)
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
