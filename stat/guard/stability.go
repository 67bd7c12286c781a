package guard

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"pare/internal/kernel"
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

// StabilityOptions say how often and how surely a column has to be chosen.
type StabilityOptions struct {
	// Pairs of disjoint halves of the rows; 0: 50.
	Pairs int
	// Threshold is the share of halves, above 1/2, from which on a column is
	// selected; 0: 0.75.
	Threshold float64
	// Progress, if not nil, hears of every half done. Calls do not overlap.
	Progress func(done, total int)
}

// Stable is what stability selection found.
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
	if o.Pairs == 0 {
		o.Pairs = 50
	}
	if o.Threshold == 0 {
		o.Threshold = 0.75
	}
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

// countChosen counts in how many halves each column is chosen.
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
	kernel.ParallelOf(0, len(halves), func(k int) {
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
