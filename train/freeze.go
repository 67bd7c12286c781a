package train

import "pare/nn"

// zeroMask marks the values that are exactly 0 with 1. It is nil for
// biases: a bias is 0 for other reasons than sparsity.
func zeroMask(p *nn.Param) []float32 {
	switch p.Role {
	case nn.RoleWeight, nn.RoleScale, nn.RoleShift, nn.RoleGate:
	default:
		return nil
	}
	mask := make([]float32, p.Size())
	for i, v := range p.Data() {
		if v == 0 {
			mask[i] = 1
		}
	}
	return mask
}

// holdZeros clears the frozen values of [lo, hi) and their moments.
func (s *slot) holdZeros(lo, hi int) {
	if s.frozen == nil {
		return
	}
	for i := lo; i < hi; i++ {
		if s.frozen[i] == 0 {
			continue
		}
		s.value[i] = 0
		for _, b := range s.buffers {
			b[i] = 0
		}
	}
}
