package lasso

import (
	"fmt"
	"math"
	"slices"

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
	// Lambdas are the λ of the path, in any order; nil: Count of the solver's own.
	Lambdas []float64
	Alpha   float64 // of the elastic net, in (0, 1]; 0: 1
	// Penalty is the ridge, MCP or SCAD; nil: the elastic net.
	Penalty linear.Penalty
	// Measure rates λ in the cross-validation, and Repeats is the number of draws of its
	// folds; 0: 1.
	Measure linear.Measure
	Repeats int
	// Relax refits each model without a penalty on its features. Gammas are the shares γ of
	// the penalised model in the mixtures with the refit that the cross-validation compares,
	// nil: 0, 0.25, 0.5, 0.75 and 1; without one, the γ of the model at Lambda, nil: 0.
	Relax  bool
	Gammas []float64
	// Interactions adds the products of all pairs of columns.
	Interactions bool
	// PenaltyFactors, Lower and Upper are by name of column; the name of a text column
	// stands for all its one-hot columns.
	PenaltyFactors, Lower, Upper map[string]float64
	// PenaltyFile is a table of the columns column and factor: penalty factors besides
	// PenaltyFactors, which go first. PenaltyUsage multiplies the factor of a column by this power of
	// the share of the rows in which it is not at its most frequent value, so that the penalty of a
	// feature of few rows is small; 0: it does not.
	PenaltyFile  string
	PenaltyUsage float64
	// NonNegative: no coefficient is negative.
	NonNegative bool
	// GroupLasso: the one-hot columns of a text column enter together.
	GroupLasso bool
	// GroupColumns are shell patterns of columns that enter together, a group each, and
	// GroupFile is a table of the columns "column" and "group" that says the same. Other columns
	// are groups of their own, as with GroupLasso.
	GroupColumns               []string
	GroupFile                  string
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
	r.cross(o)
	multinomial := o.Family == linear.Multinomial
	limits := len(o.Lower)+len(o.Upper) > 0
	r.penalties(o)
	r.refuse(o.Family == linear.Poisson && o.Robust > 0, "-robust works with -family gaussian and binomial, not poisson")
	r.refuse(multinomial && o.Robust > 0, "-robust works with -family gaussian and binomial, not multinomial")
	r.refuse(o.Interactions && o.Robust > 0, "-robust and -interactions contradict each other: a product moves by more than its factors")
	r.refuse(o.Family != linear.Gaussian && o.OLS, "-ols is least squares, for -family gaussian")
	r.refuse(o.NonNegative && len(o.Lower) > 0,
		"-nonnegative and -lower-limits contradict each other: -nonnegative is a lower limit of 0 for all")
	r.refuse(o.GroupColumns != nil && o.GroupFile != "", "-group-columns and -group-file contradict each other: give one")
	if o.grouped() {
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
	if d.Offset != nil {
		r.refuse(o.Family == linear.Multinomial, "-offset works with one linear predictor, and -family multinomial has one for each class")
		r.refuse(o.Guard != NoGuard, "-offset and -guard contradict each other: guards know no offsets")
		r.refuse(o.Robust > 0, "-offset and -robust contradict each other: the worst case knows no offsets")
		r.refuse(o.OLS, "-offset and -ols contradict each other: least squares knows no offsets")
	}
	r.refuse(d.Groups != nil && o.Family == linear.Poisson, "-audit works with -family gaussian and binomial, not poisson")
	r.refuse(d.Groups != nil && o.Family == linear.Multinomial, "-audit works with -family gaussian and binomial, not multinomial")
	r.refuse(d.arranged() && o.Folds == 0 && d.Fold == nil, "-stratify and -time say how rows are divided into folds; give -cv too")
	r.refuse(d.Fold == nil && o.Folds == 0 && (o.Measure != linear.Deviance || o.Repeats != 0),
		"-measure and -repeats are of cross-validation; give -cv too")
	r.refuse(d.Fold == nil && o.Folds == 0 && o.Lambda == nil && o.Gammas != nil,
		"-gamma is the mixture of one model; give -lambda or -cv too")
	r.refuse(o.Repeats > 1 && (d.Fold != nil || d.Time != nil), "-repeats draws folds again, and -foldid and -time draw none")
	r.refuse(d.Strata != nil && (d.Fold != nil || d.Time != nil || d.Together != nil),
		"-stratify spreads rows over the folds of -cv one by one: leave out -foldid, -time and -groups")
	r.refuse(d.Time != nil && (d.Fold != nil || d.Together != nil), "-time makes folds in time: leave out -foldid and -groups")
	r.refuse(d.Fold != nil && o.Folds > 0, "-foldid and -cv contradict each other: the column says how many folds there are")
	r.refuse(d.Fold != nil && o.Lambda != nil, "-foldid and -lambda contradict each other: cross-validation chooses λ from a path")
	r.refuse(o.Folds > d.Rows, "-cv is %d, there are %d rows", o.Folds, d.Rows)
	if d.Together != nil {
		units := map[int]bool{}
		for _, g := range d.Together {
			units[g] = true
		}
		r.refuse(o.Folds > len(units), "-cv is %d, and the column of -groups has %d values, each of which stays in one fold; "+
			"give -cv %d or less", o.Folds, len(units), len(units))
		r.refuse(o.Folds == 0 && d.Fold == nil && d.Test == nil, "-groups keeps rows together in folds; give -cv or -test-size too")
	}
	return r.err
}

// penalties finds contradictions between the penalty and other options.
func (r *rules) penalties(o *Options) {
	if o.Penalty == nil {
		return
	}
	switch p := o.Penalty.(type) {
	case linear.MCP:
		r.refuse(p.Gamma != 0 && !(p.Gamma > 1), "-concavity is %v; mcp takes more than 1", p.Gamma)
	case linear.SCAD:
		r.refuse(p.Gamma != 0 && !(p.Gamma > 2), "-concavity is %v; scad takes more than 2", p.Gamma)
	}
	_, ridge := o.Penalty.(linear.Ridge)
	r.refuse(o.Alpha != 0, "-penalty and -alpha contradict each other: alpha is of the elastic net")
	r.refuse(o.grouped(), "-group-lasso is a penalty of its own: leave out -penalty and -alpha 0")
	r.refuse(!ridge && o.Family == linear.Multinomial, "-penalty works with -family gaussian, binomial and poisson, not multinomial")
	r.refuse(ridge && o.Relax, "-relax refits the features that a model selects, and -alpha 0 selects all of them")
	r.refuse(o.Robust > 0, "-robust compares with the lasso: leave out -penalty and -alpha 0")
}

// cross finds contradictions among the options of cross-validation and relaxed fits.
func (r *rules) cross(o *Options) {
	r.refuse(o.Lambdas != nil && (o.Lambda != nil || o.Count != 0 || o.Ratio != 0),
		"-lambdas are the λ of the path: leave out -lambda, -path and -ratio")
	r.refuse(len(o.Lambdas) > linear.MaxCount, "-lambdas has %d λ, at most %d are possible", len(o.Lambdas), linear.MaxCount)
	for i, l := range o.Lambdas {
		r.refuse(!(l >= 0) || math.IsInf(l, 0), "-lambdas has %v, a λ is a number of 0 or more", l)
		r.refuse(slices.Contains(o.Lambdas[:i], l), "-lambdas has %v twice", l)
	}
	r.refuse(o.Measure == linear.AUC && o.Family != linear.Binomial, "-measure auc is for -family binomial")
	r.refuse(o.Measure == linear.ClassError && !o.Family.Classes(), "-measure error is for classes, and -family is %s", o.Family)
	r.refuse(o.Measure == linear.AbsoluteError && o.Family != linear.Gaussian, "-measure mae is for -family gaussian")
	r.refuse(o.Repeats < 0, "-repeats is %d, it must be at least 1", o.Repeats)
	r.refuse(o.Gammas != nil && !o.Relax, "-gamma mixes models with their refits; give -relax too")
	for _, g := range o.Gammas {
		r.refuse(!(g >= 0 && g <= 1), "-gamma has %v, a γ is between 0 and 1", g)
	}
	r.refuse(len(o.Gammas) > 1 && o.Lambda != nil, "-gamma has %d values, and -lambda fits one model; give one", len(o.Gammas))
	r.refuse(o.Relax && o.Guard == Permutation, "-relax and -guard permutation contradict each other: the guard has a model of its own")
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
	r.refuse(o.Family == linear.Poisson, "-guard works with -family gaussian and binomial, not poisson")
	r.refuse(o.Penalty != nil, "-guard judges by the lasso: leave out -penalty and -alpha 0")
	r.refuse(o.Family == linear.Multinomial, "-guard works with -family gaussian and binomial, not multinomial")
	r.refuse(o.grouped(), "-guard and -group-lasso contradict each other: guards judge columns one by one")
	r.refuse(o.Interactions && g != Permutation, "-guard %s would store all products; with -interactions use -guard permutation", g)
	r.refuse(o.Alpha != 0 && o.Alpha != 1 || o.NoIntercept || o.NoStandardize || o.NonNegative || len(o.Lower)+len(o.Upper) > 0,
		"-guard judges by the lasso of standardised columns with an intercept: leave out -alpha, -intercept, "+
			"-standardize and limits of coefficients")
	r.refuse((len(o.PenaltyFactors) > 0 || o.PenaltyFile != "" || o.PenaltyUsage != 0) && g != Permutation,
		"-guard %s treats all columns alike: leave -penalty-factor out, or use -guard permutation", g)
}
