package sparse

import (
	"fmt"
	"math"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

const (
	convOutputs = 32 // output channels of a block
	convTaps    = 3  // columns of the kernel that a pass takes
	convInputs  = 64 // most channels of a part: their weights for a block and a row of taps stay in L1
	convSample  = 4  // every such row of pixels is in the sample, of as many rows as
	convSamples = 61 // at most: prime, so that they are not the same rows of all images
	convImages  = 4  // images of a task where there are many
)

// ConvShape is a convolution of images [H, W, C], channels last, with a kernel of KH×KW taps,
// stride 1, to images of O channels, H+2·PadH+1−KH rows and W+2·PadW+1−KW columns, at least one
// each. PadH is less than KH, and PadW than KW.
type ConvShape struct {
	H, W, C, O, KH, KW, PadH, PadW int
}

// OutH and OutW are the size of an output image.
func (s ConvShape) OutH() int { return s.H + 2*s.PadH + 1 - s.KH }

// OutW is its width.
func (s ConvShape) OutW() int { return s.W + 2*s.PadW + 1 - s.KW }

// Conv is a convolution that skips the zeros of its input, with its weights packed. The values
// of a pixel that are not 0 are listed once. The weights of three taps of a row of the kernel for a
// part of up to 64 channels and 32 output channels, 24 KB, stay in L1 while the lists of all pixels
// go over them: each value adds its weights to the sums of three outputs, which are in registers. A
// kernel that is wider takes several passes, the last of which may have taps of 0.
//
// A zero never meets a weight, so that an infinite or undefined weight reaches only outputs
// with a value that is not 0 under it. NaN counts as not 0.
type Conv struct {
	ConvShape
	blocks  int
	parts   int       // of the channels
	passes  int       // over a row of the kernel
	weights []float32 // [blocks][KH][passes][C][3][32]
	bias    []float32 // whole blocks
	even    BreakEven // of one image, and of several
}

// NewConv packs weights [KH, KW, C, O] and a bias [O], which may be nil. The break-even is measured
// against dense.
func NewConv(s ConvShape, w, bias []float32, k *Calibration, dense DenseWay) *Conv {
	if s.PadH >= s.KH || s.PadW >= s.KW || s.OutH() < 1 || s.OutW() < 1 {
		panic(fmt.Sprintf("sparse: a convolution %+v has no output, or outputs that see padding alone", s))
	}
	c := &Conv{ConvShape: s, blocks: (s.O + convOutputs - 1) / convOutputs}
	c.parts = (s.C + convInputs - 1) / convInputs
	c.passes = (s.KW + convTaps - 1) / convTaps
	c.weights = make([]float32, c.blocks*s.KH*c.passes*s.C*convTaps*convOutputs)
	c.bias = make([]float32, c.blocks*convOutputs)
	copy(c.bias, bias)
	for b := range c.blocks {
		n := min(convOutputs, s.O-b*convOutputs)
		for row := range s.KH {
			for ch := range s.C {
				for tap := range s.KW {
					src := w[((row*s.KW+tap)*s.C+ch)*s.O+b*convOutputs:]
					pass := (b*s.KH+row)*c.passes + tap/convTaps
					copy(c.weights[((pass*s.C+ch)*convTaps+tap%convTaps)*convOutputs:], src[:n])
				}
			}
		}
	}
	c.even = k.convolution(c, dense)
	return c
}

// Skips reports whether the convolution ever skips a zero of so many images.
func (c *Conv) Skips(n int) bool { return c.even.of(n) > 0 }

// ConvEpilogue is work on the result v of a convolution, in its pass: max(v + SkipFactor·Skip, 0).
type ConvEpilogue struct {
	Skip       []float32 // of the shape of v; nil: no sum
	SkipFactor []float32 // of each channel; nil is 1
	ReLU       bool      // whether negative values become 0
}

// ConvRun is the workspace of one caller of a Conv.
type ConvRun struct {
	*Conv
	Counts *int64 // as of LinearRun; a call that does nothing counts the work of the dense way

	ws    []convWorker
	tasks int
	n     int
	e     ConvEpilogue
	y, x  []float32
}

// convWorker is the workspace of a worker. A worker lists the pixels that its task reads itself:
// lists of another one would have to come from the cache of another core.
type convWorker struct {
	entries []gemm.Entry // C places for each pixel; a row of pixels and a part have theirs in one piece
	ends    []int32      // for each row of pixels and part: where the lists of its pixels end
	edge    []float32    // outputs of a block that is not whole

	executed int64 // multiply-accumulates
}

// Run returns a workspace.
func (c *Conv) Run() *ConvRun { return &ConvRun{Conv: c} }

// Forward computes y [n, OutH, OutW, O] from x [n, H, W, C] and reports whether it did: if a sample
// of the rows of x has more values that are not 0 than the break-even it does nothing.
func (r *ConvRun) Forward(y, x []float32, n int, e ConvEpilogue) bool {
	r.y, r.x, r.n = y[:n*r.OutH()*r.OutW()*r.O], x[:n*r.H*r.W*r.C], n
	if !r.pays() {
		if r.Counts != nil {
			*r.Counts += int64(n*r.OutH()*r.OutW()) * int64(r.KH*r.KW*r.C*r.O)
		}
		return false
	}
	r.e = e
	r.ws = parallel.PerWorker(r.ws)
	r.tasks = r.split()
	for i := range r.ws { // all of them: another worker may take part in the next call
		r.ws[i].allocate(r)
	}
	parallel.Own(r.tasks, r, (*ConvRun).run)
	for i := range r.ws {
		if r.Counts != nil {
			*r.Counts += r.ws[i].executed
		}
		r.ws[i].executed = 0
	}
	r.y, r.x, r.e = nil, nil, ConvEpilogue{}
	return true
}

// lead is the number of steps before the first pixel, for outputs that see it with a later tap than
// a pass has.
func (c *Conv) lead() int { return max(0, c.PadW-convTaps+1) }

// skip is the number of steps of a pass before the first output is finished.
func (c *Conv) skip(pass int) int { return c.lead() + convTaps*(pass+1) - 1 - c.PadW }

// steps is the number of steps of the last pass over a row: pixels, and outputs around them.
func (c *Conv) steps() int { return max(c.lead()+c.W, c.OutW()+c.skip(c.passes-1)) }

// pays reports whether few enough values of a sample of x are not 0.
func (r *ConvRun) pays() bool {
	width, rows, count := r.W*r.C, r.n*r.H, 0
	samples := min((rows+convSample-1)/convSample, convSamples)
	for i := range samples {
		count += gemm.Count(r.x[i*rows/samples*width:][:width])
	}
	return float64(count) <= r.even.of(r.n)*float64(samples*width)
}

// part returns the channels [lo,hi) of a part.
func (c *Conv) part(i int) (lo, hi int) { return c.C * i / c.parts, c.C * (i + 1) / c.parts }

// split chooses the number of tasks: one for each thread, or several, of a few images.
func (r *ConvRun) split() int {
	threads := parallel.Threads()
	images := (r.n + convImages - 1) / convImages
	return min(r.n*r.OutH(), (max(images, threads)+threads-1)/threads*threads)
}

// run computes some rows of outputs, numbered over all images.
func (r *ConvRun) run(worker, task int) {
	w, h := &r.ws[worker], r.OutH()
	rows := r.n * h
	first, last := rows*task/r.tasks, rows*(task+1)/r.tasks
	// The rows of pixels under them.
	lo := first/h*r.H + max(0, first%h-r.PadH)
	hi := (last-1)/h*r.H + min(r.H, (last-1)%h-r.PadH+r.KH)
	w.list(r, lo, hi)
	if r.e.Skip != nil {
		r.begin(first*r.OutW(), last*r.OutW())
	}
	for block := range r.blocks {
		w.compute(r, block, first, last, lo)
	}
}

// begin makes the outputs of the pixels [first,last) the bias and the sum.
func (r *ConvRun) begin(first, last int) {
	y, skip := r.y[first*r.O:last*r.O], r.e.Skip[first*r.O:last*r.O]
	for i := range last - first {
		copy(y[i*r.O:], r.bias[:r.O])
	}
	if r.e.SkipFactor != nil {
		vector.FMARows(y, skip, r.e.SkipFactor, last-first, r.O, r.O, r.O)
		return
	}
	vector.AddSlice(y, y, skip)
}

// allocate makes room for the rows of a task.
func (w *convWorker) allocate(r *ConvRun) {
	h := r.OutH()
	outputs := (r.n*h + r.tasks - 1) / r.tasks
	pixels := min(r.n, outputs/h+2) * r.H
	w.entries = parallel.Grow(w.entries, pixels*r.W*r.C)
	w.ends = parallel.Grow(w.ends, pixels*r.parts*r.steps())
	if r.O%convOutputs != 0 {
		w.edge = parallel.Grow(w.edge, outputs*r.OutW()*convOutputs)
	}
}

// list lists the values of the rows [lo,hi) of pixels that are not 0.
func (w *convWorker) list(r *ConvRun, lo, hi int) {
	for row := lo; row < hi; row++ {
		for part := range r.parts {
			from, to := r.part(part)
			entries, ends := w.listOf(r, row-lo, part)
			lead := r.lead()
			clear(ends[:lead])
			gemm.EntriesOfRows(entries, ends[lead:][:r.W], r.x[row*r.W*r.C+from:], to-from, r.C)
			for i := lead + r.W; i < len(ends); i++ {
				ends[i] = ends[lead+r.W-1]
			}
		}
	}
}

// listOf returns the entries of a row of pixels in a part, and where the entries of each pixel end.
func (w *convWorker) listOf(r *ConvRun, row, part int) ([]gemm.Entry, []int32) {
	from, _ := r.part(part)
	return w.entries[(row*r.C+from)*r.W:], w.ends[(row*r.parts+part)*r.steps():][:r.steps()]
}

// compute computes a block of the rows [first,last) of outputs; the first row in the lists is
// row lo of pixels.
func (w *convWorker) compute(r *ConvRun, block, first, last, lo int) {
	h, width := r.OutH(), r.OutW()
	outputs := min(convOutputs, r.O-block*convOutputs)
	y, ldy := r.y[first*width*r.O+block*convOutputs:], r.O
	if outputs < convOutputs {
		if r.e.Skip != nil {
			for i := range (last - first) * width {
				copy(w.edge[i*convOutputs:], y[i*r.O:][:outputs])
			}
		}
		y, ldy = w.edge, convOutputs
	}
	floor := float32(math.Inf(-1))
	if r.e.ReLU {
		floor = 0
	}
	weights := r.weights[block*r.KH*r.passes*r.C*convTaps*convOutputs:]
	s := scatter{ldy: ldy}
	for step := range r.KH * r.passes * r.parts {
		tap, pass, part := step/(r.passes*r.parts), step/r.parts%r.passes, step%r.parts
		from, _ := r.part(part)
		s.w = weights[((tap*r.passes+pass)*r.C+from)*convTaps*convOutputs:]
		s.skip = r.skip(pass)
		s.steps = width + s.skip
		for row := first; row < last; row++ {
			oy := row % h
			iy := oy + tap - r.PadH
			if iy < 0 || iy >= r.H {
				continue
			}
			s.bias = nil
			if r.e.Skip == nil && pass == 0 && part == 0 && tap == max(0, r.PadH-oy) {
				s.bias = r.bias[block*convOutputs:]
			}
			s.floor = float32(math.Inf(-1))
			if pass == r.passes-1 && part == r.parts-1 && tap == min(r.KH-1, r.H-1+r.PadH-oy) {
				s.floor = floor
			}
			s.y = y[(row-first)*width*ldy:]
			s.entries, s.ends = w.listOf(r, row/h*r.H+iy-lo, part)
			s.row()
			w.executed += int64(int(s.ends[s.steps-1]) * min(convTaps, r.KW-pass*convTaps) * outputs)
		}
	}
	if outputs < convOutputs {
		for i := range (last - first) * width {
			copy(r.y[(first*width+i)*r.O+block*convOutputs:][:outputs], y[i*convOutputs:])
		}
	}
}
