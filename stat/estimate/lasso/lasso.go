// Package lasso fits sparse linear models to tables: a path of models with their duality
// gaps, cross-validation, guards against false discoveries, audits of groups and worst-case
// losses.
package lasso

import (
	"fmt"
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
	// Model has the certificate of the penalised fit. Its coefficients come from the fit or,
	// with a Gamma below 1, of the mixture of Gamma times it and 1 − Gamma times Refit.
	*linear.Model
	Gamma float64
	Refit *linear.Model // of its features, without a penalty; nil: not relaxed, or there is none
	Test  *Score        // on rows left out; nil: there are none
}

// blend returns the mixture of a fit and its refit.
func (f *Fit) blend(gamma float64) *Fit {
	if gamma == 1 {
		return f
	}
	m := *f.Model
	m.Predictor = linear.Blend(f.Predictor, f.Refit.Predictor, gamma)
	m.Classes = slices.Clone(f.Classes)
	for k := range m.Classes {
		m.Classes[k] = linear.Blend(f.Classes[k], f.Refit.Classes[k], gamma)
	}
	return &Fit{Model: &m, Gamma: gamma, Refit: f.Refit}
}

// choose makes the mixture of a fit of the path with its refit the chosen model.
func (r *Result) choose(f *Fit, gamma float64) {
	if r.Chosen = f.blend(gamma); gamma != 1 {
		r.Chosen.Explained = r.explained(r.Chosen.Model)
	}
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

// place returns the place on the path of the λ of the chosen fit, or -1.
func (r *Result) place() int {
	if r.Chosen == nil {
		return -1
	}
	return slices.IndexFunc(r.Path, func(f *Fit) bool { return f.Lambda == r.Chosen.Lambda })
}

// Warnings returns a line for each model that did not converge.
func (r *Result) Warnings() []string {
	var out []string
	for _, f := range r.fits() {
		if note := f.Note(); note != "" && f.Gamma == 1 {
			out = append(out, note)
		}
	}
	if f := r.Chosen; f != nil && f.Refit != nil {
		if note := f.Refit.Note(); note != "" {
			out = append(out, fmt.Sprintf("the refit without a penalty of the features at lambda %.6g: %s", f.Lambda, note))
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
		return r.fitOne(*r.Options.Lambda)
	}
	path, cv, err := r.problem.path()
	if err != nil {
		return err
	}
	r.LambdaMax, r.Ended, r.CV = path.LambdaMax, path.Ended, cv
	for _, m := range path.Models {
		r.Path = append(r.Path, &Fit{Model: m, Gamma: 1})
	}
	if err := r.relax(path); err != nil || cv == nil {
		return err
	}
	at, gamma := cv.Min, 1.0
	r.ChosenBy = "cross-validation, min"
	if r.Options.OneSE {
		at, r.ChosenBy = cv.OneSE, "cross-validation, 1se"
	}
	if c := cv.Relaxed; c != nil {
		if gamma = c.MinGamma; r.Options.OneSE {
			gamma = c.OneSEGamma
		}
	}
	r.choose(r.Path[at], gamma)
	return nil
}

// fitOne fits one λ.
func (r *Result) fitOne(lambda float64) error {
	f, err := r.problem.fit(lambda)
	if err != nil {
		return err
	}
	r.Path, r.ChosenBy = []*Fit{f}, "given"
	if err := r.relax(&linear.Path{Models: []*linear.Model{f.Model}}); err != nil {
		return err
	}
	r.Chosen = f
	if !r.Options.Relax {
		return nil
	}
	if f.Refit == nil {
		return fmt.Errorf("at lambda %.6g %d features are selected, and a fit without a penalty to %d rows takes at most %d; "+
			"take a larger lambda, or leave -relax out", lambda, len(f.selected()), r.Data.Rows, r.problem.MaxRefit())
	}
	gamma := 0.0
	if r.Options.Gammas != nil {
		gamma = r.Options.Gammas[0]
	}
	r.choose(f, gamma)
	return nil
}

// relax refits the models of the path, where that is asked for.
func (r *Result) relax(path *linear.Path) error {
	if !r.Options.Relax {
		return nil
	}
	var refits []*linear.Model
	if r.CV != nil {
		refits = r.CV.Relaxed.Refits
	} else {
		var err error
		if refits, err = r.problem.relax(path); err != nil {
			return err
		}
	}
	without := 0
	for k, f := range r.Path {
		if f.Refit = refits[k]; f.Refit == nil {
			without++
		}
	}
	if without > 0 && r.Options.Lambda == nil {
		r.Notes = append(slices.Clone(r.Notes), fmt.Sprintf("%d of %d λ have no relaxed fit, as they select more than %d features", without,
			len(r.Path), r.problem.MaxRefit()))
	}
	return nil
}
