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
	recurrence
	input                   *Gemm // x·W
	toInput, toInputWeights *Gemm
}

// NewRecurrent plans a layer. A plan that does not train has no gradients.
func NewRecurrent(s RecurrentShape, train bool) *Recurrent {
	r := &Recurrent{}
	r.recurrence.init(s, train)
	g, rows := s.width(), s.N*s.T
	r.gates = make([]float32, rows*g)
	r.input = NewGemm(rows, g, s.D, false, false)
	if train {
		r.toInput = NewGemm(rows, s.D, g, false, true)
		r.toInputWeights = NewGemm(s.D, g, rows, true, false)
	}
	return r
}

// Forward computes the states y at all positions. h [N, H] is the state before
// the first position and becomes that after the last; c likewise the cells of an
// LSTM, nil for others.
func (r *Recurrent) Forward(y, x, w, u, b, b2, h, c []float32) {
	r.input.Run(r.gates, x, w, b, false, Epilogue{})
	r.forward(y, u, b2, h, c)
}

// Backward computes the gradients with respect to all pre-activations, from the
// last position to the first, for the gradients dy with respect to y; none flows
// into the start. Unless dh [N, T, H] is nil it becomes the gradient with respect
// to the states, through y and all positions after.
func (r *Recurrent) Backward(y, dy, u, dh []float32) { r.backward(y, dy, u, dh) }

// GradInput computes dx; with acc it is added.
func (r *Recurrent) GradInput(dx, w []float32, acc bool) {
	r.toInput.Run(dx, r.gates, w, nil, acc, Epilogue{})
}

// GradInputWeights computes the gradient with respect to W.
func (r *Recurrent) GradInputWeights(dw, x []float32) {
	r.toInputWeights.Run(dw, x, r.gates, nil, false, Epilogue{})
}

// GradBiases computes the gradients with respect to both biases.
func (r *Recurrent) GradBiases(db, db2 []float32) {
	ColumnSums(db, r.gates, r.N*r.T, r.width())
	r.gradRecurrentBias(db2, db)
}
