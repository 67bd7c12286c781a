package exec

import "gorgonia.org/gorgonia"

// viewer is an op whose result is a part of its input's storage, from ViewOf on.
type viewer interface{ ViewOf() (start int) }

// accumulator is an op that can add its result to dst. The function is nil where it
// cannot.
type accumulator interface {
	AccumulateKernel() func(dst []float32, in [][]float32)
}

// view makes n the part of its child c that starts there.
func (p *Plan) view(pool *buffers, n, c *gorgonia.Node, start int) {
	p.values[n.ID()] = p.values[c.ID()][start : start+pool.size[n.ID()]]
	pool.alias(n, c)
	pool.release(n)
}

// accumulated finds the values that only a sum reads and whose ops can add
// themselves to its other operand. Such an op runs in place of the sum.
func accumulated(g *gorgonia.ExprGraph, order []*gorgonia.Node, pool *buffers) map[int64]*gorgonia.Node {
	late := map[int64]*gorgonia.Node{}
	for _, n := range order {
		if isLeaf(g, n) || !IsSum(n) {
			continue
		}
		terms := children(g, n)
		for i := len(terms) - 1; i >= 0; i-- { // the later one is more likely to be computed last
			c := terms[i]
			if a, ok := c.Op().(accumulator); ok && a.AccumulateKernel() != nil && pool.reads[c.ID()] == 1 &&
				pool.size[c.ID()] == pool.size[n.ID()] && terms[0] != terms[1] {
				late[c.ID()] = n
				break
			}
		}
	}
	return late
}

// accumulate plans a sum one of whose terms was put off until now: in the
// storage of the other term when nothing else reads that, else as usual.
func (p *Plan) accumulate(pool *buffers, n *gorgonia.Node, late map[int64]*gorgonia.Node) (done bool, err error) {
	terms := children(pool.g, n)
	for i, term := range terms {
		if late[term.ID()] != n {
			continue
		}
		other := terms[1-i]
		if !pool.lastRead(other) {
			return false, p.plan(pool, term)
		}
		dst := p.values[other.ID()]
		p.values[n.ID()] = dst
		p.addStep(term, term.Op().(accumulator).AccumulateKernel(), dst, p.inputs(pool.g, term))
		pool.alias(n, other)
		pool.release(term)
		pool.release(n)
		return true, nil
	}
	return false, nil
}
