package run

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"pare/internal/atomicfile"
	"pare/report"
	"pare/stat/audit"
)

// Files of an audit.
const (
	AuditFile    = "audit.json"
	GroupsFile   = "groups.csv"   // every number of audit.json, a row each
	ExamplesFile = "examples.csv" // targets, predictions and groups of every test example
	ChangedFile  = "changed.csv"  // examples that are predicted otherwise after pruning
	// AuditPage has tables and pictures of all; a run has them in its report.
	AuditPage = "report.html"
)

// StoredAudit is the audit that a finished run has made; nil: it has made none.
func (a *Artifact) StoredAudit() (*Audit, error) {
	var out Audit
	found, err := a.folder.readJSON(filepath.Join(AuditDir, AuditFile), &out)
	if !found || err != nil || a.Kind != KindRun {
		return nil, err
	}
	return &out, nil
}

// WritePage writes the tables and pictures of the audit as an HTML file.
func (a *Audit) WritePage(w io.Writer, title string) error {
	r, err := a.Report()
	if err != nil {
		return err
	}
	return report.WriteAudit(w, title, *r)
}

// Write writes the audit into a folder, which it makes if need be.
func (a *Audit) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return &InputError{fmt.Errorf("the folder of the audit cannot be made: %w", err)}
	}
	files := []struct {
		name  string
		write func(io.Writer) error
	}{{AuditFile, a.WriteJSON}, {GroupsFile, a.WriteCSV}, {ExamplesFile, a.writeExamples}}
	if a.Changed != nil {
		files = append(files, struct {
			name  string
			write func(io.Writer) error
		}{ChangedFile, a.writeChanged})
	}
	for _, f := range files {
		if err := atomicfile.Write(filepath.Join(dir, f.name), f.write); err != nil {
			return err
		}
	}
	return nil
}

// WriteJSON writes audit.json.
func (a *Audit) WriteJSON(w io.Writer) error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// groupRow is a row of groups.csv.
type groupRow struct {
	by, stage, measure, class, group, rows string
	audit.Value
}

// rowsOf lists every number of the tables. The change from the first to the last stage is the
// stage "change"; all examples are the group "all", and aggregates of groups have their names in
// brackets.
func (a *Audit) rowsOf() (out []groupRow) {
	for _, t := range a.Tables {
		frame := func(stage string, m audit.Measure, f audit.Frame) {
			add := func(group, rows string, v audit.Value) {
				out = append(out, groupRow{t.Name(), stage, m.Name, m.Class, group, rows, v})
			}
			add("all", strconv.Itoa(a.Examples), f.Overall)
			for k, g := range t.Groups {
				add(g.Name(), strconv.Itoa(g.Rows), f.Groups[k])
			}
			add("(group_min)", "", f.Min)
			add("(group_max)", "", f.Max)
			add("(difference)", "", f.Difference)
			add("(difference_to_overall)", "", f.DifferenceToOverall)
			add("(ratio)", "", f.Ratio)
			add("(ratio_to_overall)", "", f.RatioToOverall)
		}
		for _, m := range t.Measures {
			for s, f := range m.Stages {
				frame(a.Stages[s], m, f)
			}
			if m.Change != nil {
				frame("change", m, *m.Change)
			}
		}
		for _, d := range t.Disparities {
			for s, v := range d.Stages {
				out = append(out, groupRow{t.Name(), a.Stages[s], d.Name, "", "", "", v})
			}
			if d.Change != nil {
				out = append(out, groupRow{t.Name(), "change", d.Name, "", "", "", *d.Change})
			}
		}
	}
	return out
}

// WriteCSV writes groups.csv.
func (a *Audit) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write([]string{"by", "stage", "measure", "class", "group", "rows", "value", "low", "high"})
	for _, r := range a.rowsOf() {
		out.Write([]string{r.by, r.stage, r.measure, r.class, r.group, r.rows, cell(r.Value.Value), cell(r.Low), cell(r.High)})
	}
	out.Flush()
	return out.Error() // of any of the writes
}

func cell(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// place is the cells of the columns file and row.
func (e *examined) place(i int) []string {
	p, row := e.places[i], ""
	if p.Row > 0 {
		row = strconv.Itoa(p.Row)
	}
	return []string{p.File, row}
}

// writeExamples writes examples.csv: a row for each example and network, with its place, groups and
// targets, and at each stage the prediction, the score of classes and labels, and the loss. A stage
// with fewer networks has empty cells in the rows of the others.
func (a *Audit) writeExamples(w io.Writer) error {
	e, out := a.examined, csv.NewWriter(w)
	u, scored := max(1, e.task.Labels, e.task.Numbers), e.task.Numbers == 0
	unit := func(text string, k int) string {
		switch {
		case u == 1:
			return text
		case k < len(e.task.Names):
			return text + "_" + e.task.Names[k]
		}
		return text + "_" + strconv.Itoa(k)
	}
	head := []string{"network", "file", "row"}
	for _, c := range e.columns {
		head = append(head, c.Name)
	}
	for k := range u {
		head = append(head, unit("target", k))
	}
	most := 0
	for _, s := range e.stages {
		most = max(most, len(s.networks))
		for k := range u {
			head = append(head, unit("prediction_"+s.name, k))
			if scored {
				head = append(head, unit("score_"+s.name, k))
			}
		}
		if scored {
			head = append(head, "loss_"+s.name)
		}
	}
	out.Write(head)
	var row []string
	// stage appends the cells of row i of a network, or of its targets.
	stage := func(o *audit.Outcomes, i int, targets bool) {
		for k := i * u; k < (i+1)*u; k++ {
			switch {
			case !scored && targets:
				row = append(row, cell(o.Y[k]))
			case !scored:
				row = append(row, cell(o.Prediction[k]))
			case targets:
				row = append(row, e.class(o.Truth[k]))
			default:
				row = append(row, e.class(o.Predicted[k]), cell(o.Score[k]))
			}
		}
		if scored && !targets {
			row = append(row, cell(o.Loss[i]))
		}
	}
	for network := range most {
		for i := range e.places {
			row = append(append(row[:0], strconv.Itoa(network+1)), e.place(i)...)
			for _, c := range e.columns {
				row = append(row, c.Values[c.Codes[i]])
			}
			stage(e.stages[0].networks[0], i, true)
			for _, s := range e.stages {
				if network < len(s.networks) {
					stage(s.networks[network], i, false)
					continue
				}
				for range u {
					row = append(row, "")
				}
				if scored {
					row = append(row, slices.Repeat([]string{""}, u+1)...)
				}
			}
			out.Write(row)
		}
	}
	out.Flush()
	return out.Error() // of any of the writes
}

// class is the name of a class, or the 0 or 1 of a label.
func (e *examined) class(k int32) string {
	if e.task.Classes > 0 && int(k) < len(e.task.Names) {
		return e.task.Names[k]
	}
	return strconv.Itoa(int(k))
}

// writeChanged writes changed.csv.
func (a *Audit) writeChanged(w io.Writer) error {
	e, out := a.examined, csv.NewWriter(w)
	head := []string{"file", "row"}
	for _, c := range e.columns {
		head = append(head, c.Name)
	}
	out.Write(append(head, "target", "before", "after", "before_votes", "after_votes"))
	for _, r := range a.Changed.Rows {
		row := e.place(r.Row)
		for _, c := range e.columns {
			row = append(row, c.Values[c.Codes[r.Row]])
		}
		out.Write(append(row, e.class(r.Truth), e.class(r.Before), e.class(r.After), cell(r.BeforeVotes), cell(r.AfterVotes)))
	}
	out.Flush()
	return out.Error() // of any of the writes
}
