package gemm

import (
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

const (
	deepLeast  = 1024     // least depth of a product that is cut along it
	deepChunk  = 512      // least depth of a part
	deepTasks  = 8        // the depth is split until there are this many tasks
	deepDepth  = 128      // depth of a block: its panels stay in L2 beside the result
	deepGroup  = 8        // panels of B packed at a time
	deepTiles  = 86       // most row tiles of a task
	deepFloats = 72 << 10 // most values of the result in a task: they stay in L2
)

// deepProduct is a plan for C[m,n] = Aᵀ·B with A [k,m] and B [k,n] of a large
// depth, such as the gradient of weights over all positions of a batch. Tasks
// take parts of the depth, so that A and B are read and packed once, and C is
// the sum of the parts in their order. The split depends on the size only.
//
// With sums C has one row more: the sums of the columns of B, computed as the
// product with a column of ones in A.
type deepProduct struct {
	m, n, k  int
	rows     int // of C
	sums     bool
	tiles    int
	rowTasks int
	colTasks int
	chunks   int // of the depth
	pitch    packPitch

	arow, crow []int        // rows of A and C in one task
	step       []int        // depths of A in one block
	parts      vector.Parts // results of the chunks
	ws         []deepWorker

	a, b []float32 // operands of the call in progress
}

// packPitch is the distance of packed panels of A and of B. Half a cache line
// more than a power of two would leave the panels in the same places of the
// cache, hence a whole one.
type packPitch struct{ a, b int }

// deepWorker holds the packed panels of one worker.
type deepWorker struct {
	a, b []float32
	_    [64]byte
}

// deepPays reports whether a product should be cut along its depth.
func deepPays(k int) bool { return k >= deepLeast }

func newDeepProduct(m, n, k int, sums bool) *deepProduct {
	d := &deepProduct{m: m, n: n, k: k, rows: m, sums: sums}
	if sums {
		d.rows++
	}
	const line = 16
	d.pitch = packPitch{deepDepth*TileM + line, deepDepth*TileN + line}
	d.tiles = (d.rows + TileM - 1) / TileM
	d.split()
	d.chunks = max(1, min(deepTasks/(d.rowTasks*d.colTasks), k/deepChunk))
	for i := range min((d.tiles+d.rowTasks-1)/d.rowTasks*TileM, d.rows) {
		d.arow = append(d.arow, i/TileM*d.pitch.a+i%TileM)
		d.crow = append(d.crow, i*n)
	}
	for t := range deepDepth {
		d.step = append(d.step, t*TileM)
	}
	return d
}

// split chooses the blocks of the result: those that have the least packed. Every
// block of rows packs B, every block of columns A.
func (d *deepProduct) split() {
	panels, least := (d.n+TileN-1)/TileN, 0
	for tasks := max(1, (d.tiles+deepTiles-1)/deepTiles); tasks <= max(1, d.tiles); tasks++ {
		rows := (d.tiles + tasks - 1) / tasks * TileM
		most := max(1, deepFloats/max(rows, 1)/TileN)
		cols := max(1, (panels+most-1)/most)
		if packed := d.rows*cols + d.n*tasks; least == 0 || packed < least {
			least, d.rowTasks, d.colTasks = packed, tasks, cols
		}
	}
}

// run computes c [m,n], or [m+1,n] with sums.
func (d *deepProduct) run(c, a, b []float32) {
	d.a, d.b = a[:d.k*d.m], b[:d.k*d.n]
	d.parts.Begin(c[:d.rows*d.n], d.chunks)
	d.ws = parallel.PerWorker(d.ws)
	parallel.Each(d.chunks*d.rowTasks*d.colTasks, d, (*deepProduct).multiply)
	d.parts.End()
	d.a, d.b = nil, nil
}

// multiply computes a chunk of one block of C.
func (d *deepProduct) multiply(worker, task int) {
	blocks := d.rowTasks * d.colTasks
	chunk, rt, ct := task/blocks, task%blocks/d.colTasks, task%d.colTasks
	t0, t1 := d.tiles*rt/d.rowTasks, d.tiles*(rt+1)/d.rowTasks
	panels := (d.n + TileN - 1) / TileN
	p0, p1 := panels*ct/d.colTasks, panels*(ct+1)/d.colTasks
	i0, i1 := t0*TileM, min(t1*TileM, d.rows)
	c := d.parts.Part(chunk)
	w := &d.ws[worker]
	w.a = parallel.Grow(w.a, (len(d.arow)+TileM-1)/TileM*d.pitch.a)
	w.b = parallel.Grow(w.b, deepGroup*d.pitch.b)
	t := Tile{A: w.a, CRow: d.crow[:i1-i0], ARow: d.arow[:i1-i0]}
	end := d.k * (chunk + 1) / d.chunks
	for k0 := d.k * chunk / d.chunks; k0 < end; k0 += deepDepth {
		depth := min(deepDepth, end-k0)
		t.Step = d.step[:depth]
		next := k0 + depth
		if next == end {
			next = min(d.k, d.k*(chunk+parallel.Threads())/d.chunks) // likely the task after this one
		}
		d.packA(w.a, k0, depth, i0, i1)
		for p := p0; p < p1; p += deepGroup {
			last := min(p+deepGroup, p1)
			d.packB(w.b, k0, depth, p, last)
			for q := p; q < last; q++ {
				j := q * TileN
				t.B = w.b[(q-p)*d.pitch.b:]
				t.C = c[i0*d.n+j:]
				t.Columns(d.n - j)
				d.look(&t, k0, next, p0, p1, q)
				t.Run()
			}
		}
		t.Mode = TileLoad
	}
}

// look lets the tiles of panel q of block k0 fetch a part of the values that are
// packed next, which the panels of a group share out: the next group of B, after the
// last one the first group of block next, and a part of A in block next.
func (d *deepProduct) look(t *Tile, k0, next, p0, p1, q int) {
	const looks, line = deepDepth / 4, deepGroup * TileN
	t.ahead, t.aheadStep, t.aheadNext = nil, 0, 0
	tiles := (len(t.CRow) + TileM - 1) / TileM
	groups, group := (p1-p0+deepGroup-1)/deepGroup, (q-p0)/deepGroup
	run, runs := (q-p0)%deepGroup, min(deepGroup, p1-p0-group*deepGroup)
	col := (p0 + (group+1)*deepGroup) * TileN
	if group+1 == groups {
		k0, col = next, p0*TileN
	}
	rows := min(deepDepth, d.k-k0)
	if rows <= 0 {
		return
	}
	// The first forB panels of the group are for B. If the rows of B are longer than a
	// group, the panels lie apart, and every tile takes one of them; else every tile takes
	// the same number of values.
	apart := d.n > line
	sizeA := min(deepDepth, d.k-next) * d.m / groups
	forB := (rows + tiles - 1) / tiles
	if !apart {
		forB = (rows*d.n*runs + rows*d.n + sizeA - 1) / (rows*d.n + sizeA)
	}
	if run < forB && apart {
		if row := k0 + run*tiles; row < d.k {
			t.ahead = d.b[row*d.n+col:]
			t.aheadStep, t.aheadNext = 4*line/looks, 4*(d.n-line)
		}
		return
	}
	src, size, part := d.b[k0*d.n:], rows*d.n, forB
	if run >= forB {
		run, part = run-forB, runs-forB
		src, size = d.a[min(next*d.m+sizeA*group, len(d.a)-1):], sizeA
	}
	step := (4*size + part*tiles*looks - 1) / (part * tiles * looks)
	if at := run * tiles * looks * step / 4; at < len(src) {
		t.ahead, t.aheadStep = src[at:], step
	}
}

// packA packs rows [i0,i1) of C; the last one may be the row of the sums.
func (d *deepProduct) packA(dst []float32, k0, depth, i0, i1 int) {
	n := min(i1, d.m) - i0
	packColumns(dst, d.pitch.a, d.a[k0*d.m+i0:], d.m, n, TileM, TileM, depth)
	if i1 > d.m {
		dst = dst[n/TileM*d.pitch.a+n%TileM:]
		for t := range depth {
			dst[t*TileM] = 1
		}
	}
}

// packB packs panels [p0,p1).
func (d *deepProduct) packB(dst []float32, k0, depth, p0, p1 int) {
	n := min(p1*TileN, d.n) - p0*TileN
	packColumns(dst, d.pitch.b, d.b[k0*d.n+p0*TileN:], d.n, n, TileN, TileWidth(n%TileN), depth)
}

// WeightGrad is a plan for the gradients with respect to the parameters of a linear
// layer: xᵀ·dy for the weights, and the sums of the columns of dy for the bias.
type WeightGrad struct {
	rows, in, out int
	bias          bool
	deep          *deepProduct
	flat          *Product // where there are few rows

	skipX, skipDY *skipWeights // where x or dy may have many zeros; nil: no
}

// NewWeightGrad plans the gradients of weights [in,out] and, if there is a bias, of the
// bias, over the given number of rows of inputs.
func NewWeightGrad(rows, in, out int, bias bool) *WeightGrad {
	g := &WeightGrad{rows: rows, in: in, out: out, bias: bias}
	if deepPays(rows) {
		g.deep = newDeepProduct(in, out, rows, bias)
	} else {
		g.flat = New(in, out, rows, true, false)
	}
	return g
}

// SkipZeros lets the plan skip the zeros of x or of dy in calls where most values
// are zero, as Product.SkipZeros does.
func (g *WeightGrad) SkipZeros(x, dy bool) {
	if x && skipPays(g.rows, g.in, g.out) {
		g.skipX = newSkipWeights(g.rows, g.in, g.out)
	}
	if dy && skipPays(g.rows, g.out, g.in) {
		g.skipDY = newSkipWeights(g.rows, g.out, g.in)
	}
}

// Size is the number of values that Run stores.
func (g *WeightGrad) Size() int {
	if g.bias {
		return (g.in + 1) * g.out
	}
	return g.in * g.out
}

// Run stores the gradient of the weights, [in,out], in dst and the gradient of the
// bias, [out], behind it. x is [rows,in], dy [rows,out].
func (g *WeightGrad) Run(dst, x, dy []float32) {
	size := g.in * g.out
	switch {
	case g.skipX != nil && mostlyZero(x, g.rows, g.in):
		g.skipX.run(dst[:size], x, dy, nil, false)
	case g.skipDY != nil && mostlyZero(dy, g.rows, g.out):
		var sums []float32
		if g.bias {
			sums = dst[size:][:g.out]
		}
		g.skipDY.run(dst[:size], dy, x, sums, true)
		return
	case g.deep != nil:
		g.deep.run(dst, x, dy)
		return
	default:
		g.flat.Run(dst[:size], x, dy, nil, false, false)
	}
	if g.bias {
		vector.ColumnSums(dst[size:][:g.out], dy, g.rows, g.out)
	}
}
