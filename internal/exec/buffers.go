package exec

import "gorgonia.org/gorgonia"

// buffers hands out storage by lifetime: a value's buffer returns to the pool
// when the last op that reads it has run.
type buffers struct {
	g     *gorgonia.ExprGraph
	reads map[int64]int // reads still to come; outputs hold one that never comes
	size  map[int64]int
	held  map[int64][]float32
	free  [][]float32
	total int
}

func newBuffers(g *gorgonia.ExprGraph, order, outputs []*gorgonia.Node) *buffers {
	b := &buffers{g: g, reads: map[int64]int{}, size: map[int64]int{}, held: map[int64][]float32{}}
	for _, n := range order {
		b.size[n.ID()] = max(1, n.Shape().TotalSize())
		for _, c := range children(g, n) {
			b.reads[c.ID()]++
		}
	}
	for _, n := range outputs {
		b.reads[n.ID()]++
	}
	return b
}

// allocate returns storage for a node's value: the smallest free buffer that is
// large enough and not more than twice too large, or a new one.
func (b *buffers) allocate(n *gorgonia.Node) []float32 {
	size := b.size[n.ID()]
	best := -1
	for i, f := range b.free {
		if cap(f) >= size && cap(f) <= 2*size && (best < 0 || cap(f) < cap(b.free[best])) {
			best = i
		}
	}
	var buf []float32
	if best >= 0 {
		buf = b.free[best][:size]
		b.free = append(b.free[:best], b.free[best+1:]...)
	} else {
		buf = make([]float32, size)
		b.total += size
	}
	b.held[n.ID()] = buf
	return buf
}

// release frees the inputs of n that nothing after it reads, and n itself when
// nothing reads it at all.
func (b *buffers) release(n *gorgonia.Node) {
	for _, c := range children(b.g, n) {
		b.reads[c.ID()]--
		if buf, ok := b.held[c.ID()]; ok && b.reads[c.ID()] == 0 {
			b.free = append(b.free, buf[:cap(buf)])
			delete(b.held, c.ID())
		}
	}
	if b.reads[n.ID()] == 0 {
		b.free = append(b.free, b.held[n.ID()][:cap(b.held[n.ID()])])
		delete(b.held, n.ID())
	}
}
