package conv

import (
	"cmp"
	"math"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

// winograd reports whether Winograd's method applies and is faster than the direct
// kernels for a result (or, for weights, a gradient) of h×w pixels an image summed
// over depth channels, with at least the given number of tiles. Measured on a Zen 3
// core, time of the direct kernel in times of Winograd's:
//
//	channels  image   batch  forward  to input  to weights
//	 16       32×32    64     1.7      1.7       1.7
//	 32       16×16    64     1.9      1.9       1.9
//	 64        8×8     64     2.1      2.1       2.0
//	 64        8×8      1     1.3      1.6       1.4
//	 64        7×7     64     1.6      1.6       1.5
//	 64        5×5     64     1.5      1.5       1.5
//	 16        5×5     64     1.15     1.15      1.2
//	 16        3×3     64     0.9      0.95      1.0
//	  8        8×8     64     2.0      2.0       1.7
//	  8→16     5×5     64     1.0      1.4       1.1
//	  6→16     5×5     64     0.9      1.2       0.9
//	  4→16     8×8     64     1.15     1.8       0.9
//
// It depends on the channels summed over, or the input channels for the weights, and
// on the share of the tiles that is used: 0.56 at 3×3, 0.69 at 5×5, 0.77 at 7×7.
func (s Shape) winograd(h, w, depth, tiles int) bool {
	all, used := s.winogradTiles(h, w)
	if all < tiles || depth < 8 {
		return false
	}
	return used >= 0.75 || used >= 0.65 && depth >= 16
}

// winogradTiles is the number of tiles for a result of h×w pixels an image, 0 where Winograd's
// method does not apply, and the share of them that is used.
func (s Shape) winogradTiles(h, w int) (all int, used float64) {
	three := func(a axis) bool {
		return a.k == 3 && a.stride == 1 && a.dilation == 1 && a.pad <= 2 && a.end == a.pad && a.out() > 0
	}
	if !three(s.rows()) || !three(s.columns()) || s.Groups != 1 || s.O == 0 {
		return 0, 0
	}
	all = s.N * ((h + 1) / 2) * ((w + 1) / 2)
	return all, float64(s.N*h*w) / float64(4*max(all, 1))
}

// winogradInference is winograd for a forward pass whose weights are packed once: fewer tiles and
// fewer channels are enough, unless direct tiles of pairs compute all outputs (narrowPanel).
// Measured on a Zen 4 core, time of the direct kernel in times of Winograd's (BenchmarkMethod):
//
//	channels  3×3    4×4    5×5    6×6    7×7    8×8   14×14  32×32
//	batch 1
//	 5→5      0.63   0.86   0.62   0.76   0.73   0.94   0.91   1.01
//	 6→9      0.57   0.74   0.57   0.76   0.73   0.95   0.95   1.08
//	 7→7      0.69   0.95   0.72   0.88   0.84   1.07   1.09   1.22
//	 9→9      0.61   0.81   0.63   0.83   0.81   1.05   1.07   1.20
//	12→12     0.66   0.88   0.70   0.91   0.92   1.15   1.23   1.39
//	 6→20     0.70   1.05   0.79   1.04   0.96   1.24   1.27   1.42
//	16→16     0.79   1.24   0.95   1.32   1.18   1.53   1.56   1.69
//	32→8      0.88   1.30   1.02   1.25   1.16   1.47   1.41   1.49
//	32→32     0.89   1.39   1.10   1.53   1.38   1.77   1.78   1.84
//	batch 16
//	 4→8      0.41   0.72   0.51   0.77   0.62   0.80   0.78   0.84
//	 5→5      0.46   0.86   0.60   0.91   0.71   1.01   0.94   0.99
//	 6→9      0.50   0.94   0.67   1.08   0.77   1.06   0.99   1.07
//	 7→7      0.59   1.04   0.74   1.12   0.84   1.16   1.13   1.21
//	 9→9      0.58   1.10   0.78   1.17   0.86   1.17   1.13   1.20
//	12→12     0.69   1.27   0.86   1.33   0.95   1.32   1.30   1.35
//	 6→20     0.67   1.27   0.89   1.36   1.02   1.38   1.34   1.40
//	16→16     0.87   1.58   1.12   1.67   1.26   1.68   1.65   1.70
//	32→8      0.84   1.58   1.09   1.55   1.19   1.53   1.50   1.44
func (s Shape) winogradInference() bool {
	h, w := s.OutH(), s.OutW()
	tiles, used := s.winogradTiles(h, w)
	switch {
	case tiles < 4:
		return false
	case s.C < 16 && gemm.PairsWidth(s.O) > 0:
		return used >= 0.9 && s.C >= 7 && tiles >= 16
	case s.C < 8:
		return used >= 0.9 && s.C >= 5 && min(h, w) >= 6
	case used < 0.75:
		return used >= 0.65 && (s.C >= 16 && tiles >= 16 || s.C >= 32 && tiles >= 9)
	}
	return true
}

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
// channel and output instead of 36. Constants are 1 and ½ only, so errors are as
// small as with the direct method. An infinite input makes all outputs of the tiles it
// reaches NaN.
//
// It serves the forward direction and, with reversed taps and transposed
// weights, the gradient with respect to the input.
type winogradConv struct {
	winogradGrid
	transposed bool
	panels     int
	ldv, ldm   int       // row distances of transformed inputs and products
	pitch      int       // distance of the matrices of either
	u          []float32 // the transformed weights
	frozen     bool      // of all calls, with the columns behind whole panels as tail packs them
	tail       winogradTail
	bias       []float32
	ws         []winogradWorker
	y, x, w    []float32
	pixel      image // of y, with the distance of its pixels in place of channels
	floor      float32
	add        []float32 // to the output, in its layout; nil: nothing
	factor     []float32 // of the channels of add
	finish
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
	winogradBlock = 2 * gemm.TileM
	// filterRows is the number of weight rows transformed at a time.
	filterRows = 16
)

// newWinograd plans the forward direction or the gradient with respect to the input.
// There must be at least four channels to sum over.
func newWinograd(s Shape, input bool) *winogradConv {
	in, out := s.images()
	padH, padW := s.PadH, s.PadW
	if input {
		in, out, padH, padW = out, in, 2-padH, 2-padW
	}
	e := &winogradConv{transposed: input}
	e.panels = (out.c + gemm.TileN - 1) / gemm.TileN
	e.ldv, e.ldm = eightFold(in.c), e.panels*gemm.TileN
	ld := max(e.ldv, e.ldm)
	e.winogradGrid = newWinogradGrid(in, out, padH, padW, winogradBlock)
	e.pitch = winogradPitch(winogradBlock * ld)
	e.bias, e.tail = make([]float32, e.panels*gemm.TileN), newWinogradTail(out.c, in.c)
	return e
}

// call implements imagePlan; add excludes the epilogue.
func (e *winogradConv) call(y, x, w, bias []float32, add bool, ep Epilogue) {
	e.y, e.x, e.w = y, x, w
	e.pixel = e.out
	e.pixel.c = cmp.Or(ep.Pitch, e.out.c)
	e.floor, e.add = float32(math.Inf(-1)), nil
	if add {
		e.add = y
	}
	if ep.Skip != nil {
		e.add, ep.Skip = ep.Skip, nil
	}
	if e.add != nil {
		e.factor = parallel.Grow(e.factor, eightFold(e.out.c))
		for i := range e.factor {
			e.factor[i] = 1
		}
		copy(e.factor, ep.SkipFactor)
	}
	if ep.kernelReLU() {
		e.floor = 0
	}
	clear(e.bias)
	copy(e.bias, bias)
	e.begin(ep, e.tasks, e.out.c)
	e.ws = parallel.PerWorker(e.ws)
	if !e.frozen {
		e.u = parallel.Grow(e.u, e.transformed())
		parallel.Each(e.panels, e, (*winogradConv).pack)
	}
	parallel.Each(e.tasks, e, (*winogradConv).run)
	e.finish.end()
	e.y, e.x, e.w, e.add = nil, nil, nil, nil
}

// transformed is the number of values of the transformed weights.
func (e *winogradConv) transformed() int { return 16 * e.panels * gemm.TileN * e.in.c }

// pack transforms the weights of sixteen output channels.
func (e *winogradConv) pack(worker, panel int) {
	n0 := panel * gemm.TileN
	nc := min(gemm.TileN, e.out.c-n0)
	pitch := e.panels * gemm.TileN * e.in.c
	u := e.u[panel*gemm.TileN*e.in.c:]
	tap := e.in.c * e.out.c
	if nc == gemm.TileN && !e.transposed {
		winogradFilter(u, pitch, e.w, n0, tap, e.out.c, e.in.c)
		return
	}
	w := &e.ws[worker]
	w.filter = parallel.Grow(w.filter, 9*filterRows*gemm.TileN)
	const size = filterRows * gemm.TileN
	for k := 0; k < e.in.c; k += filterRows {
		kc := min(filterRows, e.in.c-k)
		for t := range 9 {
			if e.transposed {
				// Columns are input channels of the layer, rows its outputs.
				vector.Transpose(w.filter[(8-t)*size:], e.w[t*tap+n0*e.in.c+k:], nc, kc, gemm.TileN, e.in.c)
			} else {
				gemm.PackStraight(w.filter[t*size:], 0, e.w[t*tap+k*e.out.c+n0:], e.out.c, nc, gemm.TileN, kc)
			}
		}
		winogradFilter(u[k*gemm.TileN:], pitch, w.filter, 0, size, gemm.TileN, kc)
	}
}

// run computes one task.
func (e *winogradConv) run(worker, task int) {
	w := &e.ws[worker]
	w.vm, w.edge, w.row = parallel.Grow(w.vm, 17*e.pitch), parallel.Grow(w.edge, 4*e.out.c), parallel.Grow(w.row, 2*e.width*e.pixel.c)
	first, last := e.task(task)
	for lo := first; lo < last; lo += e.block {
		hi := min(lo+e.block, last)
		v := w.vm[e.pitch:]
		e.transform(v, e.pitch, e.ldv, e.x, lo, hi, false)
		next := [2][]float32{e.ahead(e.y, e.pixel, lo, hi), e.ahead(e.x, e.in, lo, hi)}
		if groups := sixFold(hi-lo) / gemm.TileM; e.frozen {
			winogradFrozenProducts(w.vm, v, e.u, e.pitch, e.ldm, e.ldv, e.in.c, groups, e.tail, &next)
		} else {
			winogradProducts(w.vm, v, e.u, e.pitch, e.ldm, e.ldv, e.out.c, e.in.c, groups, &next)
		}
		m := w.vm
		for t := lo; t < hi; {
			n := min(e.width-t%e.width, hi-t)
			e.output(w, m, t, n)
			m = m[n*e.ldm:]
			t += n
		}
	}
	e.take(task, e.y, e.pixels(first)*e.pixel.c, e.pixels(last)*e.pixel.c)
}

// output transforms tiles of one tile row, the given one and those beside it.
func (e *winogradConv) output(w *winogradWorker, m []float32, tile, tiles int) {
	n, top, col := e.place(tile)
	c, pitch := e.out.c, e.pixel.c
	at := ((n*e.out.h+top)*e.out.w + 2*col) * pitch
	y0, y1 := e.y[at:], w.row // for a row of tiles with only the first pixel row in the output
	var a0, a1 []float32
	if e.add != nil {
		a0 = e.add[at:]
		a1 = a0
	}
	if top+1 < e.out.h {
		y1 = y0[e.out.w*pitch:]
		if e.add != nil {
			a1 = a0[e.out.w*pitch:]
		}
	}
	full := min(tiles, e.out.w/2-col) // tiles with both columns
	if full > 0 {
		winogradOutput(y0, y1, c, pitch, m, e.pitch, e.ldm, full, e.bias, a0, a1, e.factor, e.floor)
	}
	if full == tiles {
		return
	}
	// The last tile has no second column in the output, so it is written to a buffer.
	y0, y1 = y0[2*full*pitch:][:c], y1[2*full*pitch:][:c]
	b0, b1 := w.edge[:2*c], w.edge[2*c:]
	if e.add != nil {
		copy(b0, a0[2*full*pitch:][:c])
		copy(b1, a1[2*full*pitch:][:c])
		a0, a1 = b0, b1
	}
	winogradOutput(b0, b1, c, c, m[full*e.ldm:], e.pitch, e.ldm, 1, e.bias, a0, a1, e.factor, e.floor)
	copy(y0, b0)
	copy(y1, b1)
}

const (
	winogradDepth      = 4 * gemm.TileM // tiles per block: the depth of the products
	winogradChunks     = 16             // most partial sums of one weight gradient
	winogradChunkTiles = 128            // least tiles per partial sum
	winogradFloats     = 8 << 20        // most elements over all partial sums, where possible
)

// winogradWeights computes the gradient with respect to the weights of a 3×3
// convolution of stride one as the transpose of winogradConv:
//
//	dg = Gᵀ·[ Σ (A·dy·Aᵀ) ⊙ (Bᵀ·d·B) ]·G
//
// summed over all tiles before the last transform. Blocks are shared out over a
// fixed number of chunks, each with its own partial sum.
type winogradWeights struct {
	winogradGrid
	ldv, ldz       int
	pitchV, pitchZ int
	pitchD         int
	chunks         int
	parts          vector.Parts
	ws             []winogradWeightsWorker
	x, dy          []float32
}

type winogradWeightsWorker struct {
	v, z []float32 // transforms of a block of x and dy
	d    []float32 // sums of their products over the chunk
}

func newWinogradWeights(s Shape) *winogradWeights {
	e := &winogradWeights{}
	in, out := s.images()
	e.ldv, e.ldz = eightFold(in.c), eightFold(out.c)
	e.winogradGrid = newWinogradGrid(in, out, s.PadH, s.PadW, winogradDepth)
	e.pitchV = winogradPitch(winogradDepth * e.ldv)
	e.pitchZ = winogradPitch(winogradDepth * e.ldz)
	e.pitchD = winogradPitch(e.ldv * e.ldz)
	few := max(4, winogradFloats/(9*in.c*out.c))
	e.chunks = max(1, min(winogradChunks, e.tiles/winogradChunkTiles, few))
	return e
}

func (e *winogradWeights) call(dw, x, dy []float32) {
	e.x, e.dy = x, dy
	e.ws = parallel.PerWorker(e.ws)
	e.parts.Begin(dw, e.chunks)
	parallel.Each(e.chunks, e, (*winogradWeights).chunk)
	e.parts.End()
	e.x, e.dy = nil, nil
}

// chunk computes the gradient of the blocks of one chunk.
func (e *winogradWeights) chunk(worker, chunk int) {
	w := &e.ws[worker]
	w.v, w.z, w.d = parallel.Grow(w.v, 16*e.pitchV), parallel.Grow(w.z, 16*e.pitchZ), parallel.Grow(w.d, 16*e.pitchD)
	first, last := e.tiles*chunk/e.chunks, e.tiles*(chunk+1)/e.chunks
	for lo := first; lo < last; lo += e.block {
		hi := min(lo+e.block, last)
		tiles := hi - lo
		e.transform(w.v, e.pitchV, e.ldv, e.x, lo, hi, false)
		e.transform(w.z, e.pitchZ, e.ldz, e.dy, lo, hi, true)
		for ; tiles < 4; tiles++ {
			// The products need four; those that do not exist count as zeros.
			for k := range 16 {
				clear(w.v[k*e.pitchV+tiles*e.ldv:][:e.ldv])
				clear(w.z[k*e.pitchZ+tiles*e.ldz:][:e.ldz])
			}
		}
		next := [2][]float32{e.ahead(e.x, e.in, lo, hi), e.ahead(e.dy, e.out, lo, hi)}
		winogradSums(w.d, w.v, w.z, e.pitchD, e.pitchV, e.pitchZ, e.ldz, e.ldv, e.ldz,
			e.out.c, e.ldv, tiles, lo > first, &next)
	}
	winogradFilterGrad(e.parts.Part(chunk), e.in.c*e.out.c, e.out.c, w.d, e.pitchD, e.ldz, e.in.c)
}

// winogradGrid cuts the output of a 3×3 convolution of stride one into tiles of
// 2×2 pixels. Tiles are counted row by row over all images. A task is a run of
// whole tile rows, a block a part of a task whose transforms stay in cache.
type winogradGrid struct {
	in, out    image
	padH, padW int
	perImage   int // tile rows per image
	width      int // tiles per tile row
	tiles      int // of all images
	step       int // tiles per task
	tasks      int
	block      int       // most tiles per block, a multiple of gemm.TileM
	zero       []float32 // an input or output row of zeros
}

const (
	winogradTasks = 32  // tasks to aim at
	winogradLeast = 48  // least tiles of a task
	winogradMost  = 192 // most, unless a single row has more
)

// newWinogradGrid plans blocks of the given number of tiles, a multiple of
// gemm.TileM.
func newWinogradGrid(in, out image, padH, padW, block int) winogradGrid {
	g := winogradGrid{in: in, out: out, padH: padH, padW: padW, block: block}
	g.perImage, g.width = (out.h+1)/2, (out.w+1)/2
	g.tiles = out.n * g.perImage * g.width
	g.split(g.limit())
	g.zero = make([]float32, max(in.w*in.c, out.w*out.c)+8)
	return g
}

// limit is the most tiles of a task where there are many.
func (g *winogradGrid) limit() int {
	return min(max(winogradLeast, g.tiles/winogradTasks), winogradMost)
}

// split plans tasks of up to limit tiles. Products work on six tiles at a time: it takes the
// number of tile rows that leaves the smallest share of empty places.
func (g *winogradGrid) split(limit int) {
	rows := g.out.n * g.perImage
	g.step = g.width
	for n, best := 1, 0.0; n <= rows && (n == 1 || n*g.width <= limit); n++ {
		if used := float64(n*g.width) / float64(sixFold(n*g.width)); used >= best {
			best, g.step = used, n*g.width
		}
	}
	g.tasks = (g.tiles + g.step - 1) / g.step
}

// splitEvenly plans tasks with which the threads together are done first, given the
// multiply-accumulates of a tile. The results of a tile do not depend on its task.
func (g *winogradGrid) splitEvenly(macs int) {
	threads, least := parallel.Threads(), 0
	for n := 1; n == 1 || n*g.width <= g.limit(); n++ {
		step := n * g.width
		tasks := (g.tiles + step - 1) / step
		block := step / g.block * g.block
		time := (tasks + threads - 1) / threads * (block + sixFold(step-block)) * macs
		if tasks > 1 {
			time += inferenceMACs / 2 // to share the tasks out
		}
		if least == 0 || time <= least {
			least, g.step = time, step
		}
	}
	g.tasks = (g.tiles + g.step - 1) / g.step
}

// task returns the tiles [lo, hi) of a task.
func (g *winogradGrid) task(t int) (lo, hi int) {
	return t * g.step, min((t+1)*g.step, g.tiles)
}

// place returns the image of a tile, its first pixel row in it and its column of
// tiles.
func (g *winogradGrid) place(tile int) (n, top, col int) {
	row := tile / g.width
	return row / g.perImage, row % g.perImage * 2, tile % g.width
}

// pixels returns the number of output pixels before a tile that begins a row.
func (g *winogradGrid) pixels(tile int) int {
	n, top, _ := g.place(tile)
	return (n*g.out.h + top) * g.out.w
}

// transform transforms the input x of tiles [lo, hi), or the gradient dy, into v.
func (g *winogradGrid) transform(v []float32, xi, ld int, t []float32, lo, hi int, gradient bool) {
	i, padH, padW := g.in, g.padH, g.padW
	if gradient {
		i, padH, padW = g.out, 0, 0
	}
	pitch := i.w * i.c
	var rows [4][]float32
	for lo < hi {
		n, top, col := g.place(lo)
		tiles := min(g.width-col, hi-lo)
		for k := range rows {
			rows[k] = g.zero
			if h := top + k - padH; h >= 0 && h < i.h {
				rows[k] = t[(n*i.h+h)*pitch:][:pitch]
			}
		}
		if gradient {
			winogradGradient(v, xi, ld, &rows, 2*col, i.w, i.c, tiles)
		} else {
			winogradInput(v, xi, ld, &rows, 2*col-padW, i.w, i.c, tiles)
		}
		v = v[tiles*ld:]
		lo += tiles
	}
}

// ahead returns about the part of the tensor t, which has the geometry i, that
// the next block after tiles [lo, hi) will use: a run of as many pixels, one tile
// row further on because a block uses two rows of pixels at once.
func (g *winogradGrid) ahead(t []float32, i image, lo, hi int) []float32 {
	size, per := i.h*i.w*i.c, g.perImage*g.width
	from := func(tile int) int { return min(tile/per*size+tile%per*size/per, len(t)) }
	return t[from(hi+g.width):from(2*hi-lo+g.width)]
}

// winogradPitch is the distance of the sixteen matrices of n elements each. It puts
// elements of equal index into different cache sets.
func winogradPitch(n int) int { return (n+255)/256*256 + 16 }

func sixFold(n int) int   { return (n + gemm.TileM - 1) / gemm.TileM * gemm.TileM }
func eightFold(n int) int { return (n + 7) &^ 7 }
