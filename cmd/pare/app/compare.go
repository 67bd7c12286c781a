package app

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"pare/cmd/internal/cli"
	"pare/internal/atomicfile"
	"pare/results"
	"pare/run"
	"pare/sweep"
)

// compareCommand puts finished runs side by side.
var compareCommand = command{
	name: "compare",
	args: "RUN... [-of RUN] [-latency] [-out DIR] [-svg FILE] [-png FILE] [-csv FILE] [-over SIZE] [-markdown | -latex | -json] [-tensorboard DIR]",
	doc:  "compares finished runs: test results over the share left of the first network, with means over seeds",
	examples: []string{
		"pare compare runs/a runs/b",
		"pare compare runs/* -svg curve.svg -over macs    # error against the share of MACs left",
		"pare compare runs/* -out report                  # results.csv, figure, tables and report.html",
	},
	run: runCompare,
}

func runCompare(ctx context.Context, f *flags) error {
	markdown := f.Bool("markdown", false, "print the table in Markdown")
	latex := f.Bool("latex", false, "print the table in LaTeX")
	asJSON := f.Bool("json", false, "print a JSON array with an object for each run, and for each group of seeds")
	svg := f.String("svg", "", "`FILE` for the figure as SVG: test results against the size of the networks")
	png := f.String("png", "", "`FILE` for the figure as PNG")
	csv := f.String("csv", "", "`FILE` for a table of all runs with a column for each varied key")
	out := f.String("out", "", "`folder` for results.csv, figure.svg and .png, tables.md and .tex, and report.html")
	latency := f.Bool("latency", false, latencyUsage)
	var over string
	f.overFlag(&over)
	board := f.String("tensorboard", "", "`DIR` that TensorBoard reads and the runs are in: it then lists their settings and results as one experiment")
	of := f.String("of", "", "`RUN` whose first network counts as 100 %, for networks that were narrow from the start; "+
		"default: the first network of each run's own chain")
	paths, err := f.parseSome()
	if err != nil {
		return err
	}
	given := 0
	for _, form := range []bool{*markdown, *latex, *asJSON} {
		if form {
			given++
		}
	}
	switch {
	case len(paths) == 0:
		return cli.InputError("no RUN given; see pare help compare")
	case given > 1:
		return cli.InputError("give one of -markdown, -latex and -json")
	case f.given("over") && *svg == "" && *png == "" && *out == "":
		return cli.InputError("-over is the axis of a figure; give -svg FILE, -png FILE or -out DIR too")
	}
	if err := cmp.Or(checkOver(over, *latency), writable(*svg), cli.OutputFile("-svg", *svg, ".svg"), writable(*png), cli.OutputFile("-png", *png, ".png"),
		writable(*csv), cli.OutputFile("-csv", *csv, ".csv")); err != nil {
		return err
	}
	o := results.Options{Of: *of}
	if *latency {
		o.Latency = measureLatency(ctx, f)
	}
	sources, err := f.sources(paths)
	if err != nil {
		return err
	}
	set, err := results.Read(sources, o)
	if err != nil {
		return err
	}
	for _, s := range set.Skipped {
		f.note("left out: %s", s)
	}
	for _, note := range set.Notes {
		f.note("%s", note)
	}
	if *board != "" {
		if err := writeExperiment(*board, set); err != nil {
			return err
		}
	}
	if err := writeComparison(set, results.Over(over), *svg, *png, *csv); err != nil {
		return err
	}
	if *out != "" {
		if err := set.Write(*out, results.Over(over), "Comparison of runs"); err != nil {
			return err
		}
	}
	switch {
	case *asJSON:
		return set.JSON(f.stdout)
	case *markdown:
		return set.Runs(f.stdout, results.Markdown)
	case *latex:
		return set.Runs(f.stdout, results.LaTeX)
	}
	return set.Runs(f.stdout, results.Terminal)
}

// overFlag defines -over.
func (f *flags) overFlag(to *string) {
	f.choice(to, "over", string(results.OverMACs), "horizontal axis of the figure, the share left of: "+
		"macs (multiply-accumulates), params, nonzero (parameters that are not 0), nonzero-macs (by weights that are not 0) or "+
		"activations (that are not 0); or the latency",
		"macs", "params", "nonzero", "nonzero-macs", "activations", "latency")
}

const latencyUsage = "measure a training step and a forward pass of each final network, as pare bench does"

func checkOver(over string, latency bool) error {
	if over == string(results.OverLatency) && !latency {
		return cli.InputError("-over latency needs -latency, which measures it")
	}
	return nil
}

// sources are the runs at some paths; a sweep folder stands for its finished runs.
func (f *flags) sources(paths []string) ([]results.Source, error) {
	var out []results.Source
	for _, path := range paths {
		if !sweep.IsFolder(path) {
			out = append(out, results.Source{Path: path})
			continue
		}
		folder, t, err := sweep.OpenFolder(path)
		if err != nil {
			return nil, err
		}
		finished, unfinished := folder.Sources(t)
		if len(unfinished) > 0 {
			f.note("%s: left out, as they are not finished: %s", path, firstOf(unfinished))
		}
		out = append(out, finished...)
	}
	return out, nil
}

// writeComparison writes the files that have names; all are made before the first is
// written.
func writeComparison(set *results.Set, over results.Over, svg, png, csv string) error {
	var files []*bytes.Buffer
	var names []string
	add := func(name string, write func(io.Writer) error) error {
		if name == "" {
			return nil
		}
		var b bytes.Buffer
		files, names = append(files, &b), append(names, name)
		return write(&b)
	}
	if svg != "" || png != "" {
		figure, err := set.Figure(over)
		if err != nil {
			return cli.InputError("%v", err)
		}
		if err := cmp.Or(add(svg, figure.WriteSVG), add(png, figure.WritePNG)); err != nil {
			return err
		}
	}
	if err := add(csv, set.CSV); err != nil {
		return err
	}
	for i, name := range names {
		if err := atomicfile.WriteBytes(name, files[i].Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// latencySteps is how often a step and a forward pass are measured.
const latencySteps = 30

// latencyBatch is the number of examples of a measured step.
const latencyBatch = 64

// measureLatency returns a measurement of the final network of a run.
func measureLatency(ctx context.Context, f *flags) func(*run.Artifact) (step, forward float64, err error) {
	b := stepBench{batch: latencyBatch, steps: latencySteps, show: f.progress()}
	return func(a *run.Artifact) (float64, float64, error) {
		w, err := trainedWorkload(filepath.Base(a.Path), a, a.Final, "")
		if err != nil {
			return math.NaN(), math.NaN(), err
		}
		r, err := b.measure(ctx, w, false)
		if err != nil {
			return math.NaN(), math.NaN(), fmt.Errorf("latency: %w", err)
		}
		return r.StepMs, r.ForwardMs, nil
	}
}

// writeExperiment lets TensorBoard list runs together.
func writeExperiment(dir string, set *results.Set) error {
	var artifacts []*run.Artifact
	for _, r := range set.Rows {
		a, err := run.OpenArtifact(r.Path)
		if err != nil {
			return err
		}
		artifacts = append(artifacts, a)
	}
	return run.WriteExperiment(dir, artifacts)
}
