package linear

import (
	"fmt"
	"math"
)

// Family is the distribution of the response, which chooses the loss.
type Family int

const (
	Gaussian    Family = iota // numbers; half the squared error
	Binomial                  // 0 or 1; logistic loss
	Multinomial               // classes 0 to Classes−1; cross-entropy of a softmax
)

// String returns gaussian, binomial or multinomial.
func (f Family) String() string {
	return [...]string{"gaussian", "binomial", "multinomial"}[f]
}

// Problem is what a model is fitted to. The package documentation has the objective.
type Problem struct {
	X Design
	// Y has a value per row of X: a number, 0 or 1 for Binomial, the index of a
	// class for Multinomial.
	Y       []float64
	Family  Family
	Classes int // of Multinomial; 0: one more than the largest value of Y
	// Weights of observations, at least 0, are scaled to sum to one; nil: equal.
	// An observation of weight 0 changes nothing.
	Weights []float64
	// PenaltyFactor is ωⱼ: 0 leaves feature j unpenalised, +Inf excludes it; nil: 1.
	// Unlike in glmnet they are used as they are, not scaled to sum to p.
	PenaltyFactor []float64
	// Alpha mixes the penalties: 1 is the lasso, below 1 the elastic net; 0 means 1.
	Alpha       float64
	NoIntercept bool
	// NoStandardize leaves the scale of the columns; they are centred all the same
	// when there is an intercept.
	NoStandardize bool
	// Lower ≤ 0 and Upper ≥ 0 bound coefficients on the original scale; nil: none.
	Lower, Upper []float64
	// Groups names the group of each feature, from 0 without gaps, and makes the
	// penalty that of the group lasso; nil: every feature for itself.
	Groups []int
	// GroupFactor is ω_g; nil: the square root of how many features a group has.
	GroupFactor []float64
}

// Options says how exact a fit has to be.
type Options struct {
	// Tolerance is the duality gap to reach, as a part of the objective without
	// penalised features; 0: 1e-6.
	Tolerance float64
	// KeepDual keeps the dual points of models.
	KeepDual bool
	// MaxIterations bounds the sweeps of coordinate descent, together with the products
	// of conjugate gradients, for one λ; 0: 100000.
	MaxIterations int
	// Threads is how many goroutines share passes over all features, at most
	// the processors; 0: all of them. It never changes the result.
	Threads int
	// Progress, unless nil, is called after every λ.
	Progress func(done, total int)
}

func (o Options) tolerance() float64 {
	if o.Tolerance == 0 {
		return 1e-6
	}
	return o.Tolerance
}

func (o Options) maxIterations() int {
	if o.MaxIterations == 0 {
		return 100000
	}
	return o.MaxIterations
}

func (o Options) check() error {
	if !(o.Tolerance >= 0) || o.MaxIterations < 0 {
		return fmt.Errorf("linear: tolerance %v and %d iterations must not be negative", o.Tolerance, o.MaxIterations)
	}
	return nil
}

// check returns the first thing that is wrong with a problem.
func (p *Problem) check() error {
	if p.X == nil {
		return fmt.Errorf("linear: no design")
	}
	n, features := p.X.Dims()
	switch {
	case n < 2:
		return fmt.Errorf("linear: %d observations; at least 2 are needed", n)
	case len(p.Y) != n:
		return fmt.Errorf("linear: %d responses for %d observations", len(p.Y), n)
	case p.Weights != nil && len(p.Weights) != n:
		return fmt.Errorf("linear: %d weights for %d observations", len(p.Weights), n)
	case p.Family < Gaussian || p.Family > Multinomial:
		return fmt.Errorf("linear: unknown family %d", int(p.Family))
	case !(p.Alpha >= 0 && p.Alpha <= 1):
		return fmt.Errorf("linear: alpha %v is not in (0, 1]", p.Alpha)
	}
	for i, y := range p.Y {
		if math.IsNaN(y) || math.IsInf(y, 0) {
			return fmt.Errorf("linear: response %d is %v", i, y)
		}
		if p.Family == Binomial && y != 0 && y != 1 {
			return fmt.Errorf("linear: response %d is %v; a binomial one is 0 or 1", i, y)
		}
		if p.Family == Multinomial && (y < 0 || y != math.Trunc(y) || y > 1e6 || p.Classes > 0 && int(y) >= p.Classes) {
			return fmt.Errorf("linear: response %d is %v, not the index of a class", i, y)
		}
	}
	sum := 0.0
	for i, w := range p.Weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("linear: weight %d is %v", i, w)
		}
		sum += w
	}
	switch {
	case p.Weights != nil && sum == 0:
		return fmt.Errorf("linear: all weights are 0")
	case math.IsInf(sum, 0):
		return fmt.Errorf("linear: the weights add up to more than a number can be")
	}
	if p.Groups != nil {
		return p.checkGroups(features)
	}
	if p.GroupFactor != nil {
		return fmt.Errorf("linear: factors of groups without groups")
	}
	return p.checkFactors(features)
}

func (p *Problem) checkFactors(features int) error {
	for _, list := range []struct {
		name   string
		values []float64
	}{{"penalty factors", p.PenaltyFactor}, {"lower bounds", p.Lower}, {"upper bounds", p.Upper}} {
		if list.values != nil && len(list.values) != features {
			return fmt.Errorf("linear: %d %s for %d features", len(list.values), list.name, features)
		}
	}
	for j, w := range p.PenaltyFactor {
		if !(w >= 0) {
			return fmt.Errorf("linear: penalty factor %d is %v", j, w)
		}
	}
	for j := range max(len(p.Lower), len(p.Upper)) {
		l, u := p.bounds(j)
		if !(l <= 0 && u >= 0) {
			return fmt.Errorf("linear: bounds %v and %v of feature %d do not include 0", l, u, j)
		}
		if p.PenaltyFactor != nil && p.PenaltyFactor[j] == 0 && (!math.IsInf(l, 0) || !math.IsInf(u, 0)) {
			return fmt.Errorf("linear: feature %d is unpenalised and bounded; give it a small penalty factor", j)
		}
	}
	return nil
}

func (p *Problem) bounds(j int) (lower, upper float64) {
	lower, upper = math.Inf(-1), math.Inf(1)
	if p.Lower != nil {
		lower = p.Lower[j]
	}
	if p.Upper != nil {
		upper = p.Upper[j]
	}
	return lower, upper
}

func checkLambda(lambda float64) error {
	if !(lambda >= 0) || math.IsInf(lambda, 0) {
		return fmt.Errorf("linear: lambda %v must be a number that is not negative", lambda)
	}
	return nil
}
