package lasso

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"pare/stat/linear"
)

// fitted is a problem of package linear with the names of its features.
type fitted struct {
	linear.Problem
	d     *Data
	o     *Options
	pairs *linear.Interactions // nil: columns alone
}

// newProblem combines data and options into a problem.
func newProblem(d *Data, o *Options) (*fitted, error) {
	penalty, lower, upper, err := d.factors(o)
	if err != nil {
		return nil, err
	}
	x, pairs, err := d.linear(o)
	if err != nil {
		return nil, err
	}
	f := &fitted{d: d, o: o, pairs: pairs, Problem: linear.Problem{X: x, Y: d.Y, Family: o.Family, Classes: len(d.Classes),
		Weights: d.Weights, Offset: d.Offset, Alpha: o.Alpha, Penalty: o.Penalty, NoIntercept: o.NoIntercept, NoStandardize: o.NoStandardize,
		PenaltyFactor: penalty, Lower: lower, Upper: upper}}
	if o.grouped() {
		f.PenaltyFactor = nil
		f.Groups, f.GroupFactor, err = d.groups(penalty, o)
	} else if pairs != nil {
		f.extend()
	}
	return f, err
}

// extend gives products their penalty factor, the larger of their columns' factors or 1 if
// both columns are unpenalised, and the bound of NonNegative.
func (f *fitted) extend() {
	_, p := f.X.Dims()
	m := len(f.d.Names)
	longer := func(list []float64, other func(a, b int) float64) []float64 {
		if list == nil {
			return nil
		}
		out := append(make([]float64, 0, p), list...)
		for j := m; j < p; j++ {
			out = append(out, other(f.pairs.Pair(j)))
		}
		return out
	}
	factor, least := f.PenaltyFactor, math.Inf(-1)
	if f.o.NonNegative {
		least = 0
	}
	f.PenaltyFactor = longer(factor, func(a, b int) float64 {
		if w := max(factor[a], factor[b]); w > 0 {
			return w
		}
		return 1
	})
	f.Lower = longer(f.Lower, func(a, b int) float64 { return least })
	f.Upper = longer(f.Upper, func(a, b int) float64 { return math.Inf(1) })
}

// name returns the name of feature j; a product is called a:b, as in R.
func (f *fitted) name(j int) string {
	if f.pairs != nil {
		if a, b := f.pairs.Pair(j); b >= 0 {
			return f.d.Names[a] + ":" + f.d.Names[b]
		}
	}
	return f.d.Names[j]
}

func (f *fitted) options(stage string) linear.Options {
	return linear.Options{Tolerance: f.o.Tolerance, MaxIterations: f.o.MaxIterations, Threads: f.o.Threads, Progress: f.o.Tell(stage)}
}

// fit fits one λ.
func (f *fitted) fit(lambda float64) (*Fit, error) {
	m, err := linear.Fit(f.Problem, lambda, f.options("lambda"))
	return &Fit{Model: m, Gamma: 1}, f.explain(err)
}

// crossValidates reports whether a cross-validation chooses λ.
func (f *fitted) crossValidates() bool { return f.o.Folds > 0 || f.d.Fold != nil }

// path fits the path, and cross-validates it if there are folds.
func (f *fitted) path() (path *linear.Path, cv *linear.CV, err error) {
	o := linear.PathOptions{Options: f.options("path"), Count: f.o.Count, Ratio: f.o.Ratio}
	if !f.crossValidates() {
		path, err = linear.FitPath(f.Problem, f.o.Lambdas, o)
		return path, nil, f.explain(err)
	}
	o.Options = f.options("cross-validation")
	q := linear.CVOptions{PathOptions: o, Lambdas: f.o.Lambdas, Folds: f.o.Folds, Repeats: f.o.Repeats, Seed: f.o.Seed,
		Together: f.d.Together, Strata: f.strata(), Assigned: ranks(f.d.Fold), Time: f.d.Time, Measure: f.o.Measure}
	if f.o.Relax {
		if q.Gammas = f.o.Gammas; q.Gammas == nil {
			q.Gammas = []float64{0, 0.25, 0.5, 0.75, 1}
		}
	}
	cv, err = linear.CrossValidate(f.Problem, q)
	if err != nil {
		return nil, nil, f.explain(err)
	}
	return cv.Path, cv, nil
}

// relax refits the models of a path.
func (f *fitted) relax(path *linear.Path) ([]*linear.Model, error) {
	refits, err := linear.Relax(f.Problem, path, f.options("relaxed fits"))
	return refits, f.explain(err)
}

// strata returns the strata of the folds. If the column is a target of numbers, the rows are
// divided by its size into blocks with a row for each fold.
func (f *fitted) strata() []int {
	if f.d.Strata == nil || f.d.Stratify != f.d.Target || f.o.Family.Classes() {
		return f.d.Strata
	}
	order := all(len(f.d.Y))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(f.d.Y[a], f.d.Y[b]) })
	out := make([]int, len(order))
	for at, i := range order {
		out[i] = at / f.o.Folds
	}
	return out
}

// explain rewrites an error of a solver in terms of the table.
func (f *fitted) explain(err error) error {
	var in *linear.FoldError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &in):
		return errors.New(strings.ReplaceAll(err.Error(), "linear: ", ""))
	}
	class := f.d.Classes[in.Class]
	switch {
	case in.Left:
		return fmt.Errorf("no row of class %s of %s is in fold %d, where -measure auc needs both; choose fewer folds, or -measure deviance",
			class, f.d.Target, in.Fold+1)
	case f.d.Time != nil:
		return fmt.Errorf("no row of class %s of %s is in time before fold %d, so it cannot be fitted; choose fewer folds",
			class, f.d.Target, in.Fold+1)
	}
	for i, r := range ranks(f.d.Fold) {
		if r == in.Fold {
			return fmt.Errorf("all rows of class %s of %s are in fold %s, without which it cannot be fitted; "+
				"spread every class over two folds of -foldid at least",
				class, f.d.Target, f.d.FoldNames[f.d.Fold[i]])
		}
	}
	return fmt.Errorf("all rows of class %s of %s are in one fold, without which it cannot be fitted; "+
		"choose fewer folds or another -seed, or leave the class out",
		class, f.d.Target)
}

// ranks numbers values from 0 without gaps.
func ranks(v []int) []int {
	if v == nil {
		return nil
	}
	number := map[int]int{}
	out := make([]int, len(v))
	for i, x := range v {
		if _, ok := number[x]; !ok {
			number[x] = len(number)
		}
		out[i] = number[x]
	}
	return out
}

// ols fits least squares for comparison.
func (r *Result) ols() error {
	f := r.problem
	n, p := f.X.Dims()
	const most = 1 << 27
	if n*p > most {
		return fmt.Errorf("-ols would fill a matrix of %d × %d; it takes at most %d cells", n, p, most)
	}
	m, err := linear.OLS(f.X, f.Y, !f.NoIntercept)
	if err != nil {
		return err
	}
	r.OLS = &LeastSquares{LeastSquares: m}
	if r.Data.Test != nil {
		r.OLS.Test, err = r.score(&linear.Model{Predictor: linear.Predictor{Intercept: m.Intercept, Index: all(p), Value: m.Coefficients}})
	}
	return err
}
