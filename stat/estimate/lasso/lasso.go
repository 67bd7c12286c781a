// Package lasso fits sparse linear models to tables: from the columns of a file to
// a chosen model with its duality gap, cross-validation, a guard against false
// discoveries, an audit of groups, worst-case losses, and the text, files and pictures
// that show them.
package lasso

import (
	"slices"

	"pare/stat/estimate"
	"pare/stat/linear"
)

// Request is a table with the options of its fit.
type Request struct {
	Table
	Options
}

// Fit is the model of one λ. Coefficients are on the scale of the columns.
type Fit struct {
	*linear.Model
	Test *Score // on rows left out; nil: there are none
}

// selected are the features with a coefficient, of any class.
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

// Score is how a model does on rows it was not fitted to.
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

// Result is the models of a request and all that was asked about them.
type Result struct {
	estimate.Head
	Data      *Data
	Options   Options
	Features  int
	LambdaMax float64 // the smallest λ that selects nothing; 0 for one given λ
	Path      []*Fit
	Ended     string     // why the path ended early, if it did
	CV        *linear.CV // of the path; nil: not asked for
	Chosen    *Fit       // nil: a path, and nothing that chooses from it
	ChosenBy  string
	Guard     *GuardResult
	Audit     *AuditResult
	Robust    *RobustResult
	OLS       *LeastSquares

	problem *fitted
}

// Name is the name of feature j.
func (r *Result) Name(j int) string { return r.problem.name(j) }

// Converged tells whether every fit reached its tolerance.
func (r *Result) Converged() bool { return len(r.Warnings()) == 0 }

// Selected are the features that the guard lets pass, or, without one, those of the
// chosen model; perhaps none.
func (r *Result) Selected() []int {
	switch {
	case r.Guard != nil:
		return r.Guard.Selected
	case r.Chosen != nil:
		return r.Chosen.selected()
	}
	return nil
}

// fits are the models of the path, and the chosen one where it is none of them.
func (r *Result) fits() []*Fit {
	if r.Chosen == nil || r.at(r.Chosen) >= 0 {
		return r.Path
	}
	return append(r.Path[:len(r.Path):len(r.Path)], r.Chosen)
}

// at is the place of a fit on the path, -1 where it has none.
func (r *Result) at(f *Fit) int { return slices.Index(r.Path, f) }

// Warnings say in a line each which models did not converge.
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

// Run fits data as options say.
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
	r := &Result{Head: estimate.Head{Command: "lasso", File: d.File, Observations: d.Rows, Notes: d.Notes}, Data: d, Options: o, Features: p, problem: f}
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
