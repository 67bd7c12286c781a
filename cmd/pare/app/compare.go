package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"pare/cmd/internal/cli"
	"pare/internal/atomicfile"
	"pare/report"
	"pare/run"
)

// compareCommand puts finished runs side by side.
var compareCommand = command{
	name: "compare",
	args: "RUN... [-of RUN] [-markdown | -json] [-svg FILE [-over macs|params|nonzero|activations]] [-tensorboard DIR]",
	doc:  "compares finished runs: test result and share left of the first network, with means over seeds",
	examples: []string{
		"pare compare runs/a runs/b",
		"pare compare runs/* -svg curve.svg -over macs    # error against the share of MACs left",
	},
	run: runCompare,
}

func runCompare(ctx context.Context, f *flags) error {
	markdown := f.Bool("markdown", false, "print the table in Markdown")
	asJSON := f.Bool("json", false, "print a JSON array with an object for each run, and for each group of seeds")
	svg := f.String("svg", "", "`FILE` for a chart of the test result against the share left")
	var over string
	f.choice(&over, "over", string(report.LeftMACs), "horizontal axis of the chart, the share left of: "+
		"macs (multiply-accumulates), params, nonzero (weights) or activations (not 0)",
		"macs", "params", "nonzero", "activations")
	board := f.String("tensorboard", "", "`DIR` that TensorBoard reads and the runs are in: it then lists their settings and results as one experiment")
	of := f.String("of", "", "`RUN` whose first network counts as 100 %, for networks that were narrow from the start; "+
		"default: the first network of each run's own chain")
	paths, err := f.parseSome()
	if err != nil {
		return err
	}
	switch {
	case len(paths) == 0:
		return cli.InputError("no RUN given; see pare help compare")
	case *markdown && *asJSON:
		return cli.InputError("give -markdown or -json, not both")
	case f.given("over") && *svg == "":
		return cli.InputError("-over is the axis of a chart; give -svg FILE too")
	}
	if err := cmp.Or(writable(*svg), cli.OutputFile("-svg", *svg, ".svg")); err != nil {
		return err
	}
	runs, err := outcomes(f, paths)
	if err != nil {
		return err
	}
	if *board != "" {
		if err := writeExperiment(*board, runs); err != nil {
			return err
		}
	}
	if *of != "" {
		if err := measureAgainst(*of, runs); err != nil {
			return err
		}
	}
	rows := report.Compare(runs)
	if *svg != "" {
		var picture bytes.Buffer
		if err := report.TradeOff(&picture, runs, report.Left(over)); err != nil {
			return cli.InputError("%v", err)
		}
		if err := atomicfile.WriteBytes(*svg, picture.Bytes()); err != nil {
			return err
		}
	}
	if *asJSON {
		return json.NewEncoder(f.stdout).Encode(rows)
	}
	return report.CompareTable(f.stdout, rows, *markdown)
}

// writeExperiment lets TensorBoard list runs together.
func writeExperiment(dir string, runs []report.Outcome) error {
	var artifacts []*run.Artifact
	for _, r := range runs {
		a, err := run.OpenArtifact(r.Run)
		if err != nil {
			return err
		}
		artifacts = append(artifacts, a)
	}
	return run.WriteExperiment(dir, artifacts)
}

// measureAgainst takes the network that a run began with for the whole of all runs.
func measureAgainst(path string, runs []report.Outcome) error {
	a, err := run.OpenArtifact(path)
	if err != nil {
		return err
	}
	e, err := a.Experiment()
	if err != nil {
		return err
	}
	if e.Original == nil {
		return cli.InputError("-of %s: nothing there says how large its first network was", path)
	}
	for i := range runs {
		runs[i].Params[0], runs[i].MACs[0] = e.Original.Params, e.Original.MACs
	}
	return nil
}

// outcomes reads the results of finished runs, each once. It leaves out paths without
// results, with a note; if no path has results, it returns an error.
func outcomes(f *flags, paths []string) ([]report.Outcome, error) {
	var out []report.Outcome
	seen := map[string]string{} // path by seeds and settings
	for _, path := range paths {
		a, err := run.OpenArtifact(path)
		if err != nil {
			return nil, err
		}
		o, e, err := outcome(a)
		if err != nil {
			if len(paths) == 1 || !run.IsInput(err) {
				return nil, err
			}
			f.note("left out: %v", err)
			continue
		}
		key := fmt.Sprint(e.Seeds, e.Key())
		if first, ok := seen[key]; ok {
			f.note("left out: %s is the same run as %s, with the same seed and config", path, first)
			continue
		}
		seen[key] = path
		if e.Original == nil {
			f.note("the shares of %s are measured against the network it started with: the run before it cannot be read", path)
		}
		out = append(out, *o)
	}
	if len(out) == 0 {
		return nil, cli.InputError("none of the %d is a finished run", len(paths))
	}
	return out, nil
}

// outcome reads the results of a finished run. Shares left are measured against the
// network that the chain of runs began with.
func outcome(a *run.Artifact) (*report.Outcome, run.Experiment, error) {
	s, err := a.Summary()
	if err != nil {
		return nil, run.Experiment{}, err
	}
	if s == nil {
		if a.Kind != run.KindRun {
			return nil, run.Experiment{}, cli.InputError("%s is a network without the results of a run", a.Path)
		}
		return nil, run.Experiment{}, cli.InputError("%s is not a finished run; go on with train -resume %s", a.Path, a.Path)
	}
	e, err := a.Experiment()
	if err != nil {
		return nil, e, err
	}
	o := &report.Outcome{Run: a.Path, Name: s.Name, Method: s.Method, Seed: s.Seed, Settings: e.Settings,
		Params: [2]int64{s.ParamsBefore, s.ParamsAfter}, MACs: [2]int64{s.MACsBefore, s.MACsAfter}, NonZero: s.NonZeroAfter,
		Removed: s.Removed, Certificate: max(s.Certificate.MaxRelDiff, s.WorstCertificate), Seconds: s.TrainSeconds + s.FinetuneSeconds}
	if e.Original != nil {
		o.Params[0], o.MACs[0] = e.Original.Params, e.Original.MACs
	}
	if s.Density != nil {
		o.Active = &s.Density.Overall
	}
	o.Measure, o.Stages = s.Headline()
	o.Value = o.Stages[len(o.Stages)-1].Value
	return o, e, nil
}
