package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pare/cmd/internal/cli"
	"pare/stat/estimate/lasso"
	"pare/stat/linear"
)

// lassoCommand fits sparse linear models to a table.
var lassoCommand = command{
	name: "lasso",
	args: "-data FILE -target COLUMN [-family gaussian] [-lambda L | -path 100] [-cv 10] [-guard knockoffs -q 0.1] [-json] [-out DIR]\n" +
		"pare lasso -predict FILE -model DIR [-lambda L] [-json] [-out DIR]",
	doc: "fits sparse linear models to a table, each with its duality gap",
	examples: []string{
		"pare lasso -data grades.csv -target G3 -one-hot -cv 10",
		"pare lasso -data grades.csv -target G3 -one-hot -guard knockoffs -q 0.1   # fewer than 10 % false discoveries",
		"pare lasso -data grades.csv -target G3 -one-hot -cv 10 -out grades && pare lasso -predict new.csv -model grades",
		"pare lasso -data people.csv -target again -family binomial -one-hot -test-size 0.3 -audit race",
	},
	run: runLasso,
}

func runLasso(ctx context.Context, f *flags) error {
	q := lasso.Request{}
	t, o := &q.Table, &q.Options
	e := newEstimator(f, &t.Source, &o.Search, defaults{columns: "features", path: 100, oneSE: true,
		ratio:      "0.0001, or 0.01 with fewer rows than features",
		tolerance:  "relative to the objective without penalised features (default 1e-6)",
		iterations: "sweeps of coordinate descent for one λ (default 100000)"})
	var family, guard string
	families := []string{"gaussian", "binomial", "multinomial", "poisson"}
	f.StringVar(&t.Path, "data", "", "`FILE` with a row for each observation: CSV, .gz or .zip of it, Parquet (.parquet, .pq), "+
		"svmlight (.svm, .svmlight, .libsvm), .npz, or .npy, whose columns are called x1, x2, …")
	f.StringVar(&t.Target, "target", "", "`COLUMN` to predict (default of svmlight its labels, target)")
	var p lasso.Prediction
	f.StringVar(&p.Path, "predict", "", "`FILE` of new rows to predict with a fitted model, as CSV on standard output; give -model too")
	f.StringVar(&p.Model, "model", "", "with -predict: the folder `DIR` of a fit (-out)")
	f.StringVar(&t.TargetFile, "target-file", "", "`FILE` with the target as its one column, in place of -target")
	f.BoolVar(&t.DropFirst, "drop-first", false, "with -one-hot or -categorical: no 0/1 column for the first value")
	f.Float64Var(&t.TestSize, "test-size", 0, "`share` of rows to hold out of all fits, for testing")
	f.choice(&family, "family", "gaussian", "distribution of the target: gaussian, binomial, multinomial or poisson", families...)
	f.Float64Var(&o.Alpha, "alpha", 1, "elastic net: 1 is the lasso; the smaller, the more of the penalty is on squares; 0 is the ridge")
	var penalty string
	f.choice(&penalty, "penalty", "", "penalty that leaves large coefficients alone, in place of the elastic net: mcp or scad; "+
		"their models are stationary points, without a certificate", "mcp", "scad")
	concavity := f.Float64("concavity", 0, "with -penalty: `γ` at which it is flat, in multiples of λ (default 3 of mcp, 3.7 of scad)")
	f.StringVar(&t.Offset, "offset", "", "`COLUMN` that is added to the linear predictor, such as log(exposure)")
	f.StringVar(&t.Together, "groups", "", "`COLUMN` of groups: rows with the same value stay in one fold")
	f.StringVar(&t.Fold, "foldid", "", "`COLUMN` with the fold of each row, in place of -cv")
	f.StringVar(&t.Stratify, "stratify", "", "with -cv: `COLUMN` of values, or the target, that are spread evenly over the folds "+
		"(default the classes)")
	f.StringVar(&t.Time, "time", "", "with -cv: `COLUMN` that orders the rows; each fold is a stretch of time, predicted from earlier rows")
	f.IntVar(&o.Repeats, "repeats", 0, "with -cv: number of `TIMES` that the folds are drawn (default 1)")
	var measure string
	f.choice(&measure, "measure", "deviance", "with -cv: the measure that chooses λ: deviance (mean square of numbers), "+
		"mae (absolute error), error (share in the wrong class) or auc", measures...)
	f.Var((*floats)(&o.Lambdas), "lambdas", "the `λ,λ,…` of the path, in place of -path and -ratio")
	f.BoolVar(&o.Relax, "relax", false, "relaxed lasso: refit each model without a penalty on its features")
	f.Var((*floats)(&o.Gammas), "gamma", "with -relax: the `γ,γ,…` to choose from by -cv, of γ·lasso + (1−γ)·refit "+
		"(default 0,0.25,0.5,0.75,1); with -lambda or -predict one γ (default 0)")
	f.StringVar(&t.Weights, "weights", "", "`COLUMN` with the weight of each row")
	f.BoolVar(&o.Interactions, "interactions", false, "add the products of all pairs of columns, a:b")

	f.Var(byName{&o.PenaltyFactors}, "penalty-factor", "`column=w,...`: multiply λ by w; "+
		"0 leaves the column unpenalised, inf leaves it out; the name of a text column covers all its values")
	f.StringVar(&o.PenaltyFile, "penalty-file", "", "CSV `FILE` with the columns column and factor: penalty factors, besides -penalty-factor")
	f.Float64Var(&o.PenaltyUsage, "penalty-usage", 0, "multiply the penalty of a column by this `power` of the share of the rows in which it is not at "+
		"its most frequent value, so that features of few rows stay (1: in proportion)")
	f.BoolVar(&o.NonNegative, "nonnegative", false, "allow no negative coefficient")
	f.Var(byName{&o.Lower}, "lower-limits", "`column=v,...`: smallest coefficient of a column, v at most 0")
	f.Var(byName{&o.Upper}, "upper-limits", "`column=v,...`: largest coefficient of a column, v at least 0")
	f.BoolVar(&o.GroupLasso, "group-lasso", false, "select the one-hot columns of a text column as one group")
	f.Var((*list)(&o.GroupColumns), "group-columns", "`patterns` of column names, such as 'shape_*,colour_*': "+
		"the columns of each are selected as one group")
	f.StringVar(&o.GroupFile, "group-file", "", "CSV `FILE` with the columns column and group: the columns of a group are selected together")
	intercept := f.Bool("intercept", true, "fit an unpenalised intercept")
	standardize := f.Bool("standardize", true, "penalise columns on the scale of their standard deviation")

	f.choice(&guard, "guard", "", "guard against false discoveries: knockoffs, stability or permutation",
		"knockoffs", "stability", "permutation")
	f.Float64Var(&o.Q, "q", 0.1, "errors the guard allows: knockoffs: the expected share of false selections; "+
		"permutation: the probability of any (both below 1); stability: their expected number, which may be above 1")
	f.IntVar(&o.Copies, "knockoffs", 0, "number of knockoffs for each feature (default 1/q, at most 10); "+
		"with k of them, as few as 1/(kq) features can be selected")
	f.BoolVar(&o.FixedX, "fixed-x", false, "knockoffs for a linear model with Gaussian noise, whatever the features are")
	f.IntVar(&o.Permutations, "permutations", 0, "number of permutations of -guard permutation (default 1000)")
	f.StringVar(&t.Audit, "audit", "", "`COLUMN` of groups of rows: losses, errors and their gaps along the path")
	f.Float64Var(&o.Robust, "robust", 0, "report the worst-case losses when every feature moves by up to `epsilon` "+
		"standard deviations, beside a model trained for them")
	f.BoolVar(&o.OLS, "ols", false, "also fit least squares for comparison; of several solutions, the one of least norm")
	f.within(share, "test-size")
	f.within(numeric("at least 0 and at most 1", func(v float64) bool { return v >= 0 && v <= 1 }), "alpha")
	f.within(positive, "robust", "q", "penalty-usage")
	f.within(atLeast(1), "knockoffs", "permutations", "repeats")
	for _, name := range [][2]string{{"features", "columns"}, {"drop-missing", "complete"}, {"lambda-min-ratio", "ratio"},
		{"tol", "tolerance"}, {"max-iter", "max-iterations"}, {"positive", "nonnegative"}} {
		f.alias(name[0], name[1], nil)
	}
	f.alias("select", "one-se", map[string]string{"1se": "true", "min": "false"})
	if err := e.settle(); err != nil {
		return err
	}
	if p.Path != "" || p.Model != "" {
		return predictLasso(ctx, e, &p, &q)
	}
	switch {
	case t.Path == "":
		return cli.InputError("no -data FILE given; see pare help lasso")
	case t.Target != "" && t.TargetFile != "":
		return cli.InputError("-target and -target-file contradict each other; give one")
	}
	f.refuse(guard == "", "it sets the errors that a guard allows; give -guard too", "q")
	f.refuse(!t.OneHot && t.Categorical == nil,
		"it is about the columns that -one-hot or -categorical makes; give both", "drop-first", "group-lasso")
	f.refuse(penalty == "", "it is of the penalties mcp and scad; give -penalty too", "concavity")
	f.refuse(o.Folds == 0 && t.Fold == "", "it is of cross-validation; give -cv too", "one-se", "stratify", "time", "repeats", "measure")
	if f.refused != nil {
		return f.refused
	}
	if measure != "deviance" {
		o.Measure = linear.Measure(measure)
	}
	o.Family, o.Guard = linear.Family(slices.Index(families, family)), lasso.Guard(guard)
	switch {
	case penalty == "mcp":
		o.Penalty = linear.MCP{Gamma: *concavity}
	case penalty == "scad":
		o.Penalty = linear.SCAD{Gamma: *concavity}
	case o.Alpha == 0:
		o.Penalty = linear.Ridge{}
	}
	if penalty != "" && !f.given("alpha") {
		o.Alpha = 0
	}
	o.NoIntercept, o.NoStandardize = !*intercept, !*standardize
	return fit(ctx, e, q.Run)
}

// predictOptions are the options of -predict.
var predictOptions = []string{"predict", "model", "lambda", "target-file", "complete", "drop-missing", "missing", "decimal", "sep",
	"no-header", "json", "out", "threads", "gamma"}

// measures are the values of -measure; all but the first are names of linear.Measure.
var measures = []string{"deviance", string(linear.AbsoluteError), string(linear.ClassError), string(linear.AUC)}

// predictLasso predicts new rows with a fitted model.
func predictLasso(ctx context.Context, e *estimator, p *lasso.Prediction, q *lasso.Request) error {
	switch {
	case p.Path == "":
		return cli.InputError("-model is the model of -predict FILE; give -predict too")
	case p.Model == "":
		return cli.InputError("-predict needs -model DIR, the folder that a fit has written with -out")
	}
	e.Visit(func(o *flag.Flag) {
		e.refuse(!slices.Contains(predictOptions, o.Name), "it is an option of fits, and -predict takes the model as it was fitted", o.Name)
	})
	if e.refused != nil {
		return e.refused
	}
	switch gammas := q.Gammas; len(gammas) {
	case 0:
	case 1:
		p.Gamma = &gammas[0]
	default:
		return cli.InputError("-gamma has %d values, and -predict takes one model; give one", len(gammas))
	}
	p.Cells, p.Complete, p.Target, p.Lambda = q.Cells, q.Complete, q.TargetFile, q.Lambda
	if e.json || e.out != "" {
		return fit(ctx, e, p.Run)
	}
	r, err := p.Run()
	if err != nil {
		return cli.InputError("%w", err)
	}
	for _, note := range r.Remarks() {
		e.note("note: %s", note)
	}
	return r.WriteCSV(e.stdout)
}

// floats is an option of numbers with commas between.
type floats []float64

func (*floats) String() string { return "" }

// Set adds the numbers.
func (l *floats) Set(text string) error {
	for _, word := range names(text) {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil || v != v {
			return fmt.Errorf("%q is not a number", word)
		}
		*l = append(*l, v)
	}
	if len(*l) == 0 {
		return errors.New("it names no number")
	}
	return nil
}

// byName is an option of numbers by column: name=value pairs, in which a name may have = in
// it, as one-hot columns have.
type byName struct{ to *map[string]float64 }

func (byName) String() string { return "" }

// Set adds the pairs.
func (b byName) Set(text string) error {
	if *b.to == nil {
		*b.to = map[string]float64{}
	}
	for _, pair := range names(text) {
		at := strings.LastIndexByte(pair, '=')
		v, err := strconv.ParseFloat(pair[at+1:], 64)
		if at < 1 || err != nil || v != v {
			return fmt.Errorf("%q is not column=number", pair)
		}
		if _, twice := (*b.to)[pair[:at]]; twice {
			return fmt.Errorf("it names %s twice", pair[:at])
		}
		(*b.to)[pair[:at]] = v
	}
	return nil
}
