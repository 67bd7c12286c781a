package linear

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Measure rates predictions in a cross-validation.
type Measure string

const (
	// Deviance is the mean square of a Gaussian response, else minus twice the mean
	// log-likelihood.
	Deviance Measure = ""
	// AbsoluteError is the mean distance of predictions from a Gaussian response.
	AbsoluteError Measure = "mae"
	// ClassError is the share of observations for which another class is the most probable.
	ClassError Measure = "error"
	// AUC is the area under the receiver operating characteristic of a Binomial response: the
	// probability that an observation of class 1 has a larger predictor than one of class 0,
	// where equal ones count half. The larger the better.
	AUC Measure = "auc"
)

// Larger reports whether a larger value is better.
func (m Measure) Larger() bool { return m == AUC }

// fits returns an error if a family does not have the measure.
func (m Measure) fits(f Family) error {
	switch {
	case m == Deviance, m == AbsoluteError && f == Gaussian, m == ClassError && f.Classes(), m == AUC && f == Binomial:
		return nil
	case m == AbsoluteError || m == ClassError || m == AUC:
		return fmt.Errorf("linear: the measure %s does not apply to %s responses", m, f)
	}
	return fmt.Errorf("linear: unknown measure %q", string(m))
}

// of returns the measure of predictors, one list for each class or one alone, on the
// observations with a weight.
func (m Measure) of(f Family, eta [][]float64, y, weight []float64) float64 {
	if m == AUC {
		return auc(eta[0], y, weight)
	}
	sum, total := 0.0, 0.0
	for _, w := range weight {
		total += w
	}
	loss := m.losses(f, eta, y)
	for i, w := range weight {
		if w > 0 {
			sum += w * loss[i] / total
		}
	}
	return sum
}

// losses returns the measure of every observation.
func (m Measure) losses(f Family, eta [][]float64, y []float64) []float64 {
	loss := make([]float64, len(y))
	switch {
	case m == AbsoluteError:
		for i, e := range eta[0] {
			loss[i] = math.Abs(y[i] - e)
		}
	case m == ClassError && f == Binomial:
		for i, e := range eta[0] {
			if (e > 0) != (y[i] == 1) {
				loss[i] = 1
			}
		}
	case m == ClassError:
		for i := range loss {
			best := 0
			for k := range eta {
				if eta[k][i] > eta[best][i] {
					best = k
				}
			}
			if best != int(y[i]) {
				loss[i] = 1
			}
		}
	case f != Multinomial:
		for i, e := range eta[0] {
			loss[i] = f.Deviance(e, y[i])
		}
	default:
		columns := make([][]float64, len(eta))
		for k := range eta {
			columns[k] = slices.Clone(eta[k])
		}
		softmaxRows(columns)
		for i := range loss {
			loss[i] = -2 * math.Log(max(columns[int(y[i])][i], math.SmallestNonzeroFloat64))
		}
	}
	return loss
}

// auc is the weighted statistic of Mann and Whitney; NaN if a class has no weight.
func auc(eta, y, weight []float64) float64 {
	var order []int
	for i, w := range weight {
		if w > 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(eta[a], eta[b]) })
	below, above, pairs := 0.0, 0.0, 0.0 // weights of class 0 passed, of class 1 in all, of ordered pairs
	for k := 0; k < len(order); {
		zeros, ones := 0.0, 0.0 // with equal predictors
		first := eta[order[k]]
		for ; k < len(order) && eta[order[k]] == first; k++ {
			if i := order[k]; y[i] == 1 {
				ones += weight[i]
			} else {
				zeros += weight[i]
			}
		}
		pairs += ones * (below + zeros/2)
		below += zeros
		above += ones
	}
	return pairs / (below * above)
}
