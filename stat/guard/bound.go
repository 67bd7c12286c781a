package guard

import (
	"fmt"
	"math"
)

// Bounds are upper bounds on the expected number of falsely selected columns,
// each of them at most p.
type Bounds struct {
	// MeinshausenBuhlmann is q²/((2π−1)p), which assumes exchangeable noise
	// columns and a choice better than guessing; Shah & Samworth have it
	// without either for columns that halves choose with probability ≤ q/p.
	MeinshausenBuhlmann float64
	// Unimodal assumes that how often both halves choose a column has one mode.
	Unimodal float64
	// RConcave assumes that it is r-concave, which is tighter: r = −1/2 for
	// pairs and −1/4 for halves.
	RConcave float64
}

// ErrorBounds are the bounds for chosen (q) of p columns a half, pairs of halves
// and a threshold (π) above 1/2.
func ErrorBounds(p int, chosen float64, pairs int, threshold float64) (Bounds, error) {
	if p < 1 || pairs < 1 || !(chosen >= 0 && chosen <= float64(p)) || !(threshold > 0.5 && threshold <= 1) {
		return Bounds{}, fmt.Errorf("no error bound for %v of %d columns chosen, %d pairs, threshold %v", chosen, p, pairs, threshold)
	}
	theta := chosen / float64(p)
	top := float64(p)
	return Bounds{
		MeinshausenBuhlmann: min(top, theta*chosen/(2*threshold-1)),
		Unimodal:            min(top, unimodal(theta, pairs, threshold)*theta*chosen),
		RConcave:            top * rConcave(theta, pairs, threshold),
	}, nil
}

// unimodal is the constant C(π, B) of theorem 2 of Shah & Samworth, or +Inf
// where it does not apply.
func unimodal(theta float64, pairs int, threshold float64) float64 {
	b := float64(pairs)
	// Thresholds count in steps of 1/(2B).
	threshold = math.Ceil(threshold*2*b-1e-9) / (2 * b)
	switch {
	case theta > 1/math.Sqrt(3):
		return math.Inf(1)
	case threshold <= min(0.5+theta*theta, 0.5+1/(2*b)+0.75*theta*theta):
		return math.Inf(1)
	case threshold <= 0.75:
		return 1 / (2 * (2*threshold - 1 - 1/(2*b)))
	}
	return 4 * (1 - threshold + 1/(2*b)) / (1 + 1/b)
}

// rConcave bounds the probability that a column chosen with probability theta
// reaches the threshold: the smaller of two tails (section 3.4 there), one of
// how many pairs agree on it, one of how many halves choose it.
func rConcave(theta float64, pairs int, threshold float64) float64 {
	reach := int(math.Ceil(threshold*float64(2*pairs) - 1e-9))
	return min(1, tail(theta*theta, reach-pairs, pairs, 2), tail(theta, reach, 2*pairs, 4))
}

// tail is the largest P(X ≥ from) of X in {0, …, b}, of mean theta·b at most
// and an r-concave law for r = −1/power. The law that attains it is
// (a+k)^−power up to some k and a part of that at the one behind.
func tail(theta float64, from, b, power int) float64 {
	mean := theta * float64(b)
	first := int(math.Ceil(2*mean)) + 1
	if from < first || first >= b {
		return 1
	}
	if theta == 0 {
		return 0
	}
	l := offsets{power: power, mean: mean}
	best := 0.0
	a := l.offset(first, 1e6)
	for k := first; k < b; k++ {
		next := l.offset(k+1, a)
		if k+1 >= from { // a law that ends before has no tail
			best = max(best, l.largest(next, a, from, k))
		}
		a = next
	}
	return min(1, best)
}

// offsets fits laws (a+k)^−power to a mean.
type offsets struct {
	power int
	mean  float64
}

func (l offsets) weight(x float64) float64 {
	w := 1.0
	for range l.power {
		w *= x
	}
	return 1 / w
}

// offset is the a for which (a+i)^−power on 0 … k has the mean, at most high. With
// a → ∞ the law is flat and its mean k/2, above the mean wanted.
func (l offsets) offset(k int, high float64) float64 {
	low := 1e-9
	for range 200 {
		a := (low + high) / 2
		weight, sum := 0.0, 0.0
		for i := range k + 1 {
			w := l.weight(a + float64(i))
			weight += w
			sum += float64(i) * w
		}
		if sum > l.mean*weight {
			high = a
		} else {
			low = a
		}
		if high-low <= 1e-13*high {
			break
		}
	}
	return high
}

// largest is the tail of the best law with an end at k+1, by golden section
// between two a.
func (l offsets) largest(low, high float64, from, k int) float64 {
	tail := func(a float64) float64 {
		left, all := 0.0, 0.0
		for i := range k + 1 {
			w := l.weight(a + float64(i))
			if i < from {
				left += w
			}
			all += float64(k+1-i) * w
		}
		return 1 - (float64(k+1)-l.mean)*left/all
	}
	const golden = 0.6180339887498949
	a, b := low, high
	c, d := b-golden*(b-a), a+golden*(b-a)
	fc, fd := tail(c), tail(d)
	for range 60 {
		if fc > fd {
			b, d, fd = d, c, fc
			c = b - golden*(b-a)
			fc = tail(c)
		} else {
			a, c, fc = c, d, fd
			d = a + golden*(b-a)
			fd = tail(d)
		}
	}
	return max(fc, fd, tail(low), tail(high))
}

// MostChosen is the largest number of columns to choose from a half for which
// the r-concave bound on false selections is at most errors; 0 where there is
// none.
func MostChosen(p, pairs int, threshold, errors float64) (int, error) {
	low, high := 0, p+1
	for high-low > 1 {
		q := (low + high) / 2
		b, err := ErrorBounds(p, float64(q), pairs, threshold)
		if err != nil {
			return 0, err
		}
		if b.RConcave <= errors {
			low = q
		} else {
			high = q
		}
	}
	return low, nil
}
