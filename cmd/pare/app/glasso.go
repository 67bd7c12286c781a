package app

import (
	"context"

	"pare/cmd/internal/cli"
	"pare/stat/estimate/glasso"
	"pare/stat/graphical"
)

// glassoCommand fits sparse precision matrices.
var glassoCommand = command{
	name: "glasso",
	args: "-data FILE [-corr] [-lambda λ | -path 30] [-penalize-diagonal] [-select ebic|stars|cv] [-json] [-out DIR]",
	doc:  "finds a sparse network of partial correlations: graphical lasso",
	examples: []string{
		"pare glasso -data expression.csv -corr -select ebic -out network",
		"pare glasso -data expression.csv -lambda 0.2 -json",
	},
	run: runGlasso,
}

func runGlasso(ctx context.Context, f *flags) error {
	var q glasso.Request
	var method string
	e := newEstimator(f, &q.Source, &q.Search, defaults{columns: "columns", path: 30,
		ratio:     "0.05, or 0.1 with fewer observations than variables",
		tolerance: "in nats a variable (default 1e-9)", iterations: "sweeps and Newton steps of a component (default 500)"})
	f.StringVar(&q.Path, "data", "", "`FILE` of observations: CSV with a header, .gz or .zip of it, Parquet (.parquet, .pq), .npz or .npy")
	f.StringVar(&q.Covariance, "cov", "", "`FILE` with a covariance or correlation matrix, in place of -data")
	f.IntVar(&q.Observations, "observations", 0, "with -cov: `number` of observations, which -select ebic needs")
	f.StringVar(&q.Transform, "transform", "", "transform each column: log, or npn, the normal scores of its ranks")
	f.words["transform"] = []string{"log", "npn"}
	f.BoolVar(&q.Correlation, "corr", false, "fit correlations instead of covariances (divisor n)")
	f.BoolVar(&q.Diagonal, "penalize-diagonal", false, "penalise the diagonal of Θ too")
	f.StringVar(&q.PenaltyFactor, "penalty-factor", "", "`FILE` with a matrix of factors of λ, one for each pair; inf leaves the edge out")
	f.choice(&method, "select", "", "choose a network of the path by ebic, stars or cv "+
		"(with 10 folds, or one for each observation if there are fewer; -cv for others)", "ebic", "stars", "cv")
	gamma := f.Float64("gamma", 0.5, "ebic: price of many variables, from 0 (BIC) to 1")
	f.BoolVar(&q.Choice.Penalised, "penalized-ebic", false, "ebic: score the penalised estimates, not refitted ones")
	f.IntVar(&q.Choice.Subsamples, "subsamples", 20, "stars and -stability: `number` of subsamples")
	f.Float64Var(&q.Choice.Instability, "instability", 0.05, "stars: largest mean instability of an edge to accept")
	f.BoolVar(&q.Relaxed, "relaxed", false, "refit the edges found, without a penalty")
	f.BoolVar(&q.Stability, "stability", false, "count in how many subsamples each edge is found")
	f.StringVar(&q.Reference, "reference", "", "`FILE` of known edges, two names a row, or a matrix: score against it")
	f.within(atLeast(2), "observations", "subsamples")
	f.within(numeric("between 0 and 0.5", func(v float64) bool { return v > 0 && v < 0.5 }), "instability")
	f.alias("folds", "cv", nil)
	f.alias("weights", "penalty-factor", nil)
	f.alias("penalised-ebic", "penalized-ebic", nil)
	if err := e.settle(); err != nil {
		return err
	}
	q.Choice.Gamma, q.Method = gamma, graphical.Method(method)
	switch {
	case q.Path == "" && q.Covariance == "":
		return cli.InputError("no -data; name a file of observations, or one of a covariance with -cov")
	case q.Path != "" && q.Covariance != "":
		return cli.InputError("-data and -cov are two inputs; give one of them")
	}
	byCV := q.Folds > 0 || q.Method == graphical.CV
	f.refuse(q.Covariance != "", "columns of data are chosen and changed, a covariance (-cov) is not; -drop is for both",
		"columns", "no-header", "complete", "drop-constant", "one-hot", "categorical", "sep", "missing", "decimal",
		"transform", "stability")
	f.refuse(q.Covariance == "", "the number of observations is that of the rows of -data; it goes with -cov", "observations")
	f.refuse(q.Method != graphical.EBIC, "it goes with -select ebic", "gamma", "penalized-ebic")
	f.refuse(!byCV, "it goes with -select cv or -cv", "one-se")
	f.refuse(q.Method != graphical.StARS, "it goes with -select stars", "instability")
	f.refuse(q.Method != graphical.StARS && !q.Stability, "it goes with -select stars and -stability", "subsamples")
	f.refuse(q.Method != graphical.StARS && !byCV && !q.Stability, "only -cv, -select stars and -stability draw anything", "seed")
	f.refuse(q.Lambda == nil && q.Method == "" && !byCV,
		"of a path no network is chosen; give -lambda, -select or -cv", "relaxed", "stability")
	if f.refused != nil {
		return f.refused
	}
	return fit(ctx, e, q.Run)
}
