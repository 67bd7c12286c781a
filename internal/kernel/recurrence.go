package kernel

// recurrence is what takes sequences through their positions, given the products
// of the input. It belongs to plans that make these.
type recurrence struct {
	RecurrentShape
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

	weights, back      *packedMatrix // U and its transpose
	toRecurrentWeights *Gemm
	bias               []float32 // b', padded
	scratch            []recurrentScratch
	task               func(worker, task int)
	backTask           func(worker, task int)
	tasks              int

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

func (r *recurrence) init(s RecurrentShape, train bool) {
	g, rows := s.width(), s.N*s.T
	r.RecurrentShape, r.train = s, train
	r.weights = newPackedMatrix(s.H, g)
	r.bias = make([]float32, r.weights.width())
	r.task, r.backTask = r.forwardTask, r.backwardTask
	if !train {
		return
	}
	switch s.Cell {
	case GRUCell:
		r.hidden = make([]float32, rows*g)
	case LSTMCell:
		r.cells = make([]float32, (s.T+1)*s.N*s.H)
	}
	r.before = make([]float32, rows*s.H)
	r.back = newPackedMatrix(g, s.H)
	r.toRecurrentWeights = NewGemm(s.H, g, rows, true, false)
}

// forward is Forward once the products of the input are there.
func (r *recurrence) forward(y, u, b2, h, c []float32) {
	r.weights.pack(u, false)
	copy(r.bias, b2[:r.width()])
	r.y, r.h, r.c = y, h, c
	r.share(r.task)
}

// backward is Recurrent.Backward.
func (r *recurrence) backward(y, dy, u, dh []float32) {
	r.back.pack(u, true)
	r.y, r.dy, r.dh = y, dy, dh
	r.share(r.backTask)
}

// share runs a task on all threads, each for sequences of its own from the first
// to the last position, so that nobody waits for others in between. What a
// sequence gives does not depend on the others of its task.
func (r *recurrence) share(task func(worker, task int)) {
	n := Threads()
	r.tasks = (max(n, (r.N+recurrentRow-1)/recurrentRow) + n - 1) / n * n
	r.tasks = min(r.tasks, r.N)
	r.allocate((r.N + r.tasks - 1) / r.tasks)
	parallel(r.tasks, task)
	r.y, r.dy, r.dh, r.h, r.c = nil, nil, nil, nil, nil
}

// allocate makes room for so many sequences in the scratch of every worker.
func (r *recurrence) allocate(rows int) {
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
func (r *recurrence) statePitch() int { return (r.H+tileN-1)/tileN*tileN + rowGap }
func (r *recurrence) gatePitch() int  { return r.weights.width() + rowGap }

// sequences returns the sequences [lo,hi) of a task.
func (r *recurrence) sequences(task int) (lo, hi int) {
	return r.N * task / r.tasks, r.N * (task + 1) / r.tasks
}

// place is where values of sequence n at position t are. Products that come from
// elsewhere lie sequence by sequence. Position by position is faster: what a step
// reads and writes is then in one piece.
func (r *recurrence) place(n, t int) int {
	if r.byTime {
		return t*r.N + n
	}
	return n*r.T + t
}

// GradRecurrentWeights computes the gradient with respect to U.
func (r *recurrence) GradRecurrentWeights(du []float32) {
	r.toRecurrentWeights.Run(du, r.before, r.recurrentGradients(), nil, false, Epilogue{})
}

// gradRecurrentBias computes the gradient with respect to b' from that with
// respect to b: a GRU's differ in the last gate.
func (r *recurrence) gradRecurrentBias(db2, db []float32) {
	g := r.width()
	copy(db2[:g], db)
	if r.hidden != nil {
		columnSumsOf(db2[2*r.H:g], r.hidden[2*r.H:], r.N*r.T, g)
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
