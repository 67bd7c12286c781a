package kernel

// gramDepth is the most depth of a block: the panels that tiles read stay in L1.
const gramDepth = 384

// Gram multiplies columns of one depth with each other. Columns come in lots and stay
// packed, so that a lot meets the old ones without another copy of these.
type Gram struct {
	depth  int
	count  int
	last   int         // columns of the last lot
	panels [][]float32 // of tileN columns: all values of one depth side by side
	lot    []float32   // the last lot in panels of tileM columns
}

// NewGram returns a Gram without columns, for such of the given depth.
func NewGram(depth int) *Gram { return &Gram{depth: depth} }

// Add adds a lot of columns, which it copies.
func (g *Gram) Add(columns [][]float32) {
	g.last = len(columns)
	g.lot = grow(g.lot, (g.last+tileM-1)/tileM*tileM*g.depth)
	for k, column := range columns {
		lane := g.count % tileN
		if lane == 0 {
			g.panels = append(g.panels, make([]float32, g.depth*tileN))
		}
		put(g.panels[len(g.panels)-1][lane:], tileN, column[:g.depth])
		put(g.lot[k/tileM*tileM*g.depth+k%tileM:], tileM, column[:g.depth])
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
	first := panel * tileN
	t := tile{cols: min(tileN, g.count-first), ldb: tileN}
	rows, steps := make([]int, 2*g.last), make([]int, min(gramDepth, g.depth))
	t.crow, t.arow = rows[:g.last], rows[g.last:]
	for i := range t.crow {
		t.crow[i], t.arow[i] = i*stride, i/tileM*tileM*g.depth+i%tileM
	}
	for k := range steps {
		steps[k] = k * tileM
	}
	t.c = dst[first:]
	for lo := 0; lo < g.depth || lo == 0; lo += gramDepth {
		hi := min(lo+gramDepth, g.depth)
		t.a, t.b, t.step = g.lot[lo*tileM:], g.panels[panel][lo*tileN:], steps[:hi-lo]
		t.run()
		t.mode = tileLoad
	}
}
