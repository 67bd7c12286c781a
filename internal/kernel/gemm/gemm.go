package gemm

import "pare/internal/kernel/parallel"

const (
	blockDepth    = 384     // most depth of a block of several: its panel of B stays in L1
	wholeDepth    = 512     // most depth that is not cut at all
	taskTiles     = 32      // most row tiles of a task: its block of A stays in L2
	taskWhole     = 1 << 15 // most of A in a task whose depth is not cut: 128 KB
	taskOps       = 1 << 18 // least multiplications of a task: a few microseconds
	inPlaceTiles  = 16      // most row tiles that read B in place
	inPlacePanels = 8       // most panels of B that read A in place
	largeB        = 1 << 18 // most values of B that fit into L2
	largeA        = 48      // most row tiles of A whose block fits into L2
	leastParts    = 16      // least tiles or panels of a task that reads all of a large operand
)

// Product is a plan for C[m,n] = op(A)·op(B) of one size. Where it pays, A is
// packed into panels of six rows and B into panels of sixteen columns; by the
// task that reads them if there is only one, else before.
type Product struct {
	m, n, k        int
	transA, transB bool
	rowTasks       int
	colTasks       int

	deep *deepProduct // computes plain products of a large depth; nil for others
	skip *skipProduct // computes products with many zeros; nil for others

	packA, packB bool
	panelsA      packedPanels
	panelsB      packedPanels
	frozenB      bool      // panelsB has the values of all calls
	edge         []float32 // the last columns of B, where the others are read in place
	bias         []float32 // padded to whole panels
	arow, crow   []int     // rows of A and C in one task
	step         []int     // depths of A in one block
	bounds       []int     // of a product of many rows: first row tile of each task, and the end
	aheadStep    int       // and the bytes from one line that tiles fetch to the next

	c, a, b []float32 // operands of the call in progress
	other   []float32 // operand of the end
	mode    int       // of the first block of the depth
	end     int       // of the last one
}

// New plans C[m,n] = op(A)·op(B) for row-major contiguous operands: A is
// [m,k], or [k,m] if transA; B is [k,n], or [n,k] if transB.
func New(m, n, k int, transA, transB bool) *Product {
	g := &Product{m: m, n: n, k: k, transA: transA, transB: transB}
	blocks := 1
	if k > wholeDepth {
		blocks = (k + blockDepth - 1) / blockDepth
	}
	g.panelsA = newPackedPanels(m, k, TileM, blocks, !transA)
	g.panelsB = newPackedPanels(n, k, TileN, blocks, transB)
	g.bias = make([]float32, g.panelsB.panels*TileN)
	g.split()
	g.choosePacking(!transA && rowsPay(m, n, k))
	if transA && !transB && deepPays(k) && m*n > 0 {
		g.deep = newDeepProduct(m, n, k, false)
	}
	return g
}

// split chooses the grid of tasks: some for every thread, so that these end
// together. The terms of an element and their order do not depend on it.
func (g *Product) split() {
	tiles, panels, threads := g.panelsA.panels, g.panelsB.panels, parallel.Threads()
	tasks := 1
	if fit := g.m * g.n * g.k / taskOps; threads > 1 && fit > 1 {
		for tasks = threads; tasks < 4*threads && 2*tasks <= fit; {
			tasks *= 2
		}
	}
	// Products as deep as those that give gradients to weights read operands much
	// larger than caches: few tasks then, each with its own part of the larger one.
	large := g.n*g.k > largeB
	byRow := tiles > inPlaceTiles || panels == 1
	if large && g.n >= g.m && tiles <= largeA {
		byRow = false
	}
	parts := panels
	if byRow {
		parts = tiles
	}
	for large && tasks > threads && tasks*leastParts > parts {
		tasks = max(threads, tasks/2)
	}
	g.rowTasks, g.colTasks = 1, 1
	if byRow {
		most := taskTiles
		if g.panelsA.blocks == 1 {
			most = min(most, taskWhole/(TileM*max(g.k, 1)))
		}
		if fit := (tiles + most - 1) / most; fit > tasks {
			tasks = (fit + threads - 1) / threads * threads
		}
		g.rowTasks = max(1, min(tasks, tiles))
	} else {
		g.colTasks = max(1, min(tasks, panels))
	}
}

// choosePacking decides which operands are read in place: those that few tiles read,
// unless their rows are a multiple of a page apart and compete for the same places
// of the cache. A product of many rows may read them in place, too.
func (g *Product) choosePacking(rowsInPlace bool) {
	const page = 1024
	fewRows, fewColumns := g.panelsA.panels <= inPlaceTiles, g.panelsB.panels <= inPlacePanels
	switch {
	case g.k == 0 || rowsInPlace:
	case g.transA:
		g.packA = !fewColumns || g.m%page == 0
	default:
		g.packA = !fewColumns && !fewRows
	}
	g.packB = g.k > 0 && (g.transB || !fewRows || g.n%page == 0)
	rows := (g.panelsA.panels + g.rowTasks - 1) / g.rowTasks * TileM
	g.bounds = nil
	if rowsInPlace {
		rows = rowBlock * TileM
		g.planRows()
	}
	g.tables(min(rows, g.m))
}

// tables lists the offsets of the rows and of the depths of a block.
func (g *Product) tables(rows int) {
	row, depth := g.k, 1
	if g.transA {
		row, depth = 1, g.m
	}
	if g.packA {
		depth = TileM
	}
	g.arow, g.crow = make([]int, rows), make([]int, rows)
	for i := range rows {
		g.arow[i], g.crow[i] = i*row, i*g.n
		if g.packA {
			g.arow[i] = i/TileM*g.panelsA.pitch + i%TileM
		}
	}
	g.step = make([]int, (g.k+g.panelsA.blocks-1)/g.panelsA.blocks)
	for t := range g.step {
		g.step[t] = t * depth
	}
}

// Run computes C = op(A)·op(B), plus bias[n] on every row unless bias is nil. With
// acc the result is added to C; with relu it ends with max(·, 0), where NaN stays
// NaN.
func (g *Product) Run(c, a, b, bias []float32, acc, relu bool) {
	if g.deep != nil && bias == nil && !acc && !relu {
		g.deep.run(c, a, b)
		return
	}
	mode := 0
	if acc {
		mode = TileLoad
	}
	g.multiply(c, a, b, bias, nil, mode, endWith(relu))
}

// RunSum computes C = op(A)·op(B) + other [m,n], plus bias[n] on every row unless
// bias is nil, and ends with max(·, 0) if relu.
func (g *Product) RunSum(c, a, b, bias, other []float32, relu bool) {
	g.multiply(c, a, b, bias, other[:g.m*g.n], 0, tileSum|endWith(relu))
}

// RunMasked computes C = op(A)·op(B) where mask [m,n] is positive, and 0 elsewhere.
func (g *Product) RunMasked(c, a, b, mask []float32) {
	g.multiply(c, a, b, nil, mask[:g.m*g.n], 0, tileMask)
}

func endWith(relu bool) int {
	if relu {
		return TileReLU
	}
	return 0
}

func (g *Product) multiply(c, a, b, bias, other []float32, mode, end int) {
	if g.m == 0 || g.n == 0 {
		return
	}
	g.c, g.a, g.b, g.other = c[:g.m*g.n], a[:g.m*g.k], b[:g.k*g.n], other
	g.mode, g.end = mode, end
	if bias != nil {
		g.mode |= TileBias
		copy(g.bias, bias[:g.n])
	}
	switch {
	case g.skip != nil && g.skip.run():
	case g.bounds != nil:
		if !g.frozenB {
			g.panelsB.allocate()
			parallel.Each(g.panelsB.groups(), g, (*Product).pack)
		}
		parallel.Each(len(g.bounds)-1, g, (*Product).rows)
	default:
		g.packAhead()
		parallel.Each(g.rowTasks*g.colTasks, g, (*Product).block)
	}
	g.c, g.a, g.b, g.other = nil, nil, nil, nil
}

// packAhead packs operands that several tasks read.
func (g *Product) packAhead() {
	tasks := 0
	if g.packA {
		g.panelsA.allocate()
		if g.colTasks > 1 {
			tasks += g.panelsA.groups()
		}
	}
	if g.packB && !g.frozenB {
		g.panelsB.allocate()
		if g.rowTasks > 1 {
			tasks += g.panelsB.groups()
		}
	} else if n := g.n % TileN; n != 0 && g.k > 0 && !g.packB {
		g.edge = parallel.Grow(g.edge, g.k*TileN)
		PackStraight(g.edge, 0, g.b[g.n-n:], g.n, n, TileWidth(n), g.k)
	}
	parallel.Each(tasks, g, (*Product).pack)
}

func (g *Product) pack(_, task int) {
	if g.packA && g.colTasks > 1 {
		n := g.panelsA.groups()
		if task < n {
			g.panelsA.packGroup(g.a, task)
			return
		}
		task -= n
	}
	g.panelsB.packGroup(g.b, task)
}

// block computes one block of C.
func (g *Product) block(_, task int) {
	rt, ct := task/g.colTasks, task%g.colTasks
	t0, t1 := g.panelsA.panels*rt/g.rowTasks, g.panelsA.panels*(rt+1)/g.rowTasks
	p0, p1 := g.panelsB.panels*ct/g.colTasks, g.panelsB.panels*(ct+1)/g.colTasks
	i0 := t0 * TileM
	rows := min(t1*TileM, g.m) - i0
	t := Tile{CRow: g.crow[:rows], ARow: g.arow[:rows]}
	blocks := g.panelsA.blocks
	for block := range blocks {
		k0, k1 := g.panelsA.depth(block)
		t.Step = g.step[:k1-k0]
		t.Mode = TileLoad
		if block == 0 {
			t.Mode = g.mode
		}
		if block == blocks-1 {
			t.Mode |= g.end
		}
		switch {
		case g.packA:
			if g.colTasks == 1 {
				g.panelsA.pack(g.a, block, t0, t1)
			}
			t.A = g.panelsA.panel(block, t0)
		case g.transA:
			t.A = g.a[k0*g.m+i0:]
		default:
			t.A = g.a[i0*g.k+k0:]
		}
		for p := p0; p < p1; p++ {
			j := g.columns(&t, i0, p)
			switch {
			case g.packB:
				if g.rowTasks == 1 && !g.frozenB {
					g.panelsB.pack(g.b, block, p, p+1)
				}
				t.B = g.panelsB.panel(block, p)
			case t.Cols < TileN:
				t.B = g.edge[k0*t.LDB:]
			case g.k > 0:
				t.B, t.LDB = g.b[k0*g.n+j:], g.n
			}
			t.Run()
		}
	}
}

const (
	rowLeast  = 1024    // least rows of a product that reads them in place
	rowLargeB = 1 << 17 // most values of B: it stays in L2
	rowBlock  = 8       // row tiles of a block: its rows stay in L1 or next to it
)

// rowsPay reports whether a product of this size reads its rows in place.
func rowsPay(m, n, k int) bool {
	return m >= rowLeast && k > 0 && k <= wholeDepth && n > 0 && n*k <= rowLargeB
}

// planRows plans C = A·op(B) with A of many rows and B small enough to stay in L2.
// Tiles read the rows in place, a block after another, and fetch the rows of the next
// block meanwhile.
func (g *Product) planRows() {
	// A tile looks ahead every four steps; a block has as many tiles as fill it for
	// each panel of B.
	if looks := g.panelsB.panels * rowBlock * (g.k / 4); looks > 0 {
		g.aheadStep = (4*g.k*TileM*rowBlock + looks - 1) / looks
	}
	g.bounds = taskBounds(g.panelsA.panels, rowBlock, parallel.Threads())
}

// taskBounds splits n items into tasks that become smaller towards the end, so
// that threads of different speed end together: multiples of step but the last
// one.
func taskBounds(n, step, threads int) []int {
	bounds := []int{0}
	for at := 0; at < n; bounds = append(bounds, at) {
		part := (n - at) / (4 * threads) / step * step
		at = min(n, at+max(part, step))
	}
	return bounds
}

// rows computes the rows of a task of a product of many.
func (g *Product) rows(_, task int) {
	t := Tile{Step: g.step, Mode: g.mode | g.end, aheadStep: g.aheadStep}
	for t0 := g.bounds[task]; t0 < g.bounds[task+1]; t0 += rowBlock {
		t1 := min(t0+rowBlock, g.bounds[task+1])
		i0, i1 := t0*TileM, min(t1*TileM, g.m)
		t.ARow, t.CRow = g.arow[:i1-i0], g.crow[:i1-i0]
		t.A = g.a[i0*g.k:]
		next := min(i1*g.k, len(g.a)-1)
		ahead := (t1 - t0) * (g.k / 4) * g.aheadStep / 4
		for p := range g.panelsB.panels {
			g.columns(&t, i0, p)
			t.B = g.panelsB.panel(0, p)
			t.ahead = g.a[min(next+p*ahead, len(g.a)-1):]
			t.Run()
		}
	}
}

// columns sets a tile to panel p of the columns of C, in the rows from i0 on, and
// returns the first of them.
func (g *Product) columns(t *Tile, i0, p int) int {
	j := p * TileN
	t.C, t.Bias = g.c[i0*g.n+j:], g.bias[j:]
	if g.other != nil {
		t.other = g.other[i0*g.n+j:]
	}
	t.Columns(g.n - j)
	return j
}
