// Package conv computes 2-D convolutions of channels-last images [N,H,W,C] with
// weights [KH,KW,C/Groups,O], and their gradients: directly, as tiles of matrix
// products, by Winograd's method, and channel by channel.
//
// Sums are cut into parts by the size of the problem only and combined in a fixed
// order, so a result never depends on the number of threads. A Plan owns its
// workspaces: once warm, a call allocates nothing. One plan must not be used by two
// goroutines at the same time. Slices of a wrong length are programming errors and
// panic.
package conv

import (
	"pare/internal/kernel/norm"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

// Shape describes a 2-D convolution of an input [N,H,W,C] with weights
// [KH,KW,C/Groups,O] to an output [N,OutH,OutW,O]. Strides must be positive;
// Groups, 0 for one group, must divide C and O. Taps are DilationH and DilationW
// positions apart; 0 is 1. PadH rows of zeros lie above the image and PadH+MoreH
// below it, PadW columns before it and PadW+MoreW behind it.
type Shape struct {
	N, H, W, C, O, KH, KW, StrideH, StrideW, PadH, PadW, Groups int

	DilationH, DilationW, MoreH, MoreW int
}

// axis is the geometry of a convolution on one axis.
type axis struct{ in, k, stride, dilation, pad, end int }

func (s Shape) rows() axis {
	return axis{s.H, s.KH, s.StrideH, max(s.DilationH, 1), s.PadH, s.PadH + s.MoreH}
}

func (s Shape) columns() axis {
	return axis{s.W, s.KW, s.StrideW, max(s.DilationW, 1), s.PadW, s.PadW + s.MoreW}
}

// OutH is the output height, floor((H+2·PadH+MoreH-(KH-1)·DilationH-1)/StrideH)+1, or 0
// if the kernel does not fit.
func (s Shape) OutH() int { return s.rows().out() }

// OutW is the output width.
func (s Shape) OutW() int { return s.columns().out() }

func (a axis) out() int {
	space := a.in + a.pad + a.end - (a.k-1)*a.dilation - 1 // for the kernel to move in
	if space < 0 {
		return 0
	}
	return space/a.stride + 1
}

// single reports whether the axis has one tap that visits every position once.
func (a axis) single() bool { return a.k == 1 && a.stride == 1 && a.pad == 0 && a.end == 0 }

// Single reports whether the kernel is 1×1 and visits every pixel once, so that the convolution is
// a matrix product of all pixels.
func (s Shape) Single() bool { return s.rows().single() && s.columns().single() }

// folded turns a 1×1 convolution that visits every pixel once into one over
// N·H·W images of a single pixel, a plain matrix product.
func (s Shape) folded() Shape {
	if s.Single() {
		s.N, s.H, s.W = s.N*s.H*s.W, 1, 1
	}
	return s
}

func (s Shape) images() (in, out image) {
	return image{s.N, s.H, s.W, s.C}, image{s.N, s.OutH(), s.OutW(), s.O}
}

// Plan is a plan for one convolution layer: output, gradient with respect to the
// input and gradient with respect to the weights. Parts are planned when first used,
// so that inference pays for the forward direction only.
type Plan struct {
	s              Shape
	inference      bool // see NewInference
	forward, input imagePlan
	weights        weightPlan
}

// imagePlan computes images y from images x: the output, or the gradient with respect
// to the input. bias may be nil; with add the result is added to y.
type imagePlan interface {
	call(y, x, w, bias []float32, add bool, e Epilogue)
}

// weightPlan computes the gradient with respect to the weights.
type weightPlan interface{ call(dw, x, dy []float32) }

// New plans a convolution of the given shape. 1×1 convolutions of stride one without
// padding become matrix products; depthwise ones (Groups == C) have their own
// kernels; 3×3 ones of stride one use Winograd's method where that is faster.
func New(s Shape) *Plan {
	s.Groups = max(s.Groups, 1)
	return &Plan{s: s}
}

// NewInference is New for forward passes alone, whose tasks are small enough that one image is
// shared out among threads.
func NewInference(s Shape) *Plan {
	c := New(s)
	c.inference = true
	return c
}

const (
	inferenceTasks = 8       // tasks to aim at
	inferenceMACs  = 1 << 18 // least multiply-accumulates of one, a few microseconds
)

// inferenceTask is the number of result pixels of a task, given the multiply-accumulates of each.
// It decides in which order some sums are added, so it does not depend on the threads.
func inferenceTask(all, macs int) int {
	return max((all+inferenceTasks-1)/inferenceTasks, inferenceMACs/max(macs, 1), 1)
}

// depthwise reports whether every group has one input channel.
func (s Shape) depthwise() bool { return s.Groups == s.C && s.C > 1 }

// Forward computes y [N,OutH,OutW,O] from x [N,H,W,C], w [KH,KW,C/Groups,O]
// and bias [O], which may be nil, and applies the epilogue.
func (c *Plan) Forward(y, x, w, bias []float32, e Epilogue) {
	size := c.outLen()
	if e.Pitch != 0 && size > 0 {
		if e.Skip != nil || e.moments() {
			panic("conv: epilogue with a pitch and with a sum or moments")
		}
		size += (size/c.s.O - 1) * (e.Pitch - c.s.O)
	}
	c.planForward().call(y[:size], x[:c.inLen()], w[:c.weightLen()], bias, false, e)
}

// TakesPitch reports whether Forward takes an Epilogue with a Pitch.
func (c *Plan) TakesPitch() bool {
	switch c.planForward().(type) {
	case *direct, *winogradConv:
		return true
	}
	return false
}

func (c *Plan) planForward() imagePlan {
	if c.forward == nil {
		c.forward = planImages(c.s, false, c.inference)
	}
	return c.forward
}

// BackwardInput overwrites dx [N,H,W,C] with the gradient for dy
// [N,OutH,OutW,O]; with add the gradient is added to dx.
func (c *Plan) BackwardInput(dx, dy, w []float32, add bool) {
	if c.input == nil {
		c.input = planImages(c.s, true, false)
	}
	c.input.call(dx[:c.inLen()], dy[:c.outLen()], w[:c.weightLen()], nil, add, Epilogue{})
}

// planImages plans the forward direction, for inference or training, or the gradient with respect
// to the input.
func planImages(s Shape, input, inference bool) imagePlan {
	h, w, depth := s.OutH(), s.OutW(), s.C
	if input {
		h, w, depth = s.H, s.W, s.O
	}
	switch {
	case inference && s.winogradInference():
		e := newWinograd(s, false)
		e.splitEvenly(16 * s.C * s.O)
		return e
	case !inference && s.winograd(h, w, depth, 16):
		return newWinograd(s, input)
	case s.tiled(input):
		return newDepthwise(s, input)
	case s.depthwise():
		return newDepthwiseRows(s, input)
	}
	return newDirect(s.folded(), input, inference)
}

// BackwardWeights overwrites dw [KH,KW,C/Groups,O] with the gradient summed
// over all images and pixels.
func (c *Plan) BackwardWeights(dw, x, dy []float32) {
	if c.weights == nil {
		switch s := c.s; {
		case s.winograd(s.OutH(), s.OutW(), s.C, 32):
			c.weights = newWinogradWeights(s)
		case s.tiledWeights():
			c.weights = newDepthwiseWeights(s)
		case s.depthwise():
			c.weights = newDepthwiseRowsWeights(s)
		default:
			c.weights = newDirectWeights(s.folded())
		}
	}
	c.weights.call(dw[:c.weightLen()], x[:c.inLen()], dy[:c.outLen()])
}

func (c *Plan) inLen() int     { return c.s.N * c.s.H * c.s.W * c.s.C }
func (c *Plan) outLen() int    { return c.s.N * c.s.OutH() * c.s.OutW() * c.s.O }
func (c *Plan) weightLen() int { return c.s.KH * c.s.KW * (c.s.C / c.s.Groups) * c.s.O }

// Epilogue is applied to each part of the result of a convolution while the part is still
// in cache. The zero value leaves the result unchanged.
type Epilogue struct {
	ReLU bool // max(·, 0); NaN stays NaN
	// Skip, of the shape of the result, is added to it, before ReLU; nil for none. It must not
	// overlap the result. SkipFactor, [O], multiplies its channels; nil is 1.
	Skip, SkipFactor []float32

	// Mean and Variance, [O], receive the mean and the biased variance of every
	// output channel over all images and positions; nil for none. Both or
	// neither; not together with ReLU or Skip.
	Mean, Variance []float32

	// Pitch is the distance of the pixels of the result where they are parts of longer rows, such
	// as the channels that a convolution adds to others; 0 is O. The values between pixels stay as
	// they are. Not together with Skip or moments, and only where TakesPitch.
	Pitch int
}

// moments reports whether the epilogue asks for moments.
func (e Epilogue) moments() bool {
	if (e.Mean == nil) != (e.Variance == nil) || (e.ReLU || e.Skip != nil) && e.Mean != nil {
		panic("conv: epilogue with half of the moments, or with moments of an unfinished result")
	}
	return e.Mean != nil
}

// kernelReLU reports whether a kernel has to compute ReLU as it stores the result: behind a sum
// take does.
func (e Epilogue) kernelReLU() bool { return e.ReLU && e.Skip == nil }

// apply applies the epilogue to a finished result.
func (e Epilogue) apply(y []float32, channels int) {
	switch {
	case e.Skip != nil:
		rows := parallel.Rows(channels)
		sums.Do(len(y)/max(channels, 1), rows, sum{e, y, channels}, func(s *sum, lo, hi, _ int) { s.add(s.y, lo*s.channels, hi*s.channels) })
	case e.ReLU:
		vector.ReLU(y, y)
	}
	if e.moments() {
		norm.Moments(e.Mean, e.Variance, y, len(y)/max(channels, 1), channels)
	}
}

// sum is a result with the epilogue that adds its Skip.
type sum struct {
	Epilogue
	y        []float32
	channels int
}

var sums parallel.Loop[sum]

// add adds the Skip to the values [from,to) of the result, whole pixels, and applies ReLU.
func (e *Epilogue) add(y []float32, from, to int) {
	y, skip := y[from:to], e.Skip[from:to]
	if c := len(e.SkipFactor); c > 0 {
		vector.FMARows(y, skip, e.SkipFactor, len(y)/c, c, c, c)
	} else {
		vector.AddSlice(y, y, skip)
	}
	if e.ReLU {
		vector.ReLUSlice(y, y)
	}
}

// finish collects the moments of an epilogue and adds its Skip, where there are any, while tasks
// write the result.
type finish struct {
	Epilogue
	wanted bool
	stats  norm.TaskMoments
}

func (f *finish) begin(e Epilogue, tasks, channels int) {
	f.Epilogue, f.wanted = e, e.moments()
	if f.wanted {
		f.stats.Start(tasks, channels)
	}
}

// take finishes the values [from,to) of the result, whole pixels that a task has written.
func (f *finish) take(task int, y []float32, from, to int) {
	if f.Skip != nil {
		f.add(y, from, to)
	}
	if f.wanted {
		f.stats.Add(task, y[from:to])
	}
}

func (f *finish) end() {
	if f.wanted {
		f.stats.Finish(f.Mean, f.Variance)
	}
	f.Epilogue = Epilogue{}
}
