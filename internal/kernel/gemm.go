package kernel

const (
	gemmKC   = 256 // depth of one block: a packed panel of 16 KB stays in L1
	gemmRows = 96  // result rows per task: the block of A stays in L2

	packPitch = gemmKC + tileN // row distance of a copied block of A
)

// Gemm is a plan for C[m,n] = op(A)·op(B) of one size. It packs B into panels
// of sixteen columns and, when A is transposed, A into groups of six rows.
type Gemm struct {
	m, n, k        int
	transA, transB bool
	panels         int
	panelsPerTask  int
	colTasks       int
	tasks          int
	packB          []float32 // [panel][k][16]
	bias           []float32 // padded to whole panels
	arow, crow     []int     // row offsets of one tile of A and C
	copyA          bool      // copy blocks of A to rows of packPitch
	pack6          []int     // 0, 6, 12, …: steps of a packed block of A
	ws             []gemmWorker

	c, a, b   []float32 // operands of the call in progress
	mode      int
	packTask  func(worker, task int)
	blockTask func(worker, task int)
}

type gemmWorker struct {
	tile  tileScratch
	packA []float32 // [tile][k][6] of a transposed A, else [row][packPitch]
}

var oneSegment = []int{0}

// NewGemm plans C[m,n] = op(A)·op(B) for row-major contiguous operands: A is
// [m,k], or [k,m] if transA; B is [k,n], or [n,k] if transB.
func NewGemm(m, n, k int, transA, transB bool) *Gemm {
	g := &Gemm{m: m, n: n, k: k, transA: transA, transB: transB}
	g.panels = (n + tileN - 1) / tileN
	g.packB = make([]float32, g.panels*tileN*k)
	g.bias = make([]float32, g.panels*tileN)
	// Blocks of long rows are copied if enough panels use them: rows a large
	// power of two apart compete for the same cache sets.
	g.copyA = !transA && k > 128 && g.panels >= 4
	lda := k
	if g.copyA {
		lda = packPitch
	}
	for i := range tileM {
		g.arow = append(g.arow, i*lda)
		g.crow = append(g.crow, i*n)
	}
	if transA {
		for i := range min(gemmKC, k) {
			g.pack6 = append(g.pack6, i*tileM)
		}
	}
	// With few rows the columns have to be shared out as well.
	rowTasks := (m + gemmRows - 1) / gemmRows
	g.panelsPerTask = max(g.panels, 1)
	if rowTasks < 8 {
		g.panelsPerTask = max(4, (g.panels*rowTasks+7)/8)
	}
	g.colTasks = (g.panels + g.panelsPerTask - 1) / g.panelsPerTask
	g.tasks = rowTasks * g.colTasks
	g.packTask = g.packPanel
	g.blockTask = g.block
	return g
}

// Run computes C = op(A)·op(B), plus bias[n] on every row unless bias is nil.
// With acc the result is added to C.
func (g *Gemm) Run(c, a, b, bias []float32, acc bool) {
	if g.m == 0 || g.n == 0 {
		return
	}
	c, a, b = c[:g.m*g.n], a[:g.m*g.k], b[:g.k*g.n]
	if g.k == 0 {
		g.empty(c, bias, acc)
		return
	}
	for len(g.ws) < maxWorkers() {
		g.ws = append(g.ws, gemmWorker{})
	}
	g.mode = startZero
	switch {
	case acc:
		g.mode = startLoad
		if bias != nil {
			addRows(c, bias[:g.n])
		}
	case bias != nil:
		g.mode = startBias
		copy(g.bias, bias[:g.n])
	}
	g.c, g.a, g.b = c, a, b
	parallel(g.panels, g.packTask)
	parallel(g.tasks, g.blockTask)
	g.c, g.a, g.b = nil, nil, nil
}

// empty is Run for k == 0, where the product is zero.
func (g *Gemm) empty(c, bias []float32, acc bool) {
	if !acc {
		clear(c)
	}
	if bias != nil {
		addRows(c, bias[:g.n])
	}
}

func addRows(c, bias []float32) {
	for ; len(c) > 0; c = c[len(bias):] {
		for j, v := range bias {
			c[j] += v
		}
	}
}

// packPanel copies columns [16p, 16p+16) of op(B). Columns past n keep the
// zeros they were allocated with.
func (g *Gemm) packPanel(_, p int) {
	dst := g.packB[p*g.k*tileN:][:g.k*tileN]
	j0 := p * tileN
	nc := min(tileN, g.n-j0)
	if g.transB {
		packTransposed(dst, g.b[j0*g.k:], g.k, nc, g.k)
		return
	}
	packStraight(dst, g.b[j0:], g.n, nc, g.k)
}

// block computes one block of C: up to gemmRows rows, panelsPerTask panels.
func (g *Gemm) block(worker, task int) {
	w := &g.ws[worker]
	i0 := task / g.colTasks * gemmRows
	i1 := min(i0+gemmRows, g.m)
	p0 := task % g.colTasks * g.panelsPerTask
	p1 := min(p0+g.panelsPerTask, g.panels)
	mode := g.mode
	for k0 := 0; k0 < g.k; k0 += gemmKC {
		kc := min(gemmKC, g.k-k0)
		var at []float32
		lda := g.k
		switch {
		case g.transA:
			g.packRows(w, i0, i1, k0, kc)
		case g.copyA:
			at, lda = g.copyRows(w, i0, i1, k0, kc), packPitch
		default:
			at = g.a[i0*g.k+k0:]
		}
		for p := p0; p < p1; p++ {
			bp := g.packB[(p*g.k+k0)*tileN:]
			j0 := p * tileN
			nc := min(tileN, g.n-j0)
			for i := i0; i < i1; i += tileM {
				mr := min(tileM, i1-i)
				ct := g.c[i*g.n+j0:]
				switch {
				case g.transA:
					g.colsTile(w, ct, w.packA[(i-i0)*kc:], mr, nc, kc, bp, j0, mode)
				case mr == tileM && nc == tileN:
					tileRows(ct, g.crow, at[(i-i0)*lda:], g.arow, oneSegment, kc, bp, g.bias[j0:], mode)
				default:
					arow := g.arow
					if mr < tileM {
						// Rows past the end repeat the last one that exists.
						var short [tileM]int
						for r := range short {
							short[r] = min(r, mr-1) * lda
						}
						arow = short[:]
					}
					w.tile.rowsEdge(mr, nc, ct, g.crow, at[(i-i0)*lda:], arow, oneSegment, kc, bp, g.bias[j0:], mode)
				}
			}
		}
		mode = startLoad
	}
}

func (g *Gemm) colsTile(w *gemmWorker, ct, at []float32, mr, nc, kc int, bp []float32, j0, mode int) {
	if mode == startBias {
		for i := range mr {
			copy(ct[i*g.n:i*g.n+nc], g.bias[j0:])
		}
		mode = startLoad
	}
	if mr == tileM && nc == tileN {
		tileCols(ct, g.n, at, g.pack6[:kc], bp, mode)
		return
	}
	w.tile.colsEdge(0, mr, nc, ct, g.n, at, g.pack6[:kc], bp, mode)
}

// packRows copies rows [i0,i1) and depth [k0,k0+kc) of a transposed A into
// groups of six rows, filled up with zeros.
func (g *Gemm) packRows(w *gemmWorker, i0, i1, k0, kc int) {
	if w.packA == nil {
		w.packA = make([]float32, gemmRows*min(gemmKC, g.k))
	}
	for t := range kc {
		src := g.a[(k0+t)*g.m+i0:][:i1-i0]
		dst := w.packA[t*tileM:]
		for len(src) >= tileM {
			*(*[tileM]float32)(dst) = [tileM]float32(src)
			src = src[tileM:]
			if len(src) > 0 {
				dst = dst[kc*tileM:]
			}
		}
		if len(src) > 0 {
			d := (*[tileM]float32)(dst)
			*d = [tileM]float32{}
			copy(d[:], src)
		}
	}
}

// copyRows copies rows [i0,i1) and depth [k0,k0+kc) of A to rows of packPitch.
func (g *Gemm) copyRows(w *gemmWorker, i0, i1, k0, kc int) []float32 {
	if w.packA == nil {
		w.packA = make([]float32, gemmRows*packPitch)
	}
	for i := i0; i < i1; i++ {
		copy(w.packA[(i-i0)*packPitch:][:kc], g.a[i*g.k+k0:])
	}
	return w.packA
}
