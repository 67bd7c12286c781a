package robust

import (
	"math"

	"pare/stat/internal/logistic"
)

// logisticTerm is (1/n) Σ log(1 + exp(rᵢ + εt)) for r = −margin. It has no
// variables of its own.
type logisticTerm struct{ n float64 }

func (l *logisticTerm) start([]float64, float64, float64) {}

func (l *logisticTerm) multipliers(r []float64, epsilon, t float64, u []float64) (tau float64) {
	for i, v := range r {
		u[i] = logistic.Sigmoid(v+epsilon*t) / l.n
		tau += epsilon * u[i]
	}
	return tau
}

func (l *logisticTerm) expand(r []float64, epsilon, t, _ float64, u, curve, mix []float64) (tau, curveT float64) {
	tau = l.multipliers(r, epsilon, t, u)
	for i, v := range r {
		// Of 1 − sigmoid directly: no cancellation where that is near 0.
		curve[i] = u[i] * logistic.Sigmoid(-v-epsilon*t)
		mix[i] = epsilon * curve[i]
		curveT += epsilon * mix[i]
	}
	return tau, curveT
}

func (l *logisticTerm) direction(_, _ []float64, _, _, _, _ float64) {}

func (l *logisticTerm) limit(_, _ []float64, most float64) float64 { return most }

func (l *logisticTerm) step(float64) {}

func (l *logisticTerm) error([]float64, float64, float64, float64) float64 { return 0 }

func (l *logisticTerm) complementarity([]float64) (sum float64, count int) { return 0, 0 }

func (l *logisticTerm) objective(r []float64, epsilon, norm1 float64) float64 {
	sum := 0.0
	for _, v := range r {
		sum += LogisticLoss(-v, norm1, epsilon)
	}
	return sum / l.n
}

// dual is the entropy (1/n) Σ H(n·uᵢ), for u with |Aᵀu| ≤ εΣuᵢ and, with an
// intercept, equal sums of both classes. The loss is never below 0, so 0 is a
// bound where u does not satisfy the first.
func (l *logisticTerm) dual(u, _, sign []float64, intercept bool, epsilon float64, products func(u []float64) []float64) float64 {
	if intercept {
		positive, negative := 0.0, 0.0
		for i, s := range sign {
			if s > 0 {
				positive += u[i]
			} else {
				negative += u[i]
			}
		}
		// The larger side shrinks, so that no u is above 1/n.
		smaller := min(positive, negative)
		for i, s := range sign {
			if s > 0 {
				u[i] *= smaller / positive
			} else {
				u[i] *= smaller / negative
			}
		}
	}
	sum := 0.0
	for _, v := range u {
		sum += v
	}
	for _, c := range products(u) {
		if math.Abs(c) > epsilon*sum {
			return 0
		}
	}
	entropy := 0.0
	for _, v := range u {
		p := min(1, v*l.n)
		if p > 0 && p < 1 {
			entropy -= p*math.Log(p) + (1-p)*math.Log1p(-p)
		}
	}
	return entropy / l.n
}
