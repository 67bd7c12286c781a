package kernel

// forward computes one head of one sequence.
func (a *Attention) forward(worker, task int) {
	h := a.heads[task%len(a.heads)]
	if h.values == 0 {
		return
	}
	w := a.worker(worker, false)
	a.lookAhead(&w.ahead, task, a.x, nil, nil)
	x, y := a.sequence(a.x, a.in, task), a.sequence(a.y, a.out, task)
	copyColumns(w.q, x[h.q:], a.positions, h.qk, a.depth, a.in)
	transposeColumns(w.keys, x[h.k:], a.positions, h.qk, a.padded, a.in, a.scale)
	copyColumns(w.v, x[h.v:], a.positions, h.values, a.depth, a.in)
	for first := 0; first < a.positions; first += attentionBlock {
		rows := min(attentionBlock, a.positions-first)
		a.probabilities(w, h, first, rows)
		a.weigh(w, w.y, w.scores, w.v, first, rows, h.values)
		copyColumns(y[first*a.out+h.y:], w.y, rows, h.values, a.out, a.depth)
	}
}

// sequence returns the rows of the sequence of a task.
func (a *Attention) sequence(x []float32, width, task int) []float32 {
	size := a.positions * width
	return x[task/len(a.heads)*size:][:size]
}

// seen is how many positions query first+r of a block sees: n + r·step.
func (a *Attention) seen(first int) (n, step int) {
	if a.causal {
		return first + 1, 1
	}
	return a.positions, 0
}

// probabilities computes the rows of a block of queries in w.scores. What a row
// does not see is 0 up to the end of its group of rows.
func (a *Attention) probabilities(w *attentionWorker, h attentionHead, first, rows int) {
	a.scores(w, w.scores, w.q, w.keys, first, rows, h.qk)
	n, step := a.seen(first)
	softmaxRows(w.scores, rows, a.padded, n, step)
}

// scores computes the products of a block of the rows of x, dimensions long,
// with columns, wherever the rows see them.
func (a *Attention) scores(w *attentionWorker, dst, x, columns []float32, first, rows, dimensions int) {
	end := a.padded
	if a.causal {
		end = wholePanels(first + rows)
	}
	s := strips{rows: &w.ahead, ldc: a.padded, rowA: a.depth, stepA: 1, ldb: a.padded, depth: dimensions, nextA: stripRows * a.depth}
	for j := 0; j < end; j += tileN {
		r := 0
		if a.causal {
			r = max(0, j-first)
		}
		s.c, s.a, s.b = dst[r*a.padded+j:], x[(first+r)*a.depth:], columns[j:]
		s.run(stripCount(rows-r), 1)
	}
}

// weigh computes the sums of the rows of m, n values long, weighed by a block of
// p.
func (a *Attention) weigh(w *attentionWorker, dst, p, m []float32, first, rows, n int) {
	s := strips{rows: &w.ahead, c: dst, a: p, b: m, ldc: a.depth, rowA: a.padded, stepA: 1, ldb: a.depth,
		depth: a.positions, nextA: stripRows * a.padded}
	if a.causal {
		s.depth, s.nextDepth = first+stripRows, stripRows
	}
	s.run(stripCount(rows), panelCount(n))
}

// gather computes the sums of the rows of a block of m, n values long, weighed by
// the columns of p: what arrives at every position from the queries of the
// block. It is added to dst where blocks before this one have.
func (a *Attention) gather(w *attentionWorker, dst, p, m []float32, first, rows, n int) {
	at := first * a.depth
	s := strips{rows: &w.ahead, c: dst, a: p, b: m[at:], ldc: a.depth, rowA: 1, stepA: a.padded, ldb: a.depth,
		depth: rows, nextA: stripRows, add: first > 0}
	if !a.causal {
		s.run(stripCount(a.positions), panelCount(n))
		return
	}
	s.run(first/stripRows, panelCount(n)) // all queries see what is before the block
	s.c, s.a, s.add = dst[at:], p[first:], false
	s.nextA, s.nextB, s.nextDepth = stripRows+stripRows*a.padded, stripRows*a.depth, -stripRows
	s.run(stripCount(rows), panelCount(n))
}

// backward computes the gradients of one head of one sequence.
func (a *Attention) backward(worker, task int) {
	h := a.heads[task%len(a.heads)]
	w := a.worker(worker, true)
	a.lookAhead(&w.ahead, task, a.x, a.dx, a.dy)
	x, dx := a.sequence(a.x, a.in, task), a.sequence(a.dx, a.in, task)
	copyColumns(w.q, x[h.q:], a.positions, h.qk, a.depth, a.in)
	copyColumns(w.k, x[h.k:], a.positions, h.qk, a.depth, a.in)
	copyColumns(w.dy, a.sequence(a.dy, a.out, task)[h.y:], a.positions, h.values, a.depth, a.out)
	transposeColumns(w.keys, x[h.k:], a.positions, h.qk, a.padded, a.in, a.scale)
	// With the values scaled, the gradient of the scores comes out scaled, as the
	// gradients of queries and keys want it.
	transposeColumns(w.values, x[h.v:], a.positions, h.values, a.padded, a.in, a.scale)
	for first := 0; first < a.positions; first += attentionBlock {
		rows := min(attentionBlock, a.positions-first)
		a.probabilities(w, h, first, rows)
		a.gather(w, w.dv, w.scores, w.dy, first, rows, h.values)
		a.scores(w, w.grads, w.dy, w.values, first, rows, h.values)
		n, step := a.seen(first)
		softmaxGradRows(w.grads, w.scores, rows, a.padded, n, step)
		a.gather(w, w.dk, w.grads, w.q, first, rows, h.qk)
		a.weigh(w, w.y, w.grads, w.k, first, rows, h.qk)
		copyColumns(dx[first*a.in+h.q:], w.y, rows, h.qk, a.in, a.depth)
	}
	copyColumns(dx[h.k:], w.dk, a.positions, h.qk, a.in, a.depth)
	copyColumns(dx[h.v:], w.dv, a.positions, h.values, a.in, a.depth)
}
