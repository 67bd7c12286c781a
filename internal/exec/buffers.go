package exec

import (
	"gorgonia.org/gorgonia"

	"pare/internal/limit"
)

// buffers hands out storage by lifetime: a value's buffer returns to the pool
// when the last op that reads it, or a value that shares it, has run.
type buffers struct {
	g     *gorgonia.ExprGraph
	reads map[int64]int // reads still to come; outputs have one more that never comes
	size  map[int64]int
	owner map[int64]int64 // of the buffer of a value that shares one
	held  map[int64][]float32
	free  [][]float32
	total int
}

func newBuffers(g *gorgonia.ExprGraph, order, outputs []*gorgonia.Node) *buffers {
	b := &buffers{g: g, reads: map[int64]int{}, size: map[int64]int{}, owner: map[int64]int64{}, held: map[int64][]float32{}}
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
// large enough and not more than twice too large, or a new one. All together must
// fit into the memory.
func (b *buffers) allocate(n *gorgonia.Node) ([]float32, error) {
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
		if err := limit.Check("what a run computes", int64(b.total)+int64(size), 4); err != nil {
			return nil, err
		}
		buf = make([]float32, size)
		b.total += size
	}
	b.held[n.ID()] = buf
	return buf, nil
}

// root is the value that owns the buffer of a value.
func (b *buffers) root(id int64) int64 {
	if o, ok := b.owner[id]; ok {
		return o
	}
	return id
}

// alias lets n share the buffer of c: reads of n are reads of its owner.
func (b *buffers) alias(n, c *gorgonia.Node) {
	o := b.root(c.ID())
	b.owner[n.ID()] = o
	b.reads[o] += b.reads[n.ID()]
}

// lastRead reports whether c's buffer has one reader to come and may be overwritten then:
// it does not belong to an input.
func (b *buffers) lastRead(c *gorgonia.Node) bool {
	o := b.root(c.ID())
	_, ours := b.held[o]
	return ours && b.reads[o] == 1
}

// release frees the buffers of n's inputs that nothing after it reads, and of n
// itself when nothing reads it at all.
func (b *buffers) release(n *gorgonia.Node) {
	for _, c := range children(b.g, n) {
		o := b.root(c.ID())
		b.reads[o]--
		b.recycle(o)
	}
	b.recycle(b.root(n.ID()))
}

func (b *buffers) recycle(id int64) {
	if buf, ok := b.held[id]; ok && b.reads[id] == 0 {
		b.free = append(b.free, buf[:cap(buf)])
		delete(b.held, id)
	}
}
