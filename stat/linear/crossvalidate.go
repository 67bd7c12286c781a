package linear

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"pare/internal/kernel/parallel"
	"pare/stat/internal/folds"
	"pare/stat/internal/progress"
)

// CVOptions says how a path is cross-validated.
type CVOptions struct {
	PathOptions
	Lambdas []float64 // nil: as PathOptions has them, on all data
	Folds   int       // 0: 10
	Seed    uint64    // of the folds
	// Together, unless nil, names a group for each observation; a group is in one fold.
	Together []int
	// Assigned, unless nil, is the fold of each observation, from 0; Folds, Seed and
	// Together are then not used.
	Assigned []int
}

// CV is a cross-validated path. Losses are measured on the observations that were left out:
// the mean square for Gaussian, else the deviance, minus twice the log-likelihood, per
// observation.
type CV struct {
	folds.Choice       // Mean and Error have a value per model of Path
	Path         *Path // on all data
	Fold         []int // of each observation
}

// LambdaMin returns the λ with the least mean loss.
func (c *CV) LambdaMin() float64 { return c.Path.Models[c.Min].Lambda }

// Lambda1SE returns the largest λ with a loss within one standard error of the least.
func (c *CV) Lambda1SE() float64 { return c.Path.Models[c.OneSE].Lambda }

// CrossValidate fits a path on all data and on all but one fold, for each fold, and
// measures the loss on the fold left out. Folds are fitted in parallel; the result
// depends on the seed alone. Classes are spread evenly over folds.
func CrossValidate(p Problem, o CVOptions) (*CV, error) {
	path, err := FitPath(p, o.Lambdas, o.PathOptions)
	if err != nil {
		return nil, err
	}
	fold, count, err := o.folds(&p)
	if err != nil {
		return nil, err
	}
	if err := p.classesOutside(fold); err != nil {
		return nil, err
	}
	lambdas := path.Lambdas()
	losses, sizes, errs := make([][]float64, count), make([]float64, count), make([]error, count)
	inner := PathOptions{Options: o.Options}
	inner.Threads = 1
	done := progress.New(o.Progress, 0, count)
	parallel.Of(o.Threads, count, func(k int) {
		part := inner
		part.Progress = nil
		losses[k], sizes[k], errs[k] = heldOut(p, fold, k, lambdas, part)
		done.Add(1)
	})
	for k, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("linear: without fold %d: %w", k, err)
		}
	}
	return &CV{Choice: folds.Choose(losses, sizes, lambdas), Path: path, Fold: fold}, nil
}

// FoldError says that all observations of a class are in one fold: without it the class
// can not be fitted.
type FoldError struct{ Fold, Class int }

// Error names fold and class.
func (e *FoldError) Error() string {
	return fmt.Sprintf("linear: all observations of class %d are in fold %d; every class needs some in two folds", e.Class, e.Fold)
}

// classesOutside returns a FoldError for the first class that is in one fold only.
func (p *Problem) classesOutside(fold []int) error {
	if !p.Family.Classes() {
		return nil
	}
	home := map[int]int{} // the one fold of a class, or −1
	for i, y := range p.Y {
		if p.Weights != nil && p.Weights[i] == 0 {
			continue
		}
		class := int(y)
		if at, seen := home[class]; !seen {
			home[class] = fold[i]
		} else if at != fold[i] {
			home[class] = -1
		}
	}
	for class := range len(home) {
		if at, seen := home[class]; seen && at >= 0 {
			return &FoldError{Fold: at, Class: class}
		}
	}
	return nil
}

// heldOut returns the mean loss on fold k for every λ, with the weight of the fold.
func heldOut(p Problem, fold []int, k int, lambdas []float64, o PathOptions) ([]float64, float64, error) {
	n := len(p.Y)
	full, kept, left := make([]float64, n), make([]float64, n), 0.0
	for i := range full {
		full[i] = 1
		if p.Weights != nil {
			full[i] = p.Weights[i]
		}
		if fold[i] == k {
			left += full[i]
		} else {
			kept[i] = full[i]
		}
	}
	if left == 0 {
		return nil, 0, fmt.Errorf("the fold has no weight")
	}
	p.Weights = kept
	path, err := FitPath(p, lambdas, o)
	if err != nil {
		return nil, 0, err
	}
	losses := make([]float64, len(lambdas))
	for l, m := range path.Models {
		loss := m.losses(&p)
		for i, value := range loss {
			if fold[i] == k {
				losses[l] += full[i] * value / left
			}
		}
	}
	return losses, left, nil
}

// losses returns square or deviance of every observation.
func (m *Model) losses(p *Problem) []float64 {
	loss := make([]float64, len(p.Y))
	if m.Classes != nil {
		columns := m.Probabilities(p.X)
		for i := range loss {
			loss[i] = -2 * math.Log(max(columns[int(p.Y[i])][i], math.SmallestNonzeroFloat64))
		}
		return loss
	}
	for i, eta := range m.Predict(p.X) {
		if p.Offset != nil {
			eta += p.Offset[i]
		}
		loss[i] = m.family.Deviance(eta, p.Y[i])
	}
	return loss
}

// folds returns the fold of every observation and the number of folds.
func (o *CVOptions) folds(p *Problem) ([]int, int, error) {
	n := len(p.Y)
	if o.Assigned != nil {
		count, err := folds.Count(o.Assigned, n)
		if err != nil {
			return nil, 0, fmt.Errorf("linear: %w", err)
		}
		return slices.Clone(o.Assigned), count, nil
	}
	if o.Together != nil && len(o.Together) != n {
		return nil, 0, fmt.Errorf("linear: groups of %d observations for %d", len(o.Together), n)
	}
	count := cmp.Or(o.Folds, 10)
	units := make([]int, n) // observations of one unit stay together
	for i := range units {
		units[i] = i
		if o.Together != nil {
			units[i] = o.Together[i]
		}
	}
	names := slices.Clone(units)
	slices.Sort(names)
	names = slices.Compact(names)
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	r := rand.New(rand.NewPCG(o.Seed, 0x9e3779b97f4a7c15))
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	if p.Family.Classes() && o.Together == nil {
		slices.SortStableFunc(order, func(i, j int) int { return int(p.Y[i]) - int(p.Y[j]) })
	}
	of, err := folds.Deal(order, count)
	if err != nil {
		return nil, 0, fmt.Errorf("linear: %w", err)
	}
	for i, unit := range units {
		at, _ := slices.BinarySearch(names, unit)
		units[i] = of[at]
	}
	return units, count, nil
}
