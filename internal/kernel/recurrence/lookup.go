package recurrence

import (
	"math"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

// Lookup is a plan for a recurrent layer whose input is one row of a
// table E [V, D] at each position. The product of a row with W is the same
// wherever the row occurs, so it is computed once; the gradients with respect to
// the products are summed by row before they meet W and E again. Rows that occur
// often make this much less work than Plan.
//
// It takes the operands of a Plan, but for x: rows [N, T] are numbers of rows of E
// as float32, 0 to V − 1. If any is not, all results are NaN.
type Lookup struct {
	recurrence
	vocab int

	// products is E·W + b, which becomes the sums of gradients; the row behind the
	// last is for numbers that name no row of E.
	products []float32
	valid    bool

	fromTable, toTable, toInputWeights *gemm.Product

	order    []int32 // places by row of E, the places of a row in order
	starts   []int32 // where rows begin in order, one more at the end
	segments int     // parts of a row that are tasks of their own
}

// lookupSegment is about the number of values of a row that a task sums.
const lookupSegment = 256

// LookupPays reports whether, for the given number of positions, a Lookup on a table of
// vocab rows is less work than a Plan.
func LookupPays(vocab, positions int) bool { return 2*vocab <= positions }

// NewLookup plans a layer that reads a table of vocab rows.
func NewLookup(s Shape, vocab int, train bool) *Lookup {
	r := newLookup(s, vocab, train)
	g, positions := s.width(), s.N*s.T
	r.useProducts(undefinedRow(make([]float32, (vocab+1)*g), g))
	r.fromTable = gemm.New(vocab, g, s.D, false, false)
	if train {
		r.gates = make([]float32, positions*g)
		r.toTable = gemm.New(vocab, s.D, g, false, true)
		r.toInputWeights = gemm.New(s.D, g, vocab, true, false)
		r.order, r.starts = make([]int32, positions), make([]int32, vocab+2)
		r.segments = (g + lookupSegment - 1) / lookupSegment
	}
	return r
}

func newLookup(s Shape, vocab int, train bool) *Lookup {
	r := &Lookup{vocab: vocab}
	r.recurrence.init(s, train)
	r.byTime, r.rows = true, make([]int32, s.N*s.T)
	return r
}

// undefinedRow fills the last row of products with NaN.
func undefinedRow(products []float32, width int) []float32 {
	last := products[len(products)-width:]
	for i := range last {
		last[i] = float32(math.NaN())
	}
	return products
}

func (r *Lookup) useProducts(products []float32) { r.products, r.table = products, products }

// Products is E·W + b, which FrozenLookup takes, for a table E [vocab, D].
func Products(s Shape, vocab int, table, w, b []float32) []float32 {
	products := undefinedRow(make([]float32, (vocab+1)*s.width()), s.width())
	gemm.New(vocab, s.width(), s.D, false, false).Run(products[:vocab*s.width()], table, w, b, false, false)
	return products
}

// FrozenLookup plans a layer without gradients that reads a table by its Products, which it does
// not change. Its Forward takes no table, input weights and biases.
func FrozenLookup(s Shape, vocab int, products []float32) *Lookup {
	r := newLookup(s, vocab, false)
	r.useProducts(products)
	return r
}

// Forward is Plan.Forward with x being the named rows of table [V, D].
func (r *Lookup) Forward(y, rows, table, w, u, b, b2, h, c []float32) {
	if r.fromTable != nil {
		r.fromTable.Run(r.products[:r.vocab*r.width()], table, w, b, false, false)
	}
	r.valid = true
	for i, v := range rows[:len(r.rows)] {
		if !(v >= 0 && v < float32(r.vocab)) {
			r.valid = false
			break
		}
		r.rows[r.place(i/r.T, i%r.T)] = int32(v)
	}
	if !r.valid {
		for i := range r.rows {
			r.rows[i] = int32(r.vocab)
		}
	}
	r.forward(y, u, b2, h, c)
}

// Backward is Plan.Backward.
func (r *Lookup) Backward(y, dy, u, dh []float32) {
	r.recurrence.Backward(y, dy, u, dh)
	r.sort()
	parallel.Each(r.vocab*r.segments, r, (*Lookup).sum)
}

// sort lists the places of every row of the table.
func (r *Lookup) sort() {
	clear(r.starts)
	next := r.starts[1:] // where the next place of a row goes
	for _, v := range r.rows {
		if int(v) < r.vocab {
			next[v+1]++
		}
	}
	for i := 1; i < len(next); i++ {
		next[i] += next[i-1]
	}
	for i, v := range r.rows {
		if int(v) < r.vocab {
			r.order[next[v]] = int32(i)
			next[v]++
		}
	}
}

// sum adds, in order, the gradients at the places that have a row.
func (r *Lookup) sum(_, task int) {
	g := r.width()
	row, part := task/r.segments, task%r.segments
	lo, hi := g*part/r.segments, g*(part+1)/r.segments
	dst := r.products[row*g+lo : row*g+hi]
	if !r.valid {
		copy(dst, r.products[r.vocab*g:])
		return
	}
	clear(dst)
	for _, at := range r.order[r.starts[row]:r.starts[row+1]] {
		vector.AddSlice(dst, dst, r.gates[int(at)*g+lo:])
	}
}

// GradTable computes the gradient with respect to E; with acc it is added.
func (r *Lookup) GradTable(dtable, w []float32, acc bool) {
	r.toTable.Run(dtable, r.products[:r.vocab*r.width()], w, nil, acc, false)
}

// GradInputWeights computes the gradient with respect to W.
func (r *Lookup) GradInputWeights(dw, table []float32) {
	r.toInputWeights.Run(dw, table, r.products[:r.vocab*r.width()], nil, false, false)
}

// GradBiases computes the gradients with respect to both biases.
func (r *Lookup) GradBiases(db, db2 []float32) {
	vector.ColumnSums(db, r.products, r.vocab, r.width())
	r.gradRecurrentBias(db2, db)
}
