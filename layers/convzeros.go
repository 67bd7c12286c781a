package layers

import (
	"pare/internal/kernel/conv"
	"pare/internal/kernel/sparse"
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

// leastConvColumns is the width from which a kernel is not padded too much.
const leastConvColumns = 3

// skipZeros returns a kernel that skips zeros of images; nil: the program does not ask for one, there
// is none for the shape, or it is not faster.
func (l *Conv) skipZeros(b *nn.Builder, s conv.Shape) *sparse.ConvRun {
	zeros, shape := b.Zeros(), sparse.ConvShape{H: s.H, W: s.W, C: s.C, O: s.O, KH: s.KH, KW: s.KW, PadH: s.PadH, PadW: s.PadW}
	if zeros == nil || s.KW < leastConvColumns || s.Groups > 1 || l.Stride != Square(1) || l.Dilation.orElse(Square(1)) != Square(1) ||
		s.MoreH != 0 || s.MoreW != 0 || s.PadH >= s.KH || s.PadW >= s.KW || s.C < leastConvInputs {
		return nil
	}
	c := nn.MakeFrozen(b, l.weight, convForm{l.bias, s.H, s.W}, func() *sparse.Conv {
		w, bias := l.weight.Data(), valuesOf(l.bias)
		return sparse.NewConv(shape, w, bias, zeros, func(n int) func(y, x []float32) {
			several := s
			several.N = n
			dense := conv.NewInference(several)
			if dense.FrozenForm() != nil {
				dense.UseFrozen(dense.Freeze(w))
			}
			return func(y, x []float32) { dense.Forward(y, x, w, bias, conv.Epilogue{}) }
		})
	})
	if !c.Skips(s.N) {
		return nil
	}
	run := c.Run()
	run.Counts = b.Counts()
	return run
}

// withZeros is a convolution of n images by a kernel that skips zeros, or by the plan where they
// have too few; bias is the third input, and skip, where the epilogue has one, the last.
func withZeros(k *sparse.ConvRun, plan *conv.Plan, n int, e conv.Epilogue, skip int) nn.Kernel {
	return func(dst []float32, in [][]float32) {
		with := e
		if skip > 0 {
			with.Skip = in[skip]
			in = in[:skip]
		}
		if !k.Forward(dst, in[0], n, sparse.ConvEpilogue{Skip: with.Skip, SkipFactor: e.SkipFactor, ReLU: e.ReLU}) {
			plan.Forward(dst, in[0], in[1], third(in), with)
		}
	}
}

// inRows is a kernel whose rows of width values lie apart, as the rows of pitched do: where skip computes
// them, which returns false where zeros do not pay, it copies them from values of its own. nil
// stays nil.
func inRows(pitched func(pitch int) nn.Kernel, width, rows int, skip func(dst []float32, in [][]float32) bool) func(pitch int) nn.Kernel {
	if pitched == nil {
		return nil
	}
	return func(pitch int) nn.Kernel {
		dense := pitched(pitch)
		var own []float32 // from the first call on
		return func(dst []float32, in [][]float32) {
			if own == nil {
				own = make([]float32, rows*width)
			}
			if !skip(own, in) {
				dense(dst, in)
				return
			}
			for r := range rows {
				copy(dst[r*pitch:][:width], own[r*width:])
			}
		}
	}
}
