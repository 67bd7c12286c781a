// Package logistic holds the functions of the logistic loss, exact at both ends.
package logistic

import "math"

// Softplus is log(1+eˣ).
func Softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// Sigmoid is 1/(1+e⁻ˣ), the derivative of Softplus.
func Sigmoid(x float64) float64 {
	e := math.Exp(-math.Abs(x))
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}
