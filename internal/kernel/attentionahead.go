package kernel

// rowsAhead walks over rows that the next head reads or writes, so that strips
// of this one fetch them into the cache: what memory takes to answer is a third
// of a head's time otherwise.
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

// lookAhead plans what to fetch while a head is computed: what the next one of
// this worker, likely, reads of x and of dy and writes to dx; nil for none.
func (a *Attention) lookAhead(r *rowsAhead, task int, x, dx, dy []float32) {
	*r = rowsAhead{}
	task += Threads()
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
