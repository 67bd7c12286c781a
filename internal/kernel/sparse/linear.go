package sparse

import (
	"slices"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

const (
	linearDepth  = 256 // inputs of a chunk: their weights stay in L2
	linearPanels = 4   // panels of a task of few rows
	linearSample = 61  // rows of the sample, at most: prime, so that they lie differently in images
	linearPays   = 0.2 // share of chunks with few values that pays for the dense product of the others
)

// Linear is a linear layer, y = W·x + b, or a 1×1 convolution, whose rows are pixels, that skips
// the zeros of its input, with its weights packed. A chunk of 256 inputs of a row in which more
// than a break-even are not 0 goes through the dense product.
//
// A zero that is skipped meets no weight, so that an infinite or undefined weight does not
// reach y through it. NaN counts as not 0.
//
// A Linear does not change after it was made, and serves any number of LinearRuns at once.
type Linear struct {
	in, out int
	weights *gemm.Packed
	bias    []float32 // whole panels
	even    BreakEven
}

// DenseWay returns a function that computes a layer for so many rows or images without skipping
// zeros, for the measurement of a break-even.
type DenseWay func(rows int) func(y, x []float32)

// NewLinear packs weights [in, out] and a bias [out], which may be nil. The break-even is measured
// against dense, or where that is nil against the dense product of this kernel.
func NewLinear(w, bias []float32, in, out int, c *Calibration, dense DenseWay) *Linear {
	l := &Linear{in: in, out: out}
	l.weights, l.bias = pack(w, bias, in, out)
	l.even = c.linear(l, dense)
	return l
}

// Skips reports whether the layer ever skips a zero in a call with so many rows.
func (l *Linear) Skips(rows int) bool { return l.even.of(rows) > 0 }

// LinearRun is the workspace of one caller of a Linear.
type LinearRun struct {
	*Linear
	Counts *int64 // gains the multiply-accumulates that calls execute; nil: they are not counted

	ws   []linearWorker
	rows int
	relu bool
	y, x []float32

	// Of few rows, whose columns are shared out: the values of each chunk of a row that are not 0, and
	// their number, −1 for a chunk of the dense product. All tasks read them.
	list  []gemm.Entry
	found []int
}

// linearWorker is the workspace of a worker.
type linearWorker struct {
	list          [linearDepth]gemm.Entry
	y             []float32 // results of the rows of a task, whole panels
	input, result []int     // the rows of a dense product, in x and y
	executed      int64     // multiply-accumulates
}

// Run returns a workspace.
func (l *Linear) Run() *LinearRun { return &LinearRun{Linear: l} }

// Pays reports whether Forward skips enough in a sample of the rows of x to be faster than a dense
// kernel. Where it does not, the work of one is counted.
func (r *LinearRun) Pays(x []float32, rows int) bool {
	samples := min(rows, linearSample)
	even, few, chunks := r.even.of(rows), 0, 0
	for i := range samples {
		row := x[i*rows/samples*r.in:][:r.in]
		for ; len(row) > 0; chunks++ {
			part := row[:min(linearDepth, len(row))]
			if most := int(even * float64(len(part))); most > 0 && gemm.Count(part) <= most {
				few++
			}
			row = row[len(part):]
		}
	}
	if few > 0 && float64(few) >= linearPays*float64(chunks) {
		return true
	}
	if r.Counts != nil {
		*r.Counts += int64(rows * r.in * r.out)
	}
	return false
}

// Forward computes y [rows, out] from x [rows, in], with relu max(·, 0) of it. The result of a
// row depends on whether there are 32 rows or more, and in its last bits on the rows around it.
func (r *LinearRun) Forward(y, x []float32, rows int, relu bool) {
	r.y, r.x, r.rows, r.relu = y[:rows*r.out], x[:rows*r.in], rows, relu
	r.ws = parallel.PerWorker(r.ws)
	for i := range r.ws { // all of them: another worker may take part in the next call
		r.ws[i].allocate(r.Linear, rows)
	}
	if rows < fewRows {
		r.list, r.found = parallel.Grow(r.list, rows*r.in), parallel.Grow(r.found, rows*r.chunks())
		for row := range rows {
			r.listRow(row)
		}
		panels := r.weights.Whole().EndPanel
		parallel.Own((panels+linearPanels-1)/linearPanels, r, (*LinearRun).columnsTask)
	} else {
		parallel.Each((rows+taskRows(rows)-1)/taskRows(rows), r, (*LinearRun).rowsTask)
	}
	for i := range r.ws {
		r.ws[i].count(r.Counts)
	}
	r.y, r.x = nil, nil
}

// count adds the work since the last call to a sum, which may be nil.
func (w *linearWorker) count(sum *int64) {
	if sum != nil {
		*sum += w.executed
	}
	w.executed = 0
}

// allocate makes room for the rows of a task of a call with so many.
func (w *linearWorker) allocate(l *Linear, rows int) {
	width := linearPanels * gemm.TileN
	if rows >= fewRows {
		rows, width = taskRows(rows), l.weights.Width()
	}
	w.y = parallel.Grow(w.y, rows*width)
	w.reserve(rows)
}

// reserve makes room for the list of rows of a dense product.
func (w *linearWorker) reserve(rows int) {
	w.input, w.result = slices.Grow(w.input[:0], rows), slices.Grow(w.result[:0], rows)
}

// chunks is the number of chunks of inputs.
func (l *Linear) chunks() int { return (l.in + linearDepth - 1) / linearDepth }

// listRow lists the values of a row that are not 0.
func (r *LinearRun) listRow(row int) {
	even, x, list := r.even.of(r.rows), r.x[row*r.in:][:r.in], r.list[row*r.in:][:r.in]
	for chunk := range r.chunks() {
		lo, hi := chunk*linearDepth, min((chunk+1)*linearDepth, r.in)
		found := &r.found[row*r.chunks()+chunk]
		*found = -1
		if most := int(even * float64(hi-lo)); most > 0 && gemm.Count(x[lo:hi]) <= most {
			*found = gemm.Entries(list[lo:hi], x[lo:hi], 0)
		}
	}
}

// columnsTask computes some panels of columns of few rows.
func (r *LinearRun) columnsTask(worker, task int) {
	w, block := &r.ws[worker], r.weights.Whole()
	block.Panel, block.EndPanel = task*linearPanels, min((task+1)*linearPanels, block.EndPanel)
	ld, columns := r.begin(w, r.rows, block)
	for chunk := range r.chunks() {
		block.Row, block.EndRow = chunk*linearDepth, min((chunk+1)*linearDepth, r.in)
		w.input, w.result = w.input[:0], w.result[:0]
		for i := range r.rows {
			n := r.found[i*r.chunks()+chunk]
			if n < 0 {
				w.input, w.result = append(w.input, i*r.in+block.Row), append(w.result, i*ld)
				continue
			}
			r.weights.AddEntries(w.y[i*ld:], r.list[i*r.in+block.Row:][:n], block)
			w.executed += int64(n * columns)
		}
		w.addDense(r.weights, w.y, r.x, block, columns)
	}
	r.end(w, 0, r.rows, block)
}

// rowsTask computes a block of rows.
func (r *LinearRun) rowsTask(worker, task int) {
	n := taskRows(r.rows)
	lo, hi := task*n, min((task+1)*n, r.rows)
	w, block := &r.ws[worker], r.weights.Whole()
	ld, columns := r.begin(w, hi-lo, block)
	w.add(r.weights, w.y, ld, r.x[lo*r.in:], r.in, hi-lo, block, columns, r.even.Rows)
	r.end(w, lo, hi, block)
}

// begin makes the results of so many rows the bias; it returns their distance and the columns of the
// block that are not padding.
func (r *LinearRun) begin(w *linearWorker, rows int, block gemm.Block) (ld, columns int) {
	ld = (block.EndPanel - block.Panel) * gemm.TileN
	first := block.Panel * gemm.TileN
	for i := range rows {
		copy(w.y[i*ld:][:ld], r.bias[first:])
	}
	return ld, min(ld, r.out-first)
}

// end stores the results of a block in the rows [lo,hi).
func (r *LinearRun) end(w *linearWorker, lo, hi int, block gemm.Block) {
	ld := (block.EndPanel - block.Panel) * gemm.TileN
	first := block.Panel * gemm.TileN
	for i := lo; i < hi; i++ {
		y := r.y[i*r.out+first : min(i*r.out+first+ld, (i+1)*r.out)]
		if copy(y, w.y[(i-lo)*ld:]); r.relu {
			vector.ReLUSlice(y, y)
		}
	}
}

// add adds the products of rows of x, ldx apart, with the panels of a block to rows of y, ldy
// apart. Rows of a chunk with more than the share even of values that are not 0 are taken
// together, in a dense product. The block has so many columns that are not padding.
func (w *linearWorker) add(weights *gemm.Packed, y []float32, ldy int, x []float32, ldx, rows int,
	block gemm.Block, columns int, even float64) {
	depth := weights.Whole().EndRow
	for block.Row = 0; block.Row < depth; block.Row += linearDepth {
		block.EndRow = min(block.Row+linearDepth, depth)
		most := int(even * float64(block.EndRow-block.Row))
		w.input, w.result = w.input[:0], w.result[:0]
		for i := range rows {
			part := x[i*ldx+block.Row : i*ldx+block.EndRow]
			if most == 0 || gemm.Count(part) > most {
				w.input, w.result = append(w.input, i*ldx+block.Row), append(w.result, i*ldy)
				continue
			}
			n := gemm.Entries(w.list[:], part, 0)
			weights.AddEntries(y[i*ldy:], w.list[:n], block)
			w.executed += int64(n * columns)
		}
		w.addDense(weights, y, x, block, columns)
	}
}

// addDense adds the dense products of the rows in the lists.
func (w *linearWorker) addDense(weights *gemm.Packed, y, x []float32, block gemm.Block, columns int) {
	if len(w.input) > 0 {
		weights.AddRows(y, w.result, x, w.input, block)
		w.executed += int64(len(w.input) * (block.EndRow - block.Row) * columns)
	}
}
