package guard

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"pare/stat/internal/grid"
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

// Selection is the result of knockoffs.
type Selection struct {
	// Selected are the columns found, rising; perhaps none.
	Selected []int
	// W is the statistic of each column. Columns of at least Threshold are selected; it is
	// +Inf where no threshold keeps the rate.
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
func (out *Selection) pairs(x Matrix, y []float64, o KnockoffOptions, rng *rand.Rand) (
	features, knockoffs Matrix, target []float64, err error) {
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

// Threshold is the smallest t among the |w| with (offset + #{w ≤ −t}) / max(1, #{w ≥ t}) ≤
// q, or +Inf if there is none. With offset 1 it is knockoff+, which bounds the false
// discovery rate by q and selects nothing or at least 1/q features; with 0 it is the
// knockoff filter, which bounds E[V/(R+1/q)] only (Barber & Candès 2015).
func Threshold(w []float64, q float64, offset int) float64 {
	type size struct {
		t        float64
		positive bool
	}
	sizes := make([]size, 0, len(w))
	for _, v := range w {
		if v != 0 && !math.IsNaN(v) {
			sizes = append(sizes, size{math.Abs(v), v > 0})
		}
	}
	slices.SortFunc(sizes, func(a, b size) int { return cmp.Compare(b.t, a.t) })
	best := math.Inf(1)
	positive, negative := 0, 0
	for i, s := range sizes {
		if s.positive {
			positive++
		} else {
			negative++
		}
		if i+1 < len(sizes) && sizes[i+1].t == s.t {
			continue // equal sizes are on the same side of any t
		}
		if float64(offset+negative) <= q*float64(max(1, positive)) {
			best = s.t
		}
	}
	return best
}

// above are the indices with w ≥ t.
func above(w []float64, t float64) []int {
	out := []int{}
	for j, v := range w {
		if v >= t {
			out = append(out, j)
		}
	}
	return out
}

// Statistic measures how much more a feature explains than its knockoff. The design has 2p
// columns of one scale: features, then their knockoffs; w has p values. Exchanging a
// feature and its knockoff must change the sign of w and nothing else. rng draws folds, for
// instance.
type Statistic func(x Matrix, y []float64, rng *rand.Rand) (w []float64, err error)

// Path is the coefficients of every column at each of falling λ, of the
// objective 1/(2n)‖y − b₀ − Xβ‖² + λ‖β‖₁ or its logistic counterpart, without
// scaling columns.
type Path func(x Matrix, y []float64, lambdas []float64) (coefficients [][]float64, err error)

// SignedMax is, with Z the largest λ at which a column has a coefficient, the
// larger Z of a feature and its knockoff, negative where it is the knockoff's.
// The path has count λ, log-spaced from λ_max to ratio times that.
func SignedMax(path Path, count int, ratio float64) Statistic {
	return func(x Matrix, y []float64, _ *rand.Rand) ([]float64, error) {
		entry, err := entries(path, x, y, count, ratio)
		if err != nil {
			return nil, err
		}
		w := make([]float64, x.Cols/2)
		for j := range w {
			switch a, b := entry[j], entry[j+len(w)]; {
			case a > b:
				w[j] = a
			case a < b:
				w[j] = -b
			}
		}
		return w, nil
	}
}

// entries returns, for each column, the largest λ of a path at which it has a coefficient;
// 0 if there is none.
func entries(path Path, x Matrix, y []float64, count int, ratio float64) ([]float64, error) {
	lambdas, err := falling(x, y, count, ratio)
	if err != nil {
		return nil, err
	}
	betas, err := path(x, y, lambdas)
	if err != nil {
		return nil, err
	}
	if len(betas) != len(lambdas) {
		return nil, fmt.Errorf("the path has %d fits for %d λ", len(betas), len(lambdas))
	}
	entry := make([]float64, x.Cols)
	for k := len(betas) - 1; k >= 0; k-- {
		if len(betas[k]) != x.Cols {
			return nil, fmt.Errorf("the fit has %d coefficients for %d columns", len(betas[k]), x.Cols)
		}
		for j, b := range betas[k] {
			if b != 0 {
				entry[j] = lambdas[k]
			}
		}
	}
	return entry, nil
}

// falling are count λ, log-spaced down from the smallest with no coefficient.
func falling(x Matrix, y []float64, count int, ratio float64) ([]float64, error) {
	if count < 2 || !(ratio > 0 && ratio < 1) {
		return nil, fmt.Errorf("a path needs 2 λ and a ratio between 0 and 1, got %d and %v", count, ratio)
	}
	mean, _ := moments(y)
	r := make([]float64, len(y))
	for i, v := range y {
		r[i] = v - mean
	}
	top := 0.0
	for j := range x.Cols {
		top = max(top, math.Abs(x.Dot(j, r)))
	}
	return grid.Falling(top/float64(len(y)), ratio, count), nil
}
