package regularize

import (
	"fmt"

	"pare/internal/kernel/prox"
)

// ElasticNet is f(w) = α·Σ|wᵢ| + (1−α)/2·Σwᵢ² (Zou & Hastie 2005, in glmnet's
// form).
type ElasticNet struct {
	Alpha float64 // in (0, 1]; 1 is L1
}

var (
	_ Penalty     = (*ElasticNet)(nil)
	_ Elementwise = (*ElasticNet)(nil)
	_ Mixed       = (*ElasticNet)(nil)
)

func init() {
	Register("elastic_net", "alpha·l1 + (1−alpha)/2·sum of squares", func() Penalty { return &ElasticNet{} })
}

func (*ElasticNet) Kind() string      { return "elastic_net" }
func (*ElasticNet) Elementwise() bool { return true }

// SetAlpha implements Mixed.
func (p *ElasticNet) SetAlpha(alpha float64) error {
	if !(alpha > 0 && alpha <= 1) {
		return fmt.Errorf("%g is not in (0, 1]; 1 is l1; for squares alone use weight decay", alpha)
	}
	p.Alpha = alpha
	return nil
}

func (p *ElasticNet) Value(w []float32) float64 {
	return p.Alpha*prox.SumAbs(w) + (1-p.Alpha)/2*prox.SumSquares(w)
}

func (p *ElasticNet) Subgradient(dst, w []float32) {
	a := float32(p.Alpha)
	for i, v := range w {
		dst[i] = a*sign(v) + (1-a)*v
	}
}

// Prox is soft(w, τα)/(1+τ(1−α)).
func (p *ElasticNet) Prox(w []float32, tau float32) {
	a := float32(p.Alpha)
	prox.SoftThreshold(w, tau*a, 1/(1+tau*(1-a)))
}

// ProxMetric solves dᵢ(xᵢ−wᵢ) + τα·∂|xᵢ| + τ(1−α)xᵢ ∋ 0.
func (p *ElasticNet) ProxMetric(w, d []float32, tau float32) {
	a := float32(p.Alpha)
	if cut := tau * a; cut != 0 { // where d is 0, 0/0 is no threshold
		prox.SoftThresholdMetric(w, d, cut, tau*(1-a))
	}
}
