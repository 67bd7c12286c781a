package main

import (
	"context"
	"io"

	"pare/cmd/internal/cli"
	"pare/stat/estimate"
	"pare/stat/graphical"
)

// glassoCommand fits sparse precision matrices.
type glassoCommand struct{}

var _ command = glassoCommand{}

func (glassoCommand) name() string { return "glasso" }
func (glassoCommand) args() string {
	return "-data FILE [-corr] [-lambda λ | -path 30] [-penalize-diagonal] [-select ebic|stars|cv] [-json] [-out DIR]"
}
func (glassoCommand) doc() string {
	return "finds a sparse network of partial correlations: graphical lasso"
}

func (glassoCommand) examples() []string {
	return []string{
		"pare glasso -data expression.csv -corr -select ebic -out network",
		"pare glasso -data expression.csv -lambda 0.2 -json",
	}
}

func (glassoCommand) choices() map[string][]string {
	return map[string][]string{"select": {"ebic", "stars", "cv"}, "transform": {"log", "npn"}}
}

func (c glassoCommand) run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := newFlags(c)
	var s sourceFlags
	var p pathFlags
	var g estimate.Glasso
	data := f.String("data", "", "`FILE` of observations: CSV with a header, .gz or .zip of it, or .npy")
	f.StringVar(&g.Covariance, "cov", "", "`FILE` with a covariance or correlation matrix, in place of -data")
	f.IntVar(&g.Observations, "observations", 0, "with -cov: `number` of observations, which -select ebic needs")
	s.add(f)
	f.StringVar(&g.Transform, "transform", "", "transform each column: log, or npn, the normal scores of its ranks")
	f.BoolVar(&g.Correlation, "corr", false, "fit correlations instead of covariances (divisor n)")
	p.add(f)
	f.BoolVar(&g.Diagonal, "penalize-diagonal", false, "penalise the diagonal of Θ too")
	f.StringVar(&g.Weights, "weights", "", "`FILE` with a matrix of factors of λ, one for each pair; inf leaves the edge out")
	f.StringVar(&g.Select, "select", "", "choose a network of the path by ebic, stars or cv")
	gamma := f.Float64("gamma", 0.5, "ebic: price of many variables, from 0 (BIC) to 1")
	f.BoolVar(&g.Choice.Penalised, "penalised-ebic", false, "ebic: score the penalised estimates, not refitted ones")
	f.IntVar(&g.Choice.Folds, "folds", 0, "cv: `number` of folds (default 10, or one for each observation if there are fewer)")
	f.BoolVar(&g.OneSE, "one-se", false, "cv: take the sparsest network within one standard error of the best")
	f.IntVar(&g.Choice.Subsamples, "subsamples", 20, "stars and -stability: `number` of subsamples")
	f.Float64Var(&g.Choice.Instability, "instability", 0.05, "stars: largest mean instability of an edge to accept")
	f.Uint64Var(&g.Choice.Seed, "seed", 0, "seed of folds and subsamples")
	f.BoolVar(&g.Relaxed, "relaxed", false, "refit the edges found, without a penalty")
	f.BoolVar(&g.Stability, "stability", false, "count in how many subsamples each edge is found")
	f.StringVar(&g.Reference, "reference", "", "`FILE` of known edges, two names a row, or a matrix: score against it")
	f.Float64Var(&g.Fit.Tolerance, "tolerance", 1e-9, "duality gap per variable at which a fit ends, in nats")
	f.IntVar(&g.Fit.MaxIterations, "max-iterations", 500, "largest number of sweeps and Newton steps of a component")
	asJSON := f.Bool("json", false, "print a JSON object")
	out := f.String("out", "", "new folder `DIR` for tables, networks and pictures")
	if _, err := f.parse(args, stdout); err != nil {
		return err
	}
	var err error
	if g.Lambda, err = p.one(f); err != nil {
		return err
	}
	g.Count, g.Ratio, g.Choice.Gamma = p.count, p.ratio, gamma
	if err := c.check(f, &g, *data); err != nil {
		return err
	}
	show := progress(stderr)
	if g.Data, err = s.source(f, *data); err != nil {
		return err
	}
	g.Progress = show
	if show != nil {
		g.Data.Progress = func(read, total int64) { show("reading", read, total) }
	}
	return runEstimate(ctx, f, g.Run, *asJSON, *out, stdout, stderr)
}

// check refuses what is missing, and options that would not count.
func (glassoCommand) check(f *flags, g *estimate.Glasso, data string) error {
	switch {
	case data == "" && g.Covariance == "":
		return cli.InputError("no -data; name a file of observations, or one of a covariance with -cov")
	case data != "" && g.Covariance != "":
		return cli.InputError("-data and -cov are two inputs; give one of them")
	case g.Lambda != nil && g.Select != "":
		return cli.InputError("-select chooses a λ of a path, and -lambda gives it; leave one of them out")
	case !(g.Fit.Tolerance > 0) || g.Fit.MaxIterations < 1:
		return cli.InputError("-tolerance and -max-iterations must be positive")
	case f.given("observations") && g.Observations < 2:
		return cli.InputError("-observations is %d, it must be at least 2", g.Observations)
	}
	var refused []error
	refuse := func(is bool, reason string, names ...string) {
		if is {
			refused = append(refused, f.only(reason, names...))
		}
	}
	method := graphical.Method(g.Select)
	switch method {
	case "", graphical.EBIC, graphical.StARS, graphical.CV:
	default:
		return cli.InputError("-select is %q, it must be ebic, stars or cv", g.Select)
	}
	refuse(g.Covariance != "", "columns of data are chosen and changed, a covariance (-cov) is not; -drop is for both", "columns", "no-header", "complete", "one-hot", "categorical", "missing", "decimal", "transform", "stability")
	refuse(g.Covariance == "", "the number of observations is that of the rows of -data; it goes with -cov", "observations")
	refuse(method != graphical.EBIC, "it goes with -select ebic", "gamma", "penalised-ebic")
	refuse(method != graphical.CV, "it goes with -select cv", "folds", "one-se")
	refuse(method != graphical.StARS, "it goes with -select stars", "instability")
	refuse(method != graphical.StARS && !g.Stability, "it goes with -select stars and -stability", "subsamples")
	refuse(method != graphical.StARS && method != graphical.CV && !g.Stability, "only -select stars or cv and -stability draw anything", "seed")
	refuse(g.Lambda == nil && method == "", "of a path no network is chosen; give -lambda or -select", "relaxed", "stability")
	for _, err := range refused {
		if err != nil {
			return err
		}
	}
	switch {
	case f.given("folds") && g.Choice.Folds < 2:
		return cli.InputError("-folds is %d, it must be at least 2", g.Choice.Folds)
	case f.given("subsamples") && g.Choice.Subsamples < 2:
		return cli.InputError("-subsamples is %d, it must be at least 2", g.Choice.Subsamples)
	case f.given("instability") && !(g.Choice.Instability > 0 && g.Choice.Instability < 0.5):
		return cli.InputError("-instability is %v, it must lie between 0 and 0.5", g.Choice.Instability)
	}
	return nil
}
