package regularize

import "pare/internal/kernel"

// TransformedL1 is f(a) = Σ (1+β)|aᵢ|/(β+|aᵢ|) (Zhang & Xin 2018; for networks Ma et
// al. 2019): for a small β it counts values that are not 0, for a large β it is l1.
type TransformedL1 struct {
	Beta float64 `yaml:"beta,omitempty" range:"(0,)" doc:"the size at which a value costs half of the most; left out: 1"`
}

var (
	_ ActivationPenalty = (*TransformedL1)(nil)
	_ Saturating        = (*TransformedL1)(nil)
)

func init() {
	Penalties.Register("transformed_l1", "sum of (1+beta)·|a|/(beta+|a|): between l1 and a count", func() Kind { return &TransformedL1{} })
}

func (*TransformedL1) Kind() string { return "transformed_l1" }

// Saturation implements Saturating.
func (p *TransformedL1) Saturation() (beta, factor float64) {
	beta = p.Beta
	if beta == 0 {
		beta = 1
	}
	return beta, 1 + beta
}

func (p *TransformedL1) OfSums(s ActivationSums) float64 { return total(s.Saturated) }

func (p *TransformedL1) AddGradient(dst, a, weight []float32, _ int, _ ActivationSums) {
	beta, _ := p.Saturation()
	for n := len(weight); len(dst) > 0; dst, a = dst[n:], a[n:] {
		kernel.SaturatedGrad(dst[:n], a[:n], weight, float32(beta))
	}
}
