package certify

import (
	"math"

	"pare/attack"
)

// LinearRadius is the distance in a norm from x to the nearest point that a linear model gives
// another class, exactly: with outputs z = Wx + b it is the least over k of
// (z[class] − z[k]) / ‖W[class] − W[k]‖ in the dual norm, ℓ1 for attack.Linf. It is negative where another
// class has a larger output, and infinite where no point has. Weights hold a row for each output.
func LinearRadius(n attack.Norm, weights [][]float64, intercepts, x []float64, class int) float64 {
	radius := math.Inf(1)
	for k := range weights {
		if k == class {
			continue
		}
		margin, norm := 0.0, 0.0
		if intercepts != nil {
			margin = intercepts[class] - intercepts[k]
		}
		for j, v := range weights[class] {
			d := v - weights[k][j]
			margin += d * x[j]
			if n == attack.L2 {
				norm += d * d
			} else {
				norm += math.Abs(d)
			}
		}
		if n == attack.L2 {
			norm = math.Sqrt(norm)
		}
		switch {
		case norm > 0:
			radius = min(radius, margin/norm)
		case margin < 0:
			return math.Inf(-1)
		}
	}
	return radius
}
