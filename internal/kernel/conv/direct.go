package conv

import (
	"cmp"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

// Tasks of a convolution cover about bandPixels output pixels, enough that a
// panel of weights is reused while the input band stays in L2.
const (
	bandPixels = 256
	bandRows   = 4 // least rows per band, so that halos stay a small share
	// inferenceRows is bandRows where an image alone is shared out.
	inferenceRows = 2
	depthBlock    = 384 // depth of a block of weights: 24 KB of panel in L1
)

// image is the geometry of one tensor of a convolution.
type image struct{ n, h, w, c int }

// bands cuts a convolution into tasks: whole images, perImage > 0 at a time,
// or bands of rows of one image. Each task reads its input through a buffer
// that holds the padding as zeros, so that all taps of a pixel sit at fixed
// offsets; an input without padding is read in place.
type bands struct {
	in         image
	top, left  int // input position of the first row of band 0 and first column
	inStep     int // input rows per band row
	rows       int // output rows per task and image
	images     int // images per task
	perImage   int // tasks per image, 1 when images > 1
	tasks      int
	direct     bool
	bufH, bufW int // buffer size in rows and pixels
	rowPitch   int // elements per row of the buffer, or of the input in place
	tapH, tapW int // input rows and columns between taps
	imagePitch int
}

// newBands plans tasks for outputs of total rows × cols pixels per image, read
// through the given spans: about as many pixels as given, and not fewer rows, in each.
func newBands(in image, hs, ws []span, rows, cols, pixels, least int) bands {
	b := bands{in: in, inStep: hs[0].inStep, tapH: hs[0].tapStep, tapW: ws[0].tapStep}
	b.rows, b.images, b.perImage = rows, 1, 1
	if rows*cols <= pixels {
		b.images = max(1, min(pixels/max(rows*cols, 1), in.n))
	} else {
		b.rows = min(rows, max(least, pixels/cols))
		b.perImage = (rows + b.rows - 1) / b.rows
	}
	b.tasks = (in.n + b.images - 1) / b.images * b.perImage
	_, allH := bounds(hs, rows)
	b.top, b.bufH = bounds(hs, b.rows)
	b.left, b.bufW = bounds(ws, cols)
	b.rowPitch, b.imagePitch = b.bufW*in.c, b.bufH*b.bufW*in.c
	b.direct = b.top >= 0 && b.left >= 0 && b.top+allH <= in.h && b.left+b.bufW <= in.w
	if b.direct {
		b.top, b.left = 0, 0
		b.rowPitch, b.imagePitch = in.w*in.c, in.h*in.w*in.c
	}
	return b
}

// task returns the images [n0,n1) of a task and its first row.
func (b *bands) task(t int) (n0, n1, row int) {
	n0 = t / b.perImage * b.images
	return n0, min(n0+b.images, b.in.n), t % b.perImage * b.rows
}

// load returns the input of a task, starting at its first row. The columns of
// padding in buf are zero from its allocation and never written.
func (b *bands) load(buf *[]float32, x []float32, t int) []float32 {
	n0, n1, row := b.task(t)
	if b.direct {
		return x[n0*b.imagePitch+row*b.inStep*b.rowPitch:]
	}
	*buf = parallel.Grow(*buf, b.images*b.imagePitch)
	dst, c := *buf, b.in.c
	lo := max(0, -b.left)            // first buffer column inside the input
	hi := min(b.bufW, b.in.w-b.left) // end of the columns inside
	for n := n0; n < n1; n++ {
		for r := range b.bufH {
			d := dst[(n-n0)*b.imagePitch+r*b.rowPitch:][:b.rowPitch]
			y := row*b.inStep + b.top + r
			if y < 0 || y >= b.in.h || hi <= lo {
				clear(d)
				continue
			}
			copy(d[lo*c:hi*c], x[((n*b.in.h+y)*b.in.w+b.left+lo)*c:])
		}
	}
	return dst
}

// offsets lists where one output pixel reads its input, from its first row and
// column: taps kernel rows of cols pixels of ck channels.
func (b *bands) offsets(taps, cols, ck int) []int {
	var out []int
	for r := range taps {
		for q := range cols {
			for i := range ck {
				out = append(out, r*b.tapH*b.rowPitch+q*b.tapW*b.in.c+i)
			}
		}
	}
	return out
}

// span is one family of outputs along one axis: output i of count sits at
// position out0 + i·outStep and reads inputs start + i·inStep + j·tapStep through
// kernel index taps[j].
type span struct {
	start, count  int
	out0, outStep int
	inStep        int
	tapStep       int
	taps          []int
}

// forwardSpans describes the forward direction: a single family.
func forwardSpans(a axis) []span {
	taps := make([]int, a.k)
	for j := range taps {
		taps[j] = j
	}
	return []span{{start: -a.pad, count: a.out(), outStep: 1, inStep: a.stride, tapStep: a.dilation, taps: taps}}
}

// backwardSpans describes the gradient with respect to the input. Position p of the input
// meets output (p + pad − k·dilation)/stride through tap k where that is whole: input
// positions of equal remainder modulo the stride see the same taps, every
// (stride/gcd)-th one, so each remainder is a convolution of dy with these taps,
// reversed, dilation/gcd apart. A remainder without taps has gradient zero.
func backwardSpans(a axis) []span {
	var spans []span
	gcd := gcd(a.stride, a.dilation)
	every := a.stride / gcd
	for p := range min(a.stride, a.in) {
		var taps []int
		for k := range min(every, a.k) { // the first tap, the last of the reversed ones
			if (p+a.pad-k*a.dilation)%a.stride == 0 {
				taps = make([]int, (a.k-k+every-1)/every)
				for j := range taps {
					taps[j] = k + every*(len(taps)-1-j)
				}
			}
		}
		s := span{count: (a.in - p + a.stride - 1) / a.stride, out0: p, outStep: a.stride, inStep: 1,
			tapStep: a.dilation / gcd, taps: taps}
		if len(taps) > 0 {
			s.start = (p + a.pad - taps[0]*a.dilation) / a.stride
		}
		spans = append(spans, s)
	}
	return spans
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// bounds returns the first input position that the spans read and the number
// of positions they read when each has at most count outputs.
func bounds(spans []span, count int) (lo, width int) {
	seen := false
	hi := 0
	for _, s := range spans {
		if len(s.taps) == 0 || s.count == 0 {
			continue
		}
		end := s.start + (min(count, s.count)-1)*s.inStep + (len(s.taps)-1)*s.tapStep + 1
		if !seen {
			lo, hi, seen = s.start, end, true
			continue
		}
		lo, hi = min(lo, s.start), max(hi, end)
	}
	return lo, hi - lo
}

// grouping is how the channels are divided into groups and panels.
type grouping struct {
	out    image
	groups int
	ck, on int // input channels and output columns per group
	panels int // per group
	width  int // of all panels of a group
}

func newGrouping(in, out image, groups int) grouping {
	g := grouping{out: out, groups: groups, ck: in.c / groups, on: out.c / groups}
	g.panels, g.width = gemm.Panels(g.on)
	return g
}

// direct computes a convolution tile by tile, a row of a tile being a pixel.
// It serves the forward direction and, with reversed taps and transposed
// weights, the gradient with respect to the input.
type direct struct {
	bands
	grouping
	transposed bool
	weightO    int // outputs of the weight tensor
	phases     []phase
	sparse     bool // some phases have no taps, their outputs are zero
	packed     []float32
	packedSize int
	frozen     bool // packed has the weights of all calls
	narrow     *narrowPanel
	bias       []float32 // [group][width]
	bufs       [][]float32
	y, x, w    []float32
	pitch      int // distance of the pixels of y
	mode, end  int // of the first and of the last block of the depth
	finish
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

func newDirect(s Shape, input, inference bool) *direct {
	in, out := s.images()
	hs, ws := forwardSpans(s.rows()), forwardSpans(s.columns())
	if input {
		in, out = out, in
		hs, ws = backwardSpans(s.rows()), backwardSpans(s.columns())
	}
	e := &direct{grouping: newGrouping(in, out, s.Groups), transposed: input, weightO: s.O, pitch: out.c}
	pixels, rows := bandPixels, bandRows
	if inference {
		pixels, rows = min(pixels, inferenceTask(in.n*out.h*out.w, s.KH*s.KW*e.ck*out.c)), inferenceRows
	}
	e.bands = newBands(in, hs, ws, hs[0].count, ws[0].count, pixels, rows) // no span has more than the first
	size := 0
	for _, h := range hs {
		for _, w := range ws {
			p := e.newPhase(h, w, s.KW)
			p.packed = size
			size += s.Groups * e.width * len(p.step)
			e.sparse = e.sparse || len(p.step) == 0
			e.phases = append(e.phases, p)
		}
	}
	e.packedSize = size
	e.bias = make([]float32, s.Groups*e.width)
	return e
}

func (e *direct) newPhase(h, w span, kw int) phase {
	p := phase{h: h, w: w, kw: kw, rows: min(e.rows, h.count)}
	if len(h.taps) == 0 || len(w.taps) == 0 {
		p.h.taps, p.w.taps = nil, nil
	}
	p.step = e.offsets(len(p.h.taps), len(p.w.taps), e.ck)
	for n := range e.images {
		for r := range p.rows {
			for q := range w.count {
				a := n*e.imagePitch + (h.start-e.top+r*h.inStep)*e.rowPitch + (w.start-e.left+q*w.inStep)*e.in.c
				c := ((n*e.out.h+h.out0+r*h.outStep)*e.out.w + w.out0 + q*w.outStep) * e.pitch
				p.arow = append(p.arow, a)
				p.crow = append(p.crow, c)
			}
		}
	}
	return p
}

// setPitch sets the distance of the pixels of the result.
func (e *direct) setPitch(pitch int) {
	if pitch == e.pitch {
		return
	}
	for _, p := range e.phases {
		for i, at := range p.crow {
			p.crow[i] = at / e.pitch * pitch
		}
	}
	e.pitch = pitch
}

func (e *direct) call(y, x, w, bias []float32, add bool, ep Epilogue) {
	e.y, e.x, e.w = y, x, w
	e.setPitch(cmp.Or(ep.Pitch, e.out.c))
	e.mode, e.end = 0, 0
	if add {
		e.mode = gemm.TileLoad
	}
	if ep.kernelReLU() {
		e.end = gemm.TileReLU
	}
	e.begin(ep, e.tasks, e.out.c)
	if bias != nil {
		e.mode |= gemm.TileBias
		for g := range e.groups {
			copy(e.bias[g*e.width:][:e.on], bias[g*e.on:])
		}
	}
	e.bufs = parallel.PerWorker(e.bufs)
	if !e.frozen {
		e.packed = parallel.Grow(e.packed, e.packedSize)
		parallel.Each(len(e.phases)*e.groups*e.panels, e, (*direct).pack)
	}
	parallel.Each(e.tasks, e, (*direct).run)
	e.finish.end()
	e.y, e.x, e.w = nil, nil, nil
}

// pack packs one panel of weights of one group and phase.
func (e *direct) pack(_, task int) {
	pn := task % e.panels
	g := task / e.panels % e.groups
	p := &e.phases[task/e.panels/e.groups]
	n0 := pn * gemm.TileN
	nc := min(gemm.TileN, e.on-n0)
	width := gemm.TileWidth(nc)
	dst := e.packed[p.packed+(g*e.width+n0)*len(p.step):]
	for _, kh := range p.h.taps {
		for _, kw := range p.w.taps {
			tap := kh*p.kw + kw
			if e.transposed {
				// Columns are input channels of the layer, depth its outputs.
				src := e.w[(tap*e.on+n0)*e.weightO+g*e.ck:]
				gemm.PackTransposed(dst, src, e.weightO, nc, width, e.ck)
			} else {
				gemm.PackStraight(dst, 0, e.w[tap*e.ck*e.weightO+g*e.on+n0:], e.weightO, nc, width, e.ck)
			}
			dst = dst[e.ck*width:]
		}
	}
}

// run computes one band of the output.
func (e *direct) run(worker, task int) {
	n0, n1, row := e.task(task)
	a := e.load(&e.bufs[worker], e.x, task)
	if e.sparse && e.mode&gemm.TileLoad == 0 {
		e.clear(n0, n1, row)
	}
	for i := range e.phases {
		p := &e.phases[i]
		rows := min(p.rows, p.h.count-row)
		if rows <= 0 || p.w.count == 0 || len(p.step) == 0 {
			continue
		}
		from := (n0*e.out.h + row*p.h.outStep) * e.out.w * e.pitch
		pixels := (n1 - n0) * rows * p.w.count
		e.tiles(p, e.y[from:], a, pixels)
		// In the forward direction, which alone has an epilogue, the one phase covers
		// all pixels.
		e.take(task, e.y, from, from+pixels*e.pitch)
	}
}

// clear zeroes the outputs of a task.
func (e *direct) clear(n0, n1, row int) {
	size := e.out.w * e.out.c
	first, last := n0*e.out.h, n1*e.out.h
	if e.perImage > 1 {
		step := e.phases[0].h.outStep
		first, last = first+row*step, min(last, first+(row+e.rows)*step)
	}
	clear(e.y[first*size : last*size])
}

// tiles computes the first pixels outputs of a phase.
func (e *direct) tiles(p *phase, y, a []float32, pixels int) {
	depth := len(p.step)
	blocks := (depth + depthBlock - 1) / depthBlock
	t := gemm.Tile{CRow: p.crow[:pixels], ARow: p.arow[:pixels]}
	for g := range e.groups {
		t.A = a[g*e.ck:]
		for blk := range blocks {
			lo, hi := depth*blk/blocks, depth*(blk+1)/blocks
			t.Step = p.step[lo:hi]
			t.Mode = gemm.TileLoad
			if blk == 0 {
				t.Mode = e.mode
			}
			if blk == blocks-1 {
				t.Mode |= e.end
			}
			for pn := range e.panels {
				col := pn * gemm.TileN
				t.Columns(e.on - col)
				if n := e.narrow; n != nil && pn == e.panels-1 {
					n.run(t, g, e.bias[g*e.width+col:], y[g*e.on+col:])
					continue
				}
				t.B = e.packed[p.packed+(g*e.width+col)*depth+lo*t.LDB:]
				t.Bias = e.bias[g*e.width+col:]
				t.C = y[g*e.on+col:]
				t.Run()
			}
		}
	}
}

const (
	weightDepth  = 128     // pixels per call of the tile: its dy and input stay in L1
	inPlacePitch = 32      // most outputs for which dy is read in place
	weightChunks = 16      // most partial sums of one weight gradient
	weightFloats = 8 << 20 // most elements over all partial sums, where possible
)

// directWeights computes the gradient with respect to the weights: the input
// values that a weight meets, transposed, times dy. Bands are shared out over a
// fixed number of chunks, each with its own partial sum.
type directWeights struct {
	bands
	grouping
	pixel      []int // buffer offset of each pixel of a full task
	arow, crow []int // offsets of each weight of one output, in the buffer and in dw
	chunks     int
	parts      vector.Parts
	ws         []weightsWorker
	x, dy      []float32
}

type weightsWorker struct {
	buf []float32
	dy  []float32 // [group][panel][pixel][16], but for panels read in place
	_   [64]byte
}

func newDirectWeights(s Shape) *directWeights {
	in, out := s.images()
	e := &directWeights{grouping: newGrouping(in, out, s.Groups)}
	e.bands = newBands(in, forwardSpans(s.rows()), forwardSpans(s.columns()), out.h, out.w, bandPixels, bandRows)
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
	return e
}

func (e *directWeights) call(dw, x, dy []float32) {
	if e.tasks == 0 || len(e.pixel) == 0 {
		clear(dw)
		return
	}
	e.x, e.dy = x, dy
	e.ws = parallel.PerWorker(e.ws)
	e.parts.Begin(dw, e.chunks)
	parallel.Each(e.chunks, e, (*directWeights).chunk)
	e.parts.End()
	e.x, e.dy = nil, nil
}

// chunk accumulates every band of one chunk.
func (e *directWeights) chunk(worker, chunk int) {
	w := &e.ws[worker]
	dst := e.parts.Part(chunk)
	t := gemm.Tile{CRow: e.crow, ARow: e.arow}
	for task := e.tasks * chunk / e.chunks; task < e.tasks*(chunk+1)/e.chunks; task++ {
		n0, n1, row := e.task(task)
		a := e.load(&w.buf, e.x, task)
		pixels := (n1 - n0) * min(e.rows, e.out.h-row) * e.out.w
		dy := e.dy[(n0*e.out.h+row)*e.out.w*e.out.c:]
		e.packDY(w, dy, pixels)
		blocks := (pixels + weightDepth - 1) / weightDepth
		for block := range blocks {
			lo := pixels * block / blocks
			t.Step = e.pixel[lo : pixels*(block+1)/blocks]
			for g := range e.groups {
				t.A = a[g*e.ck:]
				for pn := range e.panels {
					col := pn * gemm.TileN
					t.Columns(e.on - col)
					if t.Cols == gemm.TileN && e.out.c <= inPlacePitch {
						t.LDB = e.out.c
						t.B = dy[lo*t.LDB+g*e.on+col:]
					} else {
						t.B = w.dy[(g*e.width+col)*len(e.pixel)+lo*t.LDB:]
					}
					t.C = dst[g*e.on+col:]
					t.Run()
				}
			}
			t.Mode = gemm.TileLoad
		}
	}
}

// packDY packs dy of one band into panels, but for those that are read in place.
func (e *directWeights) packDY(w *weightsWorker, dy []float32, pixels int) {
	w.dy = parallel.Grow(w.dy, e.groups*e.width*len(e.pixel))
	for g := range e.groups {
		dst, src := w.dy[g*e.width*len(e.pixel):], dy[g*e.on:]
		full := e.on &^ (gemm.TileN - 1)
		if full > 0 && e.out.c > inPlacePitch {
			gemm.PackStraight(dst, len(e.pixel)*gemm.TileN, src, e.out.c, full, gemm.TileN, pixels)
		}
		if n := e.on - full; n > 0 {
			gemm.PackStraight(dst[full*len(e.pixel):], 0, src[full:], e.out.c, n, gemm.TileWidth(n), pixels)
		}
	}
}
