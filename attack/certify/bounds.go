package certify

import (
	"context"
	"math"
	"sort"

	"pare/internal/kernel/parallel"
)

// work is the memory of one goroutine that bounds examples.
type work struct {
	c      *Network
	region *Region
	boxes  []box // of each node, and of the input
	// below and above relax the operation of each node that has curves.
	below, above [][]line

	rows [][]float64 // coefficients of the values of each node and of the input, in a pass backward
	free [][]float64 // buffers for them

	read, terms []float64 // of weightedSums.backward
	from        []int
}

func (c *Network) newWork() *work {
	w := &work{c: c, boxes: make([]box, len(c.sizes)), below: make([][]line, len(c.nodes)), above: make([][]line, len(c.nodes)),
		rows: make([][]float64, len(c.sizes))}
	for i, n := range c.sizes {
		w.boxes[i] = newBox(n)
	}
	for i, n := range c.nodes {
		if _, ok := n.operation.(*curves); ok {
			w.below[i], w.above[i] = make([]line, c.sizes[i]), make([]line, c.sizes[i])
		}
	}
	return w
}

// start bounds all values over a region by intervals; with tight it bounds the inputs of operations
// that are not linear by linear functions, too.
func (w *work) start(r *Region, tight bool) {
	c := w.c
	w.region = r
	input := &w.boxes[len(c.nodes)]
	copy(input.low, r.Low)
	copy(input.high, r.High)
	for i := range c.nodes {
		n := &c.nodes[i]
		n.forward(&w.boxes[i], w.inputs(i))
		for _, lines := range [][]line{w.below[i], w.above[i]} {
			for k := range lines {
				lines[k].slope = math.NaN() // not made yet
			}
		}
		if tight && n.tightened() {
			w.tighten(i)
		}
	}
}

// inputs are the boxes that a node reads.
func (w *work) inputs(node int) []*box {
	in := make([]*box, len(w.c.nodes[node].inputs))
	for k, i := range w.c.nodes[node].inputs {
		in[k] = &w.boxes[i]
	}
	return in
}

// lower is the line below a curve on the present box of its input.
func (w *work) lower(node, i int, o *curves, x *box) line {
	return w.line(w.below[node], i, o, x, false)
}

// upper is the line above it.
func (w *work) upper(node, i int, o *curves, x *box) line {
	return w.line(w.above[node], i, o, x, true)
}

func (w *work) line(lines []line, i int, o *curves, x *box, above bool) line {
	if math.IsNaN(lines[i].slope) {
		lines[i] = relax(&o.of[i%o.units], x.low[i], x.high[i], above)
	}
	return lines[i]
}

// tighten bounds the values of a node by linear functions of the input where an operation that is
// not linear would otherwise have to be relaxed.
func (w *work) tighten(node int) {
	b, size := &w.boxes[node], w.c.sizes[node]
	var open []int
	for i := range size {
		if b.high[i] > b.low[i] && w.c.bends(node, i, b.low[i], b.high[i]) {
			open = append(open, i)
		}
	}
	for step := max(1, w.c.rows()/2); len(open) > 0; {
		n := min(step, len(open))
		spec := w.buffer(2 * n * size)
		for r, i := range open[:n] {
			spec[2*r*size+i], spec[(2*r+1)*size+i] = 1, -1
		}
		bounds := w.pass(node, spec, 2*n, true)
		for r, i := range open[:n] {
			low, high := max(b.low[i], bounds[2*r]), min(b.high[i], -bounds[2*r+1])
			if low <= high { // else rounding made them cross
				b.low[i], b.high[i] = low, high
			}
		}
		open = open[n:]
	}
}

// bends reports whether bounds on value i of a node matter beyond low and high: a reader is not linear
// between them, or something that is not linear reads the reader.
func (c *Network) bends(node, i int, low, high float64) bool {
	for _, reader := range c.nodes[node].readers {
		o, ok := c.nodes[reader].operation.(*curves)
		if !ok {
			return true
		}
		f := &o.of[i%o.units]
		if k := sort.SearchFloat64s(f.Knots, low); f.Knots == nil || k < len(f.Knots) && f.Knots[k] < high {
			return true
		}
		if len(c.nodes[reader].readers) > 0 && f.At(low) != f.At(high) {
			return true
		}
	}
	return false
}

// pass is the least value over the region of each of n linear functions of a node's values, whose
// coefficients, row after row, it takes over. With through it goes through operations that are not
// linear, relaxed, to the input; else it stops there, at their boxes.
func (w *work) pass(node int, spec []float64, n int, through bool) []float64 {
	c, bound := w.c, make([]float64, n)
	w.rows[node] = spec
	for i := node; i >= 0; i-- {
		rows := w.rows[i]
		if rows == nil {
			continue
		}
		w.rows[i] = nil
		size := c.sizes[i]
		if c.nodes[i].relaxed && !through {
			for r := range bound {
				bound[r] += leastOn(rows[r*size:][:size], w.boxes[i].low, w.boxes[i].high)
			}
			w.free = append(w.free, rows)
			continue
		}
		to := make([][]float64, len(c.nodes[i].inputs))
		for k, j := range c.nodes[i].inputs {
			if w.rows[j] == nil {
				w.rows[j] = w.buffer(n * c.sizes[j])
			}
			to[k] = w.rows[j]
		}
		c.nodes[i].backward(w, i, rows, to, bound)
		w.free = append(w.free, rows)
	}
	input := len(c.nodes)
	if rows := w.rows[input]; rows != nil {
		w.rows[input] = nil
		for r := range bound {
			bound[r] += w.region.least(rows[r*c.sizes[input]:][:c.sizes[input]])
		}
		w.free = append(w.free, rows)
	}
	for r, v := range bound {
		bound[r], _ = outward(v, v)
	}
	return bound
}

// buffer is n zeros.
func (w *work) buffer(n int) []float64 {
	for k, b := range w.free {
		if cap(b) >= n {
			w.free[k] = w.free[len(w.free)-1]
			w.free = w.free[:len(w.free)-1]
			b = b[:n]
			clear(b)
			return b
		}
	}
	if len(w.free) > 0 { // too small to be of use
		w.free = w.free[1:]
	}
	return make([]float64, n)
}

// least are lower bounds of n linear functions of the outputs by methods up to last, with spec
// their coefficients, row after row. It stops where enough says so of the bounds so far, and
// returns the last method.
func (w *work) least(r *Region, spec []float64, n int, last Method, enough func(bounds []float64) bool) ([]float64, Method) {
	bounds := make([]float64, n)
	for k := range bounds {
		bounds[k] = math.Inf(-1)
	}
	output := len(w.c.nodes) - 1
	for m := IBP; ; m++ {
		if m != CROWNIBP { // which reads the boxes of IBP
			w.start(r, m == CROWN)
		}
		rows := w.buffer(len(spec))
		copy(rows, spec)
		for k, v := range w.pass(output, rows, n, m != IBP) {
			bounds[k] = max(bounds[k], v)
		}
		if m >= last || enough(bounds) {
			return bounds, m
		}
	}
}

// Outputs bounds every output over a region by a method other than Lipschitz.
func (c *Network) Outputs(r Region, m Method) (low, high []float64) {
	return c.newWork().outputs(&r, m)
}

func (w *work) outputs(r *Region, m Method) (low, high []float64) {
	n := w.c.sizes[len(w.c.nodes)-1]
	spec := make([]float64, 2*n*n)
	for i := range n {
		spec[i*n+i], spec[(n+i)*n+i] = 1, -1
	}
	bounds, _ := w.least(r, spec, 2*n, m, func([]float64) bool { return false })
	low = bounds[:n]
	for _, v := range bounds[n:] {
		high = append(high, -v)
	}
	return low, high
}

// Margin is a lower bound on the output of an example's class less the largest other one, over all
// of its region. Above 0 no point of the region is given another class.
type Margin struct {
	Least float64
	By    Method // the first that shows it to be above 0, or the last that was tried
}

// Margins bounds the margins of n examples, each by IBP and, as long as that does not certify it, by
// the methods after IBP up to last. example returns the region and the class of one; several
// goroutines call it at once. done is called with each margin, in order.
func (c *Network) Margins(ctx context.Context, n int, last Method, example func(i int) (Region, int), done func(i int, m Margin)) error {
	return each(ctx, c, n, func(w *work, i int) Margin {
		r, class := example(i)
		return w.margin(&r, class, last)
	}, done)
}

// each computes a bound of n examples in parallel. done is called with each, in order.
func each[B any](ctx context.Context, c *Network, n int, bound func(w *work, i int) B, done func(i int, b B)) error {
	threads := min(parallel.Threads(), n)
	works := parallel.PerWorker[*work](nil)
	bounds := make([]B, threads)
	for first := 0; first < n; first += threads {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		count := min(threads, n-first)
		parallel.Workers(threads, count, func(worker, task int) {
			if works[worker] == nil {
				works[worker] = c.newWork()
			}
			bounds[task] = bound(works[worker], first+task)
		})
		for k := range count {
			done(first+k, bounds[k])
		}
	}
	return nil
}

func (w *work) margin(r *Region, class int, last Method) Margin {
	outputs := w.c.sizes[len(w.c.nodes)-1]
	spec := make([]float64, (outputs-1)*outputs)
	for k := range outputs - 1 {
		other := k
		if k >= class {
			other++
		}
		spec[k*outputs+class], spec[k*outputs+other] = 1, -1
	}
	smallest := func(bounds []float64) float64 {
		least := math.Inf(1)
		for _, v := range bounds {
			least = min(least, v)
		}
		return least
	}
	bounds, by := w.least(r, spec, outputs-1, last, func(b []float64) bool { return smallest(b) > 0 })
	return Margin{smallest(bounds), by}
}
