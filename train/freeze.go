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

// frozenIn is the mask of the values [lo, hi), nil where none is frozen.
func (s *slot) frozenIn(lo, hi int) []float32 {
	if s.frozen == nil {
		return nil
	}
	return s.frozen[lo:hi]
}
