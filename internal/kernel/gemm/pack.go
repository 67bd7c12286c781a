package gemm

import "pare/internal/simd"

// PackStraight packs k rows of n neighbouring columns, ld apart in src, into
// panels of width columns, pitch apart: dst[p·pitch+t·width+j] is column
// p·width+j of row t. The width is 6, 8 or 16. Columns past n hold anything.
func PackStraight(dst []float32, pitch int, src []float32, ld, n, width, k int) {
	panels := (n + width - 1) / width
	t := 0
	if simd.AVX2 {
		// Whole vectors are copied as long as that stays inside src.
		vecs := (width + 7) / 8
		t = vectorRows(width, k)
		if last := len(src) - (panels-1)*width - vecs*8; last < 0 {
			t = 0
		} else if ld > 0 {
			t = min(t, last/ld+1)
		}
		if t > 0 {
			copyPanelsAVX2(&dst[0], &src[0], pitch, width, ld, t, panels, vecs)
		}
	}
	for ; t < k; t++ {
		for p := range panels {
			j := p * width
			copy(dst[p*pitch+t*width:][:min(width, n-j)], src[t*ld+j:])
		}
	}
}

// packColumns is PackStraight, with a last panel of another width if n is not a multiple of
// the panel's width.
func packColumns(dst []float32, pitch int, src []float32, ld, n, width, last, k int) {
	full := n - n%width
	if full > 0 {
		PackStraight(dst, pitch, src, ld, full, width, k)
	}
	if n > full {
		PackStraight(dst[full/width*pitch:], 0, src[full:], ld, n-full, last, k)
	}
}

// PackTransposed packs n ≤ width rows of k values, ld apart in src, as columns
// of one such panel.
func PackTransposed(dst, src []float32, ld, n, width, k int) {
	for j := 0; j < n; j += 8 {
		packTransposed8(dst[j:], src[j*ld:], ld, min(8, n-j), width, k)
	}
}

func packTransposed8(dst, src []float32, ld, n, width, k int) {
	t := 0
	if simd.AVX2 && k > 8 {
		t = vectorRows(width, k) &^ 7
		var rows [8]int
		for j := range rows {
			rows[j] = min(j, n-1) * ld
		}
		transposeAVX2(&dst[0], &src[0], &rows[0], width, t)
	}
	for ; t < k; t++ {
		for j := range n {
			dst[t*width+j] = src[j*ld+t]
		}
	}
}

// vectorRows is how many of k rows may be written as whole vectors: values that
// these write past a row of six are overwritten by the next one, so the last row is
// written value by value, in case another goroutine packs the values after it.
func vectorRows(width, k int) int {
	if width%8 == 0 {
		return k
	}
	return k - 1
}

// groupPanels is the number of panels packed by one task, which reads all of them at once,
// row by row.
const groupPanels = 8

// packedPanels is one operand of a matrix product in the order in which tiles
// read it: lines, the rows of A or columns of B, in panels of width lines, all
// values of one depth side by side. The depth is cut into blocks.
type packedPanels struct {
	lines, k int
	width    int
	along    bool // src holds a line in one piece, else a depth
	whole    bool // the last panel of B has all columns, too
	panels   int
	blocks   int // of the depth
	pitch    int // distance of two panels of a block
	data     []float32
}

func newPackedPanels(lines, k, width, blocks int, along bool) packedPanels {
	p := packedPanels{lines: lines, k: k, width: width, along: along, blocks: blocks}
	p.panels = (lines + width - 1) / width
	p.pitch = ((k+blocks-1)/blocks*width + 15) &^ 15 // whole cache lines
	return p
}

// allocate makes room for the panels.
func (p *packedPanels) allocate() {
	if p.data == nil {
		p.data = make([]float32, p.blocks*p.panels*p.pitch)
	}
}

// depth returns the depths [lo,hi) of a block.
func (p *packedPanels) depth(block int) (lo, hi int) {
	return p.k * block / p.blocks, p.k * (block + 1) / p.blocks
}

// panel returns one panel of a block.
func (p *packedPanels) panel(block, panel int) []float32 {
	return p.data[(block*p.panels+panel)*p.pitch:]
}

// groups is the number of tasks that packGroup takes.
func (p *packedPanels) groups() int { return p.blocks * p.blockGroups() }

func (p *packedPanels) blockGroups() int { return (p.panels + groupPanels - 1) / groupPanels }

// packGroup packs one group of one block; tasks are numbered block by block.
func (p *packedPanels) packGroup(src []float32, task int) {
	p0 := task % p.blockGroups() * groupPanels
	p.pack(src, task/p.blockGroups(), p0, min(p0+groupPanels, p.panels))
}

// pack packs panels [p0,p1) of a block.
func (p *packedPanels) pack(src []float32, block, p0, p1 int) {
	k0, k1 := p.depth(block)
	if p.along {
		for i := p0; i < p1; i++ {
			lo := i * p.width
			n := min(p.width, p.lines-lo)
			PackTransposed(p.panel(block, i), src[lo*p.k+k0:], p.k, n, p.lineWidth(n), k1-k0)
		}
		return
	}
	lo, hi := p0*p.width, min(p1*p.width, p.lines)
	packColumns(p.panel(block, p0), p.pitch, src[k0*p.lines+lo:], p.lines, hi-lo, p.width, p.lineWidth(hi%p.width), k1-k0)
}

// lineWidth is the width of a panel of n lines: the last one of B may be
// narrow.
func (p *packedPanels) lineWidth(n int) int {
	if p.width == TileN && !p.whole {
		return TileWidth(n)
	}
	return p.width
}
