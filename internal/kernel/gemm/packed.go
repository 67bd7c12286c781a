package gemm

import (
	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// packedDepth is the depth of a block of a packed matrix: its panel of 16 KB
// stays in L1 while all rows are multiplied with it.
const packedDepth = 256

// Packed is the right operand B[k,n] of products that come one after another: it is
// packed once. Columns of the products past n hold anything.
type Packed struct {
	packedPanels
	b []float32 // operand of the packing in progress
}

// packedSteps are the offsets along the depth of a block.
var packedSteps = func() (s [packedDepth]int) {
	for i := range s {
		s[i] = i
	}
	return s
}()

// NewPacked plans for B [k,n], stored as [n,k] if trans.
func NewPacked(k, n int, trans bool) *Packed {
	p := &Packed{packedPanels: newPackedPanels(n, k, TileN, 1, trans)}
	p.whole = true
	p.allocate()
	return p
}

// Width is the number of columns of a product: whole panels.
func (p *Packed) Width() int { return p.panels * TileN }

// Pack takes the values of B.
func (p *Packed) Pack(b []float32) {
	p.b = b[:p.k*p.lines]
	parallel.Each(p.groups(), p, (*Packed).packTask)
	p.b = nil
}

// FrozenForm, Freeze and UseFrozen do for Pack the work of the methods of Product with these names.
func (p *Packed) FrozenForm() any {
	return frozenForm{n: p.lines, k: p.k, trans: p.along, blocks: p.blocks, whole: p.whole}
}

// Freeze returns the panels of B.
func (p *Packed) Freeze(b []float32) any { return p.freeze(b) }

// UseFrozen takes the panels of B; Pack is not to be called any more.
func (p *Packed) UseFrozen(panels any) { p.data = panels.([]float32) }

func (p *Packed) packTask(_, task int) { p.packGroup(p.b, task) }

// PaddedRows is the number of rows that Mul reads and writes for a product with the given
// number of rows.
func PaddedRows(rows int) int { return max(4, (rows+1)&^1) }

// mulRows is the number of rows that Mul computes at a time.
const mulRows = 48

// Mul computes c = a·B, plus bias[width] on every row unless it is nil, or with
// acc c += a·B. a has rows of k values lda apart, c rows of width values ldc
// apart, both PaddedRows(rows) of them. Several goroutines may call it at once.
// The terms of an element and their order do not depend on rows.
func (p *Packed) Mul(c []float32, ldc int, a []float32, lda, rows int, bias []float32, acc bool) {
	var crow, arow [mulRows + TileM]int // a tile reads six, even if it needs fewer
	for i := range crow {
		crow[i], arow[i] = i*ldc, i*lda
	}
	t := Tile{LDB: TileN, Cols: TileN}
	switch {
	case acc:
		t.Mode = TileLoad
	case bias != nil:
		t.Mode = TileBias
	}
	for k0 := 0; k0 < p.k; k0 += packedDepth {
		t.Step = packedSteps[:min(packedDepth, p.k-k0)]
		for panel := range p.panels {
			t.B = p.data[(panel*p.k+k0)*TileN:]
			p.look(&t, k0, panel, min(rows, mulRows))
			j := panel * TileN
			if bias != nil {
				t.Bias = bias[j:]
			}
			for i := 0; i < rows; i += mulRows {
				n := PaddedRows(min(mulRows, rows-i))
				t.C, t.A, t.CRow, t.ARow = c[i*ldc+j:], a[i*lda+k0:], crow[:n], arow[:n]
				t.runEven()
			}
		}
		t.Mode = TileLoad
	}
}

// look lets the tiles of a panel's block, in the first rows, fetch the block after it.
func (p *Packed) look(t *Tile, k0, panel, rows int) {
	looks := sixes(PaddedRows(rows)) * (len(t.Step) / 4)
	at, depth := ((panel+1)*p.k+k0)*TileN, len(t.Step)
	if panel+1 == p.panels {
		at, depth = (k0+packedDepth)*TileN, min(packedDepth, p.k-k0-packedDepth)
	}
	t.ahead, t.aheadStep = nil, 0
	if looks > 0 && depth > 0 {
		t.ahead = p.data[at:]
		t.aheadStep = (4*TileN*depth + looks - 1) / looks
	}
}

// sixes is the number of tiles of six rows that runEven takes n rows in.
func sixes(n int) int {
	if n%TileM == 2 {
		return n/TileM - 1
	}
	return n / TileM
}

// runEven is run for an even number of rows, at least four. Rows that are too few for a
// tile of six go in tiles of four, because a tile of two sums in another order. The tables
// of offsets have room for whole tiles.
func (t *Tile) runEven() {
	if !simd.AVX2 {
		t.runGo()
		return
	}
	n := len(t.CRow)
	full := sixes(n)
	if full > 0 {
		tile16AVX2(t, &t.CRow[0], &t.ARow[0], full, TileM)
	}
	for i := full * TileM; i < n; i += 4 {
		tile16AVX2(t, &t.CRow[i], &t.ARow[i], 1, 4)
	}
}
