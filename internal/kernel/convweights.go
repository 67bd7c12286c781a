package kernel

const (
	weightDepth  = 128     // pixels per call of the tile: its dy and input stay in L1
	inPlacePitch = 32      // dy of at most so many outputs is read in place
	weightChunks = 16      // most partial sums of one weight gradient
	weightFloats = 8 << 20 // most elements over all partial sums, where possible
	sumStep      = 4096    // weights per task that adds them
)

// weightsConv computes the gradient with respect to the weights: the input
// values that a weight meets, transposed, times dy. Bands are shared out over a
// fixed number of chunks, each with its own partial sum.
type weightsConv struct {
	bands
	out        image
	groups     int
	ck, on     int
	panels     int   // per group
	width      int   // of all panels of a group
	pixel      []int // buffer offset of each pixel of a full task
	arow, crow []int // offsets of each weight of one output, in the buffer and in dw
	chunks     int
	part       []float32 // chunks-1 partial sums; chunk 0 works in dw itself
	ws         []weightsWorker
	dw         []float32
	x, dy      []float32
	job        func(worker, chunk int)
	sumJob     func(worker, task int)
}

type weightsWorker struct {
	buf []float32
	dy  []float32 // [group][panel][pixel][16], but for panels read in place
	_   [64]byte
}

func newWeightsConv(s ConvShape) *weightsConv {
	hs := forwardSpans(s.H, s.KH, s.StrideH, s.PadH)
	ws := forwardSpans(s.W, s.KW, s.StrideW, s.PadW)
	e := &weightsConv{groups: s.Groups, ck: s.C / s.Groups, on: s.O / s.Groups}
	e.out = image{s.N, s.OutH(), s.OutW(), s.O}
	e.panels, e.width = panels(e.on)
	e.bands = newBands(image{s.N, s.H, s.W, s.C}, hs, ws, e.out.h, e.out.w)
	for n := range e.images {
		for r := range e.rows {
			for q := range e.out.w {
				e.pixel = append(e.pixel, n*e.imagePitch+r*s.StrideH*e.rowPitch+q*s.StrideW*s.C)
			}
		}
	}
	e.arow = e.offsets(s.KH, s.KW, e.ck)
	for i := range e.arow {
		e.crow = append(e.crow, i*s.O)
	}
	size := len(e.arow) * s.O
	e.chunks = max(1, min(weightChunks, e.tasks, max(4, weightFloats/max(size, 1))))
	e.job, e.sumJob = e.chunk, e.sum
	return e
}

func (e *weightsConv) call(dw, x, dy []float32) {
	size := len(e.arow) * e.out.c
	e.dw, e.x, e.dy = dw[:size], x, dy
	for len(e.ws) < maxWorkers() {
		e.ws = append(e.ws, weightsWorker{})
	}
	if e.part == nil {
		e.part = make([]float32, (e.chunks-1)*size)
	}
	if e.tasks == 0 || len(e.pixel) == 0 {
		clear(e.dw)
	} else {
		parallel(e.chunks, e.job)
		if e.chunks > 1 {
			parallel((size+sumStep-1)/sumStep, e.sumJob)
		}
	}
	e.dw, e.x, e.dy = nil, nil, nil
}

// sum adds the partial sums of one range of weights in chunk order.
func (e *weightsConv) sum(_, task int) {
	lo := task * sumStep
	hi := min(lo+sumStep, len(e.dw))
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
	t := tile{crow: e.crow, arow: e.arow}
	for task := e.tasks * chunk / e.chunks; task < e.tasks*(chunk+1)/e.chunks; task++ {
		n0, n1, row := e.task(task)
		a := e.load(&w.buf, e.x, task)
		pixels := (n1 - n0) * min(e.rows, e.out.h-row) * e.out.w
		dy := e.dy[(n0*e.out.h+row)*e.out.w*e.out.c:]
		e.packDY(w, dy, pixels)
		blocks := (pixels + weightDepth - 1) / weightDepth
		for block := range blocks {
			lo := pixels * block / blocks
			t.step = e.pixel[lo : pixels*(block+1)/blocks]
			for g := range e.groups {
				t.a = a[g*e.ck:]
				for pn := range e.panels {
					col := pn * tileN
					t.cols = min(tileN, e.on-col)
					if t.cols == tileN && e.out.c <= inPlacePitch {
						t.ldb = e.out.c
						t.b = dy[lo*t.ldb+g*e.on+col:]
					} else {
						t.ldb = tileWidth(t.cols)
						t.b = w.dy[(g*e.width+col)*len(e.pixel)+lo*t.ldb:]
					}
					t.c = dst[g*e.on+col:]
					t.run()
				}
			}
			t.mode = tileLoad
		}
	}
}

// packDY packs dy of one band into panels, but for what is read in place.
func (e *weightsConv) packDY(w *weightsWorker, dy []float32, pixels int) {
	if w.dy == nil {
		w.dy = make([]float32, e.groups*e.width*len(e.pixel))
	}
	for g := range e.groups {
		dst, src := w.dy[g*e.width*len(e.pixel):], dy[g*e.on:]
		full := e.on &^ (tileN - 1)
		if full > 0 && e.out.c > inPlacePitch {
			packStraight(dst, len(e.pixel)*tileN, src, e.out.c, full, tileN, pixels)
		}
		if n := e.on - full; n > 0 {
			packStraight(dst[full*len(e.pixel):], 0, src[full:], e.out.c, n, tileWidth(n), pixels)
		}
	}
}
