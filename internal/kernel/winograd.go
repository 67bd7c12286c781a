package kernel

import "math"

// winogradConv computes 3×3 convolutions of stride one by Winograd's minimal
// filtering F(2×2, 3×3): with d the 4×4 pixels under a 2×2 tile of the output
// and g a filter,
//
//	Y = Aᵀ·[ Σ_c (G·g·Gᵀ) ⊙ (Bᵀ·d·B) ]·A
//
//	     1  0 −1  0          1  0  0
//	Bᵀ = 0  1  1  0    G  =  ½  ½  ½    Aᵀ = 1  1  1  0
//	     0 −1  1  0          ½ −½  ½         0  1 −1  1
//	     0 −1  0  1          0  0  1
//
// (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016; the
// last row of Bᵀ and column of Aᵀ have the opposite sign here). The sum over
// channels turns into sixteen matrix products, 16 multiplications a tile,
// channel and output instead of 36. Constants are 1 and ½ only, so errors are
// those of the direct method. An infinite input makes all outputs of the tiles
// it reaches NaN.
//
// It serves the forward direction and, with reversed taps and transposed
// weights, the gradient with respect to the input.
type winogradConv struct {
	winogradGrid
	transposed bool
	panels     int
	ldv, ldm   int // row distances of transformed inputs and products
	pitch      int // distance of the matrices of either
	u          []float32
	bias       []float32
	ws         []winogradWorker
	y, x, w    []float32
	floor      float32
	add        bool
	moments    *moments // nil: none
	stats      moments
	packJob    func(worker, panel int)
	job        func(worker, task int)
}

type winogradWorker struct {
	// vm holds the products of a block right before its transformed inputs:
	// product k takes the place of input k-1, which is no longer needed.
	vm     []float32
	filter []float32 // nine taps of filterRows × 16 weights
	edge   []float32 // outputs of a tile that sticks out
	row    []float32 // a row of outputs that does not exist
}

const (
	// winogradBlock is the number of tiles of a block. Twelve keep the transforms
	// of 16 channels in L1 and are enough to use a panel of weights twice.
	winogradBlock = 2 * tileM
	// filterRows is the number of weight rows transformed at a time.
	filterRows = 16
)

// newWinogradConv plans a convolution of in, padded with padH rows and padW
// columns of zeros on every side, to out. With transposed the weights are those
// of the opposite direction. There must be at least four input channels.
func newWinogradConv(in, out image, padH, padW int, transposed bool) *winogradConv {
	e := &winogradConv{transposed: transposed}
	e.panels = (out.c + tileN - 1) / tileN
	e.ldv, e.ldm = eightFold(in.c), e.panels*tileN
	ld := max(e.ldv, e.ldm)
	e.winogradGrid = newWinogradGrid(in, out, padH, padW, winogradBlock)
	e.pitch = winogradPitch(winogradBlock * ld)
	e.u = make([]float32, 16*e.panels*tileN*in.c)
	e.bias = make([]float32, e.panels*tileN)
	e.packJob, e.job = e.pack, e.run
	return e
}

// call runs the convolution; bias may be nil. With add, which excludes the
// epilogue, the result is added to y.
func (e *winogradConv) call(y, x, w, bias []float32, ep Epilogue, add bool) {
	e.y, e.x, e.w = y, x, w
	e.floor, e.add = float32(math.Inf(-1)), add
	if ep.ReLU {
		e.floor = 0
	}
	clear(e.bias)
	copy(e.bias, bias)
	e.moments = nil
	if ep.Mean != nil {
		e.moments = &e.stats
		e.moments.start(e.tasks, e.out.c)
	}
	for len(e.ws) < maxWorkers() {
		e.ws = append(e.ws, winogradWorker{})
	}
	parallel(e.panels, e.packJob)
	parallel(e.tasks, e.job)
	if e.moments != nil {
		e.moments.finish(ep.Mean, ep.Variance)
	}
	e.y, e.x, e.w = nil, nil, nil
}

// pack transforms the weights of sixteen output channels.
func (e *winogradConv) pack(worker, panel int) {
	n0 := panel * tileN
	nc := min(tileN, e.out.c-n0)
	pitch := e.panels * tileN * e.in.c
	u := e.u[panel*tileN*e.in.c:]
	tap := e.in.c * e.out.c
	if nc == tileN && !e.transposed {
		winogradFilter(u, pitch, e.w, n0, tap, e.out.c, e.in.c)
		return
	}
	w := &e.ws[worker]
	if w.filter == nil {
		w.filter = make([]float32, 9*filterRows*tileN)
	}
	const size = filterRows * tileN
	for k := 0; k < e.in.c; k += filterRows {
		kc := min(filterRows, e.in.c-k)
		for t := range 9 {
			if e.transposed {
				// Columns are input channels of the layer, rows its outputs.
				transpose(w.filter[(8-t)*size:], tileN, e.w[t*tap+n0*e.in.c+k:], e.in.c, nc, kc)
			} else {
				packStraight(w.filter[t*size:], 0, e.w[t*tap+k*e.out.c+n0:], e.out.c, nc, tileN, kc)
			}
		}
		winogradFilter(u[k*tileN:], pitch, w.filter, 0, size, tileN, kc)
	}
}

// run computes one task.
func (e *winogradConv) run(worker, task int) {
	w := &e.ws[worker]
	if w.vm == nil {
		w.vm = make([]float32, 17*e.pitch)
		w.edge = make([]float32, 4*e.out.c)
		w.row = make([]float32, 2*e.width*e.out.c)
	}
	first, last := e.task(task)
	for lo := first; lo < last; lo += e.block {
		hi := min(lo+e.block, last)
		v := w.vm[e.pitch:]
		e.input(v, e.pitch, e.ldv, e.x, lo, hi)
		next := [2][]float32{e.ahead(e.y, e.out, lo, hi), e.ahead(e.x, e.in, lo, hi)}
		winogradProducts(w.vm, v, e.u, e.pitch, e.ldm, e.ldv, e.out.c, e.in.c, sixFold(hi-lo)/tileM, &next)
		m := w.vm
		for t := lo; t < hi; {
			n := min(e.width-t%e.width, hi-t)
			e.output(w, m, t, n)
			m = m[n*e.ldm:]
			t += n
		}
	}
	if e.moments != nil {
		e.moments.add(task, e.y[e.pixels(first)*e.out.c:e.pixels(last)*e.out.c])
	}
}

// output transforms tiles of one tile row, the given one and those beside it.
func (e *winogradConv) output(w *winogradWorker, m []float32, tile, tiles int) {
	n, top, col := e.place(tile)
	c := e.out.c
	y0 := e.y[((n*e.out.h+top)*e.out.w+2*col)*c:]
	y1 := w.row // of a tile row of which only the first pixel row exists
	if top+1 < e.out.h {
		y1 = y0[e.out.w*c:]
	}
	full := min(tiles, e.out.w/2-col) // tiles with both columns
	if full > 0 {
		winogradOutput(y0, y1, c, m, e.pitch, e.ldm, full, e.bias, e.floor, e.add)
	}
	if full == tiles {
		return
	}
	// The second column of the last tile does not exist: it goes by way of a
	// buffer.
	y0, y1 = y0[2*full*c:][:c], y1[2*full*c:][:c]
	b0, b1 := w.edge[:2*c], w.edge[2*c:]
	if e.add {
		copy(b0, y0)
		copy(b1, y1)
	}
	winogradOutput(b0, b1, c, m[full*e.ldm:], e.pitch, e.ldm, 1, e.bias, e.floor, e.add)
	copy(y0, b0)
	copy(y1, b1)
}
