package lasso

import (
	"context"
	"fmt"

	"pare/stat/linear"
)

// Run fits data as options say. Solvers know of no context: where it ends first, Run
// returns its error and leaves them to the end of the process.
func Run(ctx context.Context, d *Data, o Options) (*Result, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if err := d.check(&o); err != nil {
		return nil, err
	}
	type outcome struct {
		r   *Result
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		r, err := run(ctx, d, o)
		done <- outcome{r, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case out := <-done:
		return out.r, out.err
	}
}

// check finds what data and options contradict each other in.
func (d *Data) check(o *Options) error {
	folds := o.Folds > 0 || d.Fold != nil
	switch {
	case d.Weights != nil && o.Guard != NoGuard:
		return inputf("-weights and -guard contradict each other: guards take all rows alike")
	case d.Weights != nil && o.Robust > 0:
		return inputf("-weights and -robust contradict each other: the worst case takes all rows alike")
	case d.Weights != nil && o.OLS:
		return inputf("-weights and -ols contradict each other: least squares takes all rows alike")
	case d.Groups != nil && o.Family == linear.Multinomial:
		return inputf("-audit works with -family gaussian and binomial, not multinomial")
	case d.Fold != nil && o.Folds > 0:
		return inputf("-foldid and -cv contradict each other: the column says how many folds there are")
	case d.Fold != nil && o.Lambda != nil:
		return inputf("-foldid and -lambda contradict each other: cross-validation chooses λ from a path")
	case o.Rule != "" && !folds:
		return inputf("-select chooses λ by cross-validation; give -cv too")
	case o.Folds > d.Rows:
		return inputf("-cv is %d, there are %d rows", o.Folds, d.Rows)
	}
	if o.Folds > 0 && d.Together != nil {
		if units := len(unique(d.Together)); o.Folds > units {
			return inputf("-cv is %d, the column of -groups has %d values", o.Folds, units)
		}
	}
	if d.Together != nil && !folds && d.Test == nil {
		return inputf("-groups keeps rows together in folds; give -cv or -test-size too")
	}
	if o.Guard == NoGuard {
		return nil
	}
	if o.Alpha != 0 && o.Alpha != 1 || o.NoIntercept || o.NoStandardize || o.Positive || len(o.Lower)+len(o.Upper) > 0 {
		return inputf("-guard judges by the lasso of standardised columns with an intercept: leave out -alpha, -intercept, -standardize and limits of coefficients")
	}
	if len(o.PenaltyFactors) > 0 && o.Guard != Permutation {
		return inputf("-guard %s treats all columns alike: leave -penalty-factor out, or use -guard permutation", o.Guard)
	}
	return nil
}

func unique(v []int) map[int]bool {
	out := map[int]bool{}
	for _, x := range v {
		out[x] = true
	}
	return out
}

func run(ctx context.Context, d *Data, o Options) (*Result, error) {
	f, err := newProblem(d, &o)
	if err != nil {
		return nil, err
	}
	_, p := f.X.Dims()
	r := &Result{Data: d, Options: o, Features: p, problem: f}
	if err := r.fit(); err != nil {
		return nil, err
	}
	steps := []struct {
		wanted bool
		do     func() error
	}{{o.Guard != NoGuard, r.guard}, {d.Test != nil, r.test}, {o.OLS, r.ols}, {d.Groups != nil, r.audit}, {o.Robust > 0, r.robust}}
	for _, s := range steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !s.wanted {
			continue
		}
		if err := s.do(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// fit fits the λ or the path, and chooses from it.
func (r *Result) fit() (err error) {
	if r.Options.Lambda != nil {
		r.Chosen, err = r.problem.fit(*r.Options.Lambda)
		r.ChosenBy = "given"
		r.Path = []*Fit{r.Chosen}
		return err
	}
	if r.Path, r.LambdaMax, r.Ended, r.CV, err = r.problem.path(); err != nil || r.CV == nil {
		return err
	}
	at, rule := r.CV.OneSE, OneSE
	if r.Options.Rule == Min {
		at, rule = r.CV.Min, Min
	}
	r.Chosen, r.ChosenBy = r.Path[at], fmt.Sprintf("cross-validation, %s", rule)
	return nil
}

// ols fits least squares for comparison.
func (r *Result) ols() (err error) {
	if r.OLS, err = r.problem.leastSquares(); err != nil || r.Data.Test == nil {
		return err
	}
	fit := &Fit{Intercept: r.OLS.Intercept, Value: r.OLS.Value}
	for j := range r.OLS.Value {
		fit.Index = append(fit.Index, j)
	}
	r.OLS.Test, err = r.score(fit)
	return err
}
