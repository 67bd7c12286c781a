package attack

import (
	"math"
	"slices"
)

// Loss is a function of the outputs of one example that attacks raise.
type Loss interface {
	// Loss returns the value for the outputs z and adds its gradient by z to grad, unless that
	// is nil.
	Loss(z []float64, t Target, grad []float64) float64
}

// Target holds the facts about an example that losses read.
type Target struct {
	Label int       // its class
	Class int       // the class that a targeted attack aims at
	Value float64   // its number, in regression
	Clean []float64 // the model's outputs for the example as it is
}

// CrossEntropy is −log softmax(z)[label] (log of the base e).
type CrossEntropy struct{}

// Loss implements Loss.
func (CrossEntropy) Loss(z []float64, t Target, grad []float64) float64 {
	m, sum := slices.Max(z), 0.0
	rest := 0.0 // Σ exp(z−m) without the label
	for k, v := range z {
		e := math.Exp(v - m)
		sum += e
		if k != t.Label {
			rest += e
		}
	}
	if grad != nil {
		for k, v := range z {
			if k != t.Label {
				grad[k] += math.Exp(v-m) / sum
			}
		}
		grad[t.Label] -= rest / sum // 1 − softmax without cancellation
	}
	if z[t.Label] == m {
		return math.Log1p(rest)
	}
	return math.Log(sum) + m - z[t.Label]
}

// ranked returns the places of the largest, the second, the third and the fourth output; −1
// where there is none. The first of equal ones is the larger.
func ranked(z []float64) [4]int {
	top := [4]int{-1, -1, -1, -1}
	for k, v := range z {
		for i := range top {
			if top[i] < 0 || v > z[top[i]] {
				copy(top[i+1:], top[i:3])
				top[i] = k
				break
			}
		}
	}
	return top
}

// rival is the largest output of the other classes than the label.
func rival(z []float64, label int) int {
	top := ranked(z)
	if top[0] != label {
		return top[0]
	}
	return top[1]
}

// Margin is max over k ≠ label of z[k] − z[label]: above 0 where the model is wrong.
type Margin struct{}

// Loss implements Loss.
func (Margin) Loss(z []float64, t Target, grad []float64) float64 {
	r := rival(z, t.Label)
	if grad != nil {
		grad[r]++
		grad[t.Label]--
	}
	return z[r] - z[t.Label]
}

// tiny keeps the divisors of DLR losses from 0.
const tiny = 1e-12

// DLR is the difference of logits ratio (Croce & Hein 2020b, equation 6):
// −(z[label] − max over k ≠ label of z[k]) / (z₁ − z₃), with the outputs sorted from the largest. It
// needs three classes; with two the divisor is 1.
type DLR struct{}

// Loss implements Loss.
func (DLR) Loss(z []float64, t Target, grad []float64) float64 {
	top, r := ranked(z), rival(z, t.Label)
	num := z[r] - z[t.Label]
	if top[2] < 0 {
		if grad != nil {
			grad[r]++
			grad[t.Label]--
		}
		return num
	}
	div := z[top[0]] - z[top[2]] + tiny
	if grad != nil {
		grad[r] += 1 / div
		grad[t.Label] -= 1 / div
		grad[top[0]] -= num / div / div
		grad[top[2]] += num / div / div
	}
	return num / div
}

// TargetedDLR is the targeted difference of logits ratio (Croce & Hein 2020b, equation 7):
// −(z[label] − z[class]) / (z₁ − (z₃ + z₄)/2). It needs four classes; with fewer the divisor is 1.
type TargetedDLR struct{}

// Loss implements Loss.
func (TargetedDLR) Loss(z []float64, t Target, grad []float64) float64 {
	top := ranked(z)
	num, div := z[t.Class]-z[t.Label], 1.0
	if top[3] >= 0 {
		div = z[top[0]] - (z[top[2]]+z[top[3]])/2 + tiny
		if grad != nil {
			g := num / div / div
			grad[top[0]] -= g
			grad[top[2]] += g / 2
			grad[top[3]] += g / 2
		}
	}
	if grad != nil {
		grad[t.Class] += 1 / div
		grad[t.Label] -= 1 / div
	}
	return num / div
}

// KL is the divergence of the outputs from the outputs of the clean example,
// KL(softmax(clean) ‖ softmax(z)), which TRADES raises (Zhang et al. 2019).
type KL struct{}

// Loss implements Loss.
func (KL) Loss(z []float64, t Target, grad []float64) float64 {
	logSum := func(z []float64) float64 {
		m, s := slices.Max(z), 0.0
		for _, v := range z {
			s += math.Exp(v - m)
		}
		return m + math.Log(s)
	}
	a, b, kl := logSum(t.Clean), logSum(z), 0.0
	for k, v := range z {
		p := math.Exp(t.Clean[k] - a)
		kl += p * (t.Clean[k] - a - v + b)
		if grad != nil {
			grad[k] += math.Exp(v-b) - p
		}
	}
	return kl
}

// Poisson is half the deviance of a count whose mean has the logarithm z, e^z − value·z, up to a
// constant. A z above 300 counts as 300, so that gradients are finite.
type Poisson struct{}

// Loss implements Loss.
func (Poisson) Loss(z []float64, t Target, grad []float64) float64 {
	eta := min(z[0], 300)
	mean := math.Exp(eta)
	if grad != nil {
		grad[0] += mean - t.Value
	}
	return mean - t.Value*eta
}

// Square is (z − value)², the loss of a model with one output that is a number.
type Square struct{}

// Loss implements Loss.
func (Square) Loss(z []float64, t Target, grad []float64) float64 {
	r := z[0] - t.Value
	if grad != nil {
		grad[0] += 2 * r
	}
	return r * r
}
