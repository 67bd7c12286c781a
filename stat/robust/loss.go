// Package robust is linear models under the worst perturbation of their inputs
// within ±ε of every feature: losses in closed form by the duality of ℓ∞ and ℓ1,
// and models trained for the worst case with a duality gap.
package robust

import (
	"math"

	"pare/stat/internal/logistic"
	"pare/stat/linear"
)

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
	return logistic.Softplus(epsilon*norm1 - margin)
}

// Deviance is the largest deviance of a response y over linear predictors from eta − down to eta + up,
// for families with one predictor. Their deviances are convex, so it is at an end. With down = up =
// ε‖w‖₁ it is SquareLoss of Gaussian and twice LogisticLoss of Binomial models.
func Deviance(f linear.Family, eta, y, down, up float64) float64 {
	return max(f.Deviance(eta-down, y), f.Deviance(eta+up, y))
}
