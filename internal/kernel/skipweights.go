package kernel

import "math/bits"

const (
	skipUnits  = 256 // most units of a task: what they add up stays in L2
	skipTasks  = 8   // tasks are made smaller until there are so many
	skipAhead  = 8   // rows that are fetched ahead
	skipTokens = 256 // rows of a block: those of the dense operand stay in L2
)

// skipWeights is a plan for C = Sᵀ·D with S [rows,units], most of which is 0, and
// D [rows,n]: the gradient of weights from inputs or gradients with many zeros. A
// task lists for each of its units the rows where it is not 0, a block of rows
// after another, and adds those of D. No sum is split between tasks.
type skipWeights struct {
	rows, units, n int
	part           int // units of a task, a multiple of 64
	ws             []skipUnitWorker

	c, s, d []float32 // of the call in progress; C is [units,n]
	sums    []float32 // of the columns of S, where asked for
	turned  bool      // C is stored as [n,units]
	task    func(worker, task int)
}

// skipUnitWorker lists the entries of up to skipUnits units.
type skipUnitWorker struct {
	words   [skipUnits / 64]uint64
	entries []skipEntry // skipTokens for each unit
	count   [skipUnits]int
	c       []float32 // what is stored transposed
	_       [64]byte
}

func newSkipWeights(rows, units, n int) *skipWeights {
	w := &skipWeights{rows: rows, units: units, n: n}
	w.part = min(skipUnits, max(64, units/skipTasks&^63))
	w.task = w.unitsTask
	return w
}

// run computes c, transposed or not, and the sums of the columns of s unless they
// are nil.
func (w *skipWeights) run(c, s, d, sums []float32, turned bool) {
	for len(w.ws) < maxWorkers() {
		w.ws = append(w.ws, skipUnitWorker{entries: make([]skipEntry, w.part*skipTokens)})
	}
	for i := range w.ws {
		if turned && w.ws[i].c == nil {
			w.ws[i].c = make([]float32, w.part*w.n)
		}
	}
	w.c, w.s, w.d, w.sums, w.turned = c, s, d, sums, turned
	parallel((w.units+w.part-1)/w.part, w.task)
	w.c, w.s, w.d, w.sums = nil, nil, nil, nil
}

// unitsTask computes the rows of C of a task.
func (w *skipWeights) unitsTask(worker, task int) {
	ws := &w.ws[worker]
	u0, u1 := task*w.part, min((task+1)*w.part, w.units)
	c := ws.c
	if !w.turned {
		c = w.c[u0*w.n:]
	}
	c = c[:(u1-u0)*w.n]
	clear(c)
	if w.sums != nil {
		clear(w.sums[u0:u1])
	}
	for t0 := 0; t0 < w.rows; t0 += skipTokens {
		t1 := min(t0+skipTokens, w.rows)
		ws.list(w, u0, u1, t0, t1)
		for u, count := range ws.count[:u1-u0] {
			entries := ws.entries[u*skipTokens:][:count]
			addPicked(c[u*w.n:][:w.n], w.d[t0*w.n:], entries)
			if w.sums != nil {
				sum := w.sums[u0+u]
				for _, e := range entries {
					sum += e.value
				}
				w.sums[u0+u] = sum
			}
		}
	}
	if w.turned {
		for j := range w.n {
			dst := w.c[j*w.units+u0 : j*w.units+u1]
			for u := range dst {
				dst[u] = c[u*w.n+j]
			}
		}
	}
}

// list makes the lists of units [u0,u1) over rows [t0,t1).
func (ws *skipUnitWorker) list(w *skipWeights, u0, u1, t0, t1 int) {
	count := ws.count[:u1-u0]
	clear(count)
	for t := t0; t < t1; t++ {
		row := w.s[t*w.units+u0 : t*w.units+u1]
		at := uint32((t - t0) * w.n)
		for i, word := range nonzeroBits(ws.words[:], row, skipAhead*w.units) {
			for ; word != 0; word &= word - 1 {
				u := i*64 + bits.TrailingZeros64(word)
				ws.entries[u*skipTokens+count[u]] = skipEntry{at, row[u]}
				count[u]++
			}
		}
	}
}
