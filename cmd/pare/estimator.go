package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"

	"pare/cmd/internal/cli"
	"pare/internal/atomicfile"
	"pare/internal/printable"
	"pare/stat/estimate"
)

// sourceFlags are the options that say what to take of a file of data.
type sourceFlags struct {
	columns, drop              list
	noHeader, complete, oneHot bool
	categorical                list
	cells                      cellFlags
}

// cellFlags are the options that say what cells of CSV mean.
type cellFlags struct{ missing, decimal string }

func (c *cellFlags) add(f *flags) {
	f.StringVar(&c.missing, "missing", "", "`WORDS` that mark a missing value, separated by commas, besides empty cells (default NA, N/A, NaN, null, None, ?, . and the like)")
	f.StringVar(&c.decimal, "decimal", "", "decimal `mark` of numbers: \".\" or \",\" (default a point, or a comma if cells are separated by another character and no number has a point)")
}

// options are the missing words, nil for the default, and the decimal mark.
func (c *cellFlags) options(f *flags) (missing []string, decimal rune, err error) {
	if f.given("missing") {
		missing = append([]string{}, names(c.missing)...)
	}
	switch {
	case c.decimal == "," || c.decimal == ".":
		decimal = rune(c.decimal[0])
	case f.given("decimal"):
		return nil, 0, cli.InputError("-decimal is %q, it must be , or .", c.decimal)
	}
	return missing, decimal, nil
}

func (s *sourceFlags) add(f *flags) {
	f.Var(&s.columns, "columns", "`names` of the columns to take, with commas between (default all)")
	f.Var(&s.drop, "drop", "`names` of columns to leave out, with commas between")
	f.BoolVar(&s.noHeader, "no-header", false, "the first row is data; columns are called x1, x2, …")
	f.BoolVar(&s.complete, "complete", false, "leave out rows with a missing or infinite cell")
	f.BoolVar(&s.oneHot, "one-hot", false, "replace each text column by 0/1 columns")
	f.Var(&s.categorical, "categorical", "`names` of text or number columns, with commas between, to replace by 0/1 columns")
	s.cells.add(f)
}

func (s *sourceFlags) source(f *flags, path string) (estimate.Source, error) {
	missing, decimal, err := s.cells.options(f)
	return estimate.Source{Path: path, Columns: s.columns, Drop: s.drop, NoHeader: s.noHeader, Complete: s.complete, OneHot: s.oneHot,
		Categorical: s.categorical, Missing: missing, Decimal: decimal}, err
}

// list is names with commas between.
type list []string

var _ flag.Value = (*list)(nil)

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(text string) error {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			*l = append(*l, name)
		}
	}
	if len(*l) == 0 {
		return fmt.Errorf("there is no name")
	}
	return nil
}

// pathFlags are the options of one λ or a path of them.
type pathFlags struct {
	lambda, ratio float64
	count         int
}

func (p *pathFlags) add(f *flags) {
	f.Float64Var(&p.lambda, "lambda", 0, "fit at one `λ`, 0 or more")
	f.IntVar(&p.count, "path", 30, "fit at `N` values of λ, down from the smallest that gives an empty result")
	f.Float64Var(&p.ratio, "ratio", 0, "last λ of the path divided by the first, between 0 and 1 (default: the method's own)")
}

// one is the single λ, nil for a path.
func (p *pathFlags) one(f *flags) (*float64, error) {
	switch {
	case f.given("lambda") && (f.given("path") || f.given("ratio")):
		return nil, cli.InputError("-lambda is one λ, -path and -ratio make a path; give one or the other")
	case f.given("lambda") && (!(p.lambda >= 0) || math.IsInf(p.lambda, 0)):
		return nil, cli.InputError("-lambda is %v, it must be a number of at least 0", p.lambda)
	case f.given("lambda"):
		return &p.lambda, nil
	case p.count < 2:
		return nil, cli.InputError("-path is %d, a path has at least 2 values; for one give -lambda", p.count)
	case f.given("ratio") && !(p.ratio > 0 && p.ratio < 1):
		return nil, cli.InputError("-ratio is %v, it must lie between 0 and 1", p.ratio)
	}
	return nil, nil
}

// only refuses options that mean nothing without another one.
func (f *flags) only(reason string, names ...string) error {
	for _, name := range names {
		if f.given(name) {
			return cli.InputError("-%s: %s", name, reason)
		}
	}
	return nil
}

// result is what an estimator found.
type result interface {
	WriteText(w io.Writer) error
	JSON() any
	WriteFolder(dir string) error
	Warnings() []string
	// Remarks are what reading found odd, a line each; WriteText has them.
	Remarks() []string
}

// runEstimate runs a fit and gives out what it found. A fit cannot be stopped; an
// interruption leaves it alone, and it ends with the process.
func runEstimate[R result](ctx context.Context, f *flags, fit func() (R, error), asJSON bool, out string, stdout, stderr io.Writer) error {
	if err := cli.OutputFolder("-out", out); err != nil {
		return err
	}
	if out != "" {
		if err := atomicfile.FreeFolder(out); err != nil {
			return cli.InputError("-out: %w", err)
		}
	}
	if f.threads > 0 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(f.threads))
	}
	var r R
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, err = fit()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return cli.InputError("%w", err)
	}
	for _, warning := range r.Warnings() {
		cli.Warn("pare "+f.c.name(), warning, stderr)
	}
	if out != "" {
		if err := r.WriteFolder(out); err != nil {
			return err
		}
	}
	if asJSON {
		for _, note := range r.Remarks() {
			fmt.Fprintf(stderr, "pare %s: note: %s\n", f.c.name(), printable.Text(note))
		}
		return json.NewEncoder(stdout).Encode(r.JSON())
	}
	if err := r.WriteText(stdout); err != nil {
		return err
	}
	if out != "" {
		fmt.Fprintf(stdout, "wrote the folder %s\n", out)
	}
	return nil
}
