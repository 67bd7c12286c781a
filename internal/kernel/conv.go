package kernel

// Conv is a plan for one convolution layer: output, gradient with respect to
// the input and gradient with respect to the weights. Parts are planned when
// first used, so that inference pays for the forward direction only.
type Conv struct {
	s       ConvShape
	folded  ConvShape
	forward *rowsConv
	input   *rowsConv
	weights *weightsConv
	depth   *depthwise

	winograd winogradPlans
}

// NewConv plans a convolution of the given shape. 1×1 convolutions of stride
// one without padding become matrix products; depthwise ones (Groups == C)
// have their own kernels; 3×3 ones of stride one use Winograd's method where that
// is faster.
func NewConv(s ConvShape) *Conv {
	if s.Groups == 0 {
		s.Groups = 1
	}
	c := &Conv{s: s, folded: s.folded()}
	if s.Groups == s.C && s.C > 1 {
		c.depth = newDepthwise(s)
	}
	return c
}

// Forward computes y [N,OutH,OutW,O] from x [N,H,W,C], w [KH,KW,C/Groups,O]
// and bias [O], which may be nil, and applies the epilogue.
func (c *Conv) Forward(y, x, w, bias []float32, e Epilogue) {
	y, x, w = y[:c.outLen()], x[:c.inLen()], w[:c.weightLen()]
	if c.winograd.forward(c.s, y, x, w, bias, e) {
		return
	}
	if c.depth != nil {
		c.depth.forward(y, x, w, bias)
		e.finish(y, c.s.O)
		return
	}
	if c.forward == nil {
		s := c.folded
		in, out := s.images()
		c.forward = newRowsConv(in, out,
			forwardSpans(s.H, s.KH, s.StrideH, s.PadH),
			forwardSpans(s.W, s.KW, s.StrideW, s.PadW), s.KW, s.Groups, false)
	}
	c.forward.call(y, x, w, bias, false, e)
}

// BackwardInput overwrites dx [N,H,W,C] with the gradient for dy
// [N,OutH,OutW,O]; with add the gradient is added to dx.
func (c *Conv) BackwardInput(dx, dy, w []float32, add bool) {
	dx, dy, w = dx[:c.inLen()], dy[:c.outLen()], w[:c.weightLen()]
	if c.winograd.backwardInput(c.s, dx, dy, w, add) {
		return
	}
	if c.depth != nil {
		c.depth.backwardInput(dx, dy, w, add)
		return
	}
	if c.input == nil {
		s := c.folded
		in, out := s.images()
		c.input = newRowsConv(out, in,
			backwardSpans(s.H, s.KH, s.StrideH, s.PadH),
			backwardSpans(s.W, s.KW, s.StrideW, s.PadW), s.KW, s.Groups, true)
	}
	c.input.call(dx, dy, w, nil, add, Epilogue{})
}

// BackwardWeights overwrites dw [KH,KW,C/Groups,O] with the gradient summed
// over all images and pixels.
func (c *Conv) BackwardWeights(dw, x, dy []float32) {
	dw, x, dy = dw[:c.weightLen()], x[:c.inLen()], dy[:c.outLen()]
	if c.winograd.backwardWeights(c.s, dw, x, dy) {
		return
	}
	if c.depth != nil {
		c.depth.backwardWeights(dw, x, dy)
		return
	}
	if c.weights == nil {
		c.weights = newWeightsConv(c.folded)
	}
	c.weights.call(dw, x, dy)
}

func (s ConvShape) images() (in, out image) {
	return image{s.N, s.H, s.W, s.C}, image{s.N, s.OutH(), s.OutW(), s.O}
}

func (c *Conv) inLen() int     { return c.s.N * c.s.H * c.s.W * c.s.C }
func (c *Conv) outLen() int    { return c.s.N * c.s.OutH() * c.s.OutW() * c.s.O }
func (c *Conv) weightLen() int { return c.s.KH * c.s.KW * (c.s.C / c.s.Groups) * c.s.O }
