package sparse

import (
	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

// sequenceRows is the number of sequences of a task: they share the weights that they read.
const sequenceRows = 16

// Recurrent is a recurrent layer of rectified units on whole sequences,
//
//	h(t) = max(W·x(t) + U·h(t−1) + b, 0)
//
// with its weights packed. It skips the zeros of the input and of the state, whose units are
// 0 where they are not active. For zeros and values that are not finite it goes by the rules of
// Linear. Layers with other cells, whose state has no zeros, take the products of their
// input, W·x, from a Linear.
//
// A Recurrent does not change after it was made, and serves any number of RecurrentRuns at once.
type Recurrent struct {
	units int
	input *Linear      // W·x + b
	state *gemm.Packed // U
	even  BreakEven
}

// NewRecurrent packs the weights W [in, units] and U [units, units], and the bias b [units], which
// may be nil: the sum of both where a layer has two. dense computes W·x + b, as in NewLinear.
func NewRecurrent(w, u, bias []float32, in, units int, c *Calibration, dense DenseWay) *Recurrent {
	r := &Recurrent{units: units, input: NewLinear(w, bias, in, units, c, dense)}
	state := NewLinear(u, nil, units, units, c, nil)
	r.state, r.even = state.weights, state.even
	return r
}

// Skips reports whether the layer ever skips a zero of the states of so many sequences.
func (r *Recurrent) Skips(sequences int) bool { return r.even.of(min(sequenceRows, sequences)) > 0 }

// RecurrentRun is the workspace of one caller of a Recurrent.
type RecurrentRun struct {
	*Recurrent
	Counts *int64 // as of LinearRun
	// Dense computes W·x + b at all positions where x has few zeros; nil: the layer's own dense product
	// does.
	Dense func(products, x []float32)

	inputs   *LinearRun
	products []float32 // W·x + b at all positions
	ws       []recurrentWorker
	n, t     int
	y, h     []float32
}

// recurrentWorker is the workspace of a worker.
type recurrentWorker struct {
	linearWorker
	next []float32 // states of the sequences of a task, whole panels
}

// Run returns a workspace.
func (r *Recurrent) Run() *RecurrentRun { return &RecurrentRun{Recurrent: r, inputs: r.input.Run()} }

// Forward computes the states y [n, t, units] at all positions of x [n, t, in]. h [n, units] is
// the state before the first position and becomes the state after the last.
func (r *RecurrentRun) Forward(y, x, h []float32, n, t int) {
	r.y, r.h, r.n, r.t = y[:n*t*r.units], h[:n*r.units], n, t
	r.products = parallel.Grow(r.products, n*t*r.units)
	r.inputs.Counts = r.Counts
	if r.Dense != nil && !r.inputs.Pays(x, n*t) {
		r.Dense(r.products, x)
	} else {
		r.inputs.Forward(r.products, x, n*t, false)
	}
	r.ws = parallel.PerWorker(r.ws)
	for i := range r.ws { // all of them: another worker may take part in the next call
		rows := min(sequenceRows, n)
		r.ws[i].next = parallel.Grow(r.ws[i].next, rows*r.state.Width())
		r.ws[i].reserve(rows)
	}
	parallel.Each((n+sequenceRows-1)/sequenceRows, r, (*RecurrentRun).sequences)
	for i := range r.ws {
		r.ws[i].count(r.Counts)
	}
	r.y, r.h = nil, nil
}

// sequences takes some sequences through all positions.
func (r *RecurrentRun) sequences(worker, task int) {
	w, block := &r.ws[worker], r.state.Whole()
	first := task * sequenceRows
	rows, ld := min(sequenceRows, r.n-first), r.state.Width()
	state, pitch := r.h[first*r.units:], r.units
	for t := range r.t {
		for i := range rows {
			copy(w.next[i*ld:], r.products[((first+i)*r.t+t)*r.units:][:r.units])
		}
		w.add(r.state, w.next, ld, state, pitch, rows, block, r.units, r.even.of(rows))
		for i := range rows {
			y := r.y[((first+i)*r.t+t)*r.units:][:r.units]
			vector.ReLUSlice(y, w.next[i*ld:])
		}
		state, pitch = r.y[(first*r.t+t)*r.units:], r.t*r.units
	}
	for i := range rows {
		copy(r.h[(first+i)*r.units:][:r.units], state[i*pitch:])
	}
}
