package kernel

const (
	weightDepth  = 256     // pixels per call of the tile: a 16 KB panel of dy
	weightChunks = 16      // most partial sums of one weight gradient
	weightFloats = 8 << 20 // most elements over all partial sums, where possible
)

// weightsConv computes the gradient with respect to the weights with the
// columns tile: for every kernel row, input run [pixels, run] transposed times
// dy [pixels, O]. Bands are shared out over a fixed number of chunks, each
// with its own partial sum.
type weightsConv struct {
	bands
	out     image
	groups  int
	ck, on  int
	panels  int // per group
	cols    int // output width
	arow    []int
	seg     []int
	run     int
	chunks  int
	part    []float32 // chunks-1 partial sums; chunk 0 works in dw itself
	ws      []weightsWorker
	dw      []float32
	x, dy   []float32
	job     func(worker, chunk int)
	sumJob  func(worker, task int)
	sumStep int
}

type weightsWorker struct {
	tile tileScratch
	buf  []float32
	dy   []float32 // [group][panel][pixel][16]
}

func newWeightsConv(s ConvShape) *weightsConv {
	hs := forwardSpans(s.H, s.KH, s.StrideH, s.PadH)
	ws := forwardSpans(s.W, s.KW, s.StrideW, s.PadW)
	e := &weightsConv{groups: s.Groups, ck: s.C / s.Groups, on: s.O / s.Groups}
	e.out = image{s.N, s.OutH(), s.OutW(), s.O}
	e.cols = e.out.w
	e.panels = (e.on + tileN - 1) / tileN
	e.bands = newBands(image{s.N, s.H, s.W, s.C}, hs, ws, e.out.h, e.out.w)
	e.seg, e.run = segments(s.KH, s.KW, e.rowPitch, s.C, e.ck)
	if e.direct && e.run < tileM {
		// A tile reads six values, which in place could pass the end of x.
		e.buffer()
		e.seg, e.run = segments(s.KH, s.KW, e.rowPitch, s.C, e.ck)
	}
	for n := range e.images {
		for r := range e.rows {
			for q := range e.out.w {
				e.arow = append(e.arow, n*e.imagePitch+r*s.StrideH*e.rowPitch+q*s.StrideW*s.C)
			}
		}
	}
	size := len(e.seg) * e.run * s.O
	e.chunks = max(1, min(weightChunks, e.tasks, max(4, weightFloats/max(size, 1))))
	e.job, e.sumJob = e.chunk, e.sum
	return e
}

func (e *weightsConv) call(dw, x, dy []float32) {
	size := len(e.seg) * e.run * e.out.c
	e.dw, e.x, e.dy = dw[:size], x, dy
	for len(e.ws) < maxWorkers() {
		e.ws = append(e.ws, weightsWorker{})
	}
	if e.part == nil {
		e.part = make([]float32, (e.chunks-1)*size)
	}
	if e.tasks == 0 || len(e.arow) == 0 {
		clear(e.dw)
	} else {
		parallel(e.chunks, e.job)
		e.sumStep = 4096
		if e.chunks > 1 {
			parallel((size+e.sumStep-1)/e.sumStep, e.sumJob)
		}
	}
	e.dw, e.x, e.dy = nil, nil, nil
}

// sum adds the partial sums of one range of weights in chunk order.
func (e *weightsConv) sum(_, task int) {
	lo := task * e.sumStep
	hi := min(lo+e.sumStep, len(e.dw))
	for c := range e.chunks - 1 {
		addSlice(e.dw[lo:hi], e.dw[lo:hi], e.part[c*len(e.dw):][lo:hi])
	}
}

// chunk accumulates every band of one chunk.
func (e *weightsConv) chunk(worker, chunk int) {
	w := &e.ws[worker]
	dst := e.dw
	if chunk > 0 {
		dst = e.part[(chunk-1)*len(e.dw):][:len(e.dw)]
	}
	mode := startZero
	for t := e.tasks * chunk / e.chunks; t < e.tasks*(chunk+1)/e.chunks; t++ {
		n0, n1, row := e.task(t)
		a := e.load(&w.buf, e.x, t)
		pixels := (n1 - n0) * min(e.rows, e.out.h-row) * e.cols
		e.packDY(w, e.dy[(n0*e.out.h+row)*e.cols*e.out.c:], pixels)
		for lo := 0; lo < pixels; lo += weightDepth {
			hi := min(lo+weightDepth, pixels)
			for g := range e.groups {
				for pn := range e.panels {
					b := w.dy[((g*e.panels+pn)*len(e.arow)+lo)*tileN:]
					e.panel(w, dst[g*e.on+pn*tileN:], a[g*e.ck:], e.arow[lo:hi], b, min(tileN, e.on-pn*tileN), mode)
				}
			}
			mode = startLoad
		}
	}
}

// packDY packs dy of one band into panels of sixteen outputs.
func (e *weightsConv) packDY(w *weightsWorker, dy []float32, pixels int) {
	if w.dy == nil {
		w.dy = make([]float32, e.groups*e.panels*len(e.arow)*tileN)
	}
	for g := range e.groups {
		for pn := range e.panels {
			dst := w.dy[(g*e.panels+pn)*len(e.arow)*tileN:]
			packStraight(dst, dy[g*e.on+pn*tileN:], e.out.c, min(tileN, e.on-pn*tileN), pixels)
		}
	}
}

// panel accumulates nc columns of dst, all kernel rows, over the given pixels.
func (e *weightsConv) panel(w *weightsWorker, dst, a []float32, arow []int, b []float32, nc, mode int) {
	ldc := e.out.c
	for s, off := range e.seg {
		for i := 0; i < e.run; i += tileM {
			i0, skip := i, 0
			if i+tileM > e.run && e.run >= tileM {
				// Step back so that the last tile stays inside the run, and
				// store only the rows not done yet.
				i0 = e.run - tileM
				skip = i - i0
			}
			hi := min(tileM, e.run-i0)
			c := dst[(s*e.run+i0)*ldc:]
			if nc == tileN && skip == 0 && hi == tileM {
				tileCols(c, ldc, a[off+i0:], arow, b, mode)
				continue
			}
			w.tile.colsEdge(skip, hi, nc, c, ldc, a[off+i0:], arow, b, mode)
		}
	}
}
