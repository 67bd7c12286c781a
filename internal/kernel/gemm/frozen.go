package gemm

import "pare/internal/kernel/parallel"

// frozenForm is everything that panels of B depend on besides its values.
type frozenForm struct {
	n, k   int
	trans  bool
	blocks int
	whole  bool
}

// FrozenForm is the form of B that Freeze makes and UseFrozen takes: plans with equal forms may
// share the result. It does not depend on the rows of A.
func (g *Product) FrozenForm() any {
	if g.k == 0 || g.n == 0 {
		return nil
	}
	return frozenForm{n: g.n, k: g.k, trans: g.transB, blocks: g.panelsB.blocks}
}

// Freeze packs B for UseFrozen.
func (g *Product) Freeze(b []float32) any { return g.panelsB.freeze(b) }

// UseFrozen makes all calls read B packed by Freeze: they pack nothing. They still need B
// itself, which calls that skip zeros read.
func (g *Product) UseFrozen(panels any) {
	g.panelsB.data = panels.([]float32)
	g.frozenB, g.packB = true, true
	if g.rowTasks == 1 && g.colTasks == 1 && g.panelsA.panels == 1 {
		g.shareColumns()
	}
}

// frozenTask is the least number of values of B in a task of a product with one tile of rows,
// which waits for B.
const frozenTask = 32 << 10

// shareColumns gives every thread columns of B.
func (g *Product) shareColumns() {
	g.colTasks = max(1, min(parallel.Threads(), g.n*g.k/frozenTask, g.panelsB.panels))
}

// freeze returns all panels of an operand.
func (p packedPanels) freeze(src []float32) []float32 {
	p.data = nil
	p.allocate()
	parallel.Run(p.groups(), func(task int) { p.packGroup(src, task) })
	return p.data
}
