package main

import (
	"strconv"
	"strings"

	"pare/cmd/internal/cli"
	"pare/internal/table"
	"pare/stat/estimate/lasso"
	"pare/stat/linear"
)

// lassoFlags are the options of pare lasso, and what they stand for.
type lassoFlags struct {
	*flags
	data, targetFile, out string
	sep                   string
	json, noHeader        bool
	columns               lasso.Columns
	options               lasso.Options

	family, guard, rule     string
	drop, features          string
	categorical             string
	cells                   cellFlags
	factors, lower, upper   string
	lambda                  float64
	intercept, standardize  bool
	seed                    uint64
	path, cv, copies, perms int
}

func newLassoFlags(c command) *lassoFlags {
	l := &lassoFlags{flags: newFlags(c)}
	f, o, k := l.FlagSet, &l.options, &l.columns
	f.StringVar(&l.data, "data", "", "`FILE` with a row for each observation: CSV, .gz, .zip, or .npy, whose columns are called x1, x2, …")
	f.BoolVar(&l.noHeader, "no-header", false, "the first row is data; columns are called x1, x2, …")
	f.StringVar(&l.sep, "sep", "", "`character` between the cells of CSV, tab for a tab (default comma, semicolon or tab, whichever the first line has most of)")
	f.StringVar(&k.Target, "target", "", "`COLUMN` to predict")
	f.StringVar(&l.targetFile, "target-file", "", "`FILE` with the target as its one column, in place of -target")
	f.StringVar(&l.features, "features", "", "`COLUMNS` to use as features, separated by commas; empty: all others")
	f.StringVar(&l.drop, "drop", "", "`COLUMNS` to leave out, separated by commas")
	f.BoolVar(&k.OneHot, "one-hot", false, "replace each text column by 0/1 columns, name=value")
	f.StringVar(&l.categorical, "categorical", "", "text or number `COLUMNS`, separated by commas, to replace by 0/1 columns, name=value")
	f.BoolVar(&k.DropFirst, "drop-first", false, "with -one-hot or -categorical: no 0/1 column for the first value")
	l.cells.add(l.flags)
	f.BoolVar(&k.DropConstant, "drop-constant", false, "leave out constant columns")
	f.BoolVar(&k.DropMissing, "drop-missing", false, "leave out rows with a missing cell")
	f.Float64Var(&k.TestSize, "test-size", 0, "`share` of rows to hold out of all fits, for testing")

	f.StringVar(&l.family, "family", "gaussian", "distribution of the target: gaussian, binomial or multinomial")
	f.Float64Var(&l.lambda, "lambda", 0, "the one λ to fit, at least 0")
	f.IntVar(&l.path, "path", 0, "number of λ on the path (default 100)")
	f.Float64Var(&o.Ratio, "lambda-min-ratio", 0, "smallest λ of the path divided by the largest (default 0.0001, or 0.01 with fewer rows than features)")
	f.Float64Var(&o.Alpha, "alpha", 1, "elastic net: 1 is the lasso; the smaller, the more of the penalty is on squares")
	f.IntVar(&l.cv, "cv", 0, "`folds` of cross-validation, which chooses λ (default none)")
	f.StringVar(&l.rule, "select", "1se", "λ that cross-validation chooses: min, with the least loss, or 1se, the largest within one standard error of it")
	f.StringVar(&k.Together, "groups", "", "`COLUMN` of groups: rows with the same value stay in one fold")
	f.StringVar(&k.Fold, "foldid", "", "`COLUMN` with the fold of each row, in place of -cv")
	f.StringVar(&k.Weights, "weights", "", "`COLUMN` with the weight of each row")
	f.BoolVar(&o.Interactions, "interactions", false, "add the products of all pairs of columns, a:b")

	f.StringVar(&l.factors, "penalty-factor", "", "`column=w,...`: multiply λ by w; 0 leaves the column unpenalised, inf leaves it out; the name of a text column covers all its values")
	f.BoolVar(&o.Positive, "positive", false, "allow no negative coefficient")
	f.StringVar(&l.lower, "lower-limits", "", "`column=v,...`: smallest coefficient of a column, v at most 0")
	f.StringVar(&l.upper, "upper-limits", "", "`column=v,...`: largest coefficient of a column, v at least 0")
	f.BoolVar(&o.GroupLasso, "group-lasso", false, "select the one-hot columns of a text column as one group")
	f.BoolVar(&l.intercept, "intercept", true, "fit an unpenalised intercept")
	f.BoolVar(&l.standardize, "standardize", true, "penalise columns on the scale of their standard deviation")

	f.StringVar(&l.guard, "guard", "", "guard against false discoveries: knockoffs, stability or permutation")
	f.Float64Var(&o.Q, "q", 0.1, "errors the guard allows: knockoffs: the expected share of false selections; permutation: the probability of any (both below 1); stability: their expected number, which may be above 1")
	f.IntVar(&l.copies, "knockoffs", 0, "number of knockoffs for each feature (default 1/q, at most 10); with k of them, as few as 1/(kq) features can be selected")
	f.BoolVar(&o.FixedX, "fixed-x", false, "knockoffs for a linear model with Gaussian noise, whatever the features are")
	f.IntVar(&l.perms, "permutations", 0, "number of permutations of -guard permutation (default 1000)")

	f.StringVar(&k.Audit, "audit", "", "`COLUMN` of groups of rows: losses, errors and their gaps along the path")
	f.Float64Var(&o.Robust, "robust", 0, "report the worst-case losses when every feature moves by up to `epsilon` standard deviations, beside a model trained for them")
	f.BoolVar(&o.OLS, "ols", false, "also fit least squares for comparison; of several solutions, the one of least norm")

	f.Uint64Var(&l.seed, "seed", 0, "seed of folds, held-out rows and guards")
	f.Float64Var(&o.Tolerance, "tol", 0, "duality gap to reach, relative to the objective without penalised features (default 1e-6)")
	f.IntVar(&o.MaxIterations, "max-iter", 0, "largest number of sweeps of coordinate descent for one λ (default 100000)")
	f.BoolVar(&l.json, "json", false, "print one JSON object; see docs/estimators-linear.md")
	f.StringVar(&l.out, "out", "", "`DIR` for lasso.json, CSV files and pictures")
	return l
}

// settle turns options as given into what they stand for.
func (l *lassoFlags) settle() error {
	o := &l.options
	switch {
	case l.data == "":
		return cli.InputError("no -data FILE given; see pare help lasso")
	case l.columns.Target == "" && l.targetFile == "":
		return cli.InputError("no -target COLUMN given; see pare help lasso")
	case l.columns.Target != "" && l.targetFile != "":
		return cli.InputError("-target and -target-file contradict each other; give one")
	case l.given("q") && l.guard == "":
		return cli.InputError("-q sets how many false selections a guard allows; give -guard too")
	case l.given("tol") && !(o.Tolerance > 0):
		return cli.InputError("-tol is %v, it must be above 0: rounding leaves a gap", o.Tolerance)
	case l.given("max-iter") && o.MaxIterations < 1:
		return cli.InputError("-max-iter is %d, it must be at least 1", o.MaxIterations)
	case l.given("lambda-min-ratio") && !(o.Ratio > 0 && o.Ratio < 1):
		return cli.InputError("-lambda-min-ratio is %v, it must be between 0 and 1", o.Ratio)
	case l.given("knockoffs") && l.copies < 1:
		return cli.InputError("-knockoffs is %d, every feature needs one at least", l.copies)
	case l.given("permutations") && l.perms < 1:
		return cli.InputError("-permutations is %d, it must be at least 1", l.perms)
	case l.given("cv") && l.cv < 2:
		return cli.InputError("-cv is %d, cross-validation has at least 2 folds", l.cv)
	case l.given("robust") && o.Robust <= 0:
		return cli.InputError("-robust is %v, it must be a positive number of standard deviations", o.Robust)
	case o.Alpha == 0:
		return cli.InputError("-alpha is 0, it must be above 0 and at most 1")
	case l.given("path") && l.path < 2:
		return cli.InputError("-path is %d, a path has at least 2 λ", l.path)
	case l.given("test-size") && !(l.columns.TestSize > 0 && l.columns.TestSize < 1):
		return cli.InputError("-test-size is %v, it must be between 0 and 1", l.columns.TestSize)
	case l.columns.DropFirst && !l.columns.OneHot && l.categorical == "":
		return cli.InputError("-drop-first is about the columns that -one-hot or -categorical makes; give both")
	case o.GroupLasso && !l.columns.OneHot && l.categorical == "":
		return cli.InputError("-group-lasso is about the columns that -one-hot or -categorical makes; give both")
	}
	family := map[string]linear.Family{"gaussian": linear.Gaussian, "binomial": linear.Binomial, "multinomial": linear.Multinomial}
	var ok bool
	if o.Family, ok = family[l.family]; !ok {
		return cli.InputError("-family is %q, it must be gaussian, binomial or multinomial", l.family)
	}
	if l.given("lambda") {
		o.Lambda = &l.lambda
	}
	if l.given("select") {
		o.Rule = lasso.Rule(l.rule)
	}
	if l.guard != "" {
		o.Guard = lasso.Guard(l.guard)
	} else {
		o.Q = 0
	}
	o.Count, o.Folds, o.Copies, o.Permutations, o.Threads, o.Seed = l.path, l.cv, l.copies, l.perms, l.threads, l.seed
	o.NoIntercept, o.NoStandardize = !l.intercept, !l.standardize
	l.columns.Seed = l.seed
	l.columns.Drop, l.columns.Features, l.columns.Categorical = names(l.drop), names(l.features), names(l.categorical)
	for _, v := range []struct {
		option, text string
		to           *map[string]float64
	}{{"-penalty-factor", l.factors, &o.PenaltyFactors}, {"-lower-limits", l.lower, &o.Lower}, {"-upper-limits", l.upper, &o.Upper}} {
		var err error
		if *v.to, err = byName(v.option, v.text); err != nil {
			return err
		}
	}
	return lassoError(o.Check())
}

// names are texts separated by commas.
func names(text string) []string {
	var out []string
	for _, name := range strings.Split(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// byName reads name=value pairs; a name may have = in it, as one-hot columns have.
func byName(option, text string) (map[string]float64, error) {
	out := map[string]float64{}
	for _, pair := range names(text) {
		at := strings.LastIndexByte(pair, '=')
		if at < 1 {
			return nil, cli.InputError("%s: %q is not column=number", option, pair)
		}
		v, err := strconv.ParseFloat(pair[at+1:], 64)
		if err != nil || v != v {
			return nil, cli.InputError("%s: %q is not column=number", option, pair)
		}
		if _, twice := out[pair[:at]]; twice {
			return nil, cli.InputError("%s names %s twice", option, pair[:at])
		}
		out[pair[:at]] = v
	}
	return out, nil
}

// load reads the files.
func (l *lassoFlags) load() (*lasso.Data, error) {
	o := table.Options{NoHeader: l.noHeader}
	switch sep := []rune(l.sep); {
	case l.sep == "tab":
		o.Comma = '\t'
	case len(sep) == 1:
		o.Comma = sep[0]
	case len(sep) > 1:
		return nil, cli.InputError("-sep is %q, it must be one character or tab", l.sep)
	}
	var err error
	if o.Missing, o.Decimal, err = l.cells.options(l.flags); err != nil {
		return nil, err
	}
	if tell := l.options.Progress; tell != nil {
		o.Progress = func(read, total int64) { tell("reading", read, total) }
	}
	t, err := table.Read(l.data, o)
	if err != nil {
		return nil, cli.InputError("%w", err)
	}
	if l.targetFile != "" {
		y, err := table.Read(l.targetFile, o)
		if err != nil {
			return nil, cli.InputError("%w", err)
		}
		if t, err = lasso.Join(t, y); err != nil {
			return nil, err
		}
		l.columns.Target = lasso.TargetName(t)
	}
	return lasso.Load(t, l.options.Family, l.columns)
}
