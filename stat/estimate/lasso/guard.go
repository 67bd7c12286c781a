package lasso

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"pare/stat/guard"
	"pare/stat/linear"
)

// GuardResult holds the features that a guard lets pass.
type GuardResult struct {
	Guard    Guard
	Q        float64
	Selected []int // features, rising; perhaps none
	// Statistic is, by feature, the W of knockoffs, the share of halves of stability
	// selection, or the adjusted p-value of permutations.
	Statistic []float64
	// Threshold is the least W or share that passes, +Inf where nothing can; of
	// permutations the level, which p-values must not exceed.
	Threshold float64
	Copies    int     // knockoffs of each feature
	Bound     float64 // of stability selection, on the expected number of false selections
	Chosen    float64 // mean number of columns that a half chooses
	Lambda    float64 // of permutations: at it a lasso of permuted targets is empty with probability 1 − q
	Promise   string  // the error that q bounds, in words
}

// maxCopies bounds the default number of knockoffs of each feature: every knockoff adds as
// many columns as there are.
const maxCopies = 10

// guard asks the guard which features to believe in.
func (r *Result) guard() error {
	o, d := &r.Options, r.Data
	g := &GuardResult{Guard: o.Guard, Q: o.Q}
	x := guard.Matrix{Rows: d.Rows, Cols: len(d.Names)}
	var err error
	if o.Guard != Permutation {
		if x.Data, err = d.filled("-guard " + string(o.Guard)); err != nil {
			return err
		}
	}
	switch o.Guard {
	case Knockoffs:
		err = g.knockoffs(x, d.Y, o)
	case Stability:
		err = g.stability(x, d.Y, o)
	case Permutation:
		err = g.permutation(r.problem, o)
	}
	if err != nil {
		return fmt.Errorf("-guard %s: %w", o.Guard, err)
	}
	r.Guard = g
	if r.Chosen == nil && o.Guard == Permutation {
		r.ChosenBy = fmt.Sprintf("permutation, %.3g quantile of λ_max", 1-o.Q)
		r.Chosen, err = r.problem.fit(g.Lambda)
	}
	return err
}

// Points of the path on which features and knockoffs are compared by the size of their
// coefficients, and its smallest λ over its largest. By the λ at which they enter the
// power is much less.
const (
	areaCount = 50
	areaRatio = 0.03
)

func (g *GuardResult) knockoffs(x guard.Matrix, y []float64, o *Options) error {
	importance := guard.Area(o.lassoPath(o.Threads), areaCount, areaRatio)
	var s *guard.Selection
	var err error
	rng := o.generator(1)
	if o.FixedX {
		g.Copies = 1
		s, err = guard.Knockoffs(x, y, guard.KnockoffOptions{Q: o.Q, FixedX: true,
			Statistic: guard.Difference(importance)}, rng)
	} else {
		if g.Copies = o.Copies; g.Copies == 0 {
			g.Copies = min(maxCopies, int(math.Ceil(1/o.Q-1e-9)))
		}
		if cells, most := x.Rows*x.Cols*(g.Copies+1), 1<<28; cells > most {
			return fmt.Errorf("%d copies of %d × %d cells are more than %d; lower -knockoffs", g.Copies, x.Rows, x.Cols, most)
		}
		s, err = guard.MultipleKnockoffs(x, y, guard.MultipleOptions{Q: o.Q, Copies: g.Copies,
			Importance: importance}, rng)
	}
	if err != nil {
		return err
	}
	g.Selected, g.Statistic, g.Threshold = s.Selected, s.W, s.Threshold
	g.Promise = fmt.Sprintf("of the features that pass, a share of at most %v is false on average, if ", o.Q)
	if o.FixedX {
		g.Promise += "the target is linear with Gaussian noise"
	} else {
		g.Promise += "features are about Gaussian"
	}
	return nil
}

// Pairs of halves, and the shares of halves tried in turn: the lowest allows most
// columns to be chosen.
const stabilityPairs = 50

var stabilityThresholds = []float64{0.8, 0.9, 1}

func (g *GuardResult) stability(x guard.Matrix, y []float64, o *Options) error {
	if o.Q >= float64(x.Cols) {
		return fmt.Errorf("-q is %v, which allows every column (%d) to be a false selection; lower it", o.Q, x.Cols)
	}
	count := 0
	for _, threshold := range stabilityThresholds {
		most, err := guard.MostChosen(x.Cols, stabilityPairs, threshold, o.Q)
		if err != nil {
			return err
		}
		// A second column has to have a chance beside the strongest.
		if count = most; count >= 2 || count == 1 && threshold == 1 {
			g.Threshold = threshold
			break
		}
	}
	if count == 0 {
		return fmt.Errorf("with %d columns no threshold bounds the false selections by %v; raise -q", x.Cols, o.Q)
	}
	so := guard.StabilityOptions{Pairs: stabilityPairs, Threshold: g.Threshold, Progress: o.Tell("stability selection")}
	s, err := guard.Stability(x, y, guard.FirstEntered(o.lassoPath(1), count, 0.05), so, o.generator(2))
	if err != nil {
		return err
	}
	g.Selected, g.Statistic, g.Chosen, g.Bound = s.Selected, s.Probability, s.Chosen, s.Bounds.RConcave
	g.Promise = fmt.Sprintf("at most %v features pass by chance on average, of those that halves choose less often than by a guess", o.Q)
	return nil
}

func (g *GuardResult) permutation(f *fitted, o *Options) error {
	po := guard.PermutationOptions{Level: o.Q, Count: o.Permutations, Scale: f.deviations(), Progress: o.Tell("permutations")}
	s, err := guard.PermutationLambda(f.X, f.Y, po, o.generator(3))
	if err != nil {
		return err
	}
	g.Selected, g.Statistic, g.Threshold, g.Lambda = s.Selected, s.P, o.Q, s.Lambda
	g.Promise = fmt.Sprintf("with probability %v no feature passes that is independent of the target", 1-o.Q)
	return nil
}

// deviations returns the standard deviations of features times their penalty factors; 0
// leaves out a feature that is constant, excluded or unpenalised.
func (f *fitted) deviations() []float64 {
	_, p := f.X.Dims()
	out := make([]float64, p)
	for j := range out {
		if w := at(f.PenaltyFactor, j, 1); w > 0 && !math.IsInf(w, 1) {
			out[j] = w * f.deviation(j)
		}
	}
	return out
}

// Passed reports whether feature j passed the guard.
func (g *GuardResult) Passed(j int) bool {
	_, found := slices.BinarySearch(g.Selected, j)
	return found
}

// lassoPath returns the lasso path with which guards select.
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

// generator draws the random numbers of a part of the work.
func (o *Options) generator(part uint64) *rand.Rand { return rand.New(rand.NewPCG(o.Seed, part)) }
