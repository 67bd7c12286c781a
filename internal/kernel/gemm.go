package kernel

const (
	gemmDepth     = 320 // most depth of a block: its panel of B stays in L1
	gemmRowTiles  = 24  // most row tiles of a task: its block of A stays in L2
	gemmTaskFlops = 1 << 19
	gemmMaxTasks  = 16
	gemmDirectK = 96
	gemmDirectTiles = 2
	gemmDirectPanels = 4
)

// Gemm is a plan for C[m,n] = op(A)·op(B) of one size. Depending on the size,
// A is packed into panels of six rows and B into panels of sixteen columns, or
// they are read in place.
type Gemm struct {
	m, n, k        int
	transA, transB bool

	rowTiles, panels int
	packA, packB     packing
	panelA           int       // distance of the panels of A
	a6, b16          []float32 // [row tile][k][6], [panel][k][16]
	bias             []float32 // padded to whole panels
	arow, crow       []int     // row offsets of the tiles of one task
	step             []int     // offsets of the depth
	blocks           int       // of the depth
	rowTasks         int
	colTasks         int

	c, a, b   []float32 // operands of the call in progress
	mode      int
	last      int // added to mode for the last block of the depth
	packTask  func(worker, task int)
	blockTask func(worker, task int)
}

type packing int

const (
	inPlace packing = iota
	ahead           // before the product
	inTask          // in the only task that reads it
)

// NewGemm plans C[m,n] = op(A)·op(B) for row-major contiguous operands: A is
// [m,k], or [k,m] if transA; B is [k,n], or [n,k] if transB.
func NewGemm(m, n, k int, transA, transB bool) *Gemm {
	g := &Gemm{m: m, n: n, k: k, transA: transA, transB: transB}
	g.rowTiles = (m + tileM - 1) / tileM
	g.panels = (n + tileN - 1) / tileN
	g.bias = make([]float32, g.panels*tileN)
	g.blocks = (k + gemmDepth - 1) / gemmDepth
	g.split()
	g.choosePacking()
	lda, ldk := k, 1
	if transA {
		lda, ldk = 1, m
	}
	g.panelA = (k*tileM + 2 + 15) &^ 15
	rows := min(m, (g.rowTiles+g.rowTasks-1)/max(g.rowTasks, 1)*tileM)
	for i := range rows {
		off := i * lda
		if g.packA != inPlace {
			off = i/tileM*g.panelA + i%tileM
		}
		g.arow = append(g.arow, off)
		g.crow = append(g.crow, i*n)
	}
	if g.packA != inPlace {
		ldk = tileM
	}
	for t := range (k + g.blocks - 1) / max(g.blocks, 1) {
		g.step = append(g.step, t*ldk)
	}
	g.packTask = g.pack
	g.blockTask = g.block
	return g
}

// split chooses the grid of tasks.
func (g *Gemm) split() {
	tasks := max(1, min(2*g.m*g.n*g.k/gemmTaskFlops, gemmMaxTasks))
	if g.rowTiles >= 32 || g.panels < 2 {
		g.rowTasks = max(min(tasks, g.rowTiles), (g.rowTiles+gemmRowTiles-1)/gemmRowTiles)
		g.colTasks = 1
		return
	}
	g.rowTasks, g.colTasks = 1, min(tasks, max(g.panels, 1))
}

func (g *Gemm) choosePacking() {
	switch {
	case !g.transB && (g.k <= gemmDirectK || g.rowTiles <= gemmDirectTiles):
		g.packB = inPlace
	case g.rowTasks == 1:
		g.packB = inTask
	default:
		g.packB = ahead
	}
	switch {
	case g.panels <= gemmDirectPanels || g.k <= gemmDirectK:
		g.packA = inPlace
	default:
		g.packA = ahead
	}
}

// Run computes C = op(A)·op(B), plus bias[n] on every row unless bias is nil.
// With acc the result is added to C.
func (g *Gemm) Run(c, a, b, bias []float32, acc bool) {
	if g.m == 0 || g.n == 0 {
		return
	}
	g.c, g.a, g.b = c[:g.m*g.n], a[:g.m*g.k], b[:g.k*g.n]
	g.mode, g.last = 0, 0
	if bias != nil {
		g.mode |= tileBias
		copy(g.bias, bias[:g.n])
	}
	if acc {
		g.mode |= tileLoad
	}
	packed := 0
	if g.packA == ahead {
		packed += g.rowTiles
		if g.a6 == nil {
			g.a6 = make([]float32, g.rowTiles*g.panelA)
		}
	}
	if g.b16 == nil && g.packB != inPlace {
		g.b16 = make([]float32, g.panels*tileN*g.k)
	}
	if g.packB == inPlace && g.b16 == nil {
		g.b16 = make([]float32, tileN*g.k)
	}
	if g.packB == inPlace && g.n%tileN != 0 {
		j := g.n &^ (tileN - 1)
		packStraight(g.b16, g.b[j:], g.n, g.n-j, tileWidth(g.n-j), g.k)
	}
	if g.packB == ahead {
		packed += g.panels
	}
	parallel(packed, g.packTask)
	parallel(g.rowTasks*g.colTasks, g.blockTask)
	g.c, g.a, g.b = nil, nil, nil
}

func (g *Gemm) pack(_, task int) {
	if g.packB == ahead {
		if task < g.panels {
			g.packPanel(task)
			return
		}
		task -= g.panels
	}
	i0 := task * tileM
	dst := g.a6[task*g.panelA:][:g.panelA]
	rows := min(tileM, g.m-i0)
	if g.transA {
		packStraight(dst, g.a[i0:], g.m, rows, tileM, g.k)
	} else {
		packTransposed(dst, g.a[i0*g.k:], g.k, rows, tileM, g.k)
	}
}

func (g *Gemm) packPanel(p int) {
	j0 := p * tileN
	nc := min(tileN, g.n-j0)
	dst := g.b16[j0*g.k:]
	w := tileWidth(nc)
	if g.transB {
		packTransposed(dst, g.b[j0*g.k:], g.k, nc, w, g.k)
		return
	}
	packStraight(dst, g.b[j0:], g.n, nc, w, g.k)
}

// block computes one block of C.
func (g *Gemm) block(_, task int) {
	rt, ct := task/g.colTasks, task%g.colTasks
	t0, t1 := g.rowTiles*rt/g.rowTasks, g.rowTiles*(rt+1)/g.rowTasks
	i0, i1 := t0*tileM, min(t1*tileM, g.m)
	p0, p1 := g.panels*ct/g.colTasks, g.panels*(ct+1)/g.colTasks
	if g.packB == inTask {
		for p := p0; p < p1; p++ {
			g.packPanel(p)
		}
	}
	t := tile{crow: g.crow[:i1-i0], arow: g.arow[:i1-i0]}
	for blk := range max(g.blocks, 1) {
		k0, k1 := g.k*blk/max(g.blocks, 1), g.k*(blk+1)/max(g.blocks, 1)
		t.step = g.step[:k1-k0]
		switch {
		case g.packA != inPlace:
			t.a = g.a6[t0*g.panelA+k0*tileM:]
		case g.transA:
			t.a = g.a[k0*g.m+i0:]
		default:
			t.a = g.a[i0*g.k+k0:]
		}
		t.mode = tileLoad
		if blk == 0 {
			t.mode = g.mode
		}
		if blk == g.blocks-1 {
			t.mode |= g.last
		}
		for p := p0; p < p1; p++ {
			j0 := p * tileN
			t.cols = min(tileN, g.n-j0)
			t.c = g.c[i0*g.n+j0:]
			t.bias = g.bias[j0:]
			switch {
			case g.k == 0:
			case g.packB != inPlace:
				t.ldb = tileWidth(t.cols)
				t.b = g.b16[j0*g.k+k0*t.ldb:]
			case t.cols < tileN:
				t.ldb = tileWidth(t.cols)
				t.b = g.b16[k0*t.ldb:]
			default:
				t.ldb = g.n
				t.b = g.b[k0*g.n+j0:]
			}
			t.run()
		}
	}
}
