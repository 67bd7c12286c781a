package sparse

import (
	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

const (
	chunkUnits = 256 // hidden units of a chunk, half of it unless that makes four chunks
	fewRows    = 32  // fewer rows are shared out by hidden units
	blockRows  = 32  // most rows of a task otherwise
)

// FFN is the feed-forward layer of a transformer with its weights packed,
//
//	y = W₂·a(W₁·x + b₁) + b₂                          a(v) = v where v ≥ τ and v > 0, else 0
//	y = W₂·(a(W₁·x + b₁) ⊙ (Wᵤ·x + bᵤ)) + b₂          with a gate (Shazeer 2020: ReGLU)
//
// Behind the activation it computes active units only, those with a(…) ≠ 0: their rows of W₂
// and, with a gate, of Wᵤ. With a share ρ of active units this leaves
// (1+ρ)/2 of the operations, with a gate (1+2ρ)/3. Rows of x and chunks of 128 or 256 units
// in which more are active than a break-even go through the dense product.
//
// A unit counts as active where a(…) is NaN. The weights of an inactive unit are not read, so that
// an infinite or undefined one, or such a value of Wᵤ·x + bᵤ, does not reach y, while the dense
// product of 0 and infinity is NaN.
//
// An FFN does not change after it was made, and serves any number of FFNRuns at once.
type FFN struct {
	in, hidden, out int
	units           int // of a chunk
	threshold       float32
	first, up, down *gemm.Packed // W₁, Wᵤ and W₂; up is nil without a gate
	upRows          []float32    // Wᵤ again, a row of in values for each unit
	firstBias       []float32    // whole panels, as the next two
	upBias          []float32
	downBias        []float32
	even            BreakEven
}

// FFNWeights are the parameters of an FFN. Matrices are stored row by row; a nil bias is 0.
type FFNWeights struct {
	In, Hidden, Out int
	Threshold       float32   // τ, 0 for a ReLU
	First           []float32 // W₁ [In, Hidden]
	FirstBias       []float32 // b₁ [Hidden]
	Up              []float32 // Wᵤ [In, Hidden]; nil without a gate
	UpBias          []float32 // bᵤ [Hidden]
	Down            []float32 // W₂ [Hidden, Out]
	DownBias        []float32 // b₂ [Out]
}

// NewFFN packs the weights, which it copies.
func NewFFN(w FFNWeights, c *Calibration) *FFN {
	f := &FFN{in: w.In, hidden: w.Hidden, out: w.Out, threshold: w.Threshold}
	f.units = chunkUnits
	if f.hidden < 4*chunkUnits {
		f.units = chunkUnits / 2
	}
	f.first, f.firstBias = pack(w.First, w.FirstBias, w.In, w.Hidden)
	f.down, f.downBias = pack(w.Down, w.DownBias, w.Hidden, w.Out)
	if w.Up != nil {
		f.up, f.upBias = pack(w.Up, w.UpBias, w.In, w.Hidden)
		f.upRows = make([]float32, w.In*w.Hidden)
		vector.Transpose(f.upRows, w.Up, w.In, w.Hidden, w.In, w.Hidden)
	}
	f.even = c.ffn(f, w)
	return f
}

// Skips reports whether the layer ever skips a zero in a call with so many rows. Where it does not, its
// layers are no slower one by one.
func (f *FFN) Skips(rows int) bool { return f.even.of(rows) > 0 }

// pack packs weights [rows, columns], and a bias into whole panels.
func pack(w, bias []float32, rows, columns int) (*gemm.Packed, []float32) {
	p := gemm.NewPacked(rows, columns, false)
	p.Pack(w)
	padded := make([]float32, p.Width())
	copy(padded, bias)
	return p, padded
}

// taskRows is the number of rows of a task where rows are shared out: half a block where there
// are too few for two. It depends on the rows only, as the last bits of results do on it.
func taskRows(rows int) int {
	if rows < 2*blockRows {
		return blockRows / 2
	}
	return blockRows
}

// chunks is the number of chunks of hidden units.
func (f *FFN) chunks() int { return (f.hidden + f.units - 1) / f.units }

// chunk returns the hidden units of a chunk and its panels of the first products.
func (f *FFN) chunk(i int) (lo, hi int, first gemm.Block) {
	lo, hi = i*f.units, min((i+1)*f.units, f.hidden)
	return lo, hi, gemm.Block{EndRow: f.in, Panel: lo / gemm.TileN, EndPanel: (hi + gemm.TileN - 1) / gemm.TileN}
}

// FFNRun is the workspace of one caller of an FFN.
type FFNRun struct {
	*FFN
	// Counts gain the multiply-accumulates that calls execute in the three products; those that are
	// nil are not counted.
	Counts struct{ First, Up, Down *int64 }

	ws    []ffnWorker
	parts []float32 // of few rows: the result of each chunk
	rows  int
	y, x  []float32
}

// ffnWorker is the workspace of a worker.
type ffnWorker struct {
	h, u   []float32 // a chunk of a(W₁·x + b₁) and of Wᵤ·x + bᵤ, for the rows of a task
	y      []float32 // results of the rows of a task, whole panels
	list   [chunkUnits]gemm.Entry
	place  []int // rows in h and u
	result []int // rows in y
	input  []int // rows in x
	dense  []int // rows of the three that take the dense product, in this order
	units  int64 // computed behind the activation, in all rows
}

// Run returns a workspace.
func (f *FFN) Run() *FFNRun { return &FFNRun{FFN: f} }

// Forward computes y [rows, Out] from x [rows, In]. The result of a row depends on whether
// there are 32 rows or more, and in its last bits on the rows around it.
func (r *FFNRun) Forward(y, x []float32, rows int) {
	r.y, r.x, r.rows = y[:rows*r.out], x[:rows*r.in], rows
	r.ws = parallel.PerWorker(r.ws)
	for i := range r.ws { // all of them: another worker may take part in the next call
		r.ws[i].allocate(r.FFN, rows)
	}
	if rows < fewRows {
		width := r.down.Width()
		r.parts = parallel.Grow(r.parts, r.chunks()*rows*width)
		parallel.Own(r.chunks(), r, (*FFNRun).chunkTask)
		for i := range rows {
			dst := r.y[i*r.out:][:r.out]
			copy(dst, r.downBias)
			for c := range r.chunks() {
				vector.AddSlice(dst, dst, r.parts[(c*rows+i)*width:][:r.out])
			}
		}
	} else {
		parallel.Each((rows+taskRows(rows)-1)/taskRows(rows), r, (*FFNRun).rowsTask)
	}
	r.count()
	r.y, r.x = nil, nil
}

// count adds up the work of a call.
func (r *FFNRun) count() {
	units := int64(0)
	for i := range r.ws {
		units += r.ws[i].units
		r.ws[i].units = 0
	}
	for _, c := range []struct {
		sum  *int64
		macs int64
	}{{r.Counts.First, int64(r.rows * r.in * r.hidden)}, {r.Counts.Up, units * int64(r.in)}, {r.Counts.Down, units * int64(r.out)}} {
		if c.sum != nil {
			*c.sum += c.macs
		}
	}
}

// chunkTask computes the part of a chunk of units in all of few rows.
func (r *FFNRun) chunkTask(worker, chunk int) {
	width := r.down.Width()
	y := r.parts[chunk*r.rows*width:][:r.rows*width]
	clear(y)
	r.ws[worker].add(r.FFN, y, r.x, r.rows, chunk, r.even.of(r.rows))
}

// rowsTask computes a block of rows.
func (r *FFNRun) rowsTask(worker, task int) {
	lo := task * taskRows(r.rows)
	rows := min(taskRows(r.rows), r.rows-lo)
	width := r.down.Width()
	w := &r.ws[worker]
	for i := range rows {
		copy(w.y[i*width:][:width], r.downBias)
	}
	for chunk := range r.chunks() {
		w.add(r.FFN, w.y, r.x[lo*r.in:], rows, chunk, r.even.Rows)
	}
	for i := range rows {
		copy(r.y[(lo+i)*r.out:][:r.out], w.y[i*width:])
	}
}

// allocate makes room for the rows of a task of a call with so many.
func (w *ffnWorker) allocate(f *FFN, rows int) {
	if rows >= fewRows {
		rows = taskRows(rows)
		w.y = parallel.Grow(w.y, rows*f.down.Width())
	}
	if len(w.place) >= rows {
		return
	}
	w.h, w.place = make([]float32, rows*chunkUnits), make([]int, rows)
	w.result, w.input, w.dense = make([]int, rows), make([]int, rows), make([]int, 3*rows)
	if f.up != nil {
		w.u = make([]float32, rows*chunkUnits)
	}
	for i := range rows {
		w.place[i], w.result[i], w.input[i] = i*chunkUnits, i*f.down.Width(), i*f.in
	}
}

// add adds to y the part of a chunk of units, for rows of x. Rows with more than the
// share even of active units are taken together, in a dense product.
func (w *ffnWorker) add(f *FFN, y, x []float32, rows, chunk int, even float64) {
	lo, hi, block := f.chunk(chunk)
	units := hi - lo
	down := gemm.Block{Row: lo, EndRow: hi, EndPanel: f.down.Width() / gemm.TileN}
	for _, at := range w.place[:rows] {
		copy(w.h[at:][:f.units], f.firstBias[block.Panel*gemm.TileN:])
	}
	f.first.AddRows(w.h, w.place[:rows], x, w.input, block)
	most, dense := int(even*float64(units)), 0
	for i, at := range w.place[:rows] {
		h := w.h[at:][:units]
		f.activate(h)
		if most == 0 || gemm.Count(h) > most {
			w.dense[dense], w.dense[rows+dense], w.dense[2*rows+dense] = at, w.result[i], w.input[i]
			dense++
			continue
		}
		entries := w.list[:gemm.Entries(w.list[:], h, 0)]
		if f.up != nil {
			gemm.DotEntries(entries, x[w.input[i]:][:f.in], f.upRows[lo*f.in:hi*f.in], f.upBias[lo:])
		}
		f.down.AddEntries(y[w.result[i]:], entries, down)
		w.units += int64(len(entries))
	}
	if dense == 0 {
		return
	}
	w.units += int64(dense * units)
	place, result, input := w.dense[:dense], w.dense[rows:][:dense], w.dense[2*rows:][:dense]
	if f.up != nil {
		for _, at := range place {
			copy(w.u[at:][:f.units], f.upBias[lo:])
		}
		f.up.AddRows(w.u, place, x, input, block)
		for _, at := range place {
			vector.MulSlice(w.h[at:][:units], w.h[at:][:units], w.u[at:])
		}
	}
	f.down.AddRows(y, result, w.h, place, down)
}

// activate applies the activation.
func (f *FFN) activate(h []float32) {
	vector.ReLUSlice(h, h)
	if f.threshold > 0 {
		vector.ThresholdSlice(h, h, f.threshold)
	}
}
