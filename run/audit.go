package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pare/config"
	"pare/datasets"
	"pare/export"
	"pare/internal/option"
	"pare/nn"
	"pare/report"
	"pare/stat/audit"
	"pare/train"
)

// Audit compares groups of test examples before and after pruning: audit/audit.json.
type Audit struct {
	By       []string `json:"by"`                 // columns
	Examples int      `json:"examples"`           // of the test set
	Targets  string   `json:"targets"`            // classes, labels or numbers
	Classes  []string `json:"classes,omitempty"`  // names of classes or labels
	Positive string   `json:"positive,omitempty"` // class whose rates are measured; "": each class
	Before   []string `json:"before,omitempty"`   // runs whose networks are the first stage; nil: the audited ones
	Stages   []string `json:"stages"`             // of the networks, such as trained and final
	Networks []int    `json:"networks"`           // at each stage: one for each run

	MinRows    int     `json:"min_rows"`
	Resamples  int     `json:"resamples"`
	Confidence float64 `json:"confidence"`

	Tables []audit.Table `json:"tables"` // one for each column, and one for their combinations
	// Changed are the examples that the first and the last stage predict differently; nil for
	// numbers and labels, and for a single stage.
	Changed *audit.Changes `json:"changed,omitempty"`
	Notes   []string       `json:"notes,omitempty"`

	examined *examined
}

// examined are test examples with their groups and the predictions of networks at stages.
type examined struct {
	path    string // of the run
	data    *Data
	task    audit.Task
	columns []audit.Column // their rare values are joined when the audit is made
	places  []datasets.Place
	index   []int // of the examples in the test part
	stages  []stageOutcomes
}

// stageOutcomes are the predictions of networks, each for all examples.
type stageOutcomes struct {
	name     string
	networks []*audit.Outcomes
}

// unexamined are the test examples of a run with their groups.
func unexamined(path string, d *Data, spec config.Audit) (*examined, error) {
	task, err := auditTask(d.Set, spec.Positive)
	if err != nil {
		return nil, err
	}
	e := &examined{path: path, data: d, task: task}
	if e.columns, err = groupColumns(d, d.Set.Test, forTest, spec); err != nil {
		return nil, err
	}
	for i := range d.Set.Test.Len() {
		e.places, e.index = append(e.places, datasets.PlaceOf(d.Set.Test, i)), append(e.index, i)
	}
	return e, nil
}

// examine runs networks over the test examples, a stage each.
func (e *examined) examine(ctx context.Context, versions []Version, progress func(what string, done, total int64)) error {
	n := len(e.places)
	for k, v := range versions {
		o, err := e.predict(ctx, v.Net, func(done int) {
			if progress != nil {
				progress(predicting, int64(k*n+done), int64(len(versions)*n))
			}
		})
		if err != nil {
			return err
		}
		e.stages = append(e.stages, stageOutcomes{v.Name, []*audit.Outcomes{o}})
	}
	return nil
}

// predicting is the name of the work on a network.
const predicting = "predicting"

// predict returns the outputs of a network for all test examples, as the tests of a run compute
// them.
func (e *examined) predict(ctx context.Context, net *nn.Network, progress func(done int)) (*audit.Outcomes, error) {
	out := &audit.Outcomes{Task: e.task}
	batch := net.BatchUpTo(evaluationBatch)
	source, err := e.data.Eval(e.data.Set.Test, batch, 0)
	if err != nil {
		return nil, err
	}
	targets, done := e.data.Set.Task.Targets, 0
	return out, Logits(ctx, net, source, batch, func(b train.Batch, logits []float32) error {
		width := len(logits) / b.N
		for i := range b.N {
			if err := out.Add(logits[i*width:][:width], b.Y[i*targets:][:targets]); err != nil {
				return err
			}
		}
		done += b.N
		progress(done)
		return nil
	})
}

// take keeps some of the examples, in the order of rows.
func (e *examined) take(rows []int) {
	places, index := e.places, e.index
	e.places, e.index = nil, nil
	for _, i := range rows {
		e.places, e.index = append(e.places, places[i]), append(e.index, index[i])
	}
	for k, c := range e.columns {
		e.columns[k] = c.Take(rows)
	}
	for _, s := range e.stages {
		for k, o := range s.networks {
			s.networks[k] = o.Take(rows)
		}
	}
}

// audit measures the groups at all stages.
func (e *examined) audit(ctx context.Context, o AuditOptions, seed uint64) (*Audit, error) {
	spec := o.Audit
	a := &Audit{By: spec.By, Examples: len(e.places), Targets: targetForm(e.data.Set.Task).Noun(),
		MinRows: spec.MinRows, Resamples: spec.Resamples, Confidence: spec.Confidence, examined: e}
	if e.task.Numbers == 0 {
		a.Classes = e.task.Names
	}
	if e.task.Positive >= 0 {
		a.Positive = e.task.Names[e.task.Positive]
	}
	var stages []*audit.Outcomes
	for _, s := range e.stages {
		pooled := &audit.Outcomes{Task: e.task}
		for _, o := range s.networks {
			pooled.Append(o)
		}
		a.Stages, a.Networks, stages = append(a.Stages, s.name), append(a.Networks, len(s.networks)), append(stages, pooled)
	}
	var err error
	if e.columns, err = joined(e.columns, spec); err != nil {
		return nil, err
	}
	groupings, note := audit.Groupings(e.columns)
	if note != "" {
		a.Notes = append(a.Notes, note)
	}
	for k, g := range groupings {
		options := audit.Options{MinRows: spec.MinRows, Resamples: spec.Resamples, Confidence: spec.Confidence, Seed: seed}
		const drawing = "drawing samples for intervals"
		show := portion(o.Progress, drawing, k, len(groupings))
		options.Progress = func(done, total int) error {
			show(int64(done), int64(total))
			return ctxError(ctx, drawing)
		}
		t, err := audit.Compare(stages, g, options)
		if err != nil {
			return nil, err
		}
		a.Tables = append(a.Tables, *t)
	}
	last := len(e.stages) - 1
	if last == 0 || e.task.Classes == 0 {
		return a, nil
	}
	first := e.stages[0]
	a.Changed, err = audit.NewChanges(first.networks[0].Truth, first.predicted(), e.stages[last].predicted(), e.task.Names, groupings)
	return a, err
}

// predicted are the predicted classes of each network.
func (s stageOutcomes) predicted() (out [][]int32) {
	for _, o := range s.networks {
		out = append(out, o.Predicted)
	}
	return out
}

// aboutAudit points an error of an option of the audit to its key in a config.
func aboutAudit(c *config.Config, err error) error {
	var fault *option.Error
	if errors.As(err, &fault) {
		return c.Locate("audit", err)
	}
	return err
}

// checkAudit refuses an audit that cannot be made at the end of the run.
func checkAudit(ctx context.Context, c *config.Config, d *Data) error {
	if c.Audit == nil {
		return nil
	}
	e, err := unexamined(c.Name, d, *c.Audit)
	if err == nil {
		_, err = joined(e.columns, *c.Audit)
	}
	if path := c.Audit.Against; err == nil && path != "" {
		err = e.checkAgainst(ctx, path, *c.Audit)
	}
	return aboutAudit(c, err)
}

// checkAgainst refuses a run that these examples cannot be compared with.
func (e *examined) checkAgainst(ctx context.Context, path string, spec config.Audit) error {
	a, err := OpenArtifact(path)
	var m export.Model
	if err == nil {
		m, err = a.Final()
	}
	if err != nil {
		return option.Errorf("against", "is no finished run: %s", err)
	}
	if !sameOutputs(m, e.data) {
		return option.Errorf("against", "is %s, which has other targets or classes", path)
	}
	other, _, err := a.unexamined(ctx, AuditOptions{Audit: spec})
	if err == nil {
		if err = e.comparable(other); err != nil {
			err = fmt.Errorf("it %w", err)
		}
	}
	if err == nil {
		own := *e // which common takes apart
		own.columns = slices.Clone(e.columns)
		err = common([]*examined{&own, other})
	}
	if ctx.Err() != nil {
		return ctxError(ctx, "checking the audit")
	}
	return notComparable(path, err)
}

// notComparable points an error of a run to the option against.
func notComparable(path string, err error) error {
	if err == nil {
		return nil
	}
	text := strings.TrimPrefix(err.Error(), path+" ") // which says it already
	return option.Errorf("against", "is %s, which cannot be compared: %s", path, text)
}

// sameOutputs reports whether the outputs of a network have the meaning, number and names of the targets of data.
func sameOutputs(m export.Model, d *Data) bool {
	set := d.Set
	names := set.ClassNames
	if set.TargetNames != nil {
		names = set.TargetNames
	}
	return m.Meaning() == OutputsOf(set.Task) && m.Net.Output().Shape.Size() == d.Task().Outputs() &&
		(m.Classes == nil || names == nil || slices.Equal(m.Classes, names))
}

// audit measures the groups that the config names, and writes them into the run folder; nil: the
// config names none.
func (r *runner) audit(ctx context.Context, small *nn.Network) (*Audit, error) {
	if r.c.Audit == nil {
		return nil, nil
	}
	spec := *r.c.Audit
	e, err := unexamined(string(r.folder), r.data, spec)
	if err != nil {
		return nil, aboutAudit(r.c, err)
	}
	versions := []Version{{stageFinal, small}}
	if spec.Against == "" && prunes(r.c) {
		trained, err := load(r.folder.path(trainedDir))
		if err != nil {
			return nil, err
		}
		versions = slices.Insert(versions, 0, Version{stageTrained, trained.Net})
	}
	if err := e.examine(ctx, versions, r.Progress); err != nil {
		return nil, err
	}
	o := AuditOptions{Audit: spec, Progress: r.Progress}
	if spec.Against != "" {
		o.Before = []string{spec.Against}
	}
	out, err := join(ctx, []*examined{e}, o, r.c.Seed)
	if err != nil {
		return nil, aboutAudit(r.c, err)
	}
	r.say("audit: groups of %s, in %s", strings.Join(spec.By, " and "), r.folder.path(AuditDir))
	return out, out.Write(r.folder.path(AuditDir))
}

// AuditOptions say how AuditRuns measures.
type AuditOptions struct {
	config.Audit
	// Before are runs whose final networks count as those before pruning; nil: the networks of
	// the audited runs before their last removal.
	Before   []string
	DataDir  string // replaces data.dir of the runs; "": it stays
	Progress func(what string, done, total int64)
}

// AuditRuns compares the groups of test examples of finished runs, before and after pruning. Of
// several runs, such as runs of several seeds, the test examples that they have in common are
// compared: measures are means over the networks, and changed examples are those whose modal
// prediction changes. An error of an option is an option.Error in an InputError, with the key of
// config.Audit.
func AuditRuns(ctx context.Context, runs []*Artifact, o AuditOptions) (*Audit, error) {
	out, err := auditRuns(ctx, runs, o)
	var fault *option.Error
	if errors.As(err, &fault) {
		err = &InputError{err}
	}
	return out, err
}

// StoreAudit writes the audit of a finished run into its folder, where a run whose config has an
// audit writes it, and a section of its report where there is one: page.
func (a *Artifact) StoreAudit(ctx context.Context, o AuditOptions) (page bool, err error) {
	out, err := AuditRuns(ctx, []*Artifact{a}, o)
	if err != nil {
		return false, err
	}
	release, err := a.folder.lock()
	if err != nil {
		return false, err
	}
	defer release()
	if err := out.Write(a.folder.path(AuditDir)); err != nil {
		return false, err
	}
	shown, err := out.Report()
	if err != nil {
		return false, err
	}
	return a.folder.addToReport(func(page []byte) ([]byte, error) { return report.WithAudit(page, *shown) })
}

func auditRuns(ctx context.Context, runs []*Artifact, o AuditOptions) (*Audit, error) {
	var all []*examined
	for k, a := range runs {
		e, err := a.examine(ctx, o.part(k, len(runs)+len(o.Before)), len(o.Before) == 0)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return join(ctx, all, o, runs[0].Config.Seed)
}

// part are the options for run k of n.
func (o AuditOptions) part(k, n int) AuditOptions {
	o.Progress = progressOf(o.Progress, k, n)
	return o
}

// progressOf shows the work on run k of n as progress of the whole: each reads data, and then predicts.
func progressOf(report func(what string, done, total int64), k, n int) func(what string, done, total int64) {
	if report == nil || n == 1 {
		return report
	}
	whole := fmt.Sprintf("predicting with the networks of %d runs", n)
	read, predict := portion(report, whole, 2*k, 2*n), portion(report, whole, 2*k+1, 2*n)
	return func(what string, done, total int64) {
		if what == predicting {
			predict(done, total)
		} else {
			read(done, total)
		}
	}
}

// portion shows the work on the k-th of n equal parts as progress of the whole. report may be nil.
func portion(report func(what string, done, total int64), whole string, k, n int) func(done, total int64) {
	const steps = 1000 // of a part
	return func(done, total int64) {
		if report != nil && total > 0 {
			report(whole, steps*int64(k)+steps*min(done, total)/total, steps*int64(n))
		}
	}
}

// unexamined are the test examples of a run, and its final network.
func (a *Artifact) unexamined(ctx context.Context, o AuditOptions) (*examined, *export.Model, error) {
	if a.Kind != KindRun {
		return nil, nil, &InputError{fmt.Errorf("%s is no run folder; an audit needs the data and networks of a run", a.Path)}
	}
	final, err := a.Final()
	if err != nil {
		return nil, nil, err
	}
	with, c := *a, *a.Config
	c.Audit, with.Config = &o.Audit, &c
	d, err := with.Data(ctx, final, o.DataDir, o.Progress)
	if err != nil {
		return nil, nil, err
	}
	e, err := unexamined(a.Path, d, o.Audit)
	return e, &final, err
}

// examine runs the final network of a run over its test examples, and with before the network
// before the last removal in front of it.
func (a *Artifact) examine(ctx context.Context, o AuditOptions, before bool) (*examined, error) {
	e, final, err := a.unexamined(ctx, o)
	if err != nil {
		return nil, err
	}
	versions := []Version{{stageFinal, final.Net}}
	if before && prunes(a.Config) {
		trained, err := a.Trained()
		if err != nil {
			return nil, err
		}
		versions = slices.Insert(versions, 0, Version{stageTrained, trained.Net})
	}
	return e, e.examine(ctx, versions, o.Progress)
}

// prunes reports whether the network at the end of a run may predict otherwise than at the end of
// training.
func prunes(c *config.Config) bool {
	return c.Prune.Method != "none" || c.Finetune != nil || c.Thresholds != nil
}

// join audits the test examples that the runs, and the runs of o.Before, have in common.
func join(ctx context.Context, all []*examined, o AuditOptions, seed uint64) (*Audit, error) {
	runs := len(all)
	for k, path := range o.Before {
		other, err := OpenArtifact(path)
		var e *examined
		if err == nil {
			e, err = other.examine(ctx, o.part(runs+k, runs+len(o.Before)), false)
		}
		if fault := (*option.Error)(nil); errors.As(err, &fault) {
			err = notComparable(path, err)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	first := all[0]
	examples := len(first.places)
	for k, e := range all[1:] {
		if err := first.fits(e); err != nil {
			if k+1 >= runs {
				return nil, notComparable(e.path, fmt.Errorf("it %w", err))
			}
			return nil, &InputError{fmt.Errorf("the runs cannot be audited together: %s %w", e.path, err)}
		}
	}
	if len(all) > 1 {
		if err := common(all); err != nil {
			return nil, err
		}
	}
	for _, e := range all[1:runs] {
		for s := range first.stages {
			first.stages[s].networks = append(first.stages[s].networks, e.stages[s].networks...)
		}
	}
	if len(o.Before) > 0 {
		before := stageOutcomes{name: stageAgainst}
		for _, e := range all[runs:] {
			before.networks = append(before.networks, e.stages[0].networks...)
		}
		first.stages = append([]stageOutcomes{before}, first.stages...)
	}
	a, err := first.audit(ctx, o, seed)
	if err != nil {
		return nil, err
	}
	a.Before = o.Before
	if n := len(first.places); n < examples {
		a.Notes = append(a.Notes, fmt.Sprintf("%d of the %d test examples of the first run are test examples of all runs, "+
			"the others are left out: %s", n, examples, seedDivides))
	}
	return a, nil
}

// stageAgainst is the network of another run.
const stageAgainst = "against"

// comparable reports a difference between the targets of two runs.
func (e *examined) comparable(o *examined) error {
	x, y := e.task, o.task
	if x.Classes != y.Classes || x.Labels != y.Labels || x.Numbers != y.Numbers || !slices.Equal(x.Names, y.Names) {
		return errors.New("has other targets or classes")
	}
	return nil
}

// fits reports a difference between two runs that cannot be audited together.
func (e *examined) fits(o *examined) error {
	if err := e.comparable(o); err != nil {
		return err
	}
	switch {
	case len(e.stages) != len(o.stages) && o.stages[0].name != stageFinal:
		return errors.New("prunes, and the first one does not")
	case len(e.stages) > len(o.stages) && e.stages[0].name == stageTrained:
		return errors.New("does not prune, and the first one does")
	}
	return nil
}

// seedDivides says why runs differ in their test examples.
const seedDivides = "the seed of a run divides its data; give the test examples a file or folder of their own, " +
	"or name the parts in a column of the table (data.split)"

// common keeps the examples that are test examples of all, in one order.
func common(all []*examined) error {
	count := map[datasets.Place]int{}
	for _, e := range all {
		for _, p := range e.places {
			count[p]++
		}
	}
	order := map[datasets.Place]int{}
	for _, p := range all[0].places {
		if count[p] == len(all) {
			order[p] = len(order)
		}
	}
	if len(order) == 0 {
		return &InputError{errors.New("the runs have no test example in common, as " + seedDivides + ", or give runs of one seed")}
	}
	for _, e := range all {
		rows := make([]int, len(order))
		for i, p := range e.places {
			if k, ok := order[p]; ok {
				rows[k] = i
			}
		}
		e.take(rows)
	}
	for _, e := range all[1:] {
		if i := all[0].apart(e); i >= 0 {
			return &InputError{fmt.Errorf("the runs have other data: %s does not have the same target and groups in all of them", e.places[i])}
		}
	}
	return nil
}

// apart is the first example whose targets or groups differ between two runs with the same examples;
// −1: there is none.
func (e *examined) apart(o *examined) int {
	x, y := e.stages[0].networks[0], o.stages[0].networks[0]
	for i := range e.places {
		n := len(x.Truth) / len(e.places)
		same := slices.Equal(x.Truth[i*n:][:n], y.Truth[i*n:][:n])
		n = len(x.Y) / len(e.places)
		same = same && slices.Equal(x.Y[i*n:][:n], y.Y[i*n:][:n])
		for k, c := range e.columns {
			d := o.columns[k]
			same = same && c.Values[c.Codes[i]] == d.Values[d.Codes[i]]
		}
		if !same {
			return i
		}
	}
	return -1
}
