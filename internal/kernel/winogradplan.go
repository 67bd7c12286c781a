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

// winograd reports whether Winograd's method applies at all.
func (s ConvShape) winograd() bool {
	return s.KH == 3 && s.KW == 3 && s.StrideH == 1 && s.StrideW == 1 && s.Groups == 1 &&
		s.PadH <= 2 && s.PadW <= 2 && s.N > 0 && s.OutH() > 0 && s.OutW() > 0
}

func (s ConvShape) winogradForward() bool {
	return s.winograd() && s.C >= 4 && s.O >= 4
}

func (s ConvShape) winogradBackwardInput() bool {
	return s.winograd() && s.C >= 4 && s.O >= 4
}

func (s ConvShape) winogradBackwardWeights() bool {
	return s.winograd() && s.C >= 4 && s.O >= 4
}
