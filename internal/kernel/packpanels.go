package kernel

// groupPanels is the number of panels packed by one task: so many are read row
// by row at once.
const groupPanels = 8

// packedPanels is one operand of a matrix product in the order in which tiles
// read it: lines, the rows of A or columns of B, in panels of width lines, all
// values of one depth side by side. The depth is cut into blocks.
type packedPanels struct {
	lines, k int
	width    int
	along    bool // src holds a line in one piece, else a depth
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
			packTransposed(p.panel(block, i), src[lo*p.k+k0:], p.k, n, p.lineWidth(n), k1-k0)
		}
		return
	}
	full := p.lines / p.width
	if end := min(p1, full); p0 < end {
		packStraight(p.panel(block, p0), p.pitch, src[k0*p.lines+p0*p.width:], p.lines, (end-p0)*p.width, p.width, k1-k0)
	}
	if full < p1 {
		n := p.lines - full*p.width
		packStraight(p.panel(block, full), p.pitch, src[k0*p.lines+full*p.width:], p.lines, n, p.lineWidth(n), k1-k0)
	}
}

// lineWidth is the width of a panel of n lines: the last one of B may be
// narrow.
func (p *packedPanels) lineWidth(n int) int {
	if p.width == tileN {
		return tileWidth(n)
	}
	return p.width
}
