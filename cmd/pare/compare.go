package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"

	"pare/cmd/internal/cli"
	"pare/internal/atomicfile"
	"pare/report"
	"pare/run"
)

// compareCommand puts finished runs side by side.
type compareCommand struct{}

var _ command = compareCommand{}

func (compareCommand) name() string { return "compare" }
func (compareCommand) args() string {
	return "RUN... [-markdown | -json] [-svg FILE [-over macs|params|nonzero|activations]]"
}
func (compareCommand) doc() string {
	return "puts finished runs side by side: test results against what is left"
}

func (c compareCommand) run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := newFlags(c)
	markdown := f.Bool("markdown", false, "print the table in Markdown")
	asJSON := f.Bool("json", false, "print a JSON array with an object for each run, and for each group of seeds")
	svg := f.String("svg", "", "`FILE` for a picture: the test result over the share that is left")
	over := f.String("over", string(report.LeftMACs), "what is left in the picture: macs (multiply-accumulates), params, nonzero or activations (not 0)")
	paths, err := f.parseSome(args, stdout)
	if err != nil {
		return err
	}
	switch {
	case len(paths) == 0:
		return cli.InputError("no RUN given; see pare help compare")
	case *markdown && *asJSON:
		return cli.InputError("give -markdown or -json, not both")
	case !slices.Contains([]report.Left{report.LeftMACs, report.LeftParams, report.LeftNonZero, report.LeftActive}, report.Left(*over)):
		return cli.InputError("-over is %q, it must be macs, params, nonzero or activations", *over)
	}
	if err := writable(*svg); err != nil {
		return err
	}
	runs, err := outcomes(paths)
	if err != nil {
		return err
	}
	rows := report.Compare(runs)
	if *svg != "" {
		var picture bytes.Buffer
		if err := report.TradeOff(&picture, runs, report.Left(*over)); err != nil {
			return cli.InputError("%v", err)
		}
		if err := atomicfile.WriteBytes(*svg, picture.Bytes()); err != nil {
			return err
		}
	}
	if *asJSON {
		return json.NewEncoder(stdout).Encode(rows)
	}
	return report.CompareTable(stdout, rows, *markdown)
}

// outcomes reads the results of finished runs. Runs whose configs differ in name and
// seed alone are one group.
func outcomes(paths []string) ([]report.Outcome, error) {
	var out []report.Outcome
	for _, path := range paths {
		a, err := run.OpenArtifact(path)
		if err != nil {
			return nil, err
		}
		s, err := a.Summary()
		if err != nil {
			return nil, err
		}
		if s == nil {
			return nil, cli.InputError("%s is no finished run; go on with train -resume %s", path, path)
		}
		same := *a.Config
		same.Name, same.Seed, same.Threads = "", 0, 0
		o := report.Outcome{Run: path, Name: s.Name, Method: s.Method, Seed: s.Seed, Group: string(same.YAML()),
			Params: [2]int64{s.ParamsBefore, s.ParamsAfter}, MACs: [2]int64{s.MACsBefore, s.MACsAfter}, NonZero: s.NonZeroAfter,
			Removed: s.Removed, Certificate: max(s.Certificate.MaxRelDiff, s.WorstCertificate), Seconds: s.TrainSeconds + s.FinetuneSeconds}
		if s.Density != nil {
			o.Active = &s.Density.Overall
		}
		o.Measure, o.Value = s.Headline()
		o.Stages = s.HeadlineStages()
		out = append(out, o)
	}
	return out, nil
}
