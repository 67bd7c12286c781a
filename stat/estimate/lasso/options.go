package lasso

import (
	"math"

	"pare/stat/guard"
	"pare/stat/linear"
)

// Guard is a guard against false discoveries.
type Guard string

// Guards and what q bounds.
const (
	NoGuard     Guard = ""
	Knockoffs   Guard = "knockoffs"   // the false discovery rate
	Stability   Guard = "stability"   // the expected number of false selections, which may be above 1
	Permutation Guard = "permutation" // the probability of any false selection
)

// Rule chooses the λ of a cross-validated path.
type Rule string

// Rules: the least loss, and the largest λ within one standard error of it.
const (
	Min   Rule = "min"
	OneSE Rule = "1se"
)

// Options say what is fitted and how. The zero value is a path of 100 λ of the lasso
// with a Gaussian response.
type Options struct {
	Family linear.Family
	// Lambda is the one λ to fit; nil: a path.
	Lambda *float64
	Count  int     // of the λ of a path; 0: 100
	Ratio  float64 // of the smallest to the largest λ; 0: as linear.PathOptions
	Alpha  float64 // of the elastic net, in (0, 1]; 0: 1
	// Folds of cross-validation; 0: none.
	Folds int
	Rule  Rule // "": OneSE
	// Interactions adds the products of all pairs of columns.
	Interactions bool
	// PenaltyFactors, Lower and Upper are by column; the name of a text column
	// stands for all its one-hot columns.
	PenaltyFactors, Lower, Upper map[string]float64
	// Positive: no coefficient is negative.
	Positive bool
	// GroupLasso: the one-hot columns of a text column enter together.
	GroupLasso                 bool
	NoIntercept, NoStandardize bool

	Guard Guard
	Q     float64 // of the guard: above 0, and below 1 but for Stability
	// Copies is how many knockoffs each feature has; 0: as many as let a single
	// discovery be made at q, 1/q. FixedX knockoffs have one.
	Copies int
	FixedX bool // knockoffs of a linear model with the features as they are
	// Permutations of the guard of that name; 0: 1000.
	Permutations int

	// Robust is ε: features move by up to ε standard deviations; 0: not asked for.
	Robust float64
	OLS    bool // least squares for comparison

	Seed          uint64
	Threads       int     // 0: processors
	Tolerance     float64 // of the gap; 0: 1e-6 of the null objective
	MaxIterations int     // 0: 100000
	// Progress, unless nil, hears how far each stage is.
	Progress func(what string, done, total int64)
}

// Check finds options out of range or that contradict each other.
func (o *Options) Check() error {
	switch {
	case o.Lambda != nil && (!(*o.Lambda >= 0) || math.IsInf(*o.Lambda, 0)):
		return inputf("-lambda is %v, it must be a number of at least 0", *o.Lambda)
	case o.Lambda != nil && o.Count != 0:
		return inputf("-lambda and -path contradict each other: one λ, or a path of them")
	case o.Lambda != nil && o.Ratio != 0:
		return inputf("-lambda and -lambda-min-ratio contradict each other: a path has a ratio, one λ has none")
	case o.Lambda != nil && o.Folds != 0:
		return inputf("-lambda and -cv contradict each other: cross-validation chooses λ from a path")
	case o.Count > linear.MaxCount:
		return inputf("-path is %d, a path has at most %d λ", o.Count, linear.MaxCount)
	case o.Count < 0 || o.Count == 1:
		return inputf("-path is %d, a path has at least 2 λ", o.Count)
	case !(o.Ratio >= 0 && o.Ratio < 1):
		return inputf("-lambda-min-ratio is %v, it must be between 0 and 1", o.Ratio)
	case !(o.Alpha >= 0 && o.Alpha <= 1):
		return inputf("-alpha is %v, it must be above 0 and at most 1", o.Alpha)
	case o.Folds < 0 || o.Folds == 1:
		return inputf("-cv is %d, cross-validation has at least 2 folds", o.Folds)
	case o.Rule != "" && o.Rule != Min && o.Rule != OneSE:
		return inputf("-select is %q, it must be min or 1se", o.Rule)
	case !(o.Tolerance >= 0) || math.IsInf(o.Tolerance, 0):
		return inputf("-tol is %v, it must be a finite number of at least 0", o.Tolerance)
	case o.MaxIterations < 0:
		return inputf("-max-iter is %d, it must not be negative", o.MaxIterations)
	case !(o.Robust >= 0) || math.IsInf(o.Robust, 0):
		return inputf("-robust is %v, it must be a positive number of standard deviations", o.Robust)
	case o.Family == linear.Multinomial && o.Robust > 0:
		return inputf("-robust works with -family gaussian and binomial, not multinomial")
	case o.Interactions && o.Robust > 0:
		return inputf("-robust and -interactions contradict each other: a product moves by more than its factors")
	case o.Family != linear.Gaussian && o.OLS:
		return inputf("-ols is least squares, for -family gaussian")
	}
	if err := o.checkGroups(); err != nil {
		return err
	}
	return o.checkGuard()
}

func (o *Options) checkGroups() error {
	bounded := o.Positive || len(o.Lower) > 0 || len(o.Upper) > 0
	switch {
	case o.Positive && len(o.Lower) > 0:
		return inputf("-positive and -lower-limits contradict each other: -positive is a lower limit of 0 for all")
	case !o.GroupLasso:
		return nil
	case bounded:
		return inputf("-group-lasso works without -positive, -lower-limits and -upper-limits")
	case o.Interactions:
		return inputf("-group-lasso and -interactions contradict each other: choose one")
	case o.Family == linear.Multinomial:
		return inputf("-group-lasso works with -family gaussian and binomial, not multinomial")
	}
	return nil
}

func (o *Options) checkGuard() error {
	switch o.Guard {
	case NoGuard:
		if o.Copies != 0 || o.FixedX || o.Permutations != 0 {
			return inputf("-knockoffs, -fixed-x and -permutations say how a guard works; give -guard too")
		}
		return nil
	case Knockoffs, Stability, Permutation:
	default:
		return inputf("-guard is %q, it must be knockoffs, stability or permutation", o.Guard)
	}
	switch {
	case o.Guard == Stability && (!(o.Q > 0) || math.IsInf(o.Q, 0)):
		return inputf("-q is %v; -guard stability takes an expected number of false selections, above 0", o.Q)
	case o.Guard != Stability && !(o.Q > 0 && o.Q < 1):
		return inputf("-q is %v; -guard %s takes a share or a probability, between 0 and 1", o.Q, o.Guard)
	case o.Copies > guard.MaxCopies:
		return inputf("-knockoffs is %d, it must be at most %d", o.Copies, guard.MaxCopies)
	case o.Copies < 0:
		return inputf("-knockoffs is %d, every feature needs one at least", o.Copies)
	case o.Permutations > guard.MaxPermutations:
		return inputf("-permutations is %d, it must be at most %d", o.Permutations, guard.MaxPermutations)
	case o.Permutations < 0 || o.Permutations > 0 && float64(o.Permutations+1)*o.Q < 1-1e-9:
		return inputf("-permutations is %d; at -q %v at least %d are needed", o.Permutations, o.Q, int(math.Ceil(1/o.Q-1-1e-9)))
	case o.Permutations > 0 && o.Guard != Permutation:
		return inputf("-permutations is for -guard permutation")
	case o.FixedX && o.Guard != Knockoffs:
		return inputf("-fixed-x is for -guard knockoffs")
	case o.FixedX && o.Copies > 1:
		return inputf("-fixed-x and -knockoffs contradict each other: fixed-X knockoffs come one a feature")
	case o.FixedX && o.Family != linear.Gaussian:
		return inputf("-fixed-x is for -family gaussian; without it knockoffs work with binomial too")
	case o.Copies > 0 && o.Guard != Knockoffs:
		return inputf("-knockoffs is for -guard knockoffs")
	case o.Family == linear.Multinomial:
		return inputf("-guard works with -family gaussian and binomial, not multinomial")
	case o.GroupLasso:
		return inputf("-guard and -group-lasso contradict each other: guards judge columns one by one")
	case o.Interactions && o.Guard != Permutation:
		return inputf("-guard %s would store all products; with -interactions use -guard permutation", o.Guard)
	}
	return nil
}
