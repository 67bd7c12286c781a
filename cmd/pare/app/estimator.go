package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"

	"pare/cmd/internal/cli"
	"pare/internal/atomicfile"
	"pare/internal/fault"
	"pare/stat/estimate"
)

// estimator holds the options that lasso, glasso and diffusion share.
type estimator struct {
	*flags
	source                *estimate.Source
	search                *estimate.Search
	lambda                float64
	missing, decimal, sep string
	json                  bool
	out                   string
}

// defaults of an estimator. Texts go into the help: the solver has these defaults.
type defaults struct {
	columns                      string // their name
	path                         int
	ratio, tolerance, iterations string
	oneSE                        bool
	seed                         uint64
}

func newEstimator(f *flags, s *estimate.Source, q *estimate.Search, d defaults) *estimator {
	e := &estimator{flags: f, source: s, search: q}
	f.Var((*list)(&s.Columns), "columns", "`names` of the "+d.columns+" to take, with commas between (default all)")
	f.Var((*list)(&s.Drop), "drop", "`names` of "+d.columns+" to leave out, with commas between")
	f.BoolVar(&s.Cells.NoHeader, "no-header", false, "the first row is data; columns are called x1, x2, …")
	f.BoolVar(&s.Complete, "complete", false, "leave out rows with a missing or infinite cell")
	f.BoolVar(&s.DropConstant, "drop-constant", false, "leave out constant columns")
	f.BoolVar(&s.OneHot, "one-hot", false, "replace each text column by 0/1 columns, name=value")
	f.Var((*list)(&s.Categorical), "categorical",
		"`names` of text or number columns, with commas between, to replace by 0/1 columns, name=value")
	f.StringVar(&e.sep, "sep", "", "`character` between the cells of CSV, tab for a tab "+
		"(default comma, semicolon or tab, whichever the first line has most of)")
	f.StringVar(&e.missing, "missing", "", "`WORDS` that mark a missing value, separated by commas, "+
		"besides empty cells (default NA, N/A, NaN, null, None, ?, . and the like)")
	f.choice(&e.decimal, "decimal", "", "decimal `mark` of numbers: \".\" or \",\" "+
		"(default a point, or a comma if cells are separated by another character and no number has a point)", ".", ",")

	f.Float64Var(&e.lambda, "lambda", 0, "fit at one `λ`, 0 or more")
	f.IntVar(&q.Count, "path", 0,
		fmt.Sprintf("fit at `N` values of λ, down from the smallest that gives an empty result (default %d)", d.path))
	f.Float64Var(&q.Ratio, "ratio", 0, "last λ of the path divided by the first, between 0 and 1 (default "+d.ratio+")")
	f.IntVar(&q.Folds, "cv", 0, "choose λ of the path by cross-validation with `N` folds")
	f.BoolVar(&q.OneSE, "one-se", d.oneSE, "with cross-validation: take the largest λ within one standard "+
		"error of the best; -one-se=false takes the best")
	f.Uint64Var(&q.Seed, "seed", d.seed, "seed of all that is drawn")
	f.Float64Var(&q.Tolerance, "tolerance", 0, "duality gap at which a fit ends, "+d.tolerance)
	f.IntVar(&q.MaxIterations, "max-iterations", 0, "largest number of "+d.iterations)
	f.within(atLeast(0), "lambda")
	f.within(atLeast(2), "path", "cv")
	f.within(atLeast(1), "max-iterations")
	f.within(share, "ratio")
	f.within(positive, "tolerance")

	f.BoolVar(&e.json, "json", false, "print a JSON object")
	f.StringVar(&e.out, "out", "", "new folder `DIR` for result.json, tables and pictures")
	return e
}

// settle reads the command line and fills in source and search.
func (e *estimator) settle() error {
	if _, err := e.parse(); err != nil {
		return err
	}
	if e.given("lambda") {
		e.search.Lambda = &e.lambda
	}
	cells := &e.source.Cells
	if e.given("missing") {
		cells.Missing = append([]string{}, names(e.missing)...)
	}
	for _, mark := range e.decimal {
		cells.Decimal = mark
	}
	switch sep := []rune(e.sep); {
	case e.sep == "tab":
		cells.Comma = '\t'
	case len(sep) == 1:
		cells.Comma = sep[0]
	case len(sep) > 1:
		return cli.InputError("-sep is %q, it must be one character or tab", e.sep)
	}
	e.search.Threads = e.threads
	if show := e.progress(); show != nil {
		e.search.Progress = show
		cells.Progress = func(read, total int64) { show("reading", read, total) }
	}
	return nil
}

// names splits a text at commas.
func names(text string) []string {
	var out []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// list is an option of names with commas between.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

// Set adds the names.
func (l *list) Set(text string) error {
	*l = append(*l, names(text)...)
	return nil
}

// result is the outcome of an estimator.
type result interface {
	WriteText(w io.Writer)
	JSON() estimate.Object
	Files() ([]estimate.File, error)
	Warnings() []string // of fits that did not converge
	Remarks() []string  // oddities of the input, a line each; WriteText has them
}

// fit runs a request, prints its result and writes its folder. A fit cannot be stopped:
// after an interruption it runs until the process ends.
func fit[R result](ctx context.Context, e *estimator, run func() (R, error)) error {
	if err := cli.OutputFolder("-out", e.out); err != nil {
		return err
	}
	if e.out != "" {
		if err := atomicfile.FreeFolder(e.out); err != nil {
			return cli.InputError("-out: %w", err)
		}
	}
	if e.threads > 0 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(e.threads))
	}
	var r R
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer fault.Recover(&err)
		r, err = run()
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return cli.InputError("%w", err)
	}
	const most = 3
	warnings := r.Warnings()
	for _, warning := range warnings[:min(most, len(warnings))] {
		e.warn(warning)
	}
	if rest := len(warnings) - most; rest > 0 {
		e.warn(fmt.Sprintf("and so for %d more λ", rest))
	}
	if e.out != "" {
		files, err := r.Files()
		if err != nil {
			return err
		}
		if err := estimate.WriteFolder(e.out, files); err != nil {
			return err
		}
	}
	if e.json {
		for _, note := range r.Remarks() {
			e.note("note: %s", note)
		}
		return json.NewEncoder(e.stdout).Encode(r.JSON())
	}
	r.WriteText(e.stdout)
	if e.out != "" {
		fmt.Fprintf(e.stdout, "wrote the folder %s\n", e.out)
	}
	return nil
}
