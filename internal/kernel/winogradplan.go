package kernel

// winogradPlans are the parts of a Conv that run by Winograd's method, each
// planned when first used. Its methods return false, having done nothing, where
// the direct kernels are faster.
type winogradPlans struct {
	y, dx *winogradConv
	dw    *winogradWeights
}

func (p *winogradPlans) forward(s ConvShape, y, x, w, bias []float32, e Epilogue) bool {
	if p.y == nil {
		if !s.winogradForward() {
			return false
		}
		in, out := s.images()
		p.y = newWinogradConv(in, out, s.PadH, s.PadW, false)
	}
	p.y.call(y, x, w, bias, e, false)
	return true
}

func (p *winogradPlans) backwardInput(s ConvShape, dx, dy, w []float32, add bool) bool {
	if p.dx == nil {
		if !s.winogradBackwardInput() {
			return false
		}
		in, out := s.images()
		p.dx = newWinogradConv(out, in, 2-s.PadH, 2-s.PadW, true)
	}
	p.dx.call(dx, dy, w, nil, Epilogue{}, add)
	return true
}

func (p *winogradPlans) backwardWeights(s ConvShape, dw, x, dy []float32) bool {
	if p.dw == nil {
		if !s.winogradBackwardWeights() {
			return false
		}
		p.dw = newWinogradWeights(s)
	}
	p.dw.call(dw, x, dy)
	return true
}

// winogradPays reports whether Winograd's method is faster than the direct
// kernels for a result (or, for weights, a gradient) of n images of h×w pixels
// summed over depth channels, with at least the given number of tiles. Measured
// on a Zen 3 core, time of the direct kernel over that of Winograd's:
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
// What counts is the channels summed over, or those of the input for the weights,
// and the share of the tiles that is used: 0.56 at 3×3, 0.69 at 5×5, 0.77 at 7×7.
func winogradPays(n, h, w, depth, tiles int) bool {
	all := n * ((h + 1) / 2) * ((w + 1) / 2)
	if all < tiles || depth < 8 {
		return false
	}
	used := float64(n*h*w) / float64(4*all)
	return used >= 0.75 || used >= 0.65 && depth >= 16
}

// winograd reports whether Winograd's method applies at all.
func (s ConvShape) winograd() bool {
	return s.KH == 3 && s.KW == 3 && s.StrideH == 1 && s.StrideW == 1 && s.Groups == 1 &&
		s.PadH <= 2 && s.PadW <= 2 && s.O > 0 && s.OutH() > 0 && s.OutW() > 0
}

func (s ConvShape) winogradForward() bool {
	return s.winograd() && winogradPays(s.N, s.OutH(), s.OutW(), s.C, 16)
}

func (s ConvShape) winogradBackwardInput() bool {
	return s.winograd() && winogradPays(s.N, s.H, s.W, s.O, 16)
}

func (s ConvShape) winogradBackwardWeights() bool {
	return s.winograd() && winogradPays(s.N, s.OutH(), s.OutW(), s.C, 32)
}
