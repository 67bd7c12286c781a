package kernel

const (
	winogradDepth      = 4 * tileM // tiles per block: the depth of the products
	winogradChunks     = 16        // most partial sums of one weight gradient
	winogradChunkTiles = 128       // least tiles per partial sum
	winogradFloats     = 8 << 20   // most elements over all partial sums, where possible
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
	part           []float32 // chunks-1 partial gradients; chunk 0 works in dw itself
	ws             []winogradWeightsWorker
	dw, x, dy      []float32
	job            func(worker, chunk int)
	sumJob         func(worker, task int)
}

type winogradWeightsWorker struct {
	v, z []float32 // transforms of a block of x and dy
	d    []float32 // sums of their products over the chunk
}

func newWinogradWeights(s ConvShape) *winogradWeights {
	e := &winogradWeights{}
	in, out := s.images()
	e.ldv, e.ldz = eightFold(in.c), eightFold(out.c)
	e.winogradGrid = newWinogradGrid(in, out, s.PadH, s.PadW, winogradDepth)
	e.pitchV = winogradPitch(winogradDepth * e.ldv)
	e.pitchZ = winogradPitch(winogradDepth * e.ldz)
	e.pitchD = winogradPitch(e.ldv * e.ldz)
	few := max(4, winogradFloats/(9*in.c*out.c))
	e.chunks = max(1, min(winogradChunks, e.tiles/winogradChunkTiles, few))
	e.job, e.sumJob = e.chunk, e.sum
	return e
}

func (e *winogradWeights) call(dw, x, dy []float32) {
	size := 9 * e.in.c * e.out.c
	e.dw, e.x, e.dy = dw[:size], x, dy
	for len(e.ws) < maxWorkers() {
		e.ws = append(e.ws, winogradWeightsWorker{})
	}
	if e.part == nil {
		e.part = make([]float32, (e.chunks-1)*size)
	}
	parallel(e.chunks, e.job)
	if e.chunks > 1 {
		parallel((size+sumStep-1)/sumStep, e.sumJob)
	}
	e.dw, e.x, e.dy = nil, nil, nil
}

// sum adds the partial sums of one range of weights in chunk order.
func (e *winogradWeights) sum(_, task int) {
	lo := task * sumStep
	hi := min(lo+sumStep, len(e.dw))
	for c := range e.chunks - 1 {
		addSlice(e.dw[lo:hi], e.dw[lo:hi], e.part[c*len(e.dw):][lo:hi])
	}
}

// chunk computes the gradient of the blocks of one chunk.
func (e *winogradWeights) chunk(worker, chunk int) {
	w := &e.ws[worker]
	if w.d == nil {
		w.v = make([]float32, 16*e.pitchV)
		w.z = make([]float32, 16*e.pitchZ)
		w.d = make([]float32, 16*e.pitchD)
	}
	first, last := e.tiles*chunk/e.chunks, e.tiles*(chunk+1)/e.chunks
	for lo := first; lo < last; lo += e.block {
		hi := min(lo+e.block, last)
		tiles := hi - lo
		e.input(w.v, e.pitchV, e.ldv, e.x, lo, hi)
		e.gradient(w.z, e.pitchZ, e.ldz, e.dy, lo, hi)
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
	dst := e.dw
	if chunk > 0 {
		dst = e.part[(chunk-1)*len(e.dw):][:len(e.dw)]
	}
	winogradFilterGrad(dst, e.in.c*e.out.c, e.out.c, w.d, e.pitchD, e.ldz, e.in.c)
}
