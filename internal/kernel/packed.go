package kernel

// packedDepth is the depth of a block of a packed matrix: its panel of 16 KB
// stays in L1 while all rows are multiplied with it.
const packedDepth = 256

// packedMatrix is the right operand B[k,n] of products that come one after
// another: it is packed once into panels of tileN columns.
type packedMatrix struct {
	k, n   int
	panels int
	data   []float32 // [panel][k][tileN]; columns past n hold anything

	b     []float32 // operand of the packing in progress
	trans bool
	task  func(worker, panel int)
}

// packedSteps are the offsets along the depth of a block.
var packedSteps = func() (s [packedDepth]int) {
	for i := range s {
		s[i] = i
	}
	return s
}()

func newPackedMatrix(k, n int) *packedMatrix {
	p := &packedMatrix{k: k, n: n, panels: (n + tileN - 1) / tileN}
	p.data = make([]float32, p.panels*k*tileN)
	p.task = p.packPanel
	return p
}

// width is the number of columns of a product: whole panels.
func (p *packedMatrix) width() int { return p.panels * tileN }

// pack takes b, [k,n] or, if trans, [n,k].
func (p *packedMatrix) pack(b []float32, trans bool) {
	p.b, p.trans = b[:p.k*p.n], trans
	parallel(p.panels, p.task)
	p.b = nil
}

func (p *packedMatrix) packPanel(_, panel int) {
	j0 := panel * tileN
	cols := min(tileN, p.n-j0)
	dst := p.data[panel*p.k*tileN:][:p.k*tileN]
	if !p.trans {
		for t := range p.k {
			copy(dst[t*tileN:][:cols], p.b[t*p.n+j0:])
		}
		return
	}
	packTransposed(dst, p.b[j0*p.k:], p.k, cols, tileN, p.k)
}

// paddedRows is the number of rows that mul reads and writes for so many.
func paddedRows(rows int) int { return max(4, (rows+1)&^1) }

// mulRows is the number of rows whose offsets mul has at hand.
const mulRows = 48

// mul computes c = a·B, plus bias[width] on every row unless it is nil, or with
// acc c += a·B. a has rows of k values lda apart, c rows of width values ldc
// apart, both paddedRows(rows) of them. Several goroutines may call it at once.
// What an element is summed from, and in which order, does not depend on rows.
func (p *packedMatrix) mul(c []float32, ldc int, a []float32, lda, rows int, bias []float32, acc bool) {
	var crow, arow [mulRows + tileM]int // a tile looks at six, whether it needs them or not
	for i := range crow {
		crow[i], arow[i] = i*ldc, i*lda
	}
	t := tile{ldb: tileN, cols: tileN}
	switch {
	case acc:
		t.mode = tileLoad
	case bias != nil:
		t.mode = tileBias
	}
	for k0 := 0; k0 < p.k; k0 += packedDepth {
		t.step = packedSteps[:min(packedDepth, p.k-k0)]
		for panel := range p.panels {
			t.b = p.data[(panel*p.k+k0)*tileN:]
			p.look(&t, k0, panel, min(rows, mulRows))
			j := panel * tileN
			if bias != nil {
				t.bias = bias[j:]
			}
			for i := 0; i < rows; i += mulRows {
				n := paddedRows(min(mulRows, rows-i))
				t.c, t.a, t.crow, t.arow = c[i*ldc+j:], a[i*lda+k0:], crow[:n], arow[:n]
				t.runEven()
			}
		}
		t.mode = tileLoad
	}
}

// look lets the tiles of a panel's block, of the first so many rows, fetch the
// block after it.
func (p *packedMatrix) look(t *tile, k0, panel, rows int) {
	looks := sixes(paddedRows(rows)) * (len(t.step) / 4)
	at, depth := ((panel+1)*p.k+k0)*tileN, len(t.step)
	if panel+1 == p.panels {
		at, depth = (k0+packedDepth)*tileN, min(packedDepth, p.k-k0-packedDepth)
	}
	t.ahead, t.aheadStep = nil, 0
	if looks > 0 && depth > 0 {
		t.ahead = p.data[at:]
		t.aheadStep = (4*tileN*depth + looks - 1) / looks
	}
}

// sixes is the number of tiles of six rows that runEven takes n rows in.
func sixes(n int) int {
	if n%tileM == 2 {
		return n/tileM - 1
	}
	return n / tileM
}

// runEven is run for an even number of rows, at least four. It takes those that
// are too few for a tile of six four by four, as a tile of two sums in another
// order. The tables of offsets have room for whole tiles.
func (t *tile) runEven() {
	if !useAVX2 {
		t.runGo()
		return
	}
	n := len(t.crow)
	full := sixes(n)
	if full > 0 {
		tile16AVX2(t, &t.crow[0], &t.arow[0], full, tileM)
	}
	for i := full * tileM; i < n; i += 4 {
		tile16AVX2(t, &t.crow[i], &t.arow[i], 1, 4)
	}
}
