package lasso

import (
	"fmt"
	"math"

	"pare/stat/estimate"
	"pare/stat/guard"
	"pare/stat/linear"
)

// Guard is a guard against false discoveries.
type Guard string

// Guards, each with the quantity that Options.Q bounds.
const (
	NoGuard     Guard = ""
	Knockoffs   Guard = "knockoffs"   // the false discovery rate
	Stability   Guard = "stability"   // the expected number of false selections, which may be above 1
	Permutation Guard = "permutation" // the probability of any false selection
)

// Options choose the model, the path and the optional steps. The zero value is a path of
// 100 λ of the lasso with a Gaussian response.
type Options struct {
	Family linear.Family
	// Zeros of Count, Ratio, Tolerance and MaxIterations mean the same as in
	// linear.PathOptions.
	estimate.Search
	Alpha float64 // of the elastic net, in (0, 1]; 0: 1
	// Interactions adds the products of all pairs of columns.
	Interactions bool
	// PenaltyFactors, Lower and Upper are by name of column; the name of a text column
	// stands for all its one-hot columns.
	PenaltyFactors, Lower, Upper map[string]float64
	// NonNegative: no coefficient is negative.
	NonNegative bool
	// GroupLasso: the one-hot columns of a text column enter together.
	GroupLasso                 bool
	NoIntercept, NoStandardize bool

	Guard Guard
	Q     float64 // of the guard: above 0, and below 1 but for Stability
	// Copies is the number of knockoffs of each feature; 0: 1/Q, at which a single
	// discovery can be made, at most 10. FixedX knockoffs have one.
	Copies int
	FixedX bool // knockoffs of a linear model with the features as they are
	// Permutations is the number of permutations of the guard Permutation; 0: 1000.
	Permutations int

	Robust float64 // ε: features move by up to ε standard deviations; 0: not asked for
	OLS    bool    // least squares for comparison
}

// rules keeps the first contradiction that is found.
type rules struct{ err error }

func (r *rules) refuse(broken bool, format string, args ...any) {
	if broken && r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// check finds contradictions among options. Numbers out of range are left to the solvers.
func (o *Options) check() error {
	r := rules{o.Search.Check()}
	multinomial := o.Family == linear.Multinomial
	limits := len(o.Lower)+len(o.Upper) > 0
	r.refuse(multinomial && o.Robust > 0, "-robust works with -family gaussian and binomial, not multinomial")
	r.refuse(o.Interactions && o.Robust > 0, "-robust and -interactions contradict each other: a product moves by more than its factors")
	r.refuse(o.Family != linear.Gaussian && o.OLS, "-ols is least squares, for -family gaussian")
	r.refuse(o.NonNegative && len(o.Lower) > 0,
		"-nonnegative and -lower-limits contradict each other: -nonnegative is a lower limit of 0 for all")
	if o.GroupLasso {
		r.refuse(o.NonNegative || limits, "-group-lasso works without -nonnegative, -lower-limits and -upper-limits")
		r.refuse(o.Interactions, "-group-lasso and -interactions contradict each other: choose one")
		r.refuse(multinomial, "-group-lasso works with -family gaussian and binomial, not multinomial")
	}
	r.guard(o)
	return r.err
}

// check finds contradictions between data and options.
func (d *Data) check(o *Options) error {
	var r rules
	if d.Weights != nil {
		r.refuse(o.Guard != NoGuard, "-weights and -guard contradict each other: guards take all rows alike")
		r.refuse(o.Robust > 0, "-weights and -robust contradict each other: the worst case takes all rows alike")
		r.refuse(o.OLS, "-weights and -ols contradict each other: least squares takes all rows alike")
	}
	r.refuse(d.Groups != nil && o.Family == linear.Multinomial, "-audit works with -family gaussian and binomial, not multinomial")
	r.refuse(d.Fold != nil && o.Folds > 0, "-foldid and -cv contradict each other: the column says how many folds there are")
	r.refuse(d.Fold != nil && o.Lambda != nil, "-foldid and -lambda contradict each other: cross-validation chooses λ from a path")
	r.refuse(o.Folds > d.Rows, "-cv is %d, there are %d rows", o.Folds, d.Rows)
	if d.Together != nil {
		units := map[int]bool{}
		for _, g := range d.Together {
			units[g] = true
		}
		r.refuse(o.Folds > len(units), "-cv is %d, the column of -groups has %d values", o.Folds, len(units))
		r.refuse(o.Folds == 0 && d.Fold == nil && d.Test == nil, "-groups keeps rows together in folds; give -cv or -test-size too")
	}
	return r.err
}

// guard finds contradictions between the guard and other options.
func (r *rules) guard(o *Options) {
	g := o.Guard
	if g == NoGuard {
		r.refuse(o.Copies != 0 || o.FixedX || o.Permutations != 0,
			"-knockoffs, -fixed-x and -permutations say how a guard works; give -guard too")
		return
	}
	r.refuse(g != Knockoffs && g != Stability && g != Permutation, "-guard is %q, it must be knockoffs, stability or permutation", g)
	r.refuse(g == Stability && (!(o.Q > 0) || math.IsInf(o.Q, 0)),
		"-q is %v; -guard stability takes an expected number of false selections, above 0", o.Q)
	r.refuse(g != Stability && !(o.Q > 0 && o.Q < 1), "-q is %v; -guard %s takes a share or a probability, between 0 and 1", o.Q, g)
	r.refuse(o.Permutations > 0 && float64(o.Permutations+1)*o.Q < 1-1e-9, "-permutations is %d; at -q %v at least %d are needed",
		o.Permutations, o.Q, int(math.Ceil(1/o.Q-1-1e-9)))
	r.refuse(o.Permutations > 0 && g != Permutation, "-permutations is for -guard permutation")
	r.refuse(o.FixedX && g != Knockoffs, "-fixed-x is for -guard knockoffs")
	r.refuse(o.FixedX && o.Copies > 1, "-fixed-x and -knockoffs contradict each other: fixed-X knockoffs come one a feature")
	r.refuse(o.FixedX && o.Family != linear.Gaussian, "-fixed-x is for -family gaussian; without it knockoffs work with binomial too")
	r.refuse(o.Copies > guard.MaxCopies, "-knockoffs is %d, it must be at most %d", o.Copies, guard.MaxCopies)
	r.refuse(o.Copies > 0 && g != Knockoffs, "-knockoffs is for -guard knockoffs")
	r.refuse(o.Family == linear.Multinomial, "-guard works with -family gaussian and binomial, not multinomial")
	r.refuse(o.GroupLasso, "-guard and -group-lasso contradict each other: guards judge columns one by one")
	r.refuse(o.Interactions && g != Permutation, "-guard %s would store all products; with -interactions use -guard permutation", g)
	r.refuse(o.Alpha != 0 && o.Alpha != 1 || o.NoIntercept || o.NoStandardize || o.NonNegative || len(o.Lower)+len(o.Upper) > 0,
		"-guard judges by the lasso of standardised columns with an intercept: leave out -alpha, -intercept, "+
			"-standardize and limits of coefficients")
	r.refuse(len(o.PenaltyFactors) > 0 && g != Permutation,
		"-guard %s treats all columns alike: leave -penalty-factor out, or use -guard permutation", g)
}
