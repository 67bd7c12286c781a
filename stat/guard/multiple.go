package guard

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Importance returns a measure of how much each column explains, ≥ 0; 0: nothing.
// Exchanging columns must exchange their values and nothing else.
type Importance func(x Matrix, y []float64, rng *rand.Rand) ([]float64, error)

// Area is the mean |β| of each column over a path of count λ, log-spaced from λ_max to
// ratio times that: early and large coefficients count.
func Area(path Path, count int, ratio float64) Importance {
	return func(x Matrix, y []float64, _ *rand.Rand) ([]float64, error) {
		lambdas, err := falling(x, y, count, ratio)
		if err != nil {
			return nil, err
		}
		betas, err := path(x, y, lambdas)
		if err != nil {
			return nil, err
		}
		area := make([]float64, x.Cols)
		for _, beta := range betas {
			if len(beta) != x.Cols {
				return nil, fmt.Errorf("the fit has %d coefficients for %d columns", len(beta), x.Cols)
			}
			for j, b := range beta {
				area[j] += math.Abs(b) / float64(len(betas))
			}
		}
		return area, nil
	}
}

// Difference is the importance of a feature less the importance of its knockoff.
func Difference(of Importance) Statistic {
	return func(x Matrix, y []float64, rng *rand.Rand) ([]float64, error) {
		z, err := of(x, y, rng)
		if err != nil {
			return nil, err
		}
		if len(z) != x.Cols {
			return nil, fmt.Errorf("there are %d values of importance for %d columns", len(z), x.Cols)
		}
		w := make([]float64, x.Cols/2)
		for j := range w {
			w[j] = z[j] - z[j+len(w)]
		}
		return w, nil
	}
}

// MultipleOptions say how features are selected with several knockoffs of each.
type MultipleOptions struct {
	// Q is the false discovery rate allowed, in (0, 1).
	Q float64
	// Copies of each feature, at least 1.
	Copies int
	// Importance compares features and knockoffs.
	Importance Importance
	// Method chooses the distances; the zero value is MVR.
	Method Method
	// Distribution of the features; nil: EstimateGaussian.
	Distribution *Gaussian
}

// MaxCopies is the largest number of knockoffs of a feature.
const MaxCopies = 1000

// MultipleKnockoffs selects columns with a bound on the false discovery rate, by
// several simultaneous model-X knockoffs of each feature (Gimenez & Zou 2019).
// Where knockoff+ selects nothing or at least 1/q features, k copies can select
// 1/(kq); with them distances, and so the power for correlated features, are
// smaller, at most by half.
//
// W is the difference between the most important of a feature and its copies and the
// second, negative if the most important is a copy; Threshold the smallest t with (1 + #{W
// ≤ −t})/k ≤ q·#{W ≥ t}.
func MultipleKnockoffs(x Matrix, y []float64, o MultipleOptions, rng *rand.Rand) (*Selection, error) {
	if err := x.check(y); err != nil {
		return nil, err
	}
	switch {
	case !(o.Q > 0 && o.Q < 1):
		return nil, fmt.Errorf("the false discovery rate has to be between 0 and 1, not %v", o.Q)
	case o.Copies > MaxCopies:
		return nil, fmt.Errorf("%d knockoffs of each feature: at most %d are possible", o.Copies, MaxCopies)
	case o.Copies < 1:
		return nil, fmt.Errorf("every feature needs a knockoff, not %d", o.Copies)
	case o.Importance == nil:
		return nil, fmt.Errorf("knockoffs need a measure of importance")
	}
	g := o.Distribution
	if g == nil {
		var err error
		if g, err = EstimateGaussian(x); err != nil {
			return nil, err
		}
	}
	sampler, err := newSampler(g, o.Method, o.Copies)
	if err != nil {
		return nil, err
	}
	all, err := sampler.beside(x, rng)
	if err != nil {
		return nil, err
	}
	// A measure that depends on the order of columns a little, as iterative solvers
	// do, must not favour the features: each family of columns is shuffled.
	family, own := shuffled(all, x.Cols, o.Copies, rng)
	z, err := o.Importance(family, y, rng)
	if err != nil {
		return nil, err
	}
	if len(z) != family.Cols {
		return nil, fmt.Errorf("there are %d values of importance for %d columns", len(z), family.Cols)
	}
	out := &Selection{W: make([]float64, x.Cols), Distances: sampler.s}
	for j := range out.W {
		if out.W[j], err = lead(z, j, x.Cols, own[j]); err != nil {
			return nil, err
		}
	}
	out.Threshold = Threshold(out.W, o.Q*float64(o.Copies), 1)
	out.Selected = above(out.W, out.Threshold)
	return out, nil
}

// beside returns the features, standardised, and their copies: column j and the columns j +
// p, j + 2p, … are one family.
func (k *Sampler) beside(x Matrix, rng *rand.Rand) (Matrix, error) {
	centre, err := k.centres(x, rng)
	if err != nil {
		return Matrix{}, err
	}
	n, p := x.Dims()
	all := NewMatrix(n, p*(k.copies+1))
	noise := make([]float64, k.copies)
	for j := range p {
		if k.scale[j] == 0 {
			continue
		}
		root := math.Sqrt(k.s[j])
		for i := range n {
			all.Data[j*n+i] = (x.Data[j*n+i] - k.mean[j]) / k.scale[j]
			mean := (centre.Data[j*n+i] - k.mean[j]) / k.scale[j]
			// Independent noise less its mean: the centre has the rest.
			sum := 0.0
			for c := range noise {
				noise[c] = rng.NormFloat64()
				sum += noise[c]
			}
			for c, e := range noise {
				all.Data[((c+1)*p+j)*n+i] = mean + root*(e-sum/float64(k.copies))
			}
		}
	}
	return all, nil
}

// shuffled exchanges the columns of each family at random; own gives the position of the
// feature in its family.
func shuffled(all Matrix, p, copies int, rng *rand.Rand) (out Matrix, own []int) {
	out, own = NewMatrix(all.Rows, all.Cols), make([]int, p)
	for j := range p {
		for to, from := range rng.Perm(copies + 1) {
			copy(out.Column(to*p+j), all.Column(from*p+j))
			if from == 0 {
				own[j] = to
			}
		}
	}
	return out, own
}

// lead is the difference between the largest and the second largest importance of family j,
// negative if the largest is not the feature's own.
func lead(z []float64, j, p, own int) (float64, error) {
	best, second, at := -1.0, -1.0, -1
	for c := 0; c*p+j < len(z); c++ {
		v := z[c*p+j]
		if !(v >= 0) {
			return 0, fmt.Errorf("the importance of column %d is %v, it must not be negative", c*p+j+1, v)
		}
		switch {
		case v > best:
			best, second, at = v, best, c
		case v > second:
			second = v
		}
	}
	if at == own {
		return best - second, nil
	}
	return second - best, nil
}
