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

// Run computes C = op(A)·op(B), plus bias[n] on every row unless bias is nil,
// and applies the epilogue, which must not ask for moments. With acc the result
// is added to C first.
func (g *Gemm) Run(c, a, b, bias []float32, acc bool, e Epilogue) {
	if e.moments() {
		panic("kernel: moments of a matrix product")
	}
	if g.m == 0 || g.n == 0 {
		return
	}
	if g.deep != nil && bias == nil && !acc && !e.ReLU {
		g.deep.run(c, a, b)
		return
	}
	g.c, g.a, g.b = c[:g.m*g.n], a[:g.m*g.k], b[:g.k*g.n]
	g.mode, g.end = 0, 0
	if bias != nil {
		g.mode |= tileBias
		copy(g.bias, bias[:g.n])
	}
	if acc {
		g.mode |= tileLoad
	}
	if e.ReLU {
		g.end = tileReLU
	}
	g.multiply()
}

// RunSum computes C = op(A)·op(B) + other [m,n], plus bias[n] on every row unless
// bias is nil, and ends with max(·, 0) if relu.
func (g *Gemm) RunSum(c, a, b, bias, other []float32, relu bool) {
	if g.m == 0 || g.n == 0 {
		return
	}
	g.c, g.a, g.b, g.other = c[:g.m*g.n], a[:g.m*g.k], b[:g.k*g.n], other[:g.m*g.n]
	g.mode, g.end = 0, tileSum
	if bias != nil {
		g.mode |= tileBias
		copy(g.bias, bias[:g.n])
	}
	if relu {
		g.end |= tileReLU
	}
	g.multiply()
}

// RunMasked computes C = op(A)·op(B) where mask [m,n] is positive, and 0 elsewhere.
func (g *Gemm) RunMasked(c, a, b, mask []float32) {
	if g.m == 0 || g.n == 0 {
		return
	}
	g.c, g.a, g.b, g.other = c[:g.m*g.n], a[:g.m*g.k], b[:g.k*g.n], mask[:g.m*g.n]
	g.mode, g.end = 0, tileMask
	g.multiply()
}

func (g *Gemm) multiply() {
	switch {
	case g.skip != nil && g.skip.run(g):
	case g.many != nil:
		g.panelsB.allocate()
		parallel(g.panelsB.groups(), g.packTask)
		g.many.run(g)
	default:
		g.packAhead()
		parallel(g.rowTasks*g.colTasks, g.blockTask)
	}
	g.c, g.a, g.b, g.other = nil, nil, nil, nil
}

// packAhead packs what several tasks read.
func (g *Gemm) packAhead() {
	tasks := 0
	if g.packA {
		g.panelsA.allocate()
		if g.colTasks > 1 {
			tasks += g.panelsA.groups()
		}
	}
	if g.packB {
		g.panelsB.allocate()
		if g.rowTasks > 1 {
			tasks += g.panelsB.groups()
		}
	} else if n := g.n % tileN; n != 0 && g.k > 0 {
		g.edge = grow(g.edge, g.k*tileN)
		packStraight(g.edge, 0, g.b[g.n-n:], g.n, n, tileWidth(n), g.k)
	}
	parallel(tasks, g.packTask)
}

func (g *Gemm) pack(_, task int) {
	if g.many == nil && g.packA && g.colTasks > 1 {
		if n := g.panelsA.groups(); task < n {
			g.panelsA.packGroup(g.a, task)
			return
		} else {
			task -= n
		}
	}
	g.panelsB.packGroup(g.b, task)
}

// block computes one block of C.
func (g *Gemm) block(_, task int) {
	rt, ct := task/g.colTasks, task%g.colTasks
	t0, t1 := g.panelsA.panels*rt/g.rowTasks, g.panelsA.panels*(rt+1)/g.rowTasks
	p0, p1 := g.panelsB.panels*ct/g.colTasks, g.panelsB.panels*(ct+1)/g.colTasks
	i0 := t0 * tileM
	rows := min(t1*tileM, g.m) - i0
	t := tile{crow: g.crow[:rows], arow: g.arow[:rows]}
	blocks := g.panelsA.blocks
	for block := range blocks {
		k0, k1 := g.panelsA.depth(block)
		t.step = g.step[:k1-k0]
		t.mode = tileLoad
		if block == 0 {
			t.mode = g.mode
		}
		if block == blocks-1 {
			t.mode |= g.end
		}
		switch {
		case g.packA:
			if g.colTasks == 1 {
				g.panelsA.pack(g.a, block, t0, t1)
			}
			t.a = g.panelsA.panel(block, t0)
		case g.transA:
			t.a = g.a[k0*g.m+i0:]
		default:
			t.a = g.a[i0*g.k+k0:]
		}
		for p := p0; p < p1; p++ {
			j := p * tileN
			t.c = g.c[i0*g.n+j:]
			t.bias = g.bias[j:]
			if g.other != nil {
				t.other = g.other[i0*g.n+j:]
			}
			t.cols = min(tileN, g.n-j)
			t.ldb = tileWidth(t.cols)
			switch {
			case g.packB:
				if g.rowTasks == 1 {
					g.panelsB.pack(g.b, block, p, p+1)
				}
				t.b = g.panelsB.panel(block, p)
			case t.cols < tileN:
				t.b = g.edge[k0*t.ldb:]
			case g.k > 0:
				t.b, t.ldb = g.b[k0*g.n+j:], g.n
			}
			t.run()
		}
	}
}
