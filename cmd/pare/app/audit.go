package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
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
	"pare/sweep"
)

// auditCommand compares groups of test examples.
var auditCommand = command{
	name: "audit",
	args: "RUN... [-by COLUMN[,COLUMN...]] [-file TABLE] [-against RUN[,RUN...]] [-positive CLASS] [-cut COLUMN=NUMBER,...] " +
		"[-rare N] [-json | -out DIR | -store]",
	doc: "compares groups of test examples before and after pruning: accuracy, error rates, calibration, gaps, changed predictions",
	examples: []string{
		"pare audit runs/compas -by race,sex",
		"pare audit runs/compas -by sex,age -cut age=25,45 -against runs/compas-dense",
		"pare audit runs/faces -by gender -file attributes.csv -out audit   # of images",
		"pare audit sweeps/compas -by race -store && pare sweep report sweeps/compas",
		"pare audit runs/pruned-* -by race -against 'runs/dense-*'          # modal predictions over seeds",
	},
	run: runAudit,
}

// auditFlags are the options of pare audit.
type auditFlags struct {
	*flags
	spec          config.Audit // its values of options, without by and against
	by, against   string
	cuts          stringList
	dir, out      string
	asJSON, store bool
}

func (f *auditFlags) define() {
	f.spec.Defaults()
	f.StringVar(&f.by, "by", "", "`COLUMN` whose values are the groups, or several, separated by commas: each one, and the combinations of all; "+
		"default: audit.by of the run's config")
	f.StringVar(&f.spec.File, "file", "", "`TABLE` with these columns and a row for each test example, which the column file or row names; "+
		"default: the table of the run")
	f.StringVar(&f.against, "against", "", "`RUN` such as a dense one, or several, or a pattern such as 'runs/dense-*', whose final networks count as those before pruning; "+
		"default: the networks of the audited runs before their last removal")
	f.StringVar(&f.spec.Positive, "positive", "", "`class` whose rates are measured; default: of two classes the second, of more each class")
	f.Var(&f.cuts, "cut", "`COLUMN=NUMBER,...` cuts a column of numbers into intervals, such as age=25,45; may be repeated")
	f.IntVar(&f.spec.Rare, "rare", 0, "values of fewer test examples are one group, other; 0: each value is a group")
	f.IntVar(&f.spec.MinRows, "min-rows", f.spec.MinRows, "groups of fewer test examples do not count in differences and ratios")
	f.IntVar(&f.spec.Resamples, "resamples", f.spec.Resamples, "bootstrap samples of intervals; 0: no intervals")
	f.Float64Var(&f.spec.Confidence, "confidence", f.spec.Confidence, "share of the bootstrap samples within an interval")
	f.StringVar(&f.dir, "data-dir", "", "`folder` of the data, in place of data.dir of the run's config")
	f.BoolVar(&f.asJSON, "json", false, "print all numbers as JSON")
	f.BoolVar(&f.store, "store", false, "write the audit of each run into its folder, for pare compare and pare sweep report; RUN may be a sweep")
	f.StringVar(&f.out, "out", "", "`folder` for audit.json, groups.csv, examples.csv, changed.csv and report.html")
	f.within(numeric("0 or a number of at least 2", func(v float64) bool { return v == 0 || v >= 2 }), "rare")
	f.within(atLeast(1), "min-rows")
	f.within(between(0, 10000), "resamples")
	f.within(share, "confidence")
}

func runAudit(ctx context.Context, o *flags) error {
	f := &auditFlags{flags: o}
	f.define()
	paths, err := f.parseSome()
	if err == nil && len(paths) == 0 {
		err = cli.InputError("no RUN given; see pare help audit")
	}
	if err != nil {
		return err
	}
	if f.spec.Cut, err = f.cuts.points(); err != nil {
		return err
	}
	f.refuse(f.store, "-store writes into the folders of the runs", "out", "json")
	if err := cmp.Or(f.refused, cli.WritableFolder("-out", f.out)); err != nil {
		return err
	}
	runs, err := f.runs(paths)
	if err != nil {
		return err
	}
	if f.store {
		return f.storeEach(ctx, runs)
	}
	options, err := f.options(runs[0])
	if err != nil {
		return err
	}
	a, err := run.AuditRuns(ctx, runs, options)
	if err != nil {
		return optionError(err)
	}
	return f.write(a, paths)
}

// write writes the audit into the folder of -out, and prints it.
func (f *auditFlags) write(a *run.Audit, paths []string) error {
	if f.out != "" {
		if err := a.Write(f.out); err != nil {
			return err
		}
		page := func(w io.Writer) error { return a.WritePage(w, "Audit of "+strings.Join(paths, ", ")) }
		if err := atomicfile.Write(filepath.Join(f.out, run.AuditPage), page); err != nil {
			return err
		}
	}
	if f.asJSON {
		return a.WriteJSON(f.stdout)
	}
	shown, err := a.Report()
	if err == nil {
		report.WriteAuditText(f.stdout, *shown, f.columns())
	}
	return err
}

// storeEach writes the audit of each run into its folder.
func (f *auditFlags) storeEach(ctx context.Context, runs []*run.Artifact) error {
	for _, a := range runs {
		options, err := f.options(a)
		if err != nil {
			return err
		}
		page, err := a.StoreAudit(ctx, options)
		if err != nil {
			return optionError(err)
		}
		text := "wrote " + filepath.Join(a.Path, run.AuditDir)
		if page {
			text += ", and a section of " + filepath.Join(a.Path, run.ReportFile)
		}
		fmt.Fprintln(f.stdout, text)
	}
	return nil
}

// options have the keys of the config of a run and of the command line.
func (f *auditFlags) options(a *run.Artifact) (run.AuditOptions, error) {
	o := run.AuditOptions{Audit: f.spec, DataDir: f.dir, Progress: f.progress()}
	if own := a.Config; own != nil && own.Audit != nil {
		o.Audit = f.completed(*own.Audit)
	}
	if f.by != "" {
		o.By = nil
		for _, name := range strings.Split(f.by, ",") {
			if name = strings.TrimSpace(name); name == "" {
				return o, cli.InputError("-by is %q, which has an empty name of a column", f.by)
			}
			o.By = append(o.By, name)
		}
	}
	if !f.given("cut") { // the config may cut columns that are not asked for
		o.Cut = maps.Clone(o.Cut)
		maps.DeleteFunc(o.Cut, func(name string, _ []float64) bool { return !slices.Contains(o.By, name) })
	}
	switch {
	case f.against != "":
		for _, pattern := range strings.Split(f.against, ",") {
			paths, err := filepath.Glob(pattern)
			switch {
			case err == nil && len(paths) > 0:
			case strings.ContainsAny(pattern, "*?["):
				return o, cli.InputError("-against %s: no run has such a name", pattern)
			default: // the error of a path that is not there
				paths = []string{pattern}
			}
			o.Before = append(o.Before, paths...)
		}
	case o.Against != "":
		o.Before = []string{o.Against}
	}
	if len(o.By) == 0 {
		return o, cli.InputError("no -by COLUMN given, and the config of %s has no audit.by", a.Path)
	}
	return o, nil
}

// runs opens the runs at some paths. With -store a sweep stands for its finished runs.
func (f *auditFlags) runs(paths []string) (out []*run.Artifact, err error) {
	var sources []string
	for k, path := range paths {
		if slices.ContainsFunc(paths[:k], func(other string) bool { return sameFile(other, path) }) {
			return nil, cli.InputError("%s is given twice", path)
		}
		switch {
		case !sweep.IsFolder(path):
			sources = append(sources, path)
		case !f.store:
			return nil, cli.InputError("%s is a sweep; give the runs of one method and point, or -store to audit each of its runs", path)
		default:
			finished, err := f.sources([]string{path})
			if err != nil {
				return nil, err
			}
			for _, s := range finished {
				sources = append(sources, s.Path)
			}
		}
	}
	if len(sources) == 0 {
		return nil, cli.InputError("%s has no finished run", strings.Join(paths, ", "))
	}
	for _, path := range sources {
		a, err := run.OpenArtifact(path)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// completed is the audit of a run's config with the options that were given.
func (f *auditFlags) completed(own config.Audit) config.Audit {
	given := f.spec
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
