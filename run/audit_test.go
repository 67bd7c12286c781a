package run

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/config"
	"pare/datasets"
	"pare/train"
)

// people is a table of two numbers, a group that is no input, and a class that depends on another
// number in the smaller group.
func people(t *testing.T, rows int) string {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString("x,z,town,age,part,hot\n")
	for i := range rows {
		x, z, town := r.NormFloat64(), r.NormFloat64(), "Bern"
		if i%4 == 0 {
			town = "Oslo"
		}
		hot := "no"
		if x > 0 && town == "Bern" || z > 0 && town == "Oslo" {
			hot = "yes"
		}
		fmt.Fprintf(&b, "%.3f,%.3f,%s,%d,%s,%s\n", x, z, town, 20+i%30, []string{"train", "test", "train"}[i%3], hot)
	}
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const peopleConfig = `name: people
data: {dataset: table, target: hot, columns: [x, z], split: part}
model: {type: mlp, hidden: [8]}
train: {epochs: 6, batch: 32, optimizer: {type: adam, lr: 0.02}}
prune: {method: magnitude, budget: {macs: 0.4}}
audit: {by: [town, age], cut: {age: [30]}, resamples: 50}
`

func TestAudit(t *testing.T) {
	path := people(t, 600)
	r := finish(t, parse(t, peopleConfig, "data.file="+path))
	a, err := OpenArtifact(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	stored, err := a.StoredAudit()
	if err != nil || stored == nil {
		t.Fatal(stored, err)
	}
	if stored.Examples != 200 || stored.Positive != "yes" || !slices.Equal(stored.Stages, []string{"trained", "final"}) || len(stored.Tables) != 3 {
		t.Fatalf("%+v", stored)
	}
	town := stored.Tables[0]
	if g := town.Groups; len(g) != 2 || g[0].Name() != "Bern" || g[0].Rows != 150 || g[1].Rows != 50 {
		t.Errorf("groups %+v", g)
	}
	if g := stored.Tables[2].Groups; len(g) != 4 || g[0].Name() != "Bern × below 30" {
		t.Errorf("groups %+v", g)
	}
	m := town.Measure("accuracy")
	if got := m.Stages[1].Overall.Value; math.Abs(got-r.AccuracyFinal) > 1e-12 {
		t.Errorf("accuracy %v, the summary says %v", got, r.AccuracyFinal)
	}
	if got := m.Stages[0].Overall.Value; math.Abs(got-r.AccuracyTrained) > 1e-12 {
		t.Errorf("accuracy before pruning %v, the summary says %v", got, r.AccuracyTrained)
	}
	if got := town.Measure("loss").Stages[1].Overall.Value; math.Abs(got-r.LossFinal) > 1e-9 {
		t.Errorf("loss %v, the summary says %v", got, r.LossFinal)
	}
	harm := r.CorrectTrained - r.CorrectFinal
	if c := stored.Changed; c == nil || c.Harmed-c.Helped != harm || c.Examples != 200 {
		t.Errorf("changed %+v; the summary has %d right before and %d after", c, r.CorrectTrained, r.CorrectFinal)
	}
	records, err := csv.NewReader(strings.NewReader(r.read(t, filepath.Join(AuditDir, ExamplesFile)))).ReadAll()
	if err != nil || len(records) != 201 || !slices.Equal(records[0][:6], []string{"network", "file", "row", "town", "age", "target"}) {
		t.Fatalf("%d rows, %q, %v", len(records), records[0], err)
	}
	if first := records[1]; first[1] != "people.csv" || first[2] != "2" || first[3] != "Bern" || first[4] != "below 30" {
		t.Errorf("the first test example: %q", first)
	}
	page := r.read(t, ReportFile)
	for _, want := range []string{"Groups of test examples", "Accuracy by town", "town × age, final", "Changed predictions"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}

	// The same audit of the finished run, and one against another run.
	again, err := AuditRuns(context.Background(), []*Artifact{a}, AuditOptions{Audit: *a.Config.Audit})
	if err != nil {
		t.Fatal(err)
	}
	var x, y strings.Builder
	if err := again.WriteCSV(&x); err != nil {
		t.Fatal(err)
	}
	if err := stored.WriteCSV(&y); err != nil || x.String() != y.String() {
		t.Errorf("the audit of the finished run is another one (%v)", err)
	}
	dense := finish(t, parse(t, peopleConfig, "data.file="+path, "prune={method: none}"))
	b, err := OpenArtifact(string(dense.folder))
	if err != nil {
		t.Fatal(err)
	}
	if own, err := b.StoredAudit(); err != nil || !slices.Equal(own.Stages, []string{"final"}) || own.Changed != nil {
		t.Errorf("a run without pruning: %+v, %v", own, err)
	}
	against, err := AuditRuns(context.Background(), []*Artifact{a}, AuditOptions{Audit: *a.Config.Audit, Before: []string{b.Path}})
	if err != nil {
		t.Fatal(err)
	}
	// A run that was trained without an audit gets the section by StoreAudit.
	if page := dense.read(t, ReportFile); strings.Contains(page, "town × part") {
		t.Fatal("the report has a section that nobody asked for")
	}
	o := AuditOptions{Audit: *b.Config.Audit}
	o.By, o.Cut = []string{"town", "age"}, map[string][]float64{"age": {40}}
	if page, err := b.StoreAudit(context.Background(), o); err != nil || !page {
		t.Fatal(page, err)
	}
	if page := dense.read(t, ReportFile); strings.Count(page, "Groups of test examples") != 1 || !strings.Contains(page, "from 40") || strings.Contains(page, "from 30") {
		t.Error("the report lacks the new section, or has the earlier one, too")
	}
	if m := against.Tables[0].Measure("accuracy"); against.Stages[0] != "against" || math.Abs(m.Stages[0].Overall.Value-dense.AccuracyFinal) > 1e-12 {
		t.Errorf("against: %q, %+v", against.Stages, m.Stages[0].Overall)
	}
}

// TestAuditSeeds: of several runs the common test examples are compared, and measures are means.
func TestAuditSeeds(t *testing.T) {
	path := people(t, 600)
	var runs []*Artifact
	right := 0.0
	for seed := range 3 {
		r := finish(t, parse(t, peopleConfig, "data.file="+path, fmt.Sprintf("seed=%d", seed+1)))
		a, err := OpenArtifact(string(r.folder))
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, a)
		right += r.AccuracyFinal / 3
	}
	o := AuditOptions{Audit: *runs[0].Config.Audit}
	a, err := AuditRuns(context.Background(), runs, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Tables[0].Measure("accuracy").Stages[1].Overall.Value; math.Abs(got-right) > 1e-12 || !slices.Equal(a.Networks, []int{3, 3}) {
		t.Errorf("mean accuracy %v, want %v; networks %v", got, right, a.Networks)
	}
	if c := a.Changed; c.Before != 3 || c.After != 3 {
		t.Errorf("changed %+v", c)
	}
	var text strings.Builder
	if err := a.writeExamples(&text); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "\n"); n != 601 {
		t.Errorf("%d lines of examples", n)
	}

	// Parts that the seed draws: a third of the test examples of one run is in another run, too.
	text.Reset()
	var apart []*Artifact
	for _, seed := range []string{"seed=1", "seed=2"} {
		r := finish(t, parse(t, peopleConfig, "data={dataset: table, target: hot, columns: [x, z], file: "+path+", test: 0.3}", seed))
		a, err := OpenArtifact(string(r.folder))
		if err != nil {
			t.Fatal(err)
		}
		apart = append(apart, a)
	}
	two, err := AuditRuns(context.Background(), apart, o)
	if err != nil {
		t.Fatal(err)
	}
	if two.Examples < 20 || two.Examples > 100 || len(two.Notes) != 1 || !strings.Contains(two.Notes[0], "of the 180 test examples of the first run are test examples of all runs") {
		t.Errorf("%d common examples, notes %q", two.Examples, two.Notes)
	}
}

// TestAuditOfOtherData: examples of the same place count as the same only where their targets and groups are;
// another meaning of the outputs is refused before training.
func TestAuditOfOtherData(t *testing.T) {
	path := people(t, 300)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(other, []byte(strings.Replace(string(text), ",test,yes\n", ",test,no\n", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	artifact := func(sets ...string) *Artifact {
		a, err := OpenArtifact(string(finish(t, parse(t, peopleConfig, sets...)).folder))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first, second := artifact("data.file="+path), artifact("data.file="+other)
	_, err = AuditRuns(context.Background(), []*Artifact{first}, AuditOptions{Audit: *first.Config.Audit, Before: []string{second.Path}})
	if err == nil || !strings.Contains(err.Error(), "does not have the same target and groups in all of them") || !IsInput(err) {
		t.Error(err)
	}
	numbers := artifact("data={dataset: table, target: z, columns: [x, age], split: part, file: " + path + "}")
	_, _, err = Plan(context.Background(), parse(t, peopleConfig, "data.file="+path, "audit={by: town, against: "+numbers.Path+"}"), nil)
	if want := "audit.against is " + numbers.Path + ", which has other targets or classes"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestGroupColumnsChange: a run does not go on with other values of a column that its groups are made of.
func TestGroupColumnsChange(t *testing.T) {
	path := minorityTable(t)
	for set, want := range map[string]bool{"train.groups={by: group, loss: worst}": true, "audit={by: group}": true, "seed=1": false} {
		c := parse(t, minorityConfig, "data.file="+path, set)
		r := finish(t, c)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		swapped := strings.NewReplacer(",A,L,", ",B,L,", ",B,L,", ",A,L,").Replace(string(text))
		if err := os.WriteFile(path, []byte(swapped), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = Run(context.Background(), Options{Config: c, Folder: r.folder})
		if got := err != nil && strings.Contains(err.Error(), "are not those that the run in"); got != want || err != nil && !want {
			t.Errorf("%s: %v", set, err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAuditErrors(t *testing.T) {
	path := people(t, 60)
	file := func(name, text string) string {
		at := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return at
	}
	good := "row,sex\n"
	for i := 1; i <= 60; i++ {
		good += fmt.Sprintf("%d,%s\n", i, []string{"f", "m", "m"}[i/3%3])
	}
	check := func(set string) error {
		c, err := config.Parse("people.yaml", []byte(peopleConfig), "data.file="+path, "audit="+set)
		if err == nil {
			_, _, err = Plan(context.Background(), c, nil)
		}
		return err
	}
	if err := check(fmt.Sprintf("{by: sex, file: %s}", file("good.csv", good))); err != nil {
		t.Error(err)
	}
	for set, want := range map[string]string{
		"{by: twon}":                         `audit.by names a column that is not there: people.csv: no column "twon"; did you mean town?`,
		"{by: hot}":                          "audit.by names hot, which is the target; groups are of rows whatever the target is",
		"{by: [town, town]}":                 "audit.by names town twice",
		"{by: part}":                         "audit.by cannot be used: column part has one value alone, test, in all 20 rows; groups need at least two",
		"{by: age, rare: 2}":                 "",
		"{by: x}":                            "audit.by cannot be used: column x: the group",
		"{by: town, cut: {town: [1]}}":       `audit.cut cannot be used: column town has the value "Bern", which is no number to cut at 1`,
		"{by: town, cut: {age: [30]}}":       "audit.cut names age, which is none of the columns by; the columns are town",
		"{by: town, positive: maybe}":        `audit.positive is "maybe", which is no class; the classes are no, yes`,
		"{by: town, against: " + path + "x}": "audit.against is no finished run: " + path + "x does not exist",
		"{by: sex, file: none.csv}":          "audit.file cannot be read: none.csv: there is no such file",
		"{by: sex, file: " + path + "}":      `audit.by names a column that is not there: people.csv: no column "sex"`,
		"{by: town, file: " + path + "}":     "audit.file cannot be used: people.csv: there is no column row to tell which example a row describes; the first one is people.csv: row 2",
		"{by: sex, file: " + file("a.csv", strings.Replace(good, "\n5,", "\n6,", 1)) + "}":        "audit.file cannot be used: a.csv: rows 5 and 6 both describe row 6; remove one of them",
		"{by: sex, file: " + file("b.csv", strings.Replace(good, "\n5,", "\n605,", 1)) + "}":      "audit.file cannot be used: b.csv: no row describes people.csv: row 5 (1 of 20 examples have none)",
		"{by: sex, file: " + file("c.csv", strings.Replace(good, "\n5,m\n", "\n5,NA\n", 1)) + "}": "audit.by cannot be used: c.csv: row 5, column sex: the cell has no value (1 of 20 examples have such a cell)",
		"{by: town, min_rows: 0}": "audit.min_rows",
		"{by: town, rare: 1}":     "audit.rare",
	} {
		err := check(set)
		switch {
		case want == "":
			if err != nil {
				t.Errorf("%s: %v", set, err)
			}
		case err == nil || !strings.Contains(err.Error(), want) || !IsInput(err) || strings.Contains(err.Error(), "\n"):
			t.Errorf("%s:\n  got  %v\n  want %s", set, err, want)
		}
	}
	// Images have no columns, positions of a text no groups.
	c := parse(t, base+perceptron+"audit: {by: hand}\n")
	if _, _, err := Plan(context.Background(), c, nil); err == nil ||
		!strings.HasSuffix(err.Error(), "audit.file is missing: the examples of digits have no columns; give a table with a row for each test example") {
		t.Error(err)
	}
}

// TestAuditOfImages: attributes by the number of an image; the changed ones are drawn.
func TestAuditOfImages(t *testing.T) {
	var b strings.Builder
	b.WriteString("row,hand\n")
	for i := 1; i <= 1797; i++ {
		fmt.Fprintf(&b, "%d,%s\n", i, []string{"left", "right", "right"}[i%3])
	}
	path := filepath.Join(t.TempDir(), "hands.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	r := finish(t, parse(t, base+perceptron+"prune: {method: magnitude, budget: {macs: 0.3}}\n",
		"audit={by: hand, resamples: 20, file: "+path+"}"))
	a, err := OpenArtifact(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	stored, err := a.StoredAudit()
	if err != nil {
		t.Fatal(err)
	}
	if stored.Changed.Changed == 0 || stored.Positive != "" || stored.Tables[0].Measure("macro_true_positive_rate") == nil {
		t.Errorf("%+v", stored)
	}
	if page := r.read(t, ReportFile); strings.Count(page, "data:image/png;base64,") != min(mostPictures, stored.Changed.Changed) {
		t.Errorf("%d pictures of %d changed images", strings.Count(page, "data:image/png;base64,"), stored.Changed.Changed)
	}
}

// TestAuditTasks: tasks without one target an example have no audit.
func TestAuditTasks(t *testing.T) {
	text := datasets.Task{Input: []int{1, 64}, Classes: 65, Targets: 64, Vocabulary: 65, NextToken: true}
	_, err := auditTask(&datasets.Set{Name: "text", Task: text}, "")
	if want := "by compares examples with one target each; examples of text have one for each of 64 positions"; err == nil || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
	_, err = auditTask(&datasets.Set{Name: "table", Task: datasets.Task{Input: []int{2}, Targets: 1}}, "yes")
	if want := "positive names a class, but targets of table are numbers"; err == nil || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
	labels, err := auditTask(&datasets.Set{Task: datasets.Task{Targets: 3, Labels: true}, ClassNames: []string{"a", "b", "c"}}, "")
	if err != nil || labels.Labels != 3 || labels.Positive != -1 || len(labels.Names) != 3 {
		t.Errorf("%+v, %v", labels, err)
	}
}

// TestAuditOfNumbers: measures of a regression.
func TestAuditOfNumbers(t *testing.T) {
	path := people(t, 300)
	r := finish(t, parse(t, peopleConfig, "data={dataset: table, target: z, columns: [x, age], split: part, file: "+path+"}",
		"audit={by: [town, hot], resamples: 20}"))
	a, err := OpenArtifact(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	stored, err := a.StoredAudit()
	if err != nil {
		t.Fatal(err)
	}
	m := stored.Tables[0].Measure("mean_squared_error").Stages[1]
	if math.Abs(m.Overall.Value-r.MSEFinal) > 1e-9*r.MSEFinal || stored.Changed != nil || stored.Targets != "numbers" {
		t.Errorf("mean square error %v, the summary says %v", m.Overall.Value, r.MSEFinal)
	}
	if r2 := stored.Tables[0].Measure("r2").Stages[1].Overall.Value; math.Abs(r2-*r.Details[stageFinal].R2) > 1e-9 {
		t.Errorf("R² %v, the summary says %v", r2, *r.Details[stageFinal].R2)
	}
}

// TestAuditProgress: an audit tells how far it is, and ends with its context.
func TestAuditProgress(t *testing.T) {
	r := finish(t, parse(t, peopleConfig, "data.file="+people(t, 600), "train.epochs=1"))
	a, err := OpenArtifact(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]int64{}
	o := AuditOptions{Audit: *a.Config.Audit, Progress: func(what string, done, total int64) {
		if done < last[what] || done > total {
			t.Errorf("%s: %d of %d after %d", what, done, total, last[what])
		}
		if last[what] = done; done == total {
			last[what+" ended"] = 1
		}
	}}
	o.Before = []string{a.Path}
	const predict, draw = "predicting with the networks of 2 runs", "drawing samples for intervals"
	if _, err := AuditRuns(context.Background(), []*Artifact{a}, o); err != nil || last[predict+" ended"] != 1 || last[draw+" ended"] != 1 {
		t.Errorf("%v, %v", last, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	o.Progress = func(what string, _, _ int64) {
		if what == draw {
			cancel()
		}
	}
	if _, err := AuditRuns(ctx, []*Artifact{a}, o); !errors.Is(err, train.ErrInterrupted) || err.Error() != "interrupted while "+draw {
		t.Errorf("error %v", err)
	}
}

// TestAuditAgainstOtherData: a run that cannot be compared is refused before training.
func TestAuditAgainstOtherData(t *testing.T) {
	other := finish(t, parse(t, minorityConfig, "data.file="+minorityTable(t), "train.epochs=1"))
	path := people(t, 600)
	for set, want := range map[string]string{
		"audit={by: town, against: " + string(other.folder) + "}": "audit.against is " + string(other.folder) + ", which cannot be compared: by names a column that is not there: people.csv: no column \"town\"",
		"audit={by: x, cut: {x: [0]}, against: nowhere}":          "audit.against is no finished run: nowhere does not exist",
	} {
		_, _, err := Plan(context.Background(), parse(t, peopleConfig, "data.file="+path, set), nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s:\n  %v, want\n  %s", set, err, want)
		}
	}
	apart := finish(t, parse(t, peopleConfig, "data={dataset: table, target: town, columns: [x, z], split: part, file: "+path+"}", "audit=null", "train.epochs=1"))
	_, _, err := Plan(context.Background(), parse(t, peopleConfig, "data.file="+path, "audit={by: age, cut: {age: [30]}, against: "+string(apart.folder)+"}"), nil)
	if want := "audit.against is " + string(apart.folder) + ", which has other targets or classes"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}
