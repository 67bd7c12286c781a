package kernel

const (
	gemmDepth     = 384     // most depth of a block of several: its panel of B stays in L1
	gemmWhole     = 512     // most depth that is not cut at all
	gemmTaskTiles = 32      // most row tiles of a task: its block of A stays in L2
	gemmTaskWhole = 1 << 15 // most of A in a task whose depth is not cut: 128 KB
	gemmTaskOps   = 1 << 18 // least multiplications of a task: a few microseconds
	inPlaceTiles  = 16      // B is read in place by at most so many row tiles
	inPlacePanels = 8       // A is read in place by at most so many panels of B
	gemmLargeB    = 1 << 18 // most values of B that fit into L2
	gemmLargeA    = 48      // most row tiles of A of which a block fits into L2
	gemmLeast     = 16      // least tiles or panels of a task that reads all of a large operand
)

// Gemm is a plan for C[m,n] = op(A)·op(B) of one size. Where it pays, A is
// packed into panels of six rows and B into panels of sixteen columns; by the
// task that reads them if there is only one, else before.
type Gemm struct {
	m, n, k        int
	transA, transB bool
	rowTasks       int
	colTasks       int

	deep *deepProduct // computes plain products of a large depth; nil for others
	many *rowProduct  // computes products of many rows; nil for others
	skip *skipProduct // computes products with many zeros; nil for others

	packA, packB bool
	panelsA      packedPanels
	panelsB      packedPanels
	edge         []float32 // the last columns of B, where the others are read in place
	bias         []float32 // padded to whole panels
	arow, crow   []int     // rows of A and C in one task
	step         []int     // depths of A in one block

	c, a, b   []float32 // operands of the call in progress
	other     []float32 // what the end reads
	mode      int       // of the first block of the depth
	end       int       // of the last one
	packTask  func(worker, task int)
	blockTask func(worker, task int)
}

// NewGemm plans C[m,n] = op(A)·op(B) for row-major contiguous operands: A is
// [m,k], or [k,m] if transA; B is [k,n], or [n,k] if transB.
func NewGemm(m, n, k int, transA, transB bool) *Gemm {
	g := &Gemm{m: m, n: n, k: k, transA: transA, transB: transB}
	blocks := 1
	if k > gemmWhole {
		blocks = (k + gemmDepth - 1) / gemmDepth
	}
	g.panelsA = newPackedPanels(m, k, tileM, blocks, !transA)
	g.panelsB = newPackedPanels(n, k, tileN, blocks, transB)
	g.bias = make([]float32, g.panelsB.panels*tileN)
	g.split()
	g.choosePacking()
	g.tables()
	g.packTask, g.blockTask = g.pack, g.block
	if !transA && rowsPay(m, n, k) {
		g.many = newRowProduct(m, n, k)
	}
	if transA && !transB && deepPays(k) {
		g.deep = newDeepProduct(m, n, k, false)
	}
	return g
}

// split chooses the grid of tasks: some for every thread, so that these end
// together. What an element is summed from, and in which order, does not depend
// on it.
func (g *Gemm) split() {
	tiles, panels, threads := g.panelsA.panels, g.panelsB.panels, Threads()
	tasks := 1
	if fit := g.m * g.n * g.k / gemmTaskOps; threads > 1 && fit > 1 {
		for tasks = threads; tasks < 4*threads && 2*tasks <= fit; {
			tasks *= 2
		}
	}
	// Products as deep as those that give gradients to weights read operands much
	// larger than caches: few tasks then, each with its own part of the larger one.
	large := g.n*g.k > gemmLargeB
	byRow := tiles > inPlaceTiles || panels == 1
	if large && g.n >= g.m && tiles <= gemmLargeA {
		byRow = false
	}
	parts := panels
	if byRow {
		parts = tiles
	}
	for large && tasks > threads && tasks*gemmLeast > parts {
		tasks = max(threads, tasks/2)
	}
	g.rowTasks, g.colTasks = 1, 1
	if byRow {
		most := gemmTaskTiles
		if g.panelsA.blocks == 1 {
			most = min(most, gemmTaskWhole/(tileM*max(g.k, 1)))
		}
		if fit := (tiles + most - 1) / most; fit > tasks {
			tasks = (fit + threads - 1) / threads * threads
		}
		g.rowTasks = max(1, min(tasks, tiles))
	} else {
		g.colTasks = max(1, min(tasks, panels))
	}
}

// choosePacking decides what is read in place: what few tiles read, unless
// that means rows a multiple of a page apart, which compete for the same places
// of the cache.
func (g *Gemm) choosePacking() {
	const page = 1024
	if g.k == 0 {
		return
	}
	fewRows, fewColumns := g.panelsA.panels <= inPlaceTiles, g.panelsB.panels <= inPlacePanels
	if g.transA {
		g.packA = !fewColumns || g.m%page == 0
	} else {
		g.packA = !fewColumns && !fewRows
	}
	g.packB = g.transB || !fewRows || g.n%page == 0
}

func (g *Gemm) tables() {
	row, depth := g.k, 1
	if g.transA {
		row, depth = 1, g.m
	}
	if g.packA {
		depth = tileM
	}
	for i := range min(g.m, (g.panelsA.panels+g.rowTasks-1)/g.rowTasks*tileM) {
		at := i * row
		if g.packA {
			at = i/tileM*g.panelsA.pitch + i%tileM
		}
		g.arow = append(g.arow, at)
		g.crow = append(g.crow, i*g.n)
	}
	for t := range (g.k + g.panelsA.blocks - 1) / g.panelsA.blocks {
		g.step = append(g.step, t*depth)
	}
}
