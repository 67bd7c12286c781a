package gemm

import "pare/internal/kernel/parallel"

// gramDepth is the most depth of a block: the panels that tiles read stay in L1.
const gramDepth = 384

// Gram multiplies columns of one depth with each other. Columns come in lots and stay
// packed, so that a lot meets the old ones without another copy of these.
type Gram struct {
	depth  int
	count  int
	last   int         // columns of the last lot
	panels [][]float32 // of TileN columns: all values of one depth side by side
	lot    []float32   // the last lot in panels of TileM columns
}

// NewGram returns a Gram without columns. All its columns will have the given depth.
func NewGram(depth int) *Gram { return &Gram{depth: depth} }

// Add adds a lot of columns, which it copies.
func (g *Gram) Add(columns [][]float32) {
	g.last = len(columns)
	g.lot = parallel.Grow(g.lot, (g.last+TileM-1)/TileM*TileM*g.depth)
	for k, column := range columns {
		lane := g.count % TileN
		if lane == 0 {
			g.panels = append(g.panels, make([]float32, g.depth*TileN))
		}
		put(g.panels[len(g.panels)-1][lane:], TileN, column[:g.depth])
		put(g.lot[k/TileM*TileM*g.depth+k%TileM:], TileM, column[:g.depth])
		g.count++
	}
}

// put writes x to every pitch-th place of dst.
func put(dst []float32, pitch int, x []float32) {
	for i, v := range x {
		dst[i*pitch] = v
	}
}

// Panels is how many tasks Products can be split into.
func (g *Gram) Panels() int { return len(g.panels) }

// Products sets dst[i·stride+j] to the inner product of column i of the last lot and
// column j of all, for the sixteen j of a panel. Calls for different panels may run at
// the same time; how they are shared does not change the result.
func (g *Gram) Products(dst []float32, stride, panel int) {
	if g.last == 0 {
		return
	}
	first := panel * TileN
	t := Tile{Cols: min(TileN, g.count-first), LDB: TileN}
	rows, steps := make([]int, 2*g.last), make([]int, min(gramDepth, g.depth))
	t.CRow, t.ARow = rows[:g.last], rows[g.last:]
	for i := range t.CRow {
		t.CRow[i], t.ARow[i] = i*stride, i/TileM*TileM*g.depth+i%TileM
	}
	for k := range steps {
		steps[k] = k * TileM
	}
	t.C = dst[first:]
	for lo := 0; lo < g.depth || lo == 0; lo += gramDepth {
		hi := min(lo+gramDepth, g.depth)
		t.A, t.B, t.Step = g.lot[lo*TileM:], g.panels[panel][lo*TileN:], steps[:hi-lo]
		t.Run()
		t.Mode = TileLoad
	}
}
