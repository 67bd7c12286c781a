// Package attention computes scaled dot-product attention of several heads and its
// gradient.
package attention

import (
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

// Plan is a plan for scaled dot-product attention (Vaswani et al. 2017) of
// several heads on sequences of one length. A row of the input, a position,
// holds the queries of all heads, then their keys, then their values; a row of
// the output the results of all heads:
//
//	y[i] = Σ_j softmax_j(scale·q[i]·k[j])·v[j]
//
// Nothing is kept between Forward and Backward: the probabilities of a head are
// cheaper to compute again than to write and read.
type Plan struct {
	batch, positions int
	heads            []head
	in, out          int // row lengths of input and output
	scale            float32
	causal           bool

	padded int // positions, up to a whole number of panels
	depth  int // the same of the largest number of dimensions of a head
	ws     []workspace

	y, x, dx, dy []float32 // of the call in progress
}

// head is where the rows hold a head.
type head struct {
	q, k, v, y int // offsets; y in the output
	qk, values int // dimensions
}

// New plans heads with qk[h] dimensions of queries and keys and v[h] of
// values, on batch sequences of the given number of positions. Causal attention
// sees the positions up to its own only. A head without qk dimensions takes the
// mean of the values it sees.
func New(batch, positions int, qk, v []int, scale float32, causal bool) *Plan {
	a := &Plan{batch: batch, positions: positions, scale: scale, causal: causal, padded: wholePanels(positions)}
	keys, most := 0, 0
	for h, n := range qk {
		keys += n
		a.out += v[h]
		most = max(most, n, v[h])
	}
	a.in, a.depth = 2*keys+a.out, wholePanels(most)
	q, y := 0, 0
	for h, n := range qk {
		a.heads = append(a.heads, head{q: q, k: keys + q, v: 2*keys + y, y: y, qk: n, values: v[h]})
		q += n
		y += v[h]
	}
	return a
}

// wholePanels rounds up to a multiple of the width of a panel.
func wholePanels(n int) int { return panelCount(n) * panelCols }

// Forward computes y [batch·positions, Σv] of x [batch·positions, 2·Σqk+Σv].
func (a *Plan) Forward(y, x []float32) {
	rows := a.batch * a.positions
	a.y, a.x = y[:rows*a.out], x[:rows*a.in]
	a.run((*Plan).forward)
}

// Backward computes dx from x and dy.
func (a *Plan) Backward(dx, x, dy []float32) {
	rows := a.batch * a.positions
	a.dx, a.x, a.dy = dx[:rows*a.in], x[:rows*a.in], dy[:rows*a.out]
	a.run((*Plan).backward)
}

// run shares sequences and heads out.
func (a *Plan) run(task func(a *Plan, worker, task int)) {
	a.ws = parallel.PerWorker(a.ws)
	parallel.Each(a.batch*len(a.heads), a, task)
	a.y, a.x, a.dx, a.dy = nil, nil, nil, nil
}

// blockRows is the number of queries whose scores are held at a time; a
// multiple of the rows of a strip.
const blockRows = 64

// workspace belongs to one worker. All its matrices have whole panels of positions and
// dimensions. Places beyond the positions of a sequence are never written, so that
// they are 0; places beyond the dimensions of a head are read into columns that are
// not used.
type workspace struct {
	q, k, v, dy   []float32 // of one head
	keys, values  []float32 // transposed and scaled: a row a dimension
	scores, grads []float32 // of a block of queries: a row each
	y             []float32 // of a block; its dq as well
	dk, dv        []float32
	ahead         rowsAhead
	_             [64]byte // keep workers off each other's cache lines
}

func (a *Plan) worker(i int, backward bool) *workspace {
	w := &a.ws[i]
	block := min(a.padded, blockRows)
	w.keys, w.q = parallel.Grow(w.keys, a.depth*a.padded), parallel.Grow(w.q, a.padded*a.depth)
	w.scores, w.y = parallel.Grow(w.scores, block*a.padded), parallel.Grow(w.y, block*a.depth)
	if !backward {
		w.v = parallel.Grow(w.v, a.padded*a.depth)
		return w
	}
	w.values, w.grads = parallel.Grow(w.values, a.depth*a.padded), parallel.Grow(w.grads, block*a.padded)
	for _, m := range []*[]float32{&w.k, &w.dy, &w.dk, &w.dv} {
		*m = parallel.Grow(*m, a.padded*a.depth)
	}
	return w
}

// forward computes one head of one sequence.
func (a *Plan) forward(worker, task int) {
	h := a.heads[task%len(a.heads)]
	if h.values == 0 {
		return
	}
	w := a.worker(worker, false)
	a.lookAhead(&w.ahead, task, a.x, nil, nil)
	x, y := a.sequence(a.x, a.in, task), a.sequence(a.y, a.out, task)
	vector.CopyColumns(w.q, x[h.q:], a.positions, h.qk, a.depth, a.in)
	vector.TransposeScaled(w.keys, x[h.k:], a.positions, h.qk, a.padded, a.in, a.scale)
	vector.CopyColumns(w.v, x[h.v:], a.positions, h.values, a.depth, a.in)
	for first := 0; first < a.positions; first += blockRows {
		rows := min(blockRows, a.positions-first)
		a.probabilities(w, h, first, rows)
		a.weigh(w, w.y, w.scores, w.v, first, rows, h.values)
		vector.CopyColumns(y[first*a.out+h.y:], w.y, rows, h.values, a.out, a.depth)
	}
}

// sequence returns the rows of the sequence of a task.
func (a *Plan) sequence(x []float32, width, task int) []float32 {
	size := a.positions * width
	return x[task/len(a.heads)*size:][:size]
}

// seen is how many positions query first+r of a block sees: n + r·step.
func (a *Plan) seen(first int) (n, step int) {
	if a.causal {
		return first + 1, 1
	}
	return a.positions, 0
}

// probabilities computes the rows of a block of queries in w.scores. Positions that a
// row does not see are 0 up to the end of its group of rows.
func (a *Plan) probabilities(w *workspace, h head, first, rows int) {
	a.scores(w, w.scores, w.q, w.keys, first, rows, h.qk)
	n, step := a.seen(first)
	vector.SoftmaxRows(w.scores, rows, a.padded, n, step)
}

// scores computes the products of a block of the rows of x, dimensions long,
// with columns, wherever the rows see them.
func (a *Plan) scores(w *workspace, dst, x, columns []float32, first, rows, dimensions int) {
	end := a.padded
	if a.causal {
		end = wholePanels(first + rows)
	}
	s := strips{rows: &w.ahead, ldc: a.padded, rowA: a.depth, stepA: 1, ldb: a.padded, depth: dimensions, nextA: stripRows * a.depth}
	for j := 0; j < end; j += panelCols {
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
func (a *Plan) weigh(w *workspace, dst, p, m []float32, first, rows, n int) {
	s := strips{rows: &w.ahead, c: dst, a: p, b: m, ldc: a.depth, rowA: a.padded, stepA: 1, ldb: a.depth,
		depth: a.positions, nextA: stripRows * a.padded}
	if a.causal {
		s.depth, s.nextDepth = first+stripRows, stripRows
	}
	s.run(stripCount(rows), panelCount(n))
}

// gather computes the sums of the rows of a block of m, n values long, weighed by
// the columns of p: the sums that the queries of the block send to every position.
// They are added to dst where earlier blocks have written.
func (a *Plan) gather(w *workspace, dst, p, m []float32, first, rows, n int) {
	at := first * a.depth
	s := strips{rows: &w.ahead, c: dst, a: p, b: m[at:], ldc: a.depth, rowA: 1, stepA: a.padded, ldb: a.depth,
		depth: rows, nextA: stripRows, add: first > 0}
	if !a.causal {
		s.run(stripCount(a.positions), panelCount(n))
		return
	}
	s.run(first/stripRows, panelCount(n)) // all queries see the positions before the block
	s.c, s.a, s.add = dst[at:], p[first:], false
	s.nextA, s.nextB, s.nextDepth = stripRows+stripRows*a.padded, stripRows*a.depth, -stripRows
	s.run(stripCount(rows), panelCount(n))
}

// backward computes the gradients of one head of one sequence.
func (a *Plan) backward(worker, task int) {
	h := a.heads[task%len(a.heads)]
	w := a.worker(worker, true)
	a.lookAhead(&w.ahead, task, a.x, a.dx, a.dy)
	x, dx := a.sequence(a.x, a.in, task), a.sequence(a.dx, a.in, task)
	vector.CopyColumns(w.q, x[h.q:], a.positions, h.qk, a.depth, a.in)
	vector.CopyColumns(w.k, x[h.k:], a.positions, h.qk, a.depth, a.in)
	vector.CopyColumns(w.dy, a.sequence(a.dy, a.out, task)[h.y:], a.positions, h.values, a.depth, a.out)
	vector.TransposeScaled(w.keys, x[h.k:], a.positions, h.qk, a.padded, a.in, a.scale)
	// With the values scaled, the gradient of the scores comes out scaled, as the
	// gradients of queries and keys want it.
	vector.TransposeScaled(w.values, x[h.v:], a.positions, h.values, a.padded, a.in, a.scale)
	for first := 0; first < a.positions; first += blockRows {
		rows := min(blockRows, a.positions-first)
		a.probabilities(w, h, first, rows)
		a.gather(w, w.dv, w.scores, w.dy, first, rows, h.values)
		a.scores(w, w.grads, w.dy, w.values, first, rows, h.values)
		n, step := a.seen(first)
		vector.SoftmaxGradRows(w.grads, w.scores, rows, a.padded, n, step)
		a.gather(w, w.dk, w.grads, w.q, first, rows, h.qk)
		a.weigh(w, w.y, w.grads, w.k, first, rows, h.qk)
		vector.CopyColumns(dx[first*a.in+h.q:], w.y, rows, h.qk, a.in, a.depth)
	}
	vector.CopyColumns(dx[h.k:], w.dk, a.positions, h.qk, a.in, a.depth)
	vector.CopyColumns(dx[h.v:], w.dv, a.positions, h.values, a.in, a.depth)
}
