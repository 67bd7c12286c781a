// Package robust is linear models under the worst perturbation of their inputs
// within ±ε of every feature: losses, margins and perturbations in closed form
// by the duality of ℓ∞ and ℓ1, and models trained for the worst case with a
// duality gap.
package robust

import "math"

// Norm1 is ‖w‖₁: a perturbation within ±ε changes wᵀx by at most ε‖w‖₁.
func Norm1(w []float64) float64 {
	s := 0.0
	for _, v := range w {
		s += math.Abs(v)
	}
	return s
}

// SquareLoss is the largest (y − b − wᵀ(x+δ))² over |δⱼ| ≤ ε, for the residual
// y − b − wᵀx and ‖w‖₁: (|residual| + ε‖w‖₁)².
func SquareLoss(residual, norm1, epsilon float64) float64 {
	v := math.Abs(residual) + epsilon*norm1
	return v * v
}

// LogisticLoss is the largest log(1 + exp(−y(wᵀ(x+δ)+b))) over |δⱼ| ≤ ε, for
// the margin y(wᵀx+b) with y = ±1: log(1 + exp(ε‖w‖₁ − margin)).
func LogisticLoss(margin, norm1, epsilon float64) float64 {
	return softplus(epsilon*norm1 - margin)
}

func softplus(v float64) float64 {
	if v > 0 {
		return v + math.Log1p(math.Exp(-v))
	}
	return math.Log1p(math.Exp(v))
}

// Score is wᵀx + b.
func Score(w []float64, b float64, x []float64) float64 {
	for j, v := range w {
		b += v * x[j]
	}
	return b
}

// Distance is how far, in every feature at once, x may move before the sign of
// wᵀx + b changes: |wᵀx + b| / ‖w‖₁; +Inf where w is 0 and b is not, so that
// nothing changes the sign.
func Distance(w []float64, b float64, x []float64) float64 {
	score := math.Abs(Score(w, b, x))
	norm := Norm1(w)
	if norm == 0 && score > 0 {
		return math.Inf(1)
	}
	if score == 0 {
		return 0
	}
	return score / norm
}

// Perturbation is the δ with |δⱼ| ≤ ε that lowers wᵀ(x+δ) most: −ε·sign(wⱼ),
// and 0 where wⱼ is. The worst for a model of classes is it times y = ±1, the
// worst for a residual it times the residual's sign (+1 where that is 0).
func Perturbation(w []float64, epsilon float64) []float64 {
	d := make([]float64, len(w))
	for j, v := range w {
		switch {
		case v > 0:
			d[j] = -epsilon
		case v < 0:
			d[j] = epsilon
		}
	}
	return d
}
