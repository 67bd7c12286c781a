package app

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pare/cmd/internal/cli"
	"pare/config"
	"pare/internal/atomicfile"
	"pare/internal/option"
	"pare/report"
	"pare/run"
)

// auditCommand compares groups of test examples.
var auditCommand = command{
	name: "audit",
	args: "RUN... [-by COLUMN[,COLUMN...]] [-file TABLE] [-against RUN[,RUN...]] [-positive CLASS] [-cut COLUMN=NUMBER,...] [-rare N] [-json] [-out DIR]",
	doc:  "compares groups of test examples before and after pruning: accuracy, error rates, calibration, gaps, changed predictions",
	examples: []string{
		"pare audit runs/compas -by race,sex",
		"pare audit runs/compas -by sex,age -cut age=25,45 -against runs/compas-dense",
		"pare audit runs/faces -by gender -file attributes.csv -out audit   # of images",
		"pare audit runs/seed-1 runs/seed-2 runs/seed-3 -by race            # modal predictions over seeds",
	},
	run: runAudit,
}

func runAudit(ctx context.Context, f *flags) error {
	spec := config.Audit{}
	spec.Defaults()
	by := f.String("by", "", "`COLUMN` whose values are the groups, or several, separated by commas: each one, and the combinations of all; "+
		"default: audit.by of the run's config")
	f.StringVar(&spec.File, "file", "", "`TABLE` with these columns and a row for each test example, which the column file or row names; "+
		"default: the table of the run")
	against := f.String("against", "", "`RUN` such as a dense one, or several, whose final networks count as those before pruning; "+
		"default: the networks of the audited runs before their last removal")
	f.StringVar(&spec.Positive, "positive", "", "`class` whose rates are measured; default: of two classes the second, of more each class")
	var cuts stringList
	f.Var(&cuts, "cut", "`COLUMN=NUMBER,...` cuts a column of numbers into intervals, such as age=25,45; may be repeated")
	f.IntVar(&spec.Rare, "rare", 0, "values of fewer test examples are one group, other; 0: each value is a group")
	f.IntVar(&spec.MinRows, "min-rows", spec.MinRows, "groups of fewer test examples do not count in differences and ratios")
	f.IntVar(&spec.Resamples, "resamples", spec.Resamples, "bootstrap samples of intervals; 0: no intervals")
	f.Float64Var(&spec.Confidence, "confidence", spec.Confidence, "share of the bootstrap samples within an interval")
	dir := f.String("data-dir", "", "`folder` of the data, in place of data.dir of the run's config")
	asJSON := f.Bool("json", false, "print all numbers as JSON")
	out := f.String("out", "", "`folder` for audit.json, groups.csv, examples.csv, changed.csv and report.html")
	f.within(atLeast(0), "rare")
	f.within(atLeast(1), "min-rows")
	f.within(between(0, 100000), "resamples")
	f.within(share, "confidence")
	paths, err := f.parseSome()
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return cli.InputError("no RUN given; see pare help audit")
	}
	if spec.Cut, err = cuts.points(); err != nil {
		return err
	}
	if err := cli.OutputFolder("-out", *out); err != nil {
		return err
	}
	var runs []*run.Artifact
	for k, path := range paths {
		if slices.ContainsFunc(paths[:k], func(other string) bool { return sameFile(other, path) }) {
			return cli.InputError("%s is given twice", path)
		}
		a, err := run.OpenArtifact(path)
		if err != nil {
			return err
		}
		runs = append(runs, a)
	}
	o := run.AuditOptions{Audit: spec, DataDir: *dir, Progress: f.progress()}
	if own := runs[0].Config; own != nil && own.Audit != nil {
		o.Audit = f.completed(spec, *own.Audit)
	}
	if *by != "" {
		o.By = strings.Split(*by, ",")
	}
	switch {
	case *against != "":
		o.Before = strings.Split(*against, ",")
	case o.Against != "":
		o.Before = []string{o.Against}
	}
	if len(o.By) == 0 {
		return cli.InputError("no -by COLUMN given, and the config of %s has no audit.by", paths[0])
	}
	a, err := run.AuditRuns(ctx, runs, o)
	if err != nil {
		return optionError(err)
	}
	if *out != "" {
		if err := a.Write(*out); err != nil {
			return err
		}
		title := "Audit of " + strings.Join(paths, ", ")
		if err := atomicfile.Write(filepath.Join(*out, run.AuditPage), func(w io.Writer) error { return a.WritePage(w, title) }); err != nil {
			return err
		}
	}
	if *asJSON {
		return a.WriteJSON(f.stdout)
	}
	shown, err := a.Report()
	if err == nil {
		report.WriteAuditText(f.stdout, *shown)
	}
	return err
}

// completed is the audit of a run's config with the options that were given.
func (f *flags) completed(given, own config.Audit) config.Audit {
	for name, set := range map[string]func(){
		"file":       func() { own.File = given.File },
		"positive":   func() { own.Positive = given.Positive },
		"cut":        func() { own.Cut = given.Cut },
		"rare":       func() { own.Rare = given.Rare },
		"min-rows":   func() { own.MinRows = given.MinRows },
		"resamples":  func() { own.Resamples = given.Resamples },
		"confidence": func() { own.Confidence = given.Confidence },
	} {
		if f.given(name) {
			set()
		}
	}
	return own
}

// optionError names an option of the command in place of a key of the config.
func optionError(err error) error {
	var fault *option.Error
	if errors.As(err, &fault) {
		return cli.InputError("-%s %s", fault.Key, fault.Text)
	}
	return err
}

// stringList is an option that may be repeated.
type stringList []string

func (l *stringList) String() string     { return strings.Join(*l, " ") }
func (l *stringList) Set(s string) error { *l = append(*l, s); return nil }

// points reads COLUMN=NUMBER,...; nil where none are given.
func (l stringList) points() (map[string][]float64, error) {
	var out map[string][]float64
	for _, text := range l {
		at := strings.LastIndex(text, "=")
		if at < 1 {
			return nil, cli.InputError("-cut is %q; it must be a column and the points of its intervals, such as age=25,45", text)
		}
		name := text[:at]
		if out[name] != nil {
			return nil, cli.InputError("-cut names %s twice", name)
		}
		for _, part := range strings.Split(text[at+1:], ",") {
			v, err := strconv.ParseFloat(part, 64)
			if err != nil || v-v != 0 {
				return nil, cli.InputError("-cut is %q, and %q is no number", text, part)
			}
			if out == nil {
				out = map[string][]float64{}
			}
			out[name] = append(out[name], v)
		}
	}
	return out, nil
}
