package lasso

// Fit is the model of one λ. Coefficients are on the scale of the columns.
type Fit struct {
	Lambda, Intercept float64
	Index             []int // of features that are not zero
	Value             []float64
	Classes           []Class // of a multinomial model, in place of the above
	Objective, Null   float64 // at the fit, and without penalised features
	Gap, Tolerance    float64 // Objective is at most Gap above the optimum
	Explained         float64 // share of the null loss
	Iterations        int
	Converged         bool
	Note              string // what to do where it has not
	// Dependent, Separable and Gradient are as in linear.Model.
	Dependent int
	Separable bool
	Gradient  float64
	Test      *Score // on rows left out; nil: there are none
}

// Class is the linear predictor of one class.
type Class struct {
	Intercept float64
	Index     []int
	Value     []float64
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

// coefficient is that of feature j, 0 where there is none.
func (f *Fit) coefficient(j int) float64 {
	for k, i := range f.Index {
		if i == j {
			return f.Value[k]
		}
	}
	return 0
}

// CV is the loss on left-out folds by λ: mean square, or deviance, with its standard
// error over folds. Min and OneSE are places on the path.
type CV struct {
	Folds       int
	Mean, Error []float64
	Min, OneSE  int
}

// Score is how a model does on rows it was not fitted to.
type Score struct {
	Rows int
	Loss float64 // mean square, or deviance per row
	// R2 is 1 − Loss over that of the mean, or of the class frequencies, of the rows
	// the model was fitted to.
	R2    float64
	Error float64 // share of rows in the wrong class; 0 for Gaussian
}

// LeastSquares is a fit without penalty.
type LeastSquares struct {
	Intercept   float64
	Value       []float64
	Rank        int
	MinimumNorm bool   // of all solutions the one of least ‖β‖₂
	Test        *Score // on rows left out; nil: there are none
}

// Result is all that Run found out.
type Result struct {
	Data      *Data
	Options   Options
	Features  int
	LambdaMax float64 // the smallest λ that selects nothing; 0 for one given λ
	Path      []*Fit
	Ended     string // why the path ended early, if it did
	CV        *CV    // nil: not asked for
	Chosen    *Fit   // nil: a path, and nothing that chooses from it
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
func (r *Result) Converged() bool {
	for _, f := range append(r.Path, r.Chosen) {
		if f != nil && !f.Converged {
			return false
		}
	}
	return true
}

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
