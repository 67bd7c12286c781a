package lasso

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"

	"pare/stat/guard"
	"pare/stat/linear"
)

// This file is all that touches the solvers of package linear.

// fitted is a problem with the names of its features.
type fitted struct {
	linear.Problem
	d     *Data
	o     *Options
	pairs *linear.Interactions // nil: columns alone
}

// newProblem makes the problem that options describe of data.
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
		Weights: d.Weights, Alpha: o.Alpha, NoIntercept: o.NoIntercept, NoStandardize: o.NoStandardize,
		PenaltyFactor: penalty, Lower: lower, Upper: upper}}
	if o.GroupLasso {
		f.PenaltyFactor = nil
		f.Groups, f.GroupFactor, err = d.groups(penalty)
		return f, err
	}
	if pairs != nil {
		f.extend()
	}
	return f, nil
}

// linear is the design of the columns, with all products of two where asked for.
func (d *Data) linear(o *Options) (linear.Design, *linear.Interactions, error) {
	dense, err := linear.NewDense(d.Rows, len(d.Names), d.X)
	if err != nil {
		return nil, nil, err
	}
	if !o.Interactions {
		return dense, nil, nil
	}
	if len(d.Names) < 2 {
		return nil, nil, inputf("-interactions needs two columns, there is one")
	}
	pairs, err := linear.NewInteractions(dense, true)
	return pairs, pairs, err
}

// extend gives products their factor, the larger of their columns' and 1 where both
// are unpenalised, and the bound of -positive.
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
	factor := f.PenaltyFactor
	f.PenaltyFactor = longer(factor, func(a, b int) float64 {
		if w := max(factor[a], factor[b]); w > 0 {
			return w
		}
		return 1
	})
	f.Lower = longer(f.Lower, func(a, b int) float64 {
		if f.o.Positive {
			return 0
		}
		return math.Inf(-1)
	})
	f.Upper = longer(f.Upper, func(a, b int) float64 { return math.Inf(1) })
}

// name is that of feature j; a product is called as in R, a:b.
func (f *fitted) name(j int) string {
	if f.pairs != nil {
		if a, b := f.pairs.Pair(j); b >= 0 {
			return f.d.Names[a] + ":" + f.d.Names[b]
		}
	}
	return f.d.Names[j]
}

func (f *fitted) options(what string) linear.Options {
	o := linear.Options{Tolerance: f.o.Tolerance, MaxIterations: f.o.MaxIterations, Threads: f.o.Threads}
	if tell := f.o.Progress; tell != nil {
		o.Progress = func(done, total int) { tell(what, int64(done), int64(total)) }
	}
	return o
}

// fit fits one λ.
func (f *fitted) fit(lambda float64) (*Fit, error) {
	m, err := linear.Fit(f.Problem, lambda, f.options("lambda"))
	if err != nil {
		return nil, f.explain(err)
	}
	return newFit(m), nil
}

// path fits the path, and cross-validates it where folds are asked for.
func (f *fitted) path() (fits []*Fit, lambdaMax float64, ended string, cv *CV, err error) {
	o := linear.PathOptions{Options: f.options("path"), Count: f.o.Count, Ratio: f.o.Ratio}
	var path *linear.Path
	if f.o.Folds == 0 && f.d.Fold == nil {
		path, err = linear.FitPath(f.Problem, nil, o)
	} else {
		o.Options = f.options("cross-validation")
		var c *linear.CV
		c, err = linear.CrossValidate(f.Problem, linear.CVOptions{PathOptions: o, Folds: f.o.Folds, Seed: f.o.Seed,
			Together: f.d.Together, Assigned: ranks(f.d.Fold)})
		if err == nil {
			path = c.Path
			cv = &CV{Mean: c.Mean, Error: c.Error, Min: c.Min, OneSE: c.OneSE}
			for _, k := range c.Fold {
				cv.Folds = max(cv.Folds, k+1)
			}
		}
	}
	if err != nil {
		return nil, 0, "", nil, f.explain(err)
	}
	for _, m := range path.Models {
		fits = append(fits, newFit(m))
	}
	return fits, path.LambdaMax, path.Ended, cv, nil
}

// explain makes an error of a solver, which is always about the data, one in the words of
// the table.
func (f *fitted) explain(err error) error {
	var in *linear.FoldError
	if !errors.As(err, &in) {
		return inputf("%s", strings.ReplaceAll(err.Error(), "linear: ", ""))
	}
	class := f.d.Classes[in.Class]
	if f.d.Fold == nil {
		return inputf("all rows of class %s of %s are in one fold, without which it cannot be fitted; choose fewer folds or another -seed, or leave the class out", class, f.d.Target)
	}
	name := ""
	for i, r := range ranks(f.d.Fold) {
		if r == in.Fold {
			name = f.d.FoldNames[f.d.Fold[i]]
			break
		}
	}
	return inputf("all rows of class %s of %s are in fold %s, without which it cannot be fitted; spread every class over two folds of -foldid at least", class, f.d.Target, name)
}

func newFit(m *linear.Model) *Fit {
	f := &Fit{Lambda: m.Lambda, Intercept: m.Intercept, Index: m.Index, Value: m.Value, Objective: m.Objective, Null: m.Null, Gap: m.Gap,
		Tolerance: m.Tolerance, Explained: m.Explained, Iterations: m.Iterations, Converged: m.Converged, Note: m.Note(),
		Dependent: m.Dependent, Separable: m.Separable, Gradient: m.Gradient}
	for _, c := range m.Classes {
		f.Classes = append(f.Classes, Class{Intercept: c.Intercept, Index: c.Index, Value: c.Value})
	}
	return f
}

// scores are the linear predictors of a fit on the rows of a design, one column or
// one for each class.
func scores(m *Fit, x linear.Design) [][]float64 {
	n, _ := x.Dims()
	score := func(intercept float64, index []int, value []float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = intercept
		}
		for k, j := range index {
			x.AddTo(v, j, value[k])
		}
		return v
	}
	if m.Classes == nil {
		return [][]float64{score(m.Intercept, m.Index, m.Value)}
	}
	var out [][]float64
	for _, c := range m.Classes {
		out = append(out, score(c.Intercept, c.Index, c.Value))
	}
	return out
}

// feature is column j of a design of n rows.
func feature(x linear.Design, j, n int) []float64 {
	v := make([]float64, n)
	x.AddTo(v, j, 1)
	return v
}

// leastSquares is least squares on the problem's data, of least norm where there is
// more than one solution.
func (f *fitted) leastSquares() (*LeastSquares, error) {
	n, p := f.X.Dims()
	if const64 := 1 << 27; n*p > const64 {
		return nil, inputf("-ols would fill a matrix of %d × %d; it takes at most %d cells", n, p, const64)
	}
	m, err := linear.OLS(f.X, f.Y, !f.NoIntercept)
	if err != nil {
		return nil, err
	}
	return &LeastSquares{Intercept: m.Intercept, Value: m.Coefficients, Rank: m.Rank, MinimumNorm: m.MinimumNorm}, nil
}

// lassoPath is the lasso path that guards select with.
func (o *Options) lassoPath(threads int) guard.Path {
	return func(x guard.Matrix, y []float64, lambdas []float64) ([][]float64, error) {
		dense, err := linear.NewDense(x.Rows, x.Cols, x.Data)
		if err != nil {
			return nil, err
		}
		path, err := linear.FitPath(linear.Problem{X: dense, Y: y, Family: o.Family, NoStandardize: true}, lambdas,
			linear.PathOptions{Options: linear.Options{Threads: threads, Tolerance: 1e-5}})
		if err != nil {
			return nil, err
		}
		out := make([][]float64, len(path.Models))
		for k, m := range path.Models {
			out[k] = m.Coefficients(x.Cols)
		}
		return out, nil
	}
}

// generator is the source of chance of a part of the work.
func (o *Options) generator(part uint64) *rand.Rand { return rand.New(rand.NewPCG(o.Seed, part)) }

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
