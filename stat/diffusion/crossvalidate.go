package diffusion

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"pare/internal/kernel/parallel"
	"pare/stat/internal/folds"
	"pare/stat/internal/progress"
)

// CVOptions say how to choose λ over observations.
type CVOptions struct {
	Options
	// Lambdas as in FitPath; nil means its 30 values or, with Relaxed, 30 values down
	// to 1/50 of LambdaMax: below that refits keep far too many entries.
	Lambdas []float64
	// Folds is the number of parts; 0 means 10, or n if that is less.
	Folds int
	// Fold, of length n, puts every observation into a fold from 0 up, for instance
	// to keep observations of one series together; nil means parts of equal size, drawn.
	Fold []int
	// Rand draws the folds; nil means a fixed seed.
	Rand *rand.Rand
	// Relaxed scores supports by their refit without penalty (Relax). The λ that
	// predicts best with shrunken entries is smaller and keeps entries that are
	// zero in truth; use Relaxed to find the support.
	Relaxed bool
}

// CV is the result of a cross-validation.
type CV struct {
	Lambdas []float64
	// Error is the squared error of an output of a held-out observation, mean over
	// folds; SE is its standard error. +Inf where a relaxed fit does not exist.
	Error, SE []float64
	// Min is the index of the smallest error, OneSE the index of the largest λ whose
	// error is at most one standard error above it.
	Min, OneSE int
	// Path are the models of all observations, penalised, by λ.
	Path []*Model
}

// CrossValidate fits the path on all observations and on all but each fold.
func CrossValidate(p Problem, o CVOptions) (*CV, error) {
	ratio := 1.0 / 200
	if o.Relaxed {
		ratio = 1.0 / 50
	}
	f, err := prepare(p, o.Lambdas, ratio, &o.Options)
	if err != nil {
		return nil, err
	}
	if len(f.lambdas) == 0 {
		return nil, errors.New("cross-validation needs at least one lambda")
	}
	fold, count, err := o.folds(p.X.RawMatrix().Rows)
	if err != nil {
		return nil, err
	}
	cv := &CV{Lambdas: f.lambdas}
	inner := o.Options
	inner.Progress = nil
	if cv.Path, err = f.path(f.moments, inner); err != nil {
		return nil, err
	}
	parts := make([]held, count)
	for k := range parts {
		parts[k] = f.fold(fold, k)
	}
	losses := make([][]float64, count)
	failed := make([]error, count)
	inner.Threads = 1
	// The noise of held-out errors is far above this share of the null objective.
	inner.Tolerance = max(o.Tolerance, 1e-6)
	done := progress.New(o.Progress, 0, count)
	parallel.Of(o.Threads, count, func(k int) {
		losses[k], failed[k] = f.heldOut(parts, k, o.Relaxed, inner)
		done.Add(1)
	})
	for k, err := range failed {
		if err != nil {
			return nil, fmt.Errorf("without fold %d: %w", k+1, err)
		}
	}
	c := folds.Choose(losses, nil, cv.Lambdas)
	cv.Error, cv.SE, cv.Min, cv.OneSE = c.Mean, c.Error, c.Min, c.OneSE
	if math.IsInf(cv.Error[cv.Min], 1) {
		return nil, errors.New("no support of the path can be refitted without penalty in all folds; " +
			"a symmetric kernel needs more observations than nodes for that: leave Relaxed out")
	}
	return cv, nil
}

// folds returns the fold of every observation and their number.
func (o *CVOptions) folds(n int) ([]int, int, error) {
	if o.Fold != nil {
		count, err := folds.Count(o.Fold, n)
		return o.Fold, count, err
	}
	count := cmp.Or(o.Folds, min(10, n))
	rng := o.Rand
	if rng == nil {
		rng = rand.New(rand.NewPCG(1, 0))
	}
	fold, err := folds.Deal(rng.Perm(n), count)
	return fold, count, err
}

// held is one fold of the (centred) data.
type held struct {
	x, y *mat.Dense
	sums *sums
}

func (f *fitter) fold(fold []int, k int) held {
	take := func(m *mat.Dense) *mat.Dense {
		_, c := m.Dims()
		var data []float64
		for r, in := range fold {
			if in == k {
				data = append(data, m.RawRowView(r)...)
			}
		}
		return mat.NewDense(len(data)/c, c, data)
	}
	x, y := take(f.prob.X), take(f.prob.Y)
	return held{x, y, sumsOf(x, y)}
}

// heldOut fits without fold k and returns its errors by λ.
func (f *fitter) heldOut(parts []held, k int, relaxed bool, o Options) ([]float64, error) {
	s := newSums(f.moments.p, f.moments.q)
	for i, other := range parts {
		if i != k {
			s.add(other.sums)
		}
	}
	m := s.moments(f.prob.Intercept)
	models, err := f.path(m, o)
	if err != nil {
		return nil, err
	}
	if relaxed {
		kernels := make([]Kernel, len(models))
		for l, model := range models {
			kernels[l] = model.Kernel
		}
		models = f.relax(m, kernels, o)
	}
	errs := make([]float64, len(models))
	for l, model := range models {
		errs[l] = math.Inf(1)
		if model != nil {
			errs[l] = meanSquare(model.Kernel, m, parts[k])
		}
	}
	return errs, nil
}

// meanSquare is the squared error of an output, of data centred as m was.
func meanSquare(kernel Kernel, m *moments, held held) float64 {
	n, _ := held.x.Dims()
	var sum float64
	for i, row := range kernel.Rows {
		b := m.meanY[i] - row.apply(m.meanX)
		for r := range n {
			e := held.y.At(r, i) - b - row.apply(held.x.RawRowView(r))
			sum += e * e
		}
	}
	return sum / float64(n*len(kernel.Rows))
}
