package kernel

const (
	rowLeast  = 1024    // least rows of a product that reads them in place
	rowLargeB = 1 << 17 // most values of B: it stays in L2
	rowBlock  = 8       // row tiles of a block: its rows stay in L1 or next to it
)

// rowProduct is a plan for C = A·op(B) with A [m,k] of many rows and B small
// enough to stay in L2. Tiles read the rows in place, a block after another, and
// fetch those of the next block meanwhile.
type rowProduct struct {
	m, n, k    int
	tiles      int
	bounds     []int // first tile of each task, and the end
	arow, crow []int // rows of A and C in one block
	step       []int
	aheadStep  int
	g          *Gemm // the call in progress
	task       func(worker, task int)
}

// rowsPay tells whether a product of this size reads its rows in place.
func rowsPay(m, n, k int) bool {
	return m >= rowLeast && k > 0 && k <= gemmWhole && n > 0 && n*k <= rowLargeB
}

func newRowProduct(m, n, k int) *rowProduct {
	r := &rowProduct{m: m, n: n, k: k, tiles: (m + tileM - 1) / tileM}
	for i := range min(m, rowBlock*tileM) {
		r.arow = append(r.arow, i*k)
		r.crow = append(r.crow, i*n)
	}
	for t := range k {
		r.step = append(r.step, t)
	}
	// A tile looks ahead every four steps; a block has as many tiles as fill it for
	// each panel of B.
	if looks := (n + tileN - 1) / tileN * rowBlock * (k / 4); looks > 0 {
		r.aheadStep = (4*k*tileM*rowBlock + looks - 1) / looks
	}
	r.bounds = taskBounds(r.tiles, rowBlock, Threads())
	r.task = r.rows
	return r
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

// run computes the product of g, whose B is packed.
func (r *rowProduct) run(g *Gemm) {
	r.g = g
	parallel(len(r.bounds)-1, r.task)
	r.g = nil
}

// rows computes the rows of a task.
func (r *rowProduct) rows(_, task int) {
	g := r.g
	t := tile{step: r.step, mode: g.mode | g.end, aheadStep: r.aheadStep}
	for t0 := r.bounds[task]; t0 < r.bounds[task+1]; t0 += rowBlock {
		t1 := min(t0+rowBlock, r.bounds[task+1])
		i0, i1 := t0*tileM, min(t1*tileM, r.m)
		t.arow, t.crow = r.arow[:i1-i0], r.crow[:i1-i0]
		t.a = g.a[i0*r.k:]
		next := min(i1*r.k, len(g.a)-1)
		ahead := (t1 - t0) * (r.k / 4) * r.aheadStep / 4
		for p := range g.panelsB.panels {
			j := p * tileN
			t.c = g.c[i0*r.n+j:]
			if g.other != nil {
				t.other = g.other[i0*r.n+j:]
			}
			t.bias = g.bias[j:]
			t.b = g.panelsB.panel(0, p)
			t.cols = min(tileN, r.n-j)
			t.ldb = tileWidth(t.cols)
			t.ahead = g.a[min(next+p*ahead, len(g.a)-1):]
			t.run()
		}
	}
}
