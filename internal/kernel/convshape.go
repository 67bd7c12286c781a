package kernel

// ConvShape describes a 2-D convolution of an input [N,H,W,C] with weights
// [KH,KW,C/Groups,O] to an output [N,OutH,OutW,O]. Strides must be positive;
// Groups must divide C and O.
type ConvShape struct {
	N, H, W, C, O, KH, KW, StrideH, StrideW, PadH, PadW, Groups int
}

// OutH is the output height, floor((H+2·PadH-KH)/StrideH)+1, or 0 if the
// kernel does not fit.
func (s ConvShape) OutH() int { return outSize(s.H, s.KH, s.StrideH, s.PadH) }

// OutW is the output width.
func (s ConvShape) OutW() int { return outSize(s.W, s.KW, s.StrideW, s.PadW) }

func outSize(in, k, stride, pad int) int {
	if in+2*pad < k {
		return 0
	}
	return (in+2*pad-k)/stride + 1
}

// folded turns a 1×1 convolution that visits every pixel once into one over
// N·H·W images of a single pixel, a plain matrix product.
func (s ConvShape) folded() ConvShape {
	if s.KH == 1 && s.KW == 1 && s.StrideH == 1 && s.StrideW == 1 && s.PadH == 0 && s.PadW == 0 {
		s.N, s.H, s.W = s.N*s.H*s.W, 1, 1
	}
	return s
}

// span is one family of outputs along one axis: output i of count sits at
// position out0 + i·outStep and reads inputs start + i·inStep + j through
// kernel index taps[j].
type span struct {
	start, count  int
	out0, outStep int
	inStep        int
	taps          []int
}

// forwardSpans describes the forward direction: a single family.
func forwardSpans(in, k, stride, pad int) []span {
	taps := make([]int, k)
	for j := range taps {
		taps[j] = j
	}
	return []span{{start: -pad, count: outSize(in, k, stride, pad), outStep: 1, inStep: stride, taps: taps}}
}

// backwardSpans describes the gradient with respect to the input. Input
// positions of equal remainder modulo the stride see the same kernel indices,
// so each remainder is a dense convolution of dy with every stride-th tap,
// reversed. A remainder without taps has gradient zero.
func backwardSpans(in, k, stride, pad int) []span {
	var spans []span
	for p := range min(stride, in) {
		k0 := (p + pad) % stride
		n := 0
		if k0 < k {
			n = (k - k0 + stride - 1) / stride
		}
		taps := make([]int, n)
		for j := range taps {
			taps[j] = k0 + stride*(n-1-j)
		}
		spans = append(spans, span{
			start:   (p+pad-k0)/stride - (n - 1),
			count:   (in - p + stride - 1) / stride,
			out0:    p,
			outStep: stride,
			inStep:  1,
			taps:    taps,
		})
	}
	return spans
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
		end := s.start + (min(count, s.count)-1)*s.inStep + len(s.taps)
		if !seen {
			lo, hi, seen = s.start, end, true
			continue
		}
		lo, hi = min(lo, s.start), max(hi, end)
	}
	return lo, hi - lo
}
