package kernel

// rowsConv computes a convolution with the rows tile. It serves the forward
// direction and, with reversed taps and transposed weights, the gradient with
// respect to the input.
type rowsConv struct {
	bands
	out          image
	groups       int
	ck, on       int // input channels and output columns per group
	transposed   bool
	weightO      int // outputs of the weight tensor
	panels       int // per group
	phases       []phase
	packed       []float32
	bias         []float32 // [group][panel·16]
	ws           []rowsWorker
	y, x, w      []float32
	mode         int
	packJob, job func(worker, task int)
}

// phase is one combination of row and column families.
type phase struct {
	h, w   span
	kw     int   // kernel width, for weight addresses
	rows   int   // rows per image in a full task
	arow   []int // buffer offset of each pixel of a full task
	crow   []int // output offset of each pixel of a full task
	seg    []int
	run    int
	depth  int // len(seg)·run
	packed int // start of the packed weights
	blocks []depthRange
}

// depthRange is one block of the depth: nseg segments from seg[first], of
// which run elements from skip on are used.
type depthRange struct {
	seg   []int
	run   int
	start int // position in the packed panel
}

type rowsWorker struct {
	tile tileScratch
	buf  []float32
	edge [2 * tileM]int
}

func newRowsConv(in, out image, hs, ws []span, kw, groups int, transposed bool) *rowsConv {
	e := &rowsConv{out: out, groups: groups, ck: in.c / groups, on: out.c / groups, transposed: transposed}
	e.weightO = out.c
	if transposed {
		e.weightO = in.c
	}
	e.panels = (e.on + tileN - 1) / tileN
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
			size += groups * e.panels * p.depth * tileN
			e.phases = append(e.phases, p)
		}
	}
	e.packed = make([]float32, size)
	e.bias = make([]float32, groups*e.panels*tileN)
	e.packJob, e.job = e.pack, e.run
	return e
}

func (e *rowsConv) newPhase(h, w span, kw int) phase {
	p := phase{h: h, w: w, kw: kw, rows: min(e.rows, h.count)}
	if len(h.taps) == 0 || len(w.taps) == 0 {
		p.h.taps, p.w.taps = nil, nil
	} else {
		p.seg, p.run = segments(len(h.taps), len(w.taps), e.rowPitch, e.in.c, e.ck)
	}
	p.depth = len(p.seg) * p.run
	p.blocks = splitDepth(p.seg, p.run)
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

// splitDepth cuts the depth into blocks whose panel of weights stays in L1.
func splitDepth(seg []int, run int) []depthRange {
	var out []depthRange
	if run > depthBlock {
		parts := (run + depthBlock - 1) / depthBlock
		for i, s := range seg {
			for p := range parts {
				lo, hi := run*p/parts, run*(p+1)/parts
				out = append(out, depthRange{seg: []int{s + lo}, run: hi - lo, start: i*run + lo})
			}
		}
		return out
	}
	if run == 0 {
		return nil
	}
	step := depthBlock / run
	for i := 0; i < len(seg); i += step {
		out = append(out, depthRange{seg: seg[i:min(i+step, len(seg))], run: run, start: i * run})
	}
	return out
}

// call runs the convolution; bias may be nil.
func (e *rowsConv) call(y, x, w, bias []float32) {
	e.y, e.x, e.w = y, x, w
	e.mode = startZero
	if bias != nil {
		e.mode = startBias
		for g := range e.groups {
			copy(e.bias[g*e.panels*tileN:][:e.on], bias[g*e.on:])
		}
	}
	for len(e.ws) < maxWorkers() {
		e.ws = append(e.ws, rowsWorker{})
	}
	parallel(len(e.phases)*e.groups*e.panels, e.packJob)
	parallel(e.tasks, e.job)
	e.y, e.x, e.w = nil, nil, nil
}

// pack packs one panel of weights of one group and phase.
func (e *rowsConv) pack(_, task int) {
	pn := task % e.panels
	g := task / e.panels % e.groups
	p := &e.phases[task/e.panels/e.groups]
	dst := e.packed[p.packed+(g*e.panels+pn)*p.depth*tileN:]
	n0 := pn * tileN
	nc := min(tileN, e.on-n0)
	for _, kh := range p.h.taps {
		for _, kw := range p.w.taps {
			tap := kh*p.kw + kw
			if e.transposed {
				// Columns are input channels of the layer, depth its outputs.
				src := e.w[(tap*e.on+n0)*e.weightO+g*e.ck:]
				packTransposed(dst, src, e.weightO, nc, e.ck)
			} else {
				packStraight(dst, e.w[tap*e.ck*e.weightO+g*e.on+n0:], e.weightO, nc, e.ck)
			}
			dst = dst[e.ck*tileN:]
		}
	}
}

// run computes one band of the output.
func (e *rowsConv) run(worker, task int) {
	w := &e.ws[worker]
	n0, n1, row := e.task(task)
	a := e.load(&w.buf, e.x, task)
	for i := range e.phases {
		p := &e.phases[i]
		rows := min(p.rows, p.h.count-row)
		if rows <= 0 || p.w.count == 0 {
			continue
		}
		y := e.y[(n0*e.out.h+row*p.h.outStep)*e.out.w*e.out.c:]
		e.tiles(w, p, y, a, (n1-n0)*rows*p.w.count)
	}
}

// tiles computes the first pixels outputs of a phase.
func (e *rowsConv) tiles(w *rowsWorker, p *phase, y, a []float32, pixels int) {
	if p.depth == 0 {
		e.constant(p, y, pixels)
		return
	}
	for g := range e.groups {
		ag := a[g*e.ck:]
		mode := e.mode
		for _, blk := range p.blocks {
			for pn := range e.panels {
				b := e.packed[p.packed+((g*e.panels+pn)*p.depth+blk.start)*tileN:]
				bias := e.bias[(g*e.panels+pn)*tileN:]
				c := y[g*e.on+pn*tileN:]
				nc := min(tileN, e.on-pn*tileN)
				full := 0
				if nc == tileN {
					for ; full+tileM <= pixels; full += tileM {
						tileRows(c, p.crow[full:], ag, p.arow[full:], blk.seg, blk.run, b, bias, mode)
					}
				}
				for q := full; q < pixels; q += tileM {
					m := min(tileM, pixels-q)
					ar, cr := w.edge[:tileM], w.edge[tileM:]
					for i := range tileM {
						// Rows past the end repeat the last one that exists.
						ar[i], cr[i] = p.arow[min(q+i, pixels-1)], p.crow[min(q+i, pixels-1)]
					}
					w.tile.rowsEdge(m, nc, c, cr, ag, ar, blk.seg, blk.run, b, bias, mode)
				}
			}
			mode = startLoad
		}
	}
}

// constant fills outputs that no tap reaches.
func (e *rowsConv) constant(p *phase, y []float32, pixels int) {
	for _, off := range p.crow[:pixels] {
		row := y[off : off+e.out.c]
		clear(row)
		if e.mode == startBias {
			for g := range e.groups {
				copy(row[g*e.on:(g+1)*e.on], e.bias[g*e.panels*tileN:])
			}
		}
	}
}
