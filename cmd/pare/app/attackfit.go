package app

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"

	"pare/attack/fits"
	"pare/cmd/internal/cli"
	"pare/internal/atomicfile"
	"pare/run"
	"pare/stat/estimate/lasso"
)

// fitFlags are the options of an attack on the models of pare lasso.
type fitFlags struct {
	request       fits.Request
	lambda, gamma float64
	units         string
}

// fitOptions are the options that only the models of pare lasso have, networkOptions only networks.
var (
	fitOptions     = []string{"data", "lambda", "gamma", "units", "move", "fixed", "left-out", "target-file", "complete"}
	networkOptions = []string{"networks", "config", "data-dir", "pictures", "bounds", "model", "names", "input"}
)

func (o *fitFlags) define(f *flags) {
	q := &o.request
	f.StringVar(&q.Path, "data", "", "the folder of pare lasso: `FILE` of the rows to attack, with the target")
	f.StringVar(&q.Target, "target-file", "", "with -data: `FILE` with the target as its one column")
	f.BoolVar(&q.Complete, "complete", false, "with -data: leave out rows with a missing cell")
	f.BoolVar(&q.LeftOut, "left-out", false, "with -data, the file of the fit: take the rows that its -test-size left out")
	f.Float64Var(&o.lambda, "lambda", 0, "of pare lasso: one `λ` of the path (default all)")
	f.Float64Var(&o.gamma, "gamma", 0, "of a relaxed lasso: the share `γ` of the penalised fit")
	f.choice(&o.units, "units", "sd", "of pare lasso: -eps and -range in standard deviations of each column in the fit (sd), "+
		"or in units of the cells (raw)", "sd", "raw")
	f.Var((*list)(&q.Move), "move", "of pare lasso: `patterns` of the columns that move (default all of numbers); "+
		"of text columns the 0/1 columns move, by fractions")
	f.Var((*list)(&q.Fixed), "fixed", "of pare lasso: `patterns` of the columns that stay, even if -move names them")
	f.within(atLeast(0), "lambda")
	f.within(numeric("at least 0 and at most 1", func(v float64) bool { return v >= 0 && v <= 1 }), "gamma")
}

// isFit reports whether a path is the folder of a fit of pare lasso, or its model.
func isFit(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return err == nil && strings.EqualFold(filepath.Ext(path), ".json")
	}
	_, err = os.Stat(filepath.Join(path, lasso.ModelFile))
	return err == nil
}

// runFit attacks the models of pare lasso.
func (f *attackFlags) runFit(ctx context.Context, path string, r run.Robustness) error {
	f.refuse(true, "it is for networks, and this is a fit of pare lasso", networkOptions...)
	q := &f.fit.request
	switch {
	case f.refused != nil:
		return f.refused
	case q.Path == "":
		return cli.InputError("%s is a fit of pare lasso, which names no data; give -data FILE with rows and their target", path)
	}
	q.Model, q.Units, q.Norm, q.Seed, q.Eps, q.Progress = path, fits.Units(f.fit.units), r.Norm, r.Seed, r.Eps, r.Progress
	if q.Range = r.Range; r.Limit != math.MaxInt {
		q.Limit = r.Limit
	}
	if f.given("lambda") {
		q.Lambda = &f.fit.lambda
	}
	if f.given("gamma") {
		q.Gamma = &f.fit.gamma
	}
	var err error
	if q.Names, q.Attacks, err = r.NamedAttacks(); err != nil {
		return err
	}
	result, err := q.Run(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return cli.InputError("%w", err)
	}
	if f.svg != "" {
		if err := atomicfile.Write(f.svg, result.Chart().WriteSVG); err != nil {
			return err
		}
	}
	stored := ""
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		for _, file := range result.Files() {
			if err := atomicfile.Write(filepath.Join(path, file.Name), file.Write); err != nil {
				return err
			}
			stored += ", " + filepath.Join(path, file.Name)
		}
	}
	if f.json {
		for _, note := range result.Notes {
			f.note("note: %s", note)
		}
		return json.NewEncoder(f.stdout).Encode(result)
	}
	result.WriteText(f.stdout)
	if stored != "" {
		_, err = f.stdout.Write([]byte("wrote " + stored[2:] + "\n"))
	}
	return err
}
