package main

import (
	"context"
	"io"
	"math"

	"pare/cmd/internal/cli"
	"pare/stat/estimate"
)

// diffusionCommand finds what spread a signal over a network.
type diffusionCommand struct{}

var _ command = diffusionCommand{}

func (diffusionCommand) name() string { return "diffusion" }
func (diffusionCommand) args() string {
	return "[-inputs X] -outputs Y [-lambda λ | -path 30 [-cv 10]] [-symmetric] [-nonnegative] [-relaxed] [-json] [-out DIR]"
}
func (diffusionCommand) doc() string {
	return "finds the sparse kernel that maps input signals to output signals, or a graph from outputs alone"
}

// kernelOptions count only where there are inputs, templateOptions only where not.
var (
	kernelOptions = []string{"lambda", "path", "ratio", "cv", "one-se", "seed", "relaxed", "intercept", "symmetric",
		"nonnegative", "free-diagonal", "support"}
	templateOptions = []string{"laplacian", "anchor", "epsilon", "threshold"}
)

func (diffusionCommand) examples() []string {
	return []string{
		"pare diffusion -inputs x.csv -outputs y.csv -cv 10 -out kernel",
		"pare diffusion -outputs y.csv                   # the graph, from outputs alone",
		"pare diffusion -simulate er -nodes 20 -out simulated",
	}
}

func (diffusionCommand) choices() map[string][]string {
	return map[string][]string{"simulate": {"er", "ring", "grid", "ba"}}
}

func (c diffusionCommand) run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := newFlags(c)
	var s sourceFlags
	var p pathFlags
	var d estimate.Diffusion
	var t estimate.Templates
	var simulated simulateFlags
	inputs := f.String("inputs", "", "`FILE` of input signals, one row for each observation: CSV, .gz, .zip or .npy; without it, see -laplacian")
	outputs := f.String("outputs", "", "`FILE` of output signals, with the same observations in the same rows")
	s.add(f)
	p.add(f)
	f.IntVar(&d.Folds, "cv", 0, "choose λ of the path by cross-validation with `N` folds")
	f.BoolVar(&d.OneSE, "one-se", false, "with -cv: take the largest λ within one standard error of the best")
	f.Uint64Var(&d.Seed, "seed", 1, "seed of the folds of -cv, and of -simulate")
	f.BoolVar(&d.Relaxed, "relaxed", false, "refit the entries found, without a penalty, in -cv too")
	f.BoolVar(&d.Intercept, "intercept", false, "add a constant to each output")
	f.BoolVar(&d.Symmetric, "symmetric", false, "require a symmetric kernel")
	f.BoolVar(&d.NonNegative, "nonnegative", false, "allow no negative entry in the kernel")
	f.BoolVar(&d.FreeDiagonal, "free-diagonal", false, "do not penalise the diagonal, the share of its own signal that a node keeps")
	f.StringVar(&d.Support, "support", "", "`FILE` with a matrix, outputs × inputs, whose zeros the kernel must share")
	f.BoolVar(&t.Laplacian, "laplacian", false, "outputs alone: find a Laplacian, not an adjacency matrix")
	f.StringVar(&t.Anchor, "anchor", "", "outputs alone: the `node` whose weights sum to 1 (default: with -laplacian the node of smallest variance, else of largest)")
	f.Float64Var(&t.Epsilon, "epsilon", 0, "outputs alone: largest distance of the graph from the eigenvectors of the covariance (default 1.1 times the least found)")
	f.Float64Var(&t.Threshold, "threshold", 0.2, "outputs alone: leave out edges up to this `share` of the largest weight")
	reference := f.String("reference", "", "`FILE` of known edges, two names a row, or a kernel: score against it")
	tolerance := f.Float64("tolerance", 0, "duality gap at which a fit ends, relative to the objective of an empty kernel (default 1e-8; outputs alone 1e-5)")
	iterations := f.Int("max-iterations", 0, "largest number of passes for a row and λ (default 100,000; outputs alone 20,000 steps)")
	asJSON := f.Bool("json", false, "print a JSON object")
	out := f.String("out", "", "new folder `DIR` for tables, networks and pictures")
	simulated.add(f)
	if _, err := f.parse(args, stdout); err != nil {
		return err
	}
	if err := simulated.check(f, *out); err != nil {
		return err
	}
	if simulated.Graph != "" {
		simulated.Seed = d.Seed
		return runEstimate(ctx, f, simulated.Run, *asJSON, *out, stdout, stderr)
	}
	switch {
	case *outputs == "":
		return cli.InputError("no -outputs; name a file of output signals")
	case f.given("tolerance") && (!(*tolerance > 0) || math.IsInf(*tolerance, 0)):
		return cli.InputError("-tolerance is %v, it must be positive and finite", *tolerance)
	case f.given("max-iterations") && *iterations < 1:
		return cli.InputError("-max-iterations is %d, it must be positive", *iterations)
	}
	show := progress(stderr)
	x, err := s.source(f, *inputs)
	if err != nil {
		return err
	}
	y := x
	y.Path = *outputs
	if show != nil {
		x.Progress = func(read, total int64) { show("reading inputs", read, total) }
		y.Progress = func(read, total int64) { show("reading outputs", read, total) }
	}
	if *inputs == "" {
		if err := f.only("it needs the signals that went in; name them with -inputs", kernelOptions...); err != nil {
			return err
		}
		if !(t.Epsilon >= 0) || !(t.Threshold >= 0 && t.Threshold < 1) {
			return cli.InputError("-epsilon must not be negative, and -threshold must lie between 0 and 1")
		}
		t.Outputs, t.Reference, t.Progress = y, *reference, show
		t.Tolerance, t.MaxIterations, t.EpsilonGiven = *tolerance, *iterations, f.given("epsilon")
		return runEstimate(ctx, f, t.Run, *asJSON, *out, stdout, stderr)
	}
	if err := f.only("it is for outputs alone; leave -inputs out", templateOptions...); err != nil {
		return err
	}
	if d.Lambda, err = p.one(f); err != nil {
		return err
	}
	d.Inputs, d.Outputs, d.Reference, d.Progress = x, y, *reference, show
	d.Count, d.Ratio = p.count, p.ratio
	d.Fit.Tolerance, d.Fit.MaxIterations, d.Fit.Threads = *tolerance, *iterations, f.threads
	if err := c.check(f, &d); err != nil {
		return err
	}
	return runEstimate(ctx, f, d.Run, *asJSON, *out, stdout, stderr)
}

// check refuses options that would not count.
func (diffusionCommand) check(f *flags, d *estimate.Diffusion) error {
	switch {
	case f.given("cv") && d.Folds < 2:
		return cli.InputError("-cv is %d, it must be at least 2", d.Folds)
	case d.Lambda != nil && d.Folds > 0:
		return cli.InputError("-cv chooses a λ of a path, and -lambda gives it; leave one of them out")
	case d.Lambda == nil && d.Folds == 0:
		if err := f.only("of a path no kernel is chosen; give -lambda or -cv", "relaxed"); err != nil {
			return err
		}
	}
	if d.Folds == 0 {
		return f.only("it goes with -cv", "one-se", "seed")
	}
	return nil
}
