package sweep

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/results"
	"pare/run"
)

const attacked = `name: s
config: base.yaml
set: {train.epochs: 1}
methods: [dense, penalty]
strengths: [1]
attack: {eps: [0.1, 0.05], attacks: [fgsm], limit: 10, certify: true, bounds: ibp}
`

// Every run of a sweep with a section attack is attacked, once; results have its columns.
func TestAttackOnRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	f, table := folder(t, dir, attacked)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.Chdir(here); err != nil {
			t.Fatal(err)
		}
	}()
	do := func() {
		t.Helper()
		for i := range table.Runs {
			if err := RunIndex(t.Context(), dir, i, RunOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	do()
	record := f.path(table.Runs[1].attacked())
	first, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	// A run without its record is not finished; the attack alone is made up for, with the same result.
	if err := os.Remove(record); err != nil {
		t.Fatal(err)
	}
	if s := f.States(table.Runs); s[0] != Finished || s[1] == Finished {
		t.Errorf("states %v without a record", s)
	}
	do()
	again, err := os.ReadFile(record)
	if err != nil || string(again) != string(first) {
		t.Errorf("the second attack differs: %v", err)
	}
	sources, unfinished := f.Sources(table)
	set, err := results.Read(sources, results.Options{})
	if err != nil || len(unfinished) > 0 {
		t.Fatal(unfinished, err)
	}
	var csv strings.Builder
	if err := set.CSV(&csv); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(csv.String(), "\n")
	for _, column := range []string{"clean_accuracy", "robust_accuracy_linf_0.05", "certified_accuracy_linf_0.05", "robust_accuracy_linf_0.1"} {
		if !strings.Contains(","+head+",", ","+column+",") {
			t.Errorf("no column %s in %s", column, head)
		}
	}
	out := t.TempDir()
	if err := set.Write(out, results.OverParams, "test"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"robust_accuracy_linf_0.1.svg", "certified_accuracy_linf_0.05.png", results.PageFile} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	tables, err := os.ReadFile(filepath.Join(out, results.MarkdownFile))
	if want := "### Accuracy under attack (linf, %)\n\n| method | point | not 0 | clean | robust 0.05 | certified 0.05 | robust 0.1 | certified 0.1 | seeds |"; err != nil ||
		!strings.Contains(string(tables), want) {
		t.Errorf("no %q in %s, %v", want, tables, err)
	}
	// A figure of an earlier report goes, other files stay.
	for name, stays := range map[string]bool{"robust_accuracy_l2_0.7.png": false, "robust_accuracy_notes.txt": true, "robust_accuracy_linf_0.1.png": true} {
		path := filepath.Join(out, name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := set.Write(out, results.OverParams, "test"); err != nil {
			t.Fatal(err)
		}
		if exists(path) != stays {
			t.Errorf("%s: after another report it is there: %v", name, !stays)
		}
	}
	// A limit that is left out is 1,000, as in the command, and 0 is no limit.
	for text, want := range map[string]int{"{eps: 0.1}": run.DefaultLimit, "{eps: 0.1, limit: 0, unbounded: true}": 0} {
		r := table.Runs[0]
		r.Attack = text
		if o, err := r.robustness(); err != nil || o.Limit != want || o.Unbounded != (want == 0) {
			t.Errorf("%s: %+v, %v", text, o, err)
		}
	}
	// Another request is another attack, of the same runs.
	g, changed := folder(t, dir, strings.Replace(attacked, "0.1, 0.05", "0.02", 1))
	if changed.Runs[0].Dir != table.Runs[0].Dir {
		t.Errorf("the attack changes the folder %s to %s", table.Runs[0].Dir, changed.Runs[0].Dir)
	}
	if s := g.States(changed.Runs); s[0] == Finished {
		t.Errorf("states %v with another request", s)
	}
}

// Data that cannot be attacked is refused before anything is trained.
func TestAttackRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	text := strings.Replace(attacked, "train.epochs: 1", "data: {dataset: adding, length: 8, train: 80, validation: 0, test: 20}, model: {type: rnn, hidden: 4}, penalties: null", 1)
	f, table := folder(t, dir, strings.Replace(text, "[dense, penalty]\nstrengths: [1]", "[dense]", 1))
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	err = RunIndex(t.Context(), dir, 0, RunOptions{})
	if e := os.Chdir(here); e != nil {
		t.Fatal(e)
	}
	var input *run.InputError
	if !errors.As(err, &input) || !strings.Contains(err.Error(), "robust accuracy is of one class for each example") {
		t.Errorf("error %v", err)
	}
	if exists(f.path(table.Runs[0].Dir)) {
		t.Error("a run was started")
	}
	for section, want := range map[string]string{
		"{}":                                         "attack.eps is missing",
		"{eps: []}":                                  "attack.eps",
		"{eps: [-0.1]}":                              "attack.eps.0 must be at least 0, got -0.1",
		"{eps: [0.1, 0.1]}":                          "attack.eps has 0.1 twice",
		"{eps: [0.2, 1/5]}":                          "attack.eps has 0.2 twice",
		"{eps: [0.1, 8-255]}":                        `attack.eps.1 must be a number or a fraction, such as 8/255, got "8-255"`,
		"{eps: 0.1, norm: l1}":                       "attack.norm",
		"{eps: 0.1, bounds: crown}":                  "attack.bounds has no effect without certify",
		"{eps: 0.1, range: [1, 0]}":                  "attack.range must be two numbers, the lower one first",
		"{eps: 0.1, attacks: [nope]}":                `unknown attack "nope"`,
		"{eps: 0.1, limit: -1}":                      "attack.limit must be at least 0, got -1",
		"{eps: 0.1, unbounded: true, range: [0, 1]}": "attack.unbounded takes the place of range; leave one of them out",
		"{eps: 0.1, attacks: {pgd: {x}}}":            "attack.attacks",
	} {
		_, err := plan(t, strings.Replace(attacked, attacked[strings.Index(attacked, "attack: ")+8:], section+"\n", 1))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("attack: %s: error %v, want %q", section, err, want)
		}
	}
}
