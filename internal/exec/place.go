package exec

import "gorgonia.org/gorgonia"

// joiner is an op whose result has the rows of its inputs side by side: row r is row r of every
// input, one after another.
type joiner interface {
	// JoinKernel copies the inputs that placed does not name; nil: the op joins nothing.
	JoinKernel(placed []bool) func(dst []float32, in [][]float32)
}

// rowWriter is an op that can write the rows of its result some distance apart.
type rowWriter interface {
	// RowsKernel is nil where the op cannot. The values between rows stay as they are.
	RowsKernel(pitch int) func(dst []float32, in [][]float32)
}

// place is where a value lies in the rows of the one that joins it with others.
type place struct {
	join  *gorgonia.Node
	at    int // of its first row
	pitch int // distance of its rows
	run   func(dst []float32, in [][]float32)
}

// places finds the values that a joiner alone reads and whose ops can write into its rows.
func places(g *gorgonia.ExprGraph, order []*gorgonia.Node, pool *buffers) map[int64]place {
	found := map[int64]place{}
	for _, n := range order {
		j, ok := n.Op().(joiner)
		if !ok || isLeaf(g, n) || j.JoinKernel(make([]bool, len(children(g, n)))) == nil {
			continue
		}
		at, pitch := 0, rowOf(n)
		for _, c := range children(g, n) {
			w, ok := c.Op().(rowWriter)
			if ok && !isLeaf(g, c) && pool.reads[c.ID()] == 1 {
				if run := w.RowsKernel(pitch); run != nil {
					found[c.ID()] = place{n, at, pitch, run}
				}
			}
			at += rowOf(c)
		}
	}
	return found
}

// rowOf is the number of values of a row, the last axis.
func rowOf(n *gorgonia.Node) int {
	s := n.Shape()
	return s[len(s)-1]
}

// placed plans a value in its place in the rows of another one, whose storage the first of them
// makes.
func (p *Plan) placed(pool *buffers, n *gorgonia.Node, at place) error {
	rows, err := p.storage(pool, at.join)
	if err != nil {
		return err
	}
	dst := rows[at.at : len(rows)-at.pitch+at.at+rowOf(n)]
	p.values[n.ID()] = dst
	p.steps = append(p.steps, step{name: n.Op().String(), run: at.run, dst: dst, in: p.inputs(pool.g, n), row: rowOf(n), pitch: at.pitch})
	pool.release(n)
	return nil
}

// join plans the rest of a joiner some of whose inputs are in place.
func (p *Plan) join(pool *buffers, n *gorgonia.Node, places map[int64]place) (done bool) {
	if p.values[n.ID()] == nil {
		return false // none is
	}
	var placed []bool
	all := true
	for _, c := range children(pool.g, n) {
		_, ok := places[c.ID()]
		placed, all = append(placed, ok), all && ok
	}
	if !all {
		p.add(pool, n, n.Op().(joiner).JoinKernel(placed))
	}
	pool.release(n)
	return true
}
