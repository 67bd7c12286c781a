// Package recurrence computes recurrent layers on whole sequences, and their gradients.
package recurrence

import (
	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

// Cell is the function by which a recurrent layer computes a position from its input
// x and the state before, with PyTorch's equations and order of gates. W, U stand for the
// input and the recurrent weights, b and b' for their biases.
type Cell int

const (
	Tanh Cell = iota // h = tanh(W·x + b + U·h + b')
	ReLU             // h = max(W·x + b + U·h + b', 0)
	LSTM             // gates i, f, g, o: c = σ(f)·c + σ(i)·tanh(g), h = σ(o)·tanh(c)
	GRU              // gates r, z, n: n = tanh(Wₙ·x + bₙ + σ(r)·(Uₙ·h + b'ₙ)), h = (1 − σ(z))·n + σ(z)·h
)

// Gates is the number of products of each kind that a unit of the cell has.
func (c Cell) Gates() int {
	switch c {
	case LSTM:
		return 4
	case GRU:
		return 3
	}
	return 1
}

// Shape is the size of a recurrent layer on a batch of sequences.
type Shape struct {
	Cell Cell
	N    int // sequences
	T    int // positions of each
	D    int // values at a position
	H    int // units
}

// width is the number of pre-activations of one position.
func (s Shape) width() int { return s.Cell.Gates() * s.H }

// Plan is a plan for a recurrent layer on whole sequences and for its
// gradients. It keeps the operands of the backward pass, so Backward and the Grad
// methods belong to the Forward before them.
//
// x is [N, T, D], y and dy are [N, T, H]. Input weights are [D, G·H], recurrent
// weights [H, G·H] and the two biases [G·H], gate after gate.
type Plan struct {
	recurrence
	input                   *gemm.Product // x·W
	toInput, toInputWeights *gemm.Product
}

// New plans a layer. A plan that does not train has no gradients.
func New(s Shape, train bool) *Plan {
	r := &Plan{}
	r.recurrence.init(s, train)
	g, rows := s.width(), s.N*s.T
	r.gates = make([]float32, rows*g)
	r.input = gemm.New(rows, g, s.D, false, false)
	if train {
		r.toInput = gemm.New(rows, s.D, g, false, true)
		r.toInputWeights = gemm.New(s.D, g, rows, true, false)
	}
	return r
}

// Forward computes the states y at all positions. h [N, H] is the state before
// the first position and becomes the state after the last; c likewise the cells of an
// LSTM, nil for others.
func (r *Plan) Forward(y, x, w, u, b, b2, h, c []float32) {
	r.input.Run(r.gates, x, w, b, false, false)
	r.forward(y, u, b2, h, c)
}

// InputWeights is the part of the plan that reads W, which it can take frozen.
func (r *Plan) InputWeights() *gemm.Product { return r.input }

// GradInput computes dx; with acc it is added.
func (r *Plan) GradInput(dx, w []float32, acc bool) {
	r.toInput.Run(dx, r.gates, w, nil, acc, false)
}

// GradInputWeights computes the gradient with respect to W.
func (r *Plan) GradInputWeights(dw, x []float32) {
	r.toInputWeights.Run(dw, x, r.gates, nil, false, false)
}

// GradBiases computes the gradients with respect to both biases.
func (r *Plan) GradBiases(db, db2 []float32) {
	vector.ColumnSums(db, r.gates, r.N*r.T, r.width())
	r.gradRecurrentBias(db2, db)
}

// recurrence takes sequences through their positions, given the products of the
// input. It belongs to plans that make these.
type recurrence struct {
	Shape
	train bool

	// Per sequence and position, at place: the products of the input, which become
	// the gates and in the pass back their gradients; for a GRU the gradients as the
	// recurrent weights see them, whose last third holds Uₙ·h + b'ₙ until then; the
	// states before the position.
	gates, hidden, before []float32

	// Cells of an LSTM, [T+1, N, H], the start and those after every position.
	cells []float32

	// Instead of products at every position there may be a table of them: place i
	// has row rows[i]. gates is nil then unless the plan trains.
	table []float32
	rows  []int32

	byTime bool // the order of places: see place

	weights, back      *gemm.Packed // U and its transpose
	frozen             bool         // weights has the values of all calls
	toRecurrentWeights *gemm.Product
	bias               []float32 // b', padded
	scratch            []scratch
	tasks              int
	parts              int // of the product of the one sequence

	y, dy, dh, h, c []float32 // operands of the call in progress
}

// scratch is the workspace of a worker, a row for each sequence. The rows are a
// little longer than needed: rows a large power of two apart would compete for the
// same places of the cache.
type scratch struct{ state, product, gradient, cell []float32 }

const (
	rowGap   = 16 // values between rows of scratch
	taskRows = 48 // most sequences of a task: their scratch stays in L2
)

func (r *recurrence) init(s Shape, train bool) {
	g, rows := s.width(), s.N*s.T
	r.Shape, r.train = s, train
	r.weights = gemm.NewPacked(s.H, g, false)
	r.bias = make([]float32, r.weights.Width())
	if !train {
		return
	}
	switch s.Cell {
	case GRU:
		r.hidden = make([]float32, rows*g)
	case LSTM:
		r.cells = make([]float32, (s.T+1)*s.N*s.H)
	}
	r.before = make([]float32, rows*s.H)
	r.back = gemm.NewPacked(g, s.H, true)
	r.toRecurrentWeights = gemm.New(s.H, g, rows, true, false)
}

// forward is Forward once the products of the input are there.
func (r *recurrence) forward(y, u, b2, h, c []float32) {
	if !r.frozen {
		r.weights.Pack(u)
	}
	copy(r.bias, b2[:r.width()])
	r.y, r.h, r.c = y, h, c
	r.share((*recurrence).forwardTask)
}

// FrozenForm, Freeze and UseFrozen do for U the work of the methods of gemm.Product with these names.
func (r *recurrence) FrozenForm() any { return r.weights.FrozenForm() }

// Freeze packs U.
func (r *recurrence) Freeze(u []float32) any { return r.weights.Freeze(u) }

// UseFrozen makes all calls of Forward read U packed by Freeze.
func (r *recurrence) UseFrozen(u any) {
	r.weights.UseFrozen(u)
	r.frozen = true
}

// Backward computes the gradients with respect to all pre-activations, from the
// last position to the first, for the gradients dy with respect to y; none flows
// into the start. Unless dh [N, T, H] is nil it becomes the gradient with respect
// to the states, through y and all positions after.
func (r *recurrence) Backward(y, dy, u, dh []float32) {
	r.back.Pack(u)
	r.y, r.dy, r.dh = y, dy, dh
	r.share((*recurrence).backwardTask)
}

// share runs a task on all threads, each for sequences of its own from the first
// to the last position, so that nobody waits for others in between. The results of a
// sequence do not depend on the others of its task.
func (r *recurrence) share(task func(r *recurrence, worker, task int)) {
	n := parallel.Threads()
	r.tasks = (max(n, (r.N+taskRows-1)/taskRows) + n - 1) / n * n
	r.tasks = min(r.tasks, r.N)
	r.allocate((r.N + r.tasks - 1) / r.tasks)
	parallel.Each(r.tasks, r, task)
	r.y, r.dy, r.dh, r.h, r.c = nil, nil, nil, nil, nil
}

// allocate makes room for rows sequences in the scratch of every worker.
func (r *recurrence) allocate(rows int) {
	rows = gemm.PaddedRows(rows)
	r.scratch = parallel.PerWorker(r.scratch)
	for i := range r.scratch {
		s := &r.scratch[i]
		s.state = parallel.Grow(s.state, rows*r.statePitch())
		s.product = parallel.Grow(s.product, rows*r.gatePitch())
		if r.train {
			s.gradient = parallel.Grow(s.gradient, rows*r.statePitch())
		}
		if r.train && r.Cell == LSTM {
			s.cell = parallel.Grow(s.cell, rows*r.H)
		}
	}
}

// statePitch and gatePitch are the distances of rows of scratch.
func (r *recurrence) statePitch() int { return (r.H+gemm.TileN-1)/gemm.TileN*gemm.TileN + rowGap }
func (r *recurrence) gatePitch() int  { return r.weights.Width() + rowGap }

// sequences returns the sequences [lo,hi) of a task.
func (r *recurrence) sequences(task int) (lo, hi int) {
	return r.N * task / r.tasks, r.N * (task + 1) / r.tasks
}

// place is where values of sequence n at position t are. Products that come from
// elsewhere lie sequence by sequence. Position by position is faster: the operands of
// a step are then in one piece.
func (r *recurrence) place(n, t int) int {
	if r.byTime {
		return t*r.N + n
	}
	return n*r.T + t
}

// GradRecurrentWeights computes the gradient with respect to U.
func (r *recurrence) GradRecurrentWeights(du []float32) {
	r.toRecurrentWeights.Run(du, r.before, r.recurrentGradients(), nil, false, false)
}

// gradRecurrentBias computes the gradient with respect to b' from the one with
// respect to b: a GRU's differ in the last gate.
func (r *recurrence) gradRecurrentBias(db2, db []float32) {
	g := r.width()
	copy(db2[:g], db)
	if r.hidden != nil {
		vector.StridedColumnSums(db2[2*r.H:g], r.hidden[2*r.H:], r.N*r.T, g)
	}
}

// recurrentGradients are the gradients of the pre-activations as the recurrent
// weights see them.
func (r *recurrence) recurrentGradients() []float32 {
	if r.hidden != nil {
		return r.hidden
	}
	return r.gates
}

// forwardTask takes some sequences through all positions.
func (r *recurrence) forwardTask(worker, task int) {
	s := &r.scratch[worker]
	lo, hi := r.sequences(task)
	rows, h, pitch := hi-lo, r.H, r.statePitch()
	for i := range rows {
		copy(s.state[i*pitch:][:h], r.h[(lo+i)*h:])
		if r.cells != nil {
			copy(r.cells[(lo+i)*h:][:h], r.c[(lo+i)*h:])
		}
	}
	for t := range r.T {
		r.multiply(s, rows)
		for i := range rows {
			state := s.state[i*pitch:][:h]
			if r.train {
				copy(r.before[r.place(lo+i, t)*h:][:h], state)
			}
			r.step(lo+i, t, state, s.product[i*r.gatePitch():])
			copy(r.y[((lo+i)*r.T+t)*h:][:h], state)
		}
	}
	for i := range rows {
		copy(r.h[(lo+i)*h:][:h], s.state[i*pitch:])
		if r.cells != nil {
			copy(r.c[(lo+i)*h:][:h], r.cells[(r.T*r.N+lo+i)*h:])
		}
	}
}

const (
	// fewRows is the most sequences whose products are computed one by one where the weights are
	// frozen: a tile would compute four. It counts the rows of the call, not of a task, which threads decide.
	fewRows = 2
	// partFloats is the least number of weights in a part of the product of one sequence alone:
	// reading them takes longer than sharing the work out.
	partFloats = 32 << 10
)

// multiply computes b' + U·h for the states of some sequences.
func (r *recurrence) multiply(s *scratch, rows int) {
	if !r.frozen || r.N > fewRows {
		r.weights.Mul(s.product, r.gatePitch(), s.state, r.statePitch(), rows, r.bias, false)
		return
	}
	whole := r.weights.Whole()
	if r.N == 1 {
		if r.parts = min(parallel.Threads(), r.H*r.width()/partFloats, whole.EndPanel); r.parts > 1 {
			parallel.Own(r.parts, r, (*recurrence).multiplyPart)
			return
		}
	}
	for i := range rows {
		r.multiplyRow(s, i, whole)
	}
}

// multiplyPart computes a part of the columns of the product of the one sequence.
func (r *recurrence) multiplyPart(_, part int) {
	block := r.weights.Whole()
	panels := block.EndPanel
	block.Panel, block.EndPanel = panels*part/r.parts, panels*(part+1)/r.parts
	r.multiplyRow(&r.scratch[0], 0, block)
}

// multiplyRow computes the columns of a block of the product of row i of scratch.
func (r *recurrence) multiplyRow(s *scratch, i int, block gemm.Block) {
	product := s.product[i*r.gatePitch():]
	lo, hi := block.Panel*gemm.TileN, block.EndPanel*gemm.TileN
	copy(product[lo:hi], r.bias[lo:hi])
	r.weights.AddRow(product[lo:], s.state[i*r.statePitch():], block)
}

// step replaces the state of sequence n by that at position t.
func (r *recurrence) step(n, t int, state, product []float32) {
	at := r.place(n, t)
	gates, x := r.inputs(at, product)
	switch r.Cell {
	case Tanh:
		vector.TanhStep(state, x, product)
	case ReLU:
		vector.ReLUStep(state, x, product)
	case LSTM:
		c0, c1 := r.cellsAround(n, t)
		vector.LSTMStep(gates, x, product, c0, c1, state)
	case GRU:
		kept := product[2*r.H:][:r.H]
		if r.hidden != nil {
			kept = r.kept(at)
		}
		vector.GRUStep(gates, x, product, kept, state)
	}
}

// inputs returns the products of the input at a place and where the gates go.
func (r *recurrence) inputs(at int, product []float32) (gates, x []float32) {
	g := r.width()
	gates = product
	if r.gates != nil {
		gates = r.gates[at*g:][:g]
	}
	if r.table == nil {
		return gates, gates
	}
	return gates, r.table[int(r.rows[at])*g:][:g]
}

// cellsAround returns the cells of an LSTM before and after a position: one and
// the same unless gradients need them all.
func (r *recurrence) cellsAround(n, t int) (c0, c1 []float32) {
	if r.cells == nil {
		c := r.c[n*r.H:][:r.H]
		return c, c
	}
	at := t*r.N + n
	return r.cells[at*r.H:][:r.H], r.cells[(at+r.N)*r.H:][:r.H]
}

// kept is where a GRU keeps the recurrent product of gate n at a place.
func (r *recurrence) kept(at int) []float32 {
	return r.hidden[at*3*r.H+2*r.H:][:r.H]
}

// backwardTask takes the gradients of some sequences back to the first position.
func (r *recurrence) backwardTask(worker, task int) {
	s := &r.scratch[worker]
	lo, hi := r.sequences(task)
	rows, h, pitch := hi-lo, r.H, r.statePitch()
	clear(s.gradient)
	clear(s.cell)
	for t := r.T - 1; t >= 0; t-- {
		for i := range rows {
			gradient := s.gradient[i*pitch:][:h]
			at := ((lo+i)*r.T + t) * h
			if r.dh != nil {
				vector.AddSlice(r.dh[at:][:h], r.dy[at:], gradient)
			}
			r.stepBack(s, i, lo+i, t, gradient)
		}
		if t > 0 {
			r.back.Mul(s.gradient, pitch, s.product, r.gatePitch(), rows, nil, r.Cell == GRU)
		}
	}
}

// stepBack computes the gradients of the pre-activations of sequence n at
// position t, in its row i of scratch and where the products with the weights
// read them.
func (r *recurrence) stepBack(s *scratch, i, n, t int, dh []float32) {
	g, at := r.width(), r.place(n, t)
	gates, d := r.gates[at*g:][:g], s.product[i*r.gatePitch():][:g]
	out := (n*r.T + t) * r.H
	y, dy := r.y[out:][:r.H], r.dy[out:][:r.H]
	switch r.Cell {
	case Tanh:
		vector.TanhStepBack(d, y, dy, dh)
	case ReLU:
		vector.ReLUStepBack(d, y, dy, dh)
	case LSTM:
		c0, c1 := r.cellsAround(n, t)
		vector.LSTMStepBack(d, gates, c0, c1, dy, dh, s.cell[i*r.H:][:r.H])
	case GRU:
		vector.GRUStepBack(d, gates, r.kept(at), r.before[at*r.H:][:r.H], dy, dh)
		copy(r.hidden[at*g:][:g], d)
		copy(gates[:2*r.H], d)
		return
	}
	copy(gates, d)
}
