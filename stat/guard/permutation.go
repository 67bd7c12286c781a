package guard

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"pare/internal/kernel/parallel"
	"pare/stat/internal/progress"
)

// Columns is a design that only has to compute products with its columns: dense, sparse, or
// features that are never stored. Dot is called by several goroutines at once.
type Columns interface {
	Dims() (n, p int)
	// Dot is the product of column j and v, which has n values.
	Dot(j int, v []float64) float64
}

// PermutationOptions say how.
type PermutationOptions struct {
	// Level is the allowed probability of any false selection, in (0, 1).
	Level float64
	// Count of permutations; 0: 1000. At least 1/Level − 1 are needed.
	Count int
	// Scale divides each column's product: the root mean square deviation of
	// columns that are standardised, times a penalty factor. 0 leaves a column
	// out; nil: 1.
	Scale []float64
	// Progress, if not nil, is called with the number of finished permutations. Calls do
	// not overlap.
	Progress func(done, total int)
}

// Permuted is the result of permutations of y.
type Permuted struct {
	// Lambda is the level's quantile of λ_max over permutations: a lasso at
	// this λ is empty with probability 1 − Level when no feature matters.
	Lambda float64
	// Selected are the columns whose own |xᵀ(y−ȳ)|/n is above Lambda, rising;
	// perhaps none. With probability 1 − Level none is independent of y
	// (Westfall & Young's single-step maximum). A feature that is only
	// correlated with one that matters is not independent of y.
	Selected []int
	// P are the adjusted p-values of the columns.
	P []float64
	// Null are the λ_max of the permutations, rising.
	Null []float64
}

// MaxPermutations is the largest number of permutations.
const MaxPermutations = 1_000_000

// PermutationLambda permutes y. For a Gaussian and for a logistic lasso with an
// intercept λ_max is the same, max |xⱼᵀ(y−ȳ)|/(n·scaleⱼ).
func PermutationLambda(x Columns, y []float64, o PermutationOptions, rng *rand.Rand) (*Permuted, error) {
	n, p := x.Dims()
	o.Count = cmp.Or(o.Count, 1000)
	switch {
	case n < 2 || p < 1:
		return nil, fmt.Errorf("the design is %d×%d, at least 2 rows and a column are needed", n, p)
	case len(y) != n:
		return nil, fmt.Errorf("the target has %d rows, the design %d", len(y), n)
	case o.Scale != nil && len(o.Scale) != p:
		return nil, fmt.Errorf("there are %d scales for %d columns", len(o.Scale), p)
	case !(o.Level > 0 && o.Level < 1):
		return nil, fmt.Errorf("the level has to be between 0 and 1, not %v", o.Level)
	case o.Count > MaxPermutations:
		return nil, fmt.Errorf("%d permutations: at most %d are possible", o.Count, MaxPermutations)
	case o.Count < 1 || (float64(o.Count)+1)*o.Level < 1-1e-9:
		return nil, fmt.Errorf("%d permutations are too few for the level %v: %d are needed",
			o.Count, o.Level, int(math.Ceil(1/o.Level-1-1e-9)))
	}
	mean := 0.0
	for i, v := range y {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("row %d of the target: %v is not finite", i+1, v)
		}
		mean += v / float64(n)
	}
	residual := make([]float64, n)
	for i, v := range y {
		residual[i] = v - mean
	}
	score := func(j int, v []float64) float64 {
		s := float64(n)
		if o.Scale != nil {
			if o.Scale[j] == 0 {
				return 0
			}
			s *= o.Scale[j]
		}
		return math.Abs(x.Dot(j, v)) / s
	}
	out := &Permuted{Null: make([]float64, o.Count), P: make([]float64, p), Selected: []int{}}
	// Blocks of permutations read a column while it is in the cache; as many
	// blocks as take 64 MiB are in memory at once.
	const block, most = 16, 8 << 20
	together := block * max(1, most/(block*n))
	done := progress.New(o.Progress, 0, o.Count)
	for first := 0; first < o.Count; first += together {
		shuffled := make([][]float64, min(together, o.Count-first))
		for k := range shuffled {
			v := slices.Clone(residual)
			rng.Shuffle(n, func(a, b int) { v[a], v[b] = v[b], v[a] })
			shuffled[k] = v
		}
		parallel.Of(0, (len(shuffled)+block-1)/block, func(k int) {
			from, to := k*block, min(len(shuffled), (k+1)*block)
			for j := range p {
				for i := from; i < to; i++ {
					out.Null[first+i] = max(out.Null[first+i], score(j, shuffled[i]))
				}
			}
			done.Add(to - from)
		})
	}
	slices.Sort(out.Null)
	// The (1−level)(count+1)-th smallest: y itself counts as a permutation.
	rank := int(math.Ceil((1-o.Level)*float64(o.Count+1) - 1e-9))
	out.Lambda = out.Null[min(rank, o.Count)-1]
	for j := range p {
		s := score(j, residual)
		if math.IsNaN(s) {
			return nil, fmt.Errorf("column %d of the design is not finite", j+1)
		}
		at, _ := slices.BinarySearch(out.Null, s*(1-1e-12)) // an equal permutation counts
		out.P[j] = float64(1+o.Count-at) / float64(o.Count+1)
		if s > out.Lambda {
			out.Selected = append(out.Selected, j)
		}
	}
	return out, nil
}
