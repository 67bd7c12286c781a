package train

import "pare/nn"

// Separable is implemented by penalties whose proximal map treats some
// parameters value by value, which the optimizer can do in the same pass as the
// update.
type Separable interface {
	OnParameters
	// Separate calls take for every parameter on which Prox is the proximal map
	// of step·Lambda()·scale·Σ(alpha·|x| + (1−alpha)/2·x²), and returns Prox
	// without the parameters for which take returned true; nil when nothing is
	// left to do. alpha lies in (0, 1].
	Separate(take func(p *nn.Param, scale, alpha float64) bool) (rest func(step float64, metric func(*nn.Param) []float32))
}

// fused is a penalty on one parameter that its update applies.
type fused struct {
	penalty    Penalty
	scale      float64
	alpha      float32
	cut, ridge float32 // of the present step: soft threshold and square part
}

// set computes the threshold of a step as the penalty itself would.
func (f *fused) set(step float64) {
	tau := float32(step * f.penalty.Lambda() * f.scale)
	f.cut, f.ridge = tau*f.alpha, tau*(1-f.alpha)
}

// threshold is the cut and the square part of the present step, 0 without a
// penalty.
func (s *slot) threshold() (cut, ridge float32) {
	if s.fused == nil {
		return 0, 0
	}
	return s.fused.cut, s.fused.ridge
}

// fuse gives the updates the penalties that act value by value and lists the
// proximal maps that are left. Maps that share a parameter do not commute, so
// only the first one on a parameter may move into its update.
func (c *core) fuse(penalties []Penalty) {
	reached := map[*nn.Param]bool{}
	for _, p := range proximal(penalties) {
		prox := p.Prox
		if s, ok := p.(Separable); ok {
			prox = s.Separate(func(q *nn.Param, scale, alpha float64) bool {
				k, ok := c.index[q]
				if !ok || c.slots[k].grad == nil || reached[q] {
					return false
				}
				reached[q] = true
				c.slots[k].fused = &fused{penalty: p, scale: scale, alpha: float32(alpha)}
				return true
			})
		}
		if prox != nil {
			c.proxes = append(c.proxes, prox)
		}
		for _, q := range p.Governs() {
			reached[q] = true
		}
	}
}
