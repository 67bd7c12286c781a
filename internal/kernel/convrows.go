package kernel

// rowsConv computes a convolution tile by tile, a row of a tile being a pixel.
// It serves the forward direction and, with reversed taps and transposed
// weights, the gradient with respect to the input.
type rowsConv struct {
	bands
	out          image
	groups       int
	ck, on       int // input channels and output columns per group
	transposed   bool
	weightO      int // outputs of the weight tensor
	panels       int // per group
	width        int // of all panels of a group
	phases       []phase
	sparse       bool // some phases have no taps, their outputs are zero
	packed       []float32
	bias         []float32 // [group][width]
	bufs         [][]float32
	y, x, w      []float32
	mode, end    int  // of the first and of the last block of the depth
	wantMoments  bool // by the call in progress
	stats        moments
	packJob, job func(worker, task int)
}

// phase is one combination of row and column families.
type phase struct {
	h, w   span
	kw     int   // kernel width, for weight addresses
	rows   int   // rows per image in a full task
	arow   []int // buffer offset of each pixel of a full task
	crow   []int // output offset of each pixel of a full task
	step   []int // offsets along the depth
	packed int   // start of the packed weights
}

func newRowsConv(in, out image, hs, ws []span, kw, groups int, transposed bool) *rowsConv {
	e := &rowsConv{out: out, groups: groups, ck: in.c / groups, on: out.c / groups, transposed: transposed}
	e.weightO = out.c
	if transposed {
		e.weightO = in.c
	}
	e.panels, e.width = panels(e.on)
	rows, cols := 0, 0
	for _, h := range hs {
		rows = max(rows, h.count)
	}
	for _, w := range ws {
		cols = max(cols, w.count)
	}
	e.bands = newBands(in, hs, ws, rows, cols)
	size := 0
	for _, h := range hs {
		for _, w := range ws {
			p := e.newPhase(h, w, kw)
			p.packed = size
			size += groups * e.width * len(p.step)
			e.sparse = e.sparse || len(p.step) == 0
			e.phases = append(e.phases, p)
		}
	}
	e.packed = make([]float32, size)
	e.bias = make([]float32, groups*e.width)
	e.packJob, e.job = e.pack, e.run
	return e
}

func (e *rowsConv) newPhase(h, w span, kw int) phase {
	p := phase{h: h, w: w, kw: kw, rows: min(e.rows, h.count)}
	if len(h.taps) == 0 || len(w.taps) == 0 {
		p.h.taps, p.w.taps = nil, nil
	}
	p.step = e.offsets(len(p.h.taps), len(p.w.taps), e.ck)
	for n := range e.images {
		for r := range p.rows {
			for q := range w.count {
				a := n*e.imagePitch + (h.start-e.top+r*h.inStep)*e.rowPitch + (w.start-e.left+q*w.inStep)*e.in.c
				c := ((n*e.out.h+h.out0+r*h.outStep)*e.out.w + w.out0 + q*w.outStep) * e.out.c
				p.arow = append(p.arow, a)
				p.crow = append(p.crow, c)
			}
		}
	}
	return p
}

// call runs the convolution; bias may be nil. With add the result is added to y.
func (e *rowsConv) call(y, x, w, bias []float32, add bool, ep Epilogue) {
	e.y, e.x, e.w = y, x, w
	e.mode, e.end = 0, 0
	if add {
		e.mode = tileLoad
	}
	if ep.ReLU {
		e.end = tileReLU
	}
	e.wantMoments = ep.moments()
	if e.wantMoments {
		e.stats.start(e.tasks, e.out.c)
	}
	if bias != nil {
		e.mode |= tileBias
		for g := range e.groups {
			copy(e.bias[g*e.width:][:e.on], bias[g*e.on:])
		}
	}
	for len(e.bufs) < maxWorkers() {
		e.bufs = append(e.bufs, nil)
	}
	parallel(len(e.phases)*e.groups*e.panels, e.packJob)
	parallel(e.tasks, e.job)
	if e.wantMoments {
		e.stats.finish(ep.Mean, ep.Variance)
	}
	e.y, e.x, e.w = nil, nil, nil
}

// pack packs one panel of weights of one group and phase.
func (e *rowsConv) pack(_, task int) {
	pn := task % e.panels
	g := task / e.panels % e.groups
	p := &e.phases[task/e.panels/e.groups]
	n0 := pn * tileN
	nc := min(tileN, e.on-n0)
	width := tileWidth(nc)
	dst := e.packed[p.packed+(g*e.width+n0)*len(p.step):]
	for _, kh := range p.h.taps {
		for _, kw := range p.w.taps {
			tap := kh*p.kw + kw
			if e.transposed {
				// Columns are input channels of the layer, depth its outputs.
				src := e.w[(tap*e.on+n0)*e.weightO+g*e.ck:]
				packTransposed(dst, src, e.weightO, nc, width, e.ck)
			} else {
				packStraight(dst, 0, e.w[tap*e.ck*e.weightO+g*e.on+n0:], e.weightO, nc, width, e.ck)
			}
			dst = dst[e.ck*width:]
		}
	}
}

// run computes one band of the output.
func (e *rowsConv) run(worker, task int) {
	n0, n1, row := e.task(task)
	a := e.load(&e.bufs[worker], e.x, task)
	if e.sparse && e.mode&tileLoad == 0 {
		e.clear(n0, n1, row)
	}
	for i := range e.phases {
		p := &e.phases[i]
		rows := min(p.rows, p.h.count-row)
		if rows <= 0 || p.w.count == 0 || len(p.step) == 0 {
			continue
		}
		y := e.y[(n0*e.out.h+row*p.h.outStep)*e.out.w*e.out.c:]
		pixels := (n1 - n0) * rows * p.w.count
		e.tiles(p, y, a, pixels)
		if e.wantMoments {
			// In the forward direction the one phase covers all pixels.
			e.stats.add(task, y[:pixels*e.out.c])
		}
	}
}

// clear zeroes the outputs of a task.
func (e *rowsConv) clear(n0, n1, row int) {
	size := e.out.w * e.out.c
	first, last := n0*e.out.h, n1*e.out.h
	if e.perImage > 1 {
		step := e.phases[0].h.outStep
		first, last = first+row*step, min(last, first+(row+e.rows)*step)
	}
	clear(e.y[first*size : last*size])
}

// tiles computes the first pixels outputs of a phase.
func (e *rowsConv) tiles(p *phase, y, a []float32, pixels int) {
	depth := len(p.step)
	blocks := (depth + depthBlock - 1) / depthBlock
	t := tile{crow: p.crow[:pixels], arow: p.arow[:pixels]}
	for g := range e.groups {
		t.a = a[g*e.ck:]
		for blk := range blocks {
			lo, hi := depth*blk/blocks, depth*(blk+1)/blocks
			t.step = p.step[lo:hi]
			t.mode = tileLoad
			if blk == 0 {
				t.mode = e.mode
			}
			if blk == blocks-1 {
				t.mode |= e.end
			}
			for pn := range e.panels {
				col := pn * tileN
				t.cols = min(tileN, e.on-col)
				t.ldb = tileWidth(t.cols)
				t.b = e.packed[p.packed+(g*e.width+col)*depth+lo*t.ldb:]
				t.bias = e.bias[g*e.width+col:]
				t.c = y[g*e.on+col:]
				t.run()
			}
		}
	}
}
