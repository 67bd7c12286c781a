package app

import (
	"context"
	"flag"
	"math"
	"slices"

	"pare/cmd/internal/cli"
	"pare/stat/estimate/diffusion"
)

// diffusionCommand finds the kernel that spread a signal over a network.
var diffusionCommand = command{
	name: "diffusion",
	args: "[-inputs X] -outputs Y [-lambda λ | -path 30 [-cv 10]] [-symmetric] [-nonnegative] [-relaxed] [-json] [-out DIR]",
	doc:  "finds the sparse kernel that maps input signals to output signals, or a graph from outputs alone",
	examples: []string{
		"pare diffusion -inputs x.csv -outputs y.csv -cv 10 -out kernel",
		"pare diffusion -outputs y.csv                   # the graph, from outputs alone",
		"pare diffusion -simulate er -nodes 20 -out simulated",
	},
	run: runDiffusion,
}

// kernelOptions count only where there are inputs, templateOptions only where not,
// simulateOptions only with -simulate; of the others the last may stand beside it.
var (
	kernelOptions = []string{"lambda", "path", "ratio", "cv", "one-se", "seed", "relaxed", "intercept", "symmetric",
		"nonnegative", "penalize-diagonal", "support"}
	templateOptions = []string{"laplacian", "anchor", "epsilon", "threshold"}
	simulateOptions = []string{"kernel", "nodes", "degree", "observations", "snr"}
	besideSimulate  = []string{"simulate", "seed", "out", "json", "threads"}
)

func runDiffusion(ctx context.Context, f *flags) error {
	var q diffusion.Request
	var t diffusion.Templates
	var s diffusion.Simulation
	e := newEstimator(f, &q.Source, &q.Search, defaults{columns: "columns", path: 30, seed: 1,
		ratio:      "1/200, or 1/50 with -relaxed and -cv",
		tolerance:  "relative to the objective of an empty kernel (default 1e-8; outputs alone 1e-5)",
		iterations: "passes for a row and λ (default 100,000; outputs alone 20,000 steps)"})
	f.StringVar(&q.Path, "inputs", "",
		"`FILE` of input signals, one row for each observation: CSV, .gz, .zip or .npy; without it, see -laplacian")
	f.StringVar(&q.Outputs, "outputs", "", "`FILE` of output signals, with the same observations in the same rows")
	f.BoolVar(&q.Relaxed, "relaxed", false, "refit the entries found, without a penalty, in -cv too")
	f.BoolVar(&q.Intercept, "intercept", false, "add a constant to each output")
	f.BoolVar(&q.Symmetric, "symmetric", false, "require a symmetric kernel")
	f.BoolVar(&q.NonNegative, "nonnegative", false, "allow no negative entry in the kernel")
	diagonal := f.Bool("penalize-diagonal", true, "penalise the diagonal, the share of its own signal that a node keeps")
	f.StringVar(&q.Support, "support", "", "`FILE` with a matrix, outputs × inputs, whose zeros the kernel must share")
	f.StringVar(&q.Reference, "reference", "", "`FILE` of known edges, two names a row, or a kernel: score against it")
	f.BoolVar(&t.Laplacian, "laplacian", false, "outputs alone: find a Laplacian, not an adjacency matrix")
	f.StringVar(&t.Anchor, "anchor", "", "outputs alone: the `node` whose weights sum to 1 "+
		"(default: with -laplacian the node of smallest variance, else of largest)")
	f.Float64Var(&t.Epsilon, "epsilon", 0, "outputs alone: largest distance of the graph from the eigenvectors "+
		"of the covariance (default 1.1 times the least found)")
	f.Float64Var(&t.Threshold, "threshold", 0.2, "outputs alone: leave out edges up to this `share` of the largest weight")
	f.StringVar(&s.Graph, "simulate", "", "write simulated signals on a `graph` to -out instead of fitting: er, ring, grid or ba")
	f.words["simulate"] = []string{"er", "ring", "grid", "ba"}
	f.StringVar(&s.Kernel, "kernel", "consensus", "-simulate: kernel: consensus, heat or walk")
	f.words["kernel"] = []string{"consensus", "heat", "walk"}
	f.IntVar(&s.Nodes, "nodes", 100, "-simulate: `number` of nodes")
	f.Float64Var(&s.Degree, "degree", 6, "-simulate er and ba: mean number of neighbours")
	f.IntVar(&s.Observations, "observations", 200, "-simulate: `number` of observations")
	f.Float64Var(&s.Decibels, "snr", 20, "-simulate: signal-to-noise ratio in `dB`; inf: no noise")
	f.within(atLeast(0), "epsilon")
	f.within(numeric("at least 0 and below 1", func(v float64) bool { return v >= 0 && v < 1 }), "threshold")
	f.within(numeric("a number of dB, or inf", func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, -1) }), "snr")
	f.alias("free-diagonal", "penalize-diagonal", map[string]string{"true": "false", "false": "true"})
	if err := e.settle(); err != nil {
		return err
	}
	simulate, alone := s.Graph != "", q.Path == ""
	f.refuse(!simulate, "it goes with -simulate", simulateOptions...)
	if simulate {
		f.Visit(func(o *flag.Flag) {
			f.refuse(!slices.Contains(besideSimulate, o.Name) && !slices.Contains(simulateOptions, o.Name),
				"it is for a fit; leave -simulate out", o.Name)
		})
	} else {
		f.refuse(alone, "it needs the signals that went in; name them with -inputs", kernelOptions...)
		f.refuse(!alone, "it is for outputs alone; leave -inputs out", templateOptions...)
		f.refuse(q.Lambda == nil && q.Folds == 0, "of a path no kernel is chosen; give -lambda or -cv", "relaxed")
		f.refuse(q.Folds == 0, "it goes with -cv", "one-se", "seed")
	}
	switch {
	case simulate && e.out == "" && f.refused == nil:
		return cli.InputError("no -out; name a folder for the signals of -simulate")
	case !simulate && q.Outputs == "":
		return cli.InputError("no -outputs; name a file of output signals")
	case f.refused != nil:
		return f.refused
	case simulate:
		s.Seed = q.Seed
		return fit(ctx, e, s.Run)
	case alone:
		t.Source, t.Search, t.Reference, t.EpsilonGiven = q.Source, q.Search, q.Reference, f.given("epsilon")
		t.Path = q.Outputs
		return fit(ctx, e, t.Run)
	}
	q.FreeDiagonal = !*diagonal
	return fit(ctx, e, q.Run)
}
