package linear

import (
	"fmt"
	"math"
	"slices"

	"pare/internal/f64"
	"pare/internal/kernel/parallel"
	"pare/stat/internal/folds"
	"pare/stat/internal/progress"
)

// CVOptions says how a path is cross-validated.
type CVOptions struct {
	PathOptions
	Lambdas []float64 // nil: as PathOptions has them, on all data
	Folds   int       // 0: 10
	Repeats int       // of the folds, each drawn anew; 0: 1
	Seed    uint64    // of the folds
	// Together, unless nil, names a group for each observation; a group is in one fold.
	Together []int
	// Strata, unless nil, names a stratum for each observation, which is spread evenly over
	// the folds; nil: the classes, unless there are groups.
	Strata []int
	// Assigned, unless nil, is the fold of each observation, from 0; Folds and Seed are then
	// not used.
	Assigned []int
	// Time, unless nil, orders the observations: Folds stretches of equal size, after a first
	// one, are each predicted from the observations before it. Observations of one time
	// stay together.
	Time []float64
	// Measure rates the predictions of observations left out.
	Measure Measure
	// Gammas, unless nil, are the mixtures of a relaxed lasso that are compared, too: the
	// share γ of the penalised model, 1 − γ of its refit without a penalty (Relax).
	Gammas []float64
}

// CV is a cross-validated path.
type CV struct {
	// Mean and Error have the measure of each model of Path and its standard error. That of
	// repeated folds is the root of the mean square of the standard errors of the repeats:
	// repeats add no observations. Min and OneSE are places in Path.
	folds.Choice
	Path    *Path // on all data
	Fold    []int // of each observation, in the first repeat; −1: in none
	Folds   int   // of a repeat
	Repeats int
	Measure Measure
	Relaxed *RelaxedCV // nil: there are no Gammas

	plan    *folds.Plan
	problem Problem
	held    [][]*heldModel // of each repeat and fold
}

// RelaxedCV compares the mixtures of a relaxed lasso. CV's Min and OneSE are then the places
// of the best mixture, and of the largest λ with a mixture within one standard error of it.
type RelaxedCV struct {
	Gammas     []float64
	Choices    []folds.Choice // for each γ; +Inf where a model has no refit
	MinGamma   float64        // of CV.Min
	OneSEGamma float64        // of CV.OneSE
	Refits     []*Model       // of CV.Path, without a penalty; nil where there is none
}

// heldModel has the models of one fold left out.
type heldModel struct {
	path   *Path
	refits []*Model
}

// LambdaMin returns the λ with the best mean measure.
func (c *CV) LambdaMin() float64 { return c.Path.Models[c.Min].Lambda }

// Lambda1SE returns the largest λ with a measure within one standard error of the best.
func (c *CV) Lambda1SE() float64 { return c.Path.Models[c.OneSE].Lambda }

// CrossValidate fits a path on all data and on all but one fold, for each fold, and
// measures the predictions of the fold left out. Folds are fitted in parallel; the result
// depends on the seed alone. Classes are spread evenly over folds.
func CrossValidate(p Problem, o CVOptions) (*CV, error) {
	if err := o.Measure.fits(p.Family); err != nil {
		return nil, err
	}
	if err := checkGammas(o.Gammas); err != nil {
		return nil, err
	}
	path, err := FitPath(p, o.Lambdas, o.PathOptions)
	if err != nil {
		return nil, err
	}
	plan, err := o.plan(&p)
	if err != nil {
		return nil, err
	}
	for _, fold := range plan.Fold {
		if err := p.classesInFolds(plan, fold, o.Measure); err != nil {
			return nil, err
		}
	}
	c := &CV{Path: path, Fold: plan.Fold[0], Folds: plan.Count, Repeats: len(plan.Fold), Measure: o.Measure, plan: plan, problem: p}
	if o.Gammas != nil {
		c.Relaxed = &RelaxedCV{Gammas: slices.Clone(o.Gammas)}
		if c.Relaxed.Refits, err = Relax(p, path, o.Options); err != nil {
			return nil, err
		}
	}
	return c, c.fitFolds(o.Options)
}

// fitFolds fits and measures all folds of all repeats, and chooses.
func (c *CV) fitFolds(o Options) error {
	lambdas, repeats, count := c.Path.Lambdas(), len(c.plan.Fold), c.plan.Count
	gammas := []float64{1}
	if c.Relaxed != nil {
		gammas = append(gammas, c.Relaxed.Gammas...)
	}
	// values[γ][repeat][fold] has a value for each λ.
	values := make([][][][]float64, len(gammas))
	for g := range values {
		values[g] = make([][][]float64, repeats)
		for r := range values[g] {
			values[g][r] = make([][]float64, count)
		}
	}
	sizes, errs := make([][]float64, repeats), make([]error, repeats*count)
	c.held = make([][]*heldModel, repeats)
	for r := range repeats {
		sizes[r], c.held[r] = make([]float64, count), make([]*heldModel, count)
	}
	done := progress.New(o.Progress, 0, repeats*count)
	inner := o
	inner.Threads, inner.Progress = 1, nil
	parallel.Of(o.Threads, repeats*count, func(task int) {
		r, k := task/count, task%count
		weight, left, kept := c.left(r, k)
		sizes[r][k] = left
		held, err := c.fitFold(kept, left, lambdas, inner)
		if errs[task] = err; err == nil {
			c.held[r][k] = held
			c.measure(held, weight, gammas, func(g, l int, v float64) {
				if values[g][r][k] == nil {
					values[g][r][k] = make([]float64, len(lambdas))
				}
				values[g][r][k][l] = v
			})
		}
		done.Add(1)
	})
	for task, err := range errs {
		if err != nil {
			return fmt.Errorf("linear: without fold %d: %w", task%count, err)
		}
	}
	choices := make([]folds.Choice, len(gammas))
	for g := range gammas {
		choices[g] = folds.ChooseRepeated(values[g], sizes, lambdas, c.Measure.Larger())
	}
	c.Choice = choices[0]
	if c.Relaxed != nil {
		return c.Relaxed.choose(c, choices[1:], lambdas)
	}
	return nil
}

// left returns the weights of the observations of fold k that are left out, their sum, and the
// weights of the observations that are fitted.
func (c *CV) left(repeat, k int) (weight []float64, left float64, kept []float64) {
	fold, n := c.plan.Fold[repeat], len(c.problem.Y)
	weight, kept = make([]float64, n), make([]float64, n)
	for i := range n {
		full := 1.0
		if c.problem.Weights != nil {
			full = c.problem.Weights[i]
		}
		switch {
		case fold[i] == k:
			weight[i] = full
			left += full
		case c.plan.Trains(fold[i], k):
			kept[i] = full
		}
	}
	return weight, left, kept
}

// fitFold fits the path with the weights of the observations that are kept.
func (c *CV) fitFold(kept []float64, left float64, lambdas []float64, o Options) (*heldModel, error) {
	if left == 0 {
		return nil, fmt.Errorf("the fold has no weight")
	}
	p := c.problem
	p.Weights = kept
	path, err := FitPath(p, lambdas, PathOptions{Options: o})
	if err != nil {
		return nil, err
	}
	h := &heldModel{path: path}
	if c.Relaxed != nil {
		h.refits, err = Relax(p, path, o)
	}
	return h, err
}

// measure rates the models of a fold on the observations with a weight, mixture by mixture.
func (c *CV) measure(h *heldModel, weight, gammas []float64, set func(g, l int, v float64)) {
	p := &c.problem
	worst := math.Inf(1)
	if c.Measure.Larger() {
		worst = math.Inf(-1)
	}
	for l, m := range h.path.Models {
		penalised := c.predictors(m)
		var refit [][]float64
		if c.Relaxed != nil && c.Relaxed.Refits[l].exists() && h.refits[l].exists() {
			refit = c.predictors(h.refits[l])
		}
		for g, gamma := range gammas {
			eta := penalised
			if gamma != 1 {
				if refit == nil {
					set(g, l, worst)
					continue
				}
				eta = blend(penalised, refit, gamma)
			}
			set(g, l, c.Measure.of(p.Family, eta, p.Y, weight))
		}
	}
}

// exists reports whether a refit was made, and its coefficients are bounded.
func (m *Model) exists() bool { return m != nil && !m.Separable }

// predictors returns the linear predictors of m for every observation, with the offsets.
func (c *CV) predictors(m *Model) [][]float64 {
	eta := m.predictors(c.problem.X)
	if c.problem.Offset != nil {
		f64.Axpy(1, c.problem.Offset, eta[0])
	}
	return eta
}

// predictors returns the linear predictors of every observation, one list or one for each
// class.
func (m *Model) predictors(x Design) [][]float64 {
	if m.Classes == nil {
		return [][]float64{m.Predict(x)}
	}
	out := make([][]float64, len(m.Classes))
	for k := range m.Classes {
		out[k] = m.Classes[k].Predict(x)
	}
	return out
}

// blend mixes linear predictors.
func blend(a, b [][]float64, share float64) [][]float64 {
	out := make([][]float64, len(a))
	for k := range out {
		out[k] = make([]float64, len(a[k]))
		for i := range out[k] {
			out[k][i] = share*a[k][i] + (1-share)*b[k][i]
		}
	}
	return out
}

// choose compares the mixtures, and sets the choice of c.
func (r *RelaxedCV) choose(c *CV, choices []folds.Choice, lambdas []float64) error {
	r.Choices = choices
	larger := c.Measure.Larger()
	better := func(a, b float64) bool { return a < b && !larger || a > b && larger }
	least := func(g int) float64 { return choices[g].Mean[choices[g].Min] }
	best := 0
	for g := range choices {
		if better(least(g), least(best)) {
			best = g
		}
	}
	if math.IsInf(least(best), 0) {
		return fmt.Errorf("linear: no model of the path has a fit without a penalty in every fold; let gamma 1 be among the mixtures")
	}
	c.Min, r.MinGamma = choices[best].Min, r.Gammas[best]
	limit := choices[best].Limit(c.Min, larger)
	sparsest := best
	c.OneSE = c.Min
	for g := range choices {
		for l, mean := range choices[g].Mean {
			if choices[g].Within(l, limit, larger) && (lambdas[l] > lambdas[c.OneSE] ||
				l == c.OneSE && better(mean, choices[sparsest].Mean[l])) {
				sparsest, c.OneSE = g, l
			}
		}
	}
	r.OneSEGamma = r.Gammas[sparsest]
	return nil
}

// HeldOut returns, for each repeat, the linear predictors, offsets included, of every observation at the model l
// of the path and the mixture gamma, by the fit that left the observation out: one list, or
// one for each class. Those of an observation in no fold, or whose fold has no refit, are
// NaN.
func (c *CV) HeldOut(l int, gamma float64) [][][]float64 {
	var out [][][]float64
	for r, fold := range c.plan.Fold {
		var eta [][]float64
		for k, h := range c.held[r] {
			part := c.predictors(h.path.Models[l])
			if gamma != 1 {
				if h.refits == nil || h.refits[l] == nil {
					continue
				}
				part = blend(part, c.predictors(h.refits[l]), gamma)
			}
			if eta == nil {
				for range part {
					eta = append(eta, slices.Repeat([]float64{math.NaN()}, len(fold)))
				}
			}
			for i, own := range fold {
				if own != k {
					continue
				}
				for class := range part {
					eta[class][i] = part[class][i]
				}
			}
		}
		out = append(out, eta)
	}
	return out
}

// Assignments returns, for each repeat, the fold of each observation; −1: in none.
func (c *CV) Assignments() [][]int { return c.plan.Fold }

// FoldError says that a class is missing in the observations that a fold is fitted to or, if
// Left is set, in the fold, where the measure needs it.
type FoldError struct {
	Fold, Class int
	Left        bool
}

// Error names fold and class.
func (e *FoldError) Error() string {
	if e.Left {
		return fmt.Sprintf("linear: no observation of class %d is in fold %d; the measure needs both classes in every fold", e.Class, e.Fold)
	}
	return fmt.Sprintf("linear: no observation of class %d is left to fit without fold %d; every class needs some in two folds",
		e.Class, e.Fold)
}

// classesInFolds returns a FoldError for the first fold without which a class cannot be fitted,
// or which lacks a class that the measure needs.
func (p *Problem) classesInFolds(plan *folds.Plan, fold []int, measure Measure) error {
	if !p.Family.Classes() {
		return nil
	}
	counts := map[int][]int{} // of each class in each fold, the first one those in none
	for i, y := range p.Y {
		if p.Weights != nil && p.Weights[i] == 0 {
			continue
		}
		class := int(y)
		if counts[class] == nil {
			counts[class] = make([]int, plan.Count+1)
		}
		counts[class][fold[i]+1]++
	}
	for class := range slices.Max(keys(counts)) + 1 {
		count, seen := counts[class]
		if !seen {
			continue
		}
		for k := range plan.Count {
			fitted := 0
			for own, n := range count {
				if plan.Trains(own-1, k) {
					fitted += n
				}
			}
			if fitted == 0 {
				return &FoldError{Fold: k, Class: class}
			}
			if measure == AUC && count[k+1] == 0 {
				return &FoldError{Fold: k, Class: class, Left: true}
			}
		}
	}
	return nil
}

func keys(m map[int][]int) []int {
	out := make([]int, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

// plan divides the observations into folds.
func (o *CVOptions) plan(p *Problem) (*folds.Plan, error) {
	d := folds.Design{Folds: o.Folds, Repeats: o.Repeats, Seed: o.Seed, Together: o.Together, Strata: o.Strata, Assigned: o.Assigned,
		Time: o.Time}
	if o.Assigned != nil {
		d.Together = nil
	}
	if p.Family.Classes() && o.Together == nil && o.Strata == nil && o.Assigned == nil && o.Time == nil {
		d.Strata = make([]int, len(p.Y))
		for i, y := range p.Y {
			d.Strata[i] = int(y)
		}
	}
	plan, err := d.Plan(len(p.Y))
	if err != nil {
		return nil, fmt.Errorf("linear: %w", err)
	}
	return plan, nil
}
