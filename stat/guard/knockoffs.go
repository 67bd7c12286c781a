package guard

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// KnockoffOptions say how features are selected.
type KnockoffOptions struct {
	// Q is the false discovery rate allowed, in (0, 1).
	Q float64
	// Liberal is the knockoff filter in place of knockoff+; see Threshold.
	Liberal bool
	// Statistic compares features and knockoffs.
	Statistic Statistic
	// FixedX takes the features as given, for linear models with normal noise
	// and more rows than features; otherwise knockoffs are model-X.
	FixedX bool
	// Method chooses the distances; the zero value is MVR.
	Method Method
	// Distribution of the features for model-X; nil: EstimateGaussian.
	Distribution *Gaussian
	// Sampler for model-X in place of Distribution and Method, where one serves
	// many calls; nil: a new one.
	Sampler *Sampler
}

// Selection is what knockoffs found.
type Selection struct {
	// Selected are the columns found, rising; perhaps none.
	Selected []int
	// W is the statistic of each column, Threshold what it has to reach: +Inf
	// where no threshold keeps the rate.
	W         []float64
	Threshold float64
	// Distances are the s of the knockoffs, for standardised features.
	Distances []float64
	// Added rows of fixed-X knockoffs with too few.
	Added int
}

// Knockoffs selects columns with a bound on the false discovery rate
// (model-X: Candès, Fan, Janson & Lv 2018). A statistic that depends on the
// order of columns, as iterative solvers do a little, is harmless: each
// feature trades places with its knockoff by a toss of a coin.
func Knockoffs(x Matrix, y []float64, o KnockoffOptions, rng *rand.Rand) (*Selection, error) {
	if err := x.check(y); err != nil {
		return nil, err
	}
	if !(o.Q > 0 && o.Q < 1) {
		return nil, fmt.Errorf("the false discovery rate has to be between 0 and 1, not %v", o.Q)
	}
	if o.Statistic == nil {
		return nil, fmt.Errorf("knockoffs need a statistic")
	}
	if o.FixedX && (o.Distribution != nil || o.Sampler != nil) {
		return nil, fmt.Errorf("fixed-X knockoffs use no distribution of the features")
	}
	if o.Distribution != nil && o.Sampler != nil {
		return nil, fmt.Errorf("a sampler has its distribution: set one of both")
	}
	out := &Selection{}
	features, knockoffs, target, err := out.pairs(x, y, o, rng)
	if err != nil {
		return nil, err
	}
	p := x.Cols
	swapped := make([]bool, p)
	for j := range p {
		if swapped[j] = rng.Uint64()&1 == 1; swapped[j] {
			a, b := features.Column(j), knockoffs.Column(j)
			for i := range a {
				a[i], b[i] = b[i], a[i]
			}
		}
	}
	out.W, err = o.Statistic(features.beside(knockoffs), target, rng)
	if err != nil {
		return nil, err
	}
	if len(out.W) != p {
		return nil, fmt.Errorf("the statistic has %d values for %d features", len(out.W), p)
	}
	for j, w := range out.W {
		if math.IsNaN(w) {
			return nil, fmt.Errorf("the statistic of feature %d is NaN", j+1)
		}
		if swapped[j] {
			out.W[j] = -w
		}
	}
	offset := 1
	if o.Liberal {
		offset = 0
	}
	out.Threshold = Threshold(out.W, o.Q, offset)
	out.Selected = above(out.W, out.Threshold)
	return out, nil
}

// pairs are features and knockoffs on one scale, not shared with x, and y.
func (out *Selection) pairs(x Matrix, y []float64, o KnockoffOptions, rng *rand.Rand) (features, knockoffs Matrix, target []float64, err error) {
	if o.FixedX {
		f, err := FixedX(x, y, o.Method, rng)
		if err != nil {
			return features, knockoffs, nil, err
		}
		out.Distances, out.Added = f.s, f.Added
		// Columns of mean square 1, as λ and tolerances of solvers expect.
		scale := math.Sqrt(float64(f.X.Rows))
		for i := range f.X.Data {
			f.X.Data[i] *= scale
			f.Knockoffs.Data[i] *= scale
		}
		return f.X, f.Knockoffs, f.Y, nil
	}
	sampler := o.Sampler
	if sampler == nil {
		g := o.Distribution
		if g == nil {
			if g, err = EstimateGaussian(x); err != nil {
				return features, knockoffs, nil, err
			}
		}
		if sampler, err = NewSampler(g, o.Method); err != nil {
			return features, knockoffs, nil, err
		}
	}
	out.Distances = sampler.s
	knockoffs, err = sampler.Sample(x, rng)
	if err != nil {
		return Matrix{}, Matrix{}, nil, err
	}
	features = NewMatrix(x.Rows, x.Cols)
	for j := range x.Cols {
		// The scale of the distribution, which both have, and no other: their
		// own sample deviations differ, and the difference would be a hint.
		scale := sampler.scale[j]
		if scale == 0 {
			continue
		}
		a, b := features.Column(j), knockoffs.Column(j)
		for i, v := range x.Column(j) {
			a[i] = (v - sampler.mean[j]) / scale
			b[i] = (b[i] - sampler.mean[j]) / scale
		}
	}
	for j, s := range sampler.scale {
		if s == 0 {
			clear(knockoffs.Column(j))
		}
	}
	return features, knockoffs, y, nil
}
