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
	Before   string   `json:"before,omitempty"`   // run whose network is the first stage; "": the run itself
	Stages   []string `json:"stages"`             // networks, such as trained and final

	MinRows    int     `json:"min_rows"`
	Resamples  int     `json:"resamples"`
	Confidence float64 `json:"confidence"`

	Tables []audit.Table `json:"tables"` // one for each column, and one for their combinations
	// Changed are the examples that the stages predict differently; nil for numbers and labels,
	// and for a single stage.
	Changed *ChangedExamples `json:"changed,omitempty"`
	Notes   []string         `json:"notes,omitempty"`

	examined *examined
}

// ChangedExamples counts pruning-identified examples.
type ChangedExamples struct {
	Networks int             `json:"networks"` // before pruning, and as many after it
	Examples int             `json:"examples"` // that were compared
	Changed  int             `json:"changed"`
	Harmed   int             `json:"harmed"` // right before, wrong after
	Helped   int             `json:"helped"` // wrong before, right after
	Classes  []audit.Share   `json:"classes"`
	Groups   []ChangedGroups `json:"groups"`

	rows []audit.Changed
}

// ChangedGroups counts by the groups of one or several columns.
type ChangedGroups struct {
	By     []string      `json:"by"`
	Groups []audit.Share `json:"groups"`
}

// examined are test examples with their groups and the predictions of networks at stages.
type examined struct {
	data    *Data
	task    audit.Task
	columns []audit.Column
	places  []datasets.Place
	index   []int // of the examples in the test part
	stages  []string
	of      []*audit.Outcomes // one for each stage
}

// examine runs networks over the test examples.
func examine(ctx context.Context, d *Data, spec config.Audit, versions []Version) (*examined, error) {
	task, err := auditTask(d.Set, spec.Positive)
	if err != nil {
		return nil, err
	}
	e := &examined{data: d, task: task}
	if e.columns, err = groupColumns(d, d.Set.Test, spec); err != nil {
		return nil, err
	}
	for i := range d.Set.Test.Len() {
		e.places, e.index = append(e.places, datasets.PlaceOf(d.Set.Test, i)), append(e.index, i)
	}
	for _, v := range versions {
		if err := e.predict(ctx, d, v); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// predict adds a stage: the outputs of a network for all test examples of d.
func (e *examined) predict(ctx context.Context, d *Data, v Version) error {
	out := &audit.Outcomes{Task: e.task}
	batch := v.Net.BatchUpTo(evaluationBatch)
	source, err := d.Eval(d.Set.Test, batch, 0)
	if err != nil {
		return err
	}
	targets := d.Set.Task.Targets
	err = Logits(ctx, v.Net, source, batch, func(b train.Batch, logits []float32) error {
		width := len(logits) / b.N
		for i := range b.N {
			if err := out.Add(logits[i*width:][:width], b.Y[i*targets:][:targets]); err != nil {
				return err
			}
		}
		return nil
	})
	e.stages, e.of = append(e.stages, v.Name), append(e.of, out)
	return err
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
	for k, o := range e.of {
		e.of[k] = o.Take(rows)
	}
}

// audit measures the groups at all stages.
func (e *examined) audit(spec config.Audit, seed uint64) (*Audit, error) {
	a := &Audit{By: spec.By, Examples: len(e.places), Targets: targetForm(e.data.Set.Task).Noun(), Stages: e.stages,
		Before: spec.Against, MinRows: spec.MinRows, Resamples: spec.Resamples, Confidence: spec.Confidence, examined: e}
	if e.task.Numbers == 0 {
		a.Classes = e.task.Names
	}
	if e.task.Positive >= 0 {
		a.Positive = e.task.Names[e.task.Positive]
	}
	o := audit.Options{MinRows: spec.MinRows, Resamples: spec.Resamples, Confidence: spec.Confidence, Seed: seed}
	groupings := audit.Groupings(e.columns)
	for _, g := range groupings {
		t, err := audit.Compare(e.of, g, o)
		if err != nil {
			return nil, err
		}
		a.Tables = append(a.Tables, *t)
	}
	if last := len(e.of) - 1; last > 0 && e.task.Classes > 0 {
		var err error
		a.Changed, err = e.changed([][]int32{e.of[0].Predicted}, [][]int32{e.of[last].Predicted})
		if err != nil {
			return nil, err
		}
	}
	return a, nil
}

// changed counts the examples whose modal prediction differs before and after pruning.
func (e *examined) changed(before, after [][]int32) (*ChangedExamples, error) {
	truth := e.of[0].Truth
	rows, err := audit.ChangedRows(truth, before, after)
	if err != nil {
		return nil, err
	}
	out := &ChangedExamples{Networks: len(before), Examples: len(truth), Changed: len(rows), rows: rows,
		Classes: audit.Shares(rows, truth, e.task.Names)}
	for _, s := range out.Classes {
		out.Harmed, out.Helped = out.Harmed+s.Harmed, out.Helped+s.Helped
	}
	for _, g := range audit.Groupings(e.columns) {
		out.Groups = append(out.Groups, ChangedGroups{g.By, audit.Shares(rows, g.Of, g.Names())})
	}
	return out, nil
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
func checkAudit(c *config.Config, d *Data) error {
	if c.Audit == nil {
		return nil
	}
	_, err := auditTask(d.Set, c.Audit.Positive)
	if err == nil {
		_, err = groupColumns(d, d.Set.Test, *c.Audit)
	}
	if path := c.Audit.Against; err == nil && path != "" {
		var a *Artifact
		if a, err = OpenArtifact(path); err == nil {
			_, err = a.Final()
		}
		if err != nil {
			err = option.Errorf("against", "is no finished run: %s", err)
		}
	}
	return aboutAudit(c, err)
}

// audit measures the groups that the config names, and writes them into the run folder; nil: the
// config names none.
func (r *runner) audit(ctx context.Context, small *nn.Network) (*Audit, error) {
	if r.c.Audit == nil {
		return nil, nil
	}
	spec := *r.c.Audit
	versions := []Version{{stageFinal, small}}
	if spec.Against == "" && prunes(r.c) {
		trained, err := load(r.folder.path(trainedDir))
		if err != nil {
			return nil, err
		}
		versions = slices.Insert(versions, 0, Version{stageTrained, trained.Net})
	}
	e, err := examine(ctx, r.data, spec, versions)
	if err == nil && spec.Against != "" {
		err = e.against(ctx, AuditOptions{Audit: spec, Progress: r.Progress})
	}
	var out *Audit
	if err == nil {
		out, err = e.audit(spec, r.c.Seed)
	}
	if err != nil {
		return nil, aboutAudit(r.c, err)
	}
	r.say("audit: groups of %s, %s", strings.Join(spec.By, " and "), r.folder.path(auditDir))
	return out, out.Write(r.folder.path(auditDir))
}

// AuditOptions say how Artifact.Audit measures.
type AuditOptions struct {
	config.Audit
	DataDir  string // replaces data.dir of the run's config; "": it stays
	Progress func(what string, done, total int64)
}

// Audit compares the groups of test examples of a finished run before and after pruning. Errors of
// options are option.Errors in an InputError, with the keys of config.Audit.
func (a *Artifact) Audit(ctx context.Context, o AuditOptions) (*Audit, error) {
	e, err := a.examine(ctx, o)
	if err == nil && o.Against != "" {
		err = e.against(ctx, o)
	}
	var out *Audit
	if err == nil {
		out, err = e.audit(o.Audit, a.Config.Seed)
	}
	var fault *option.Error
	if errors.As(err, &fault) {
		err = &InputError{err}
	}
	return out, err
}

// examine runs the networks of the run, before and after pruning, over its test examples.
func (a *Artifact) examine(ctx context.Context, o AuditOptions) (*examined, error) {
	if a.Kind != KindRun {
		return nil, &InputError{fmt.Errorf("%s is no run folder; an audit needs the data and networks of a run", a.Path)}
	}
	final, err := a.Final()
	if err != nil {
		return nil, err
	}
	d, err := a.auditData(ctx, final, o)
	if err != nil {
		return nil, err
	}
	versions := []Version{{stageFinal, final.Net}}
	if o.Against == "" && prunes(a.Config) {
		trained, err := a.Trained()
		if err != nil {
			return nil, err
		}
		versions = slices.Insert(versions, 0, Version{stageTrained, trained.Net})
	}
	return examine(ctx, d, o.Audit, versions)
}

// auditData loads the data of the run, with the columns of the audit.
func (a *Artifact) auditData(ctx context.Context, m export.Model, o AuditOptions) (*Data, error) {
	with := *a
	c := *a.Config
	c.Audit, with.Config = &o.Audit, &c
	return with.Data(ctx, m, o.DataDir, o.Progress)
}

// prunes reports whether the network at the end of a run may predict otherwise than at the end of
// training.
func prunes(c *config.Config) bool {
	return c.Prune.Method != "none" || c.Finetune != nil || c.Thresholds != nil
}

// against puts the final network of another run in front, as the first stage. Of the examples
// those remain that are test examples of both runs.
func (e *examined) against(ctx context.Context, o AuditOptions) error {
	other, err := OpenArtifact(o.Against)
	if err != nil {
		return option.Errorf("against", "%s", err)
	}
	of := o
	of.Against = ""
	if other.Kind != KindRun {
		return option.Errorf("against", "is %s, which is no run folder", o.Against)
	}
	final, err := other.Final()
	if err != nil {
		return option.Errorf("against", "is %s", err)
	}
	d, err := other.auditData(ctx, final, of)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Against, err)
	}
	first, err := examine(ctx, d, o.Audit, []Version{{stageAgainst, final.Net}})
	if err != nil {
		return fmt.Errorf("%s: %w", o.Against, err)
	}
	if err := sameTask(e, first); err != nil {
		return option.Errorf("against", "is %s, %s", o.Against, err)
	}
	if err := common([]*examined{e, first}); err != nil {
		return option.Errorf("against", "is %s, %s", o.Against, err)
	}
	e.stages, e.of = append([]string{stageAgainst}, e.stages...), append(first.of, e.of...)
	return nil
}

// stageAgainst is the network of another run.
const stageAgainst = "against"

func sameTask(a, b *examined) error {
	if x, y := a.task, b.task; x.Classes != y.Classes || x.Labels != y.Labels || x.Numbers != y.Numbers || !slices.Equal(x.Names, y.Names) {
		return errors.New("whose classes or targets are others")
	}
	return nil
}

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
		return errors.New("which has none of the same test examples; split the data by a column (data.split), or give runs of one seed")
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
	return nil
}
