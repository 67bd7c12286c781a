package kernel

// Attention is a plan for scaled dot-product attention (Vaswani et al. 2017) of
// several heads on sequences of one length. A row of the input, a position,
// holds the queries of all heads, then their keys, then their values; a row of
// the output the results of all heads:
//
//	y[i] = Σ_j softmax_j(scale·q[i]·k[j])·v[j]
//
// Nothing is kept between Forward and Backward: the probabilities of a head are
// cheaper to compute again than to write and read.
type Attention struct {
	batch, positions int
	heads            []attentionHead
	in, out          int // row lengths of input and output
	scale            float32
	causal           bool

	padded int // positions, up to a whole number of panels
	depth  int // the same of the largest number of dimensions of a head
	ws     []attentionWorker

	y, x, dx, dy []float32 // of the call in progress
	forwardTask  func(worker, task int)
	backwardTask func(worker, task int)
}

// attentionHead is where the rows hold a head.
type attentionHead struct {
	q, k, v, y int // offsets; y in the output
	qk, values int // dimensions
}

// NewAttention plans heads with qk[h] dimensions of queries and keys and v[h] of
// values, on batch sequences of the given number of positions. Causal attention
// sees the positions up to its own only. A head without qk dimensions takes the
// mean of the values it sees.
func NewAttention(batch, positions int, qk, v []int, scale float32, causal bool) *Attention {
	a := &Attention{batch: batch, positions: positions, scale: scale, causal: causal, padded: wholePanels(positions)}
	keys, most := 0, 0
	for h, n := range qk {
		keys += n
		a.out += v[h]
		most = max(most, n, v[h])
	}
	a.in, a.depth = 2*keys+a.out, wholePanels(most)
	q, y := 0, 0
	for h, n := range qk {
		a.heads = append(a.heads, attentionHead{q: q, k: keys + q, v: 2*keys + y, y: y, qk: n, values: v[h]})
		q += n
		y += v[h]
	}
	a.forwardTask, a.backwardTask = a.forward, a.backward
	return a
}

// wholePanels rounds up to a multiple of the width of a panel.
func wholePanels(n int) int { return panelCount(n) * panelCols }

// Forward computes y [batch·positions, Σv] of x [batch·positions, 2·Σqk+Σv].
func (a *Attention) Forward(y, x []float32) {
	rows := a.batch * a.positions
	a.y, a.x = y[:rows*a.out], x[:rows*a.in]
	a.run(a.forwardTask)
}

// Backward computes dx from x and dy.
func (a *Attention) Backward(dx, x, dy []float32) {
	rows := a.batch * a.positions
	a.dx, a.x, a.dy = dx[:rows*a.in], x[:rows*a.in], dy[:rows*a.out]
	a.run(a.backwardTask)
}

// run shares sequences and heads out.
func (a *Attention) run(task func(worker, task int)) {
	for len(a.ws) < maxWorkers() {
		a.ws = append(a.ws, attentionWorker{})
	}
	parallel(a.batch*len(a.heads), task)
	a.y, a.x, a.dx, a.dy = nil, nil, nil, nil
}

// attentionBlock is the number of queries whose scores are held at a time; a
// multiple of the rows of a strip.
const attentionBlock = 64

// attentionWorker is the workspace of one worker. All its matrices have whole
// panels of positions and dimensions. What is beyond the positions of a sequence
// is never written, so that it is 0; what is beyond the dimensions of a head is
// read into columns that are not used.
type attentionWorker struct {
	q, k, v, dy   []float32 // of one head
	keys, values  []float32 // transposed and scaled: a row a dimension
	scores, grads []float32 // of a block of queries: a row each
	y             []float32 // of a block; its dq as well
	dk, dv        []float32
	ahead         rowsAhead
	_             [64]byte // keep workers off each other's cache lines
}

func (a *Attention) worker(i int, backward bool) *attentionWorker {
	w := &a.ws[i]
	matrix := func(m *[]float32, rows, cols int) {
		if *m == nil {
			*m = make([]float32, rows*cols)
		}
	}
	block := min(a.padded, attentionBlock)
	matrix(&w.keys, a.depth, a.padded)
	matrix(&w.scores, block, a.padded)
	matrix(&w.y, block, a.depth)
	matrix(&w.q, a.padded, a.depth)
	if !backward {
		matrix(&w.v, a.padded, a.depth)
		return w
	}
	matrix(&w.values, a.depth, a.padded)
	matrix(&w.grads, block, a.padded)
	for _, m := range []*[]float32{&w.k, &w.dy, &w.dk, &w.dv} {
		matrix(m, a.padded, a.depth)
	}
	return w
}
