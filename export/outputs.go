package export

import (
	"math"
	"slices"
)

// Meaning is the meaning of the outputs: Outputs, or where that is not known classes for outputs
// with names, else numbers.
func (m Model) Meaning() Outputs {
	switch {
	case m.Outputs != "":
		return m.Outputs
	case len(m.Classes) > 0:
		return OutputClasses
	}
	return OutputNumbers
}

// Interpret turns the outputs of a position, in place, into their meaning: the probabilities of
// classes, which sum to 1 (softmax), the probability of each label (logistic function), or the
// numbers as they are.
func (o Outputs) Interpret(values []float64) {
	switch o {
	case OutputLabels:
		for i, v := range values {
			values[i] = 1 / (1 + math.Exp(-v))
		}
	case OutputClasses:
		most, sum := slices.Max(values), 0.0
		for i := range values {
			values[i] = math.Exp(values[i] - most)
			sum += values[i]
		}
		for i := range values {
			values[i] /= sum
		}
	}
}
