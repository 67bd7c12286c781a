package regularize

import (
	"pare/internal/kernel/prox"
	"pare/internal/kernel/vector"
)

// L1 is f(w) = Σ|wᵢ| (Tibshirani 1996).
type L1 struct{}

var (
	_ Penalty     = L1{}
	_ Elementwise = L1{}
)

func init() {
	Penalties.Register("l1", "sum of absolute values: zeros one by one", func() Kind { return L1{} })
}

func (L1) Kind() string      { return "l1" }
func (L1) Elementwise() bool { return true }

func (L1) Value(w []float32) float64 { return prox.SumAbs(w) }

func (L1) Subgradient(dst, w []float32) {
	for i, v := range w {
		dst[i] = sign(v)
	}
}

// Prox is the soft threshold sign(wᵢ)·max(|wᵢ|−τ/dᵢ, 0).
func (L1) Prox(w, d []float32, tau float32) {
	switch {
	case d == nil:
		prox.SoftThreshold(w, tau, 1)
	case tau != 0: // not for tau 0: where d is 0, the threshold would be 0/0
		prox.SoftThresholdMetric(w, d, tau, 0)
	}
}

// sign is 0 at 0 and NaN at NaN.
func sign(v float32) float32 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return v
}

var _ ActivationPenalty = L1{}

func (L1) OfSums(s ActivationSums) float64 { return total(s.Abs) }

func (L1) AddGradient(dst, a, weight []float32, _ int, _ ActivationSums) {
	for n := len(weight); len(dst) > 0; dst, a = dst[n:], a[n:] {
		vector.SignGrad(dst[:n], a[:n], weight, 1, 0)
	}
}
