package sparse

import (
	"math"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
)

const (
	convOutputs = 32 // output channels of a block
	convTaps    = 3  // columns of the kernel
	convSample  = 4  // every such row of pixels is in the sample
)

// ConvShape is a convolution of images [H, W, C], channels last, with a kernel of KH×3 taps,
// stride 1, to images of O channels, H+2·PadH+1−KH rows and W+2·PadW−2 columns.
type ConvShape struct {
	H, W, C, O, KH, PadH, PadW int
}

// OutH and OutW are the size of an output image.
func (s ConvShape) OutH() int { return s.H + 2*s.PadH + 1 - s.KH }

// OutW is its width.
func (s ConvShape) OutW() int { return s.W + 2*s.PadW + 1 - convTaps }

// Conv is a convolution that skips the zeros of its input, with its weights packed. The values
// of a pixel that are not 0 are listed once. For a row of the kernel and 32 output channels
// the weights, 24 KB at 64 channels, stay in L1 while the lists of all pixels go over them:
// each value adds its weights to the sums of three outputs, which are in registers.
//
// A zero never meets a weight, so that an infinite or undefined weight reaches only outputs
// with a value that is not 0 under it. NaN counts as not 0.
type Conv struct {
	ConvShape
	blocks  int
	weights []float32 // [blocks][KH][C][3][32]
	bias    []float32 // whole blocks
	share   float64
}

// NewConv packs weights [KH, 3, C, O] and a bias [O], which may be nil. Up to the share of
// values that are not 0 Forward skips the others; above it leaves the work to the caller.
func NewConv(s ConvShape, w, bias []float32, share float64) *Conv {
	c := &Conv{ConvShape: s, blocks: (s.O + convOutputs - 1) / convOutputs, share: share}
	c.weights = make([]float32, c.blocks*s.KH*s.C*convTaps*convOutputs)
	c.bias = make([]float32, c.blocks*convOutputs)
	copy(c.bias, bias)
	for b := range c.blocks {
		n := min(convOutputs, s.O-b*convOutputs)
		for row := range s.KH {
			for ch := range s.C {
				for tap := range convTaps {
					src := w[((row*convTaps+tap)*s.C+ch)*s.O+b*convOutputs:]
					copy(c.weights[(((b*s.KH+row)*s.C+ch)*convTaps+tap)*convOutputs:], src[:n])
				}
			}
		}
	}
	return c
}

// ConvRun is the workspace of one caller of a Conv.
type ConvRun struct {
	*Conv
	entries []gemm.Entry // H·W·C places; those of a row of pixels begin at its values' place
	ends    []int32      // for each row of pixels: where the lists of its pixels end, from its start on
	edge    [][]float32  // of each worker: outputs of a block that is not whole

	n, rows, groups int // images, those of a task, and tasks of a block
	floor           float32
	y, x            []float32
}

// Run returns a workspace.
func (c *Conv) Run() *ConvRun { return &ConvRun{Conv: c} }

// Forward computes y [n, OutH, OutW, O] from x [n, H, W, C], with relu max(·, 0) of it, and
// reports whether it did: if a sample of the rows of x has more values that are not 0 than the
// share of the Conv it does nothing.
func (r *ConvRun) Forward(y, x []float32, n int, relu bool) bool {
	r.y, r.x, r.n = y[:n*r.OutH()*r.OutW()*r.O], x[:n*r.H*r.W*r.C], n
	if !r.pays() {
		return false
	}
	r.floor = float32(math.Inf(-1))
	if relu {
		r.floor = 0
	}
	r.entries = parallel.Grow(r.entries, len(r.x))
	r.ends = parallel.Grow(r.ends, n*r.H*r.pixels())
	r.edge = parallel.PerWorker(r.edge)
	parallel.Each(n*r.H, r, (*ConvRun).list)
	r.split()
	parallel.Own(r.groups*r.blocks, r, (*ConvRun).run)
	r.y, r.x = nil, nil
	return true
}

// pixels is the number of steps of a row: its pixels, and outputs behind the last one.
func (c *Conv) pixels() int { return c.W + c.PadW }

// pays reports whether few enough values of a sample of x are not 0.
func (r *ConvRun) pays() bool {
	width, count, all := r.W*r.C, 0, 0
	for row := 0; row < r.n*r.H; row += convSample {
		count, all = count+gemm.Count(r.x[row*width:][:width]), all+width
	}
	return float64(count) <= r.share*float64(all)
}

// list lists the values of a row of pixels that are not 0.
func (r *ConvRun) list(_, row int) {
	width := r.W * r.C
	entries, ends, x := r.entries[row*width:][:width], r.ends[row*r.pixels():][:r.pixels()], r.x[row*width:][:width]
	k := 0
	for i := range r.W {
		k += gemm.Entries(entries[k:], x[i*r.C:][:r.C], 0)
		ends[i] = int32(k)
	}
	for i := r.W; i < len(ends); i++ {
		ends[i] = int32(k)
	}
}

// split chooses the images of a task: as many as leave a task or two for every thread.
func (r *ConvRun) split() {
	threads := parallel.Threads()
	r.groups = min(r.n, max(1, (2*threads+r.blocks-1)/r.blocks))
	if r.blocks >= threads {
		r.groups = min(r.groups, (r.n+3)/4)
	}
}

// run computes a block of the outputs of some images.
func (r *ConvRun) run(worker, task int) {
	block, group := task%r.blocks, task/r.blocks
	first, last := r.n*group/r.groups, r.n*(group+1)/r.groups
	h, w := r.OutH(), r.OutW()
	width := min(convOutputs, r.O-block*convOutputs)
	y, ldy := r.y[first*h*w*r.O+block*convOutputs:], r.O
	if width < convOutputs {
		y, ldy = parallel.Grow(r.edge[worker], (last-first)*h*w*convOutputs), convOutputs
		r.edge[worker] = y
	}
	weights := r.weights[block*r.KH*r.C*convTaps*convOutputs:]
	s := scatter{ldy: ldy, steps: r.pixels(), skip: 2 - r.PadW}
	for tap := range r.KH {
		s.w = weights[tap*r.C*convTaps*convOutputs:]
		for n := first; n < last; n++ {
			for oy := range h {
				iy := oy + tap - r.PadH
				if iy < 0 || iy >= r.H {
					continue
				}
				s.bias = nil
				if tap == max(0, r.PadH-oy) {
					s.bias = r.bias[block*convOutputs:]
				}
				s.floor = float32(math.Inf(-1))
				if tap == min(r.KH-1, r.H-1+r.PadH-oy) {
					s.floor = r.floor
				}
				row := n*r.H + iy
				s.y = y[((n-first)*h+oy)*w*ldy:]
				s.entries, s.ends = r.entries[row*r.W*r.C:], r.ends[row*r.pixels():]
				s.row()
			}
		}
	}
	if width < convOutputs {
		for i := range (last - first) * h * w {
			copy(r.y[(first*h*w+i)*r.O+block*convOutputs:][:width], y[i*convOutputs:])
		}
	}
}
