package kernel

// Cell is what a recurrent layer computes at a position from its input x and the
// state before, with PyTorch's equations and order of gates. W, U stand for the
// input and the recurrent weights, b and b' for their biases.
type Cell int

const (
	TanhCell Cell = iota // h = tanh(W·x + b + U·h + b')
	ReLUCell             // h = max(W·x + b + U·h + b', 0)
	LSTMCell             // gates i, f, g, o: c = σ(f)·c + σ(i)·tanh(g), h = σ(o)·tanh(c)
	GRUCell              // gates r, z, n: n = tanh(Wₙ·x + bₙ + σ(r)·(Uₙ·h + b'ₙ)), h = (1 − σ(z))·n + σ(z)·h
)

// Gates is the number of products of each kind that a unit of the cell has.
func (c Cell) Gates() int {
	switch c {
	case LSTMCell:
		return 4
	case GRUCell:
		return 3
	}
	return 1
}

// RecurrentShape is the size of a recurrent layer on a batch of sequences.
type RecurrentShape struct {
	Cell Cell
	N    int // sequences
	T    int // positions of each
	D    int // values at a position
	H    int // units
}

// width is the number of pre-activations of one position.
func (s RecurrentShape) width() int { return s.Cell.Gates() * s.H }

// Recurrent is a plan for a recurrent layer on whole sequences and for its
// gradients. It keeps what the backward pass needs, so Backward and the Grad
// methods belong to the Forward before them.
//
// x is [N, T, D], y and dy are [N, T, H]. Input weights are [D, G·H], recurrent
// weights [H, G·H] and the two biases [G·H], gate after gate.
type Recurrent struct {
	RecurrentShape
	train bool

	// Per sequence and position: the products of the input, which become the gates
	// and in Backward their gradients; for a GRU the gradients as the recurrent
	// weights see them, whose last third holds Uₙ·h + b'ₙ until then; the states
	// before the position. Cells of an LSTM have one more position, the start.
	gates, hidden, before, cells []float32

	input                                       *Gemm // x·W
	toInput, toInputWeights, toRecurrentWeights *Gemm

	forward, back *packedMatrix // U and its transpose
	bias          []float32     // b', padded
	scratch       []recurrentScratch
	task          func(worker, task int)
	backTask      func(worker, task int)
	tasks         int

	y, dy, dh, h, c []float32 // operands of the call in progress
}

// recurrentScratch is what a worker computes on, a row for each sequence. The
// rows are a little longer than needed: those a large power of two apart would
// compete for the same places of the cache.
type recurrentScratch struct{ state, product, gradient, cell []float32 }

const (
	rowGap       = 16 // values between rows of scratch
	recurrentRow = 48 // most sequences of a task: their scratch stays in L2
)

// NewRecurrent plans a layer. A plan that does not train has no gradients.
func NewRecurrent(s RecurrentShape, train bool) *Recurrent {
	g, rows := s.width(), s.N*s.T
	r := &Recurrent{RecurrentShape: s, train: train, gates: make([]float32, rows*g),
		input: NewGemm(rows, g, s.D, false, false), forward: newPackedMatrix(s.H, g)}
	r.bias = make([]float32, r.forward.width())
	r.task, r.backTask = r.forwardTask, r.backwardTask
	if s.Cell == GRUCell {
		r.hidden = make([]float32, rows*g)
	}
	if !train {
		return r
	}
	if s.Cell == LSTMCell {
		r.cells = make([]float32, s.N*(s.T+1)*s.H)
	}
	r.before = make([]float32, rows*s.H)
	r.back = newPackedMatrix(g, s.H)
	r.toInput = NewGemm(rows, s.D, g, false, true)
	r.toInputWeights = NewGemm(s.D, g, rows, true, false)
	r.toRecurrentWeights = NewGemm(s.H, g, rows, true, false)
	return r
}

// Forward computes the states y at all positions. h [N, H] is the state before
// the first position and becomes that after the last; c likewise the cells of an
// LSTM, nil for others.
func (r *Recurrent) Forward(y, x, w, u, b, b2, h, c []float32) {
	r.input.Run(r.gates, x, w, b, false, Epilogue{})
	r.forward.pack(u, false)
	copy(r.bias, b2[:r.width()])
	r.y, r.h, r.c = y, h, c
	r.share(r.task)
}

// Backward computes the gradients with respect to all pre-activations, from the
// last position to the first, for the gradients dy with respect to y; none flows
// into the start. Unless dh [N, T, H] is nil it becomes the gradient with respect
// to the states, through y and all positions after.
func (r *Recurrent) Backward(y, dy, u, dh []float32) {
	r.back.pack(u, true)
	r.y, r.dy, r.dh = y, dy, dh
	r.share(r.backTask)
}

// share runs a task on all threads, each for sequences of its own from the first
// to the last position, so that nobody waits for others in between. What a
// sequence gives does not depend on the others of its task.
func (r *Recurrent) share(task func(worker, task int)) {
	n := Threads()
	r.tasks = (max(n, (r.N+recurrentRow-1)/recurrentRow) + n - 1) / n * n
	r.tasks = min(r.tasks, r.N)
	r.allocate((r.N + r.tasks - 1) / r.tasks)
	parallel(r.tasks, task)
	r.y, r.dy, r.dh, r.h, r.c = nil, nil, nil, nil, nil
}

// allocate makes room for so many sequences in the scratch of every worker.
func (r *Recurrent) allocate(rows int) {
	rows = paddedRows(rows)
	for len(r.scratch) < maxWorkers() {
		r.scratch = append(r.scratch, recurrentScratch{})
	}
	for i := range r.scratch {
		s := &r.scratch[i]
		if len(s.state) >= rows*r.statePitch() {
			continue
		}
		s.state = make([]float32, rows*r.statePitch())
		s.product = make([]float32, rows*r.gatePitch())
		if r.train {
			s.gradient = make([]float32, rows*r.statePitch())
		}
		if r.train && r.Cell == LSTMCell {
			s.cell = make([]float32, rows*r.H)
		}
	}
}

// statePitch and gatePitch are the distances of rows of scratch.
func (r *Recurrent) statePitch() int { return (r.H+tileN-1)/tileN*tileN + rowGap }
func (r *Recurrent) gatePitch() int  { return r.forward.width() + rowGap }

// sequences returns the sequences [lo,hi) of a task.
func (r *Recurrent) sequences(task int) (lo, hi int) {
	return r.N * task / r.tasks, r.N * (task + 1) / r.tasks
}

// GradInput computes dx; with acc it is added.
func (r *Recurrent) GradInput(dx, w []float32, acc bool) {
	r.toInput.Run(dx, r.gates, w, nil, acc, Epilogue{})
}

// GradInputWeights computes the gradient with respect to W.
func (r *Recurrent) GradInputWeights(dw, x []float32) {
	r.toInputWeights.Run(dw, x, r.gates, nil, false, Epilogue{})
}

// GradRecurrentWeights computes the gradient with respect to U.
func (r *Recurrent) GradRecurrentWeights(du []float32) {
	r.toRecurrentWeights.Run(du, r.before, r.recurrentGradients(), nil, false, Epilogue{})
}

// GradBiases computes the gradients with respect to both biases.
func (r *Recurrent) GradBiases(db, db2 []float32) {
	g := r.width()
	ColumnSums(db, r.gates, r.N*r.T, g)
	if r.hidden == nil {
		copy(db2[:g], db)
		return
	}
	ColumnSums(db2, r.hidden, r.N*r.T, g)
}

// recurrentGradients are the gradients of the pre-activations as the recurrent
// weights see them.
func (r *Recurrent) recurrentGradients() []float32 {
	if r.hidden != nil {
		return r.hidden
	}
	return r.gates
}
