// Package grid makes the λ of paths.
package grid

import "math"

// Falling returns count values from top down to ratio·top, evenly spaced in the logarithm.
func Falling(top, ratio float64, count int) []float64 {
	lambdas := make([]float64, count)
	for i := range lambdas {
		lambdas[i] = top * math.Pow(ratio, float64(i)/float64(max(count-1, 1)))
	}
	return lambdas
}
