package guard

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"pare/internal/kernel/parallel"
	"pare/stat/internal/progress"
)

// Chooser selects columns from a subsample. It is called by several goroutines
// at once, each with a generator of its own.
type Chooser func(x Matrix, y []float64, rng *rand.Rand) (columns []int, err error)

// FirstEntered chooses the first count columns that enter a path of 100 λ down
// to ratio times the largest; fewer where fewer enter. Columns are scaled to
// mean square 1 on the subsample.
func FirstEntered(path Path, count int, ratio float64) Chooser {
	return func(x Matrix, y []float64, _ *rand.Rand) ([]int, error) {
		z, _, _ := x.standardized()
		entry, err := entries(path, z, y, 100, ratio)
		if err != nil {
			return nil, err
		}
		order := make([]int, 0, len(entry))
		for j, e := range entry {
			if e > 0 {
				order = append(order, j)
			}
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(entry[b], entry[a]) })
		return order[:min(count, len(order))], nil
	}
}

// StabilityOptions are the conditions for selecting a column.
type StabilityOptions struct {
	// Pairs of disjoint halves of the rows; 0: 50.
	Pairs int
	// Threshold is the share of halves, above 1/2, from which on a column is
	// selected; 0: 0.75.
	Threshold float64
	// Progress, if not nil, is called after every half. Calls do not overlap.
	Progress func(done, total int)
}

// Stable is the result of stability selection.
type Stable struct {
	// Selected are the columns found, rising; perhaps none.
	Selected []int
	// Probability is the share of halves in which each column was chosen.
	Probability []float64
	// Chosen is q, the mean number of columns chosen from a half.
	Chosen float64
	// Bounds on the expected number of columns selected that halves choose
	// less often than by a random guess, q of p.
	Bounds Bounds
}

// Stability is stability selection (Meinshausen & Bühlmann 2010) on
// complementary pairs of halves (Shah & Samworth 2013). The result depends on
// rng and the data, not on the number of processors.
func Stability(x Matrix, y []float64, choose Chooser, o StabilityOptions, rng *rand.Rand) (*Stable, error) {
	if err := x.check(y); err != nil {
		return nil, err
	}
	o.Pairs = cmp.Or(o.Pairs, 50)
	o.Threshold = cmp.Or(o.Threshold, 0.75)
	switch {
	case choose == nil:
		return nil, fmt.Errorf("stability selection needs a way to choose columns")
	case o.Pairs < 1:
		return nil, fmt.Errorf("stability selection needs a positive number of pairs, not %d", o.Pairs)
	case !(o.Threshold > 0.5 && o.Threshold <= 1):
		return nil, fmt.Errorf("the threshold of stability selection has to be above 0.5 and at most 1, not %v", o.Threshold)
	case x.Rows < 4:
		return nil, fmt.Errorf("stability selection halves the rows and needs 4 at least, there are %d", x.Rows)
	}
	counts, err := countChosen(x, y, choose, o, rng)
	if err != nil {
		return nil, err
	}
	out := &Stable{Selected: []int{}, Probability: make([]float64, x.Cols)}
	halves := 2 * o.Pairs
	total := 0
	// At 0.7 × 100 rounding must not ask for 71.
	least := int(math.Ceil(o.Threshold*float64(halves) - 1e-9))
	for j, c := range counts {
		total += c
		out.Probability[j] = float64(c) / float64(halves)
		if c >= least {
			out.Selected = append(out.Selected, j)
		}
	}
	out.Chosen = float64(total) / float64(halves)
	out.Bounds, err = ErrorBounds(x.Cols, out.Chosen, o.Pairs, o.Threshold)
	return out, err
}

// countChosen counts the halves in which each column is chosen.
func countChosen(x Matrix, y []float64, choose Chooser, o StabilityOptions, rng *rand.Rand) ([]int, error) {
	type half struct {
		rows []int
		rng  *rand.Rand
	}
	halves := make([]half, 0, 2*o.Pairs)
	for range o.Pairs {
		order := rng.Perm(x.Rows)
		h := x.Rows / 2
		halves = append(halves, half{order[:h], split(rng)}, half{order[h : 2*h], split(rng)})
	}
	counts := make([]int, x.Cols)
	errs := make([]error, len(halves))
	var lock sync.Mutex
	done := progress.New(o.Progress, 0, len(halves))
	parallel.Of(0, len(halves), func(k int) {
		slices.Sort(halves[k].rows)
		target := make([]float64, len(halves[k].rows))
		for i, r := range halves[k].rows {
			target[i] = y[r]
		}
		chosen, err := choose(x.Take(halves[k].rows), target, halves[k].rng)
		done.Add(1)
		lock.Lock()
		defer lock.Unlock()
		errs[k] = err
		seen := make(map[int]bool, len(chosen))
		for _, j := range chosen {
			if j < 0 || j >= x.Cols || seen[j] {
				errs[k] = fmt.Errorf("column %d was chosen twice or does not exist", j)
				return
			}
			seen[j] = true
			counts[j]++
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// Bounds are upper bounds on the expected number of falsely selected columns,
// each of them at most p.
type Bounds struct {
	// MeinshausenBuhlmann is q²/((2π−1)p), which assumes exchangeable noise
	// columns and a choice better than guessing; Shah & Samworth have it
	// without either for columns that halves choose with probability ≤ q/p.
	MeinshausenBuhlmann float64
	// Unimodal assumes that the distribution of the number of pairs whose halves both
	// choose a column has one mode.
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
