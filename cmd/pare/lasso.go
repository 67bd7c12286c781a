package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"pare/cmd/internal/cli"
	"pare/internal/atomicfile"
	"pare/internal/printable"
	"pare/stat/estimate/lasso"
)

// lassoCommand fits sparse linear models to a table.
type lassoCommand struct{}

var _ command = lassoCommand{}

func (lassoCommand) name() string { return "lasso" }
func (lassoCommand) args() string {
	return "-data FILE -target COLUMN [-family gaussian] [-lambda L | -path 100] [-cv 10] [-guard knockoffs -q 0.1] [-json] [-out DIR]"
}
func (lassoCommand) doc() string {
	return "fits sparse linear models to a table, each with its duality gap"
}

func (lassoCommand) examples() []string {
	return []string{
		"pare lasso -data grades.csv -target G3 -one-hot -cv 10",
		"pare lasso -data grades.csv -target G3 -one-hot -guard knockoffs -q 0.1   # fewer than 10 % false discoveries",
		"pare lasso -data people.csv -target again -family binomial -one-hot -test-size 0.3 -audit race",
	}
}

func (lassoCommand) choices() map[string][]string {
	return map[string][]string{"family": {"gaussian", "binomial", "multinomial"}, "guard": {"knockoffs", "stability", "permutation"}, "select": {"1se", "min"}}
}

func (c lassoCommand) run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	l := newLassoFlags(c)
	if _, err := l.parse(args, stdout); err != nil {
		return err
	}
	if err := l.settle(); err != nil {
		return err
	}
	if l.threads > 0 {
		// Guards share their work among as many goroutines as may run.
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(l.threads))
	}
	if err := outFolder(l.out); err != nil {
		return err
	}
	l.options.Progress = progress(stderr)
	data, err := l.load()
	if err != nil {
		return lassoError(err)
	}
	r, err := lasso.Run(ctx, data, l.options)
	if err != nil {
		return lassoError(err)
	}
	if l.out != "" {
		if err := writeFiles(ctx, l.out, r); err != nil {
			return err
		}
	}
	if l.json {
		for _, note := range data.Notes {
			fmt.Fprintf(stderr, "pare lasso: note: %s\n", printable.Text(note))
		}
		if note := notConverged(r); note != "" {
			fmt.Fprintln(stderr, note)
		}
		return r.WriteJSON(stdout)
	}
	if err := r.WriteText(stdout); err != nil {
		return err
	}
	if l.out != "" {
		fmt.Fprintf(stdout, "files in %s\n", l.out)
	}
	return nil
}

// lassoError tells faults of what the user gave from others.
func lassoError(err error) error {
	var in *lasso.InputError
	if errors.As(err, &in) {
		return cli.InputError("%w", err)
	}
	return err
}

// notConverged is the first note of a fit that did not converge.
func notConverged(r *lasso.Result) string {
	for _, f := range append([]*lasso.Fit{r.Chosen}, r.Path...) {
		if f != nil && f.Note != "" {
			return f.Note
		}
	}
	return ""
}

// outFolder checks, before any work, that a folder can take files.
func outFolder(dir string) error {
	if dir == "" {
		return nil
	}
	if err := cli.OutputFolder("-out", dir); err != nil {
		return err
	}
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return cli.InputError("-out %s is a file; name a folder", dir)
		}
		return nil
	}
	if info, err := os.Stat(filepath.Dir(filepath.Clean(dir))); err != nil || !info.IsDir() {
		return cli.InputError("-out %s cannot be made: there is no folder %s", dir, filepath.Dir(filepath.Clean(dir)))
	}
	return nil
}

// writeFiles writes files that are all made in memory before the first is written.
func writeFiles(ctx context.Context, dir string, r *lasso.Result) error {
	files, err := r.Files()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return atomicfile.AddFiles(dir, func(dir string) error {
		for _, f := range files {
			if err := atomicfile.WriteBytes(filepath.Join(dir, f.Name), f.Data); err != nil {
				return err
			}
		}
		return nil
	})
}
