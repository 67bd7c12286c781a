package regularize

import "pare/internal/kernel/prox"

// ElasticNet is f(w) = α·Σ|wᵢ| + (1−α)/2·Σwᵢ² (Zou & Hastie 2005, in glmnet's
// form).
type ElasticNet struct {
	Alpha float64 `yaml:"alpha" required:"true" range:"(0,1]" doc:"share of l1; 1 is l1 alone, and weight decay is for squares alone"`
}

var (
	_ Penalty     = (*ElasticNet)(nil)
	_ Elementwise = (*ElasticNet)(nil)
)

func init() {
	Penalties.Register("elastic_net", "alpha·l1 + (1−alpha)/2·sum of squares", func() Kind { return &ElasticNet{} })
}

func (*ElasticNet) Kind() string      { return "elastic_net" }
func (*ElasticNet) Elementwise() bool { return true }

func (p *ElasticNet) Value(w []float32) float64 {
	return p.Alpha*prox.SumAbs(w) + (1-p.Alpha)/2*prox.SumSquares(w)
}

func (p *ElasticNet) Subgradient(dst, w []float32) {
	a := float32(p.Alpha)
	for i, v := range w {
		dst[i] = a*sign(v) + (1-a)*v
	}
}

// Prox is soft(wᵢ, τα/dᵢ)/(1+τ(1−α)/dᵢ), which solves
// dᵢ(xᵢ−wᵢ) + τα·∂|xᵢ| + τ(1−α)xᵢ ∋ 0.
func (p *ElasticNet) Prox(w, d []float32, tau float32) {
	a := float32(p.Alpha)
	cut, ridge := tau*a, tau*(1-a)
	switch {
	case d == nil:
		prox.SoftThreshold(w, cut, 1/(1+ridge))
	case cut != 0: // not for cut 0: where d is 0, the threshold would be 0/0
		prox.SoftThresholdMetric(w, d, cut, ridge)
	}
}
