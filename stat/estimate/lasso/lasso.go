// Package lasso fits sparse linear models to tables: a path of models with their duality
// gaps, cross-validation, guards against false discoveries, audits of groups and worst-case
// losses.
package lasso

import (
	"slices"

	"pare/stat/estimate"
	"pare/stat/linear"
)

// Request asks for a fit of a table in files.
type Request struct {
	Table
	Options
}

// Fit is the model at one λ. Coefficients are on the scale of the columns.
type Fit struct {
	*linear.Model
	Test *Score // on rows left out; nil: there are none
}

// selected returns the features with a coefficient in any class.
func (f *Fit) selected() []int {
	if f.Classes == nil {
		return f.Index
	}
	seen := map[int]bool{}
	var out []int
	for _, c := range f.Classes {
		for _, j := range c.Index {
			if !seen[j] {
				seen[j] = true
				out = append(out, j)
			}
		}
	}
	return out
}

// Score rates a model on rows that it was not fitted to.
type Score struct {
	Rows int
	Loss float64 // mean square, or deviance per row
	// R2 is 1 − Loss over the loss of the mean, or of the class frequencies, of the rows
	// the model was fitted to.
	R2    float64
	Error float64 // share of rows in the wrong class; 0 for Gaussian
}

// LeastSquares is a fit without penalty.
type LeastSquares struct {
	*linear.LeastSquares
	Test *Score // on rows left out; nil: there are none
}

// Result holds the models and the outcome of each optional step.
type Result struct {
	estimate.Head
	Data      *Data
	Options   Options
	Features  int
	LambdaMax float64 // the smallest λ that selects nothing; 0 for one given λ
	Path      []*Fit
	Ended     string     // why the path ended early, if it did
	CV        *linear.CV // of the path; nil: none
	Chosen    *Fit       // nil: a path, and nothing that chooses from it
	ChosenBy  string
	Guard     *GuardResult
	Audit     *AuditResult
	Robust    *RobustResult
	OLS       *LeastSquares

	problem *fitted
}

// Name returns the name of feature j.
func (r *Result) Name(j int) string { return r.problem.name(j) }

// Converged reports whether every fit reached its tolerance.
func (r *Result) Converged() bool { return len(r.Warnings()) == 0 }

// Selected returns the features that the guard lets pass or, without a guard, the features
// of the chosen model. There may be none.
func (r *Result) Selected() []int {
	switch {
	case r.Guard != nil:
		return r.Guard.Selected
	case r.Chosen != nil:
		return r.Chosen.selected()
	}
	return nil
}

// fits returns the models of the path, and the chosen one if it is not on the path.
func (r *Result) fits() []*Fit {
	if r.Chosen == nil || r.at(r.Chosen) >= 0 {
		return r.Path
	}
	return append(r.Path[:len(r.Path):len(r.Path)], r.Chosen)
}

// at returns the place of a fit on the path, or -1.
func (r *Result) at(f *Fit) int { return slices.Index(r.Path, f) }

// Warnings returns a line for each model that did not converge.
func (r *Result) Warnings() []string {
	var out []string
	for _, f := range r.fits() {
		if note := f.Note(); note != "" {
			out = append(out, note)
		}
	}
	return out
}

// Run reads the files and fits.
func (q Request) Run() (*Result, error) {
	if err := q.Options.check(); err != nil {
		return nil, err
	}
	q.Table.Seed = q.Options.Seed
	d, err := q.Table.Read(q.Family)
	if err != nil {
		return nil, err
	}
	return Run(d, q.Options)
}

// Run fits data that are in memory.
func Run(d *Data, o Options) (*Result, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := d.check(&o); err != nil {
		return nil, err
	}
	f, err := newProblem(d, &o)
	if err != nil {
		return nil, err
	}
	_, p := f.X.Dims()
	r := &Result{Head: estimate.Head{Command: "lasso", File: d.File, Observations: d.Rows, Notes: d.Notes}, Data: d, Options: o,
		Features: p, problem: f}
	if err := r.fit(); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		wanted bool
		do     func() error
	}{{o.Guard != NoGuard, r.guard}, {d.Test != nil, r.test}, {o.OLS, r.ols}, {d.Groups != nil, r.audit}, {o.Robust > 0, r.robust}} {
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
	path, cv, err := r.problem.path()
	if err != nil {
		return err
	}
	r.LambdaMax, r.Ended, r.CV = path.LambdaMax, path.Ended, cv
	for _, m := range path.Models {
		r.Path = append(r.Path, &Fit{Model: m})
	}
	switch {
	case cv == nil:
	case r.Options.OneSE:
		r.Chosen, r.ChosenBy = r.Path[cv.OneSE], "cross-validation, 1se"
	default:
		r.Chosen, r.ChosenBy = r.Path[cv.Min], "cross-validation, min"
	}
	return nil
}
