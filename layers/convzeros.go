package layers

import (
	"pare/internal/kernel/conv"
	"pare/internal/kernel/sparse"
	"pare/internal/kernel/vector"
	"pare/nn"
)

// convForm is the form of a weight for images of a size, for kernels that skip their zeros; the
// bias is part of it.
type convForm struct {
	bias *nn.Param
	h, w int
}

// leastConvInputs is the number of channels from which the zeros of an image may pay.
const leastConvInputs = 8

// skipZeros returns a kernel for a single image that skips its zeros; nil: the program does not ask
// for one, there is none for the shape, or it is not faster. With more images the dense kernels
// keep all threads busy, so that less is won.
func (l *Conv) skipZeros(b *nn.Builder, s conv.Shape) *sparse.ConvRun {
	zeros, shape := b.Zeros(), sparse.ConvShape{H: s.H, W: s.W, C: s.C, O: s.O, KH: s.KH, PadH: s.PadH, PadW: s.PadW}
	if zeros == nil || s.N > 1 || s.KW != 3 || s.Groups > 1 || l.Stride != Square(1) || l.Dilation.orElse(Square(1)) != Square(1) ||
		s.MoreH != 0 || s.MoreW != 0 || s.PadH >= s.KH || s.PadW >= s.KW || s.C < leastConvInputs {
		return nil
	}
	c := nn.MakeFrozen(b, l.weight, convForm{l.bias, s.H, s.W}, func() *sparse.Conv {
		w, bias := l.weight.Data(), valuesOf(l.bias)
		dense := conv.NewInference(s)
		if dense.FrozenForm() != nil {
			dense.UseFrozen(dense.Freeze(w))
		}
		return sparse.NewConv(shape, w, bias, zeros, func(y, x []float32) { dense.Forward(y, x, w, bias, conv.Epilogue{}) })
	})
	if !c.Skips() {
		return nil
	}
	run := c.Run()
	run.Counts = b.Counts()
	return run
}

// withZeros is a convolution of one image by a kernel that skips zeros, or by the plan where the
// image has too few; bias is the third input, and skip, where the epilogue has one, the last.
func withZeros(k *sparse.ConvRun, plan *conv.Plan, e conv.Epilogue, skip, size int) nn.Kernel {
	var scaled []float32
	if e.SkipFactor != nil {
		scaled = make([]float32, size)
	}
	return func(dst []float32, in [][]float32) {
		with := e
		if skip > 0 {
			with.Skip = in[skip]
			in = in[:skip]
		}
		switch {
		case !k.Forward(dst, in[0], 1, e.ReLU && with.Skip == nil):
			plan.Forward(dst, in[0], in[1], third(in), with)
			return
		case with.Skip == nil:
			return
		case e.SkipFactor != nil:
			vector.ScaleChannels(scaled, with.Skip, e.SkipFactor, size/len(e.SkipFactor), len(e.SkipFactor))
			with.Skip = scaled
		}
		if vector.Add(dst, dst, with.Skip); e.ReLU {
			vector.ReLU(dst, dst)
		}
	}
}
