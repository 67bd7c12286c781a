package attention

import (
	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// A strip has two vectors in each of four rows, so that eight sums are under way.
const (
	stripRows = 4
	panelCols = 16
)

// strips are products of four rows each with sixteen columns:
//
//	c[i·ldc+j] = Σ_t a[i·rowA+t·stepA]·b[t·ldb+j]
//
// for t below depth. From strip to strip c moves by four rows, and a, b and the
// depth by nextA, nextB and nextDepth, so that a triangular factor costs no more than
// its values. With add the sums are added to c.
type strips struct {
	c, a, b      []float32
	ldc          int
	rowA, stepA  int
	ldb          int
	depth        int
	nextA, nextB int
	nextDepth    int
	add          bool
	rows         *rowsAhead // fetched meanwhile, one a strip
	ahead        []float32  // from the first one on; nil: none
	aheadStep    int        // bytes from row to row
	aheadK       int        // bytes from a row's first piece of two lines to the second
	aheadV       int        // and to the third
}

// stripCount is the number of strips that rows take.
func stripCount(rows int) int { return (rows + stripRows - 1) / stripRows }

// panelCount is the number of panels that columns take.
func panelCount(cols int) int { return (cols + panelCols - 1) / panelCols }

// run computes a number of strips in each of the given panels of sixteen columns.
func (s *strips) run(count, panels int) {
	if count <= 0 {
		return
	}
	t := *s
	for range panels {
		if simd.AVX2 {
			t.rows.take(&t, count)
			stripsAVX2(&t, count)
		} else {
			t.runGo(count)
		}
		t.c, t.b = t.c[min(panelCols, len(t.c)):], t.b[min(panelCols, len(t.b)):]
	}
}

func (s *strips) runGo(count int) {
	depth := s.depth
	for k := range count {
		for i := range stripRows {
			var sum [panelCols]float32
			for t := range depth {
				v := s.a[k*s.nextA+i*s.rowA+t*s.stepA]
				row := (*[panelCols]float32)(s.b[k*s.nextB+t*s.ldb:])
				for j := range sum {
					sum[j] += v * row[j]
				}
			}
			c := (*[panelCols]float32)(s.c[(k*stripRows+i)*s.ldc:])
			for j, v := range sum {
				if s.add {
					v += c[j]
				}
				c[j] = v
			}
		}
		depth += s.nextDepth
	}
}

// rowsAhead walks over rows that the next head reads or writes, so that strips
// of this one fetch them into the cache: waiting for memory takes a third of a head's
// time otherwise.
type rowsAhead struct {
	parts [3]aheadRows
	part  int // the one in progress
}

// aheadRows are rows ld apart. Of each three pieces are fetched, k and v behind
// the first.
type aheadRows struct {
	x    []float32
	ld   int
	k, v int
	left int
}

// take gives strips the next rows to fetch, as many as there are strips.
func (r *rowsAhead) take(s *strips, count int) {
	if r == nil {
		return
	}
	for r.part < len(r.parts) && r.parts[r.part].left <= 0 {
		r.part++
	}
	if r.part == len(r.parts) {
		s.ahead = nil
		return
	}
	p := &r.parts[r.part]
	s.ahead, s.aheadStep, s.aheadK, s.aheadV = p.x, 4*p.ld, 4*p.k, 4*p.v
	p.x = p.x[min(count*p.ld, len(p.x)):]
	p.left -= count
	if len(p.x) == 0 {
		p.left = 0
	}
}

// lookAhead plans the rows to fetch while a head is computed: the rows of x and of dy
// that the next head of this worker, likely, reads and the rows of dx that it writes;
// nil for none.
func (a *Plan) lookAhead(r *rowsAhead, task int, x, dx, dy []float32) {
	*r = rowsAhead{}
	task += parallel.Threads()
	if task >= a.batch*len(a.heads) {
		return
	}
	h := a.heads[task%len(a.heads)]
	for i, m := range [][]float32{x, dx} {
		if m != nil {
			r.parts[i] = aheadRows{a.sequence(m, a.in, task)[h.q:], a.in, h.k - h.q, h.v - h.q, a.positions}
		}
	}
	if dy != nil {
		r.parts[2] = aheadRows{a.sequence(dy, a.out, task)[h.y:], a.out, 0, 0, a.positions}
	}
}
