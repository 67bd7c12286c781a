package linear

import "math"

// softmaxRows turns columns of linear predictors, one a class, into probabilities.
func softmaxRows(columns [][]float64) {
	for i := range columns[0] {
		top := math.Inf(-1)
		for _, c := range columns {
			top = max(top, c[i])
		}
		sum := 0.0
		for _, c := range columns {
			c[i] = math.Exp(c[i] - top)
			sum += c[i]
		}
		for _, c := range columns {
			c[i] /= sum
		}
	}
}
