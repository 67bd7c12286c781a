package sweep

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/config"
	"pare/nn/onnx"
)

var update = flag.Bool("update", false, "write the golden tables anew")

// base is the config of the sweeps of these tests.
const base = `
data: {dataset: digits, validation: 0}
model: {type: mlp, hidden: [16]}
train: {epochs: 2, batch: 64}
penalties: [{type: group_lasso, on: neurons, lambda: 1e-3}]
export: {safetensors: true, onnx: false}
`

// write puts a sweep file, and beside it the config that it names base.yaml, into a folder.
func write(t *testing.T, sweep string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "file.yaml")
	for path, text := range map[string]string{file: sweep, filepath.Join(dir, "base.yaml"): base} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func plan(t *testing.T, text string, sets ...string) (*Plan, error) {
	t.Helper()
	s, err := Read(write(t, text), sets)
	if err != nil {
		return nil, err
	}
	return s.Plan("")
}

func mustPlan(t *testing.T, text string, sets ...string) *Plan {
	t.Helper()
	p, err := plan(t, text, sets...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// table shows a plan as the golden files have it.
func table(p *Plan) string {
	var b strings.Builder
	for _, r := range p.Runs {
		fmt.Fprintf(&b, "%d %s epochs %d", r.Index, r.Dir, r.Epochs)
		if r.Auxiliary {
			b.WriteString(" auxiliary")
		}
		if len(r.Needs) > 0 {
			fmt.Fprintf(&b, " needs %v", r.Needs)
		}
		if len(r.Keys) > 0 {
			fmt.Fprintf(&b, " keys %v", r.Keys)
		}
		b.WriteByte('\n')
		for _, set := range r.Set {
			fmt.Fprintf(&b, "\t%s\n", set)
		}
		for _, take := range r.Take {
			fmt.Fprintf(&b, "\ttake %s: %s of run %d\n", take.Key, take.Value, take.Run)
		}
	}
	return b.String()
}

// knows reports whether this program has a method of pruning.
func knows(method string) bool {
	_, err := config.Parse("c.yaml", []byte(base+"prune: {method: "+method+", budget: {weights: 0.5}}\n"))
	return err == nil
}

// The tables of all methods are as they were when a reader checked them.
func TestPlans(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		needs string // method of pruning
	}{
		"dense":   {"methods: [dense]\nseeds: [1, 2]", ""},
		"penalty": {"methods: [penalty]\nstrengths: [3, 0.5]", ""},
		"path":    {"methods: [penalty]\nstrengths: {log: [0.1, 10], steps: 3}\nwarm_start: true", ""},
		"target":  {"methods: [target]\nbudgets: {macs: [0.5], params: 0.25}\nset: {target: {groups: 0.9, from: 0.2}}", ""},
		"units":   {"methods: [magnitude, random, {taylor: {scope: layer}}]\nbudgets: {macs: 0.5}", ""},
		"tuned": {"methods: [magnitude]\nbudgets: {macs: 0.5}\nfinetune: {optimizer: {lr: 0.02}}\n" +
			"vary: {finetune.optimizer.lr: [0.01, 0.001]}", ""},
		"weights": {"methods: [weights, {weights: {name: gradual, from: new, set: {prune.schedule: {from: 0.1}}}}, rigl]\n" +
			"budgets: {weights: [0.1]}", "weights"},
		"pattern": {"methods: [{weights: {name: half, set: {prune.pattern: \"2:4\"}}}]", "weights"},
		"scratch": {"methods: [penalty, scratch, {scratch: {name: longer, equal: work}}]\nstrengths: [1]", ""},
		"tunings": {"methods: [{scratch: {of: magnitude}}, magnitude]\nbudgets: {macs: [0.5]}\nfinetune: {epochs: 3}", ""},
		"narrow":  {"methods: [narrow]\nbudgets: {macs: [0.5]}\nseeds: [4, 5]", ""},
		"reached": {"methods: [penalty, target, magnitude, narrow]\nstrengths: [1]\nbudgets: {from: penalty}\nseeds: [1, 2]", ""},
		"varied": {"methods: [dense, penalty]\nstrengths: [1]\nvary: {penalties.0.lambda: [1e-3, 2e-3], train.optimizer.lr: [0.1, 0.05]}",
			""},
	} {
		t.Run(name, func(t *testing.T) {
			if c.needs != "" && !knows(c.needs) {
				t.Skip("this program has no pruning method", c.needs)
			}
			got := table(mustPlan(t, "config: base.yaml\nname: s\n"+c.text+"\n"))
			golden := filepath.Join("testdata", name+".plan")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the plan differs from %s:\n%s", golden, got)
			}
		})
	}
}

// ids are the hashes of the runs by name.
func ids(p *Plan) map[string]string {
	out := map[string]string{}
	for _, r := range p.Runs {
		out[strings.TrimPrefix(r.Name, p.Name+"-")] = r.ID
	}
	return out
}

// A run keeps its identity unless its config, or one that it depends on, changes.
func TestIdentity(t *testing.T) {
	const text = "config: base.yaml\nmethods: [dense, penalty, magnitude, scratch]\nstrengths: [1, 2]\nbudgets: {macs: [0.5]}\n"
	first := ids(mustPlan(t, text))
	for name, c := range map[string]struct {
		text    string
		sets    []string
		changed []string // beginnings of the names of runs
	}{
		"nothing":             {text: "# a comment\n" + text},
		"a new name":          {text: text + "name: other\n"},
		"a second seed":       {text: text + "seeds: [1, 2]\n"},
		"another order":       {text: strings.Replace(text, "[dense, penalty, magnitude, scratch]", "[magnitude, scratch, penalty, dense]", 1)},
		"threads":             {text: text, sets: []string{"threads=2"}},
		"a new strength":      {text: strings.Replace(text, "[1, 2]", "[1, 2, 3]", 1)},
		"another fine-tuning": {text: text + "finetune: {epochs: 5}\n", changed: []string{"magnitude"}},
		"lambda":              {text: text + "set: {penalties.0.lambda: 2e-3}\n", changed: []string{"penalty", "scratch"}},
		"learning rate":       {text: text + "set: {train.optimizer.lr: 0.01}\n", changed: []string{""}},
	} {
		again := ids(mustPlan(t, c.text, c.sets...))
		for run, id := range first {
			changed := slices.ContainsFunc(c.changed, func(prefix string) bool { return strings.HasPrefix(run, prefix) })
			if got, ok := again[run]; !ok || (got != id) != changed {
				t.Errorf("%s: %s has the hash %s, had %s; changed: %t", name, run, got, id, changed)
			}
		}
	}
}

// A key that some runs do not use does not run them twice, and is no key of theirs.
func TestSharedRuns(t *testing.T) {
	p := mustPlan(t, "config: base.yaml\nmethods: [dense, penalty]\nstrengths: [1]\nvary: {penalties.0.lambda: [1e-3, 2e-3]}\n")
	dense := 0
	for _, r := range p.Runs {
		if r.Method == "dense" {
			dense++
			if len(r.Keys) > 0 {
				t.Errorf("dense has the keys %v", r.Keys)
			}
		}
	}
	if dense != 1 || len(p.Runs) != 3 {
		t.Errorf("%d runs, %d of dense", len(p.Runs), dense)
	}
}

// Faults are one line each, which points to the word at fault. testdata/faults.txt has the lines
// behind the key config of a sweep file, and the message.
func TestFaults(t *testing.T) {
	list, err := os.ReadFile(filepath.Join("testdata", "faults.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(strings.TrimSpace(string(list)), "\n\n") {
		text, want, ok := strings.Cut(block, "\n! ")
		if !ok {
			t.Fatalf("%q has no message", block)
		}
		file := write(t, "config: base.yaml\n"+text+"\n")
		s, err := Read(file, nil)
		if err == nil {
			_, err = s.Plan("")
		}
		if err == nil || strings.TrimPrefix(err.Error(), file+":") != want {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// A file of another kind is refused with the command for it.
func TestOtherFiles(t *testing.T) {
	for text, want := range map[string]string{
		"":        "1:1: the file is empty; a sweep is a section of keys",
		"- dense": "1:1: a sweep is a section of keys, got a list",
		"methods: [dense]": "1:1: config is missing; it is config of the dense network: a file, " +
			"relative to the sweep file, or a built-in name",
		"config: none\nmethods: dense": "1:9: config: none: there is no such file; the built-in configs are " +
			strings.Join(config.BuiltIn(), ", "),
		"model: {type: mlp}\ndata: {}":  "1:1: this is a config of one run; run it with: train -config FILE",
		"config: base.yaml\nmethods:\n": "2:1: methods has no value; give it one or remove the key",
	} {
		file := write(t, text)
		s, err := Read(file, nil)
		if err == nil {
			_, err = s.Plan("")
		}
		want = strings.Replace(want, "FILE", file, 1)
		if err == nil || strings.TrimPrefix(err.Error(), file+":") != want {
			t.Errorf("%q:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// The built-in sweeps can be planned.
func TestBuiltInSweeps(t *testing.T) {
	for _, name := range config.BuiltInSweeps() {
		s, err := Read(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := s.Plan(""); err != nil || len(p.Runs) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFilesOfRuns: files that runs read beside their data are found beside the sweep file or its
// config, from any folder, and their content is part of the identity of a run.
func TestFilesOfRuns(t *testing.T) {
	file := write(t, "name: s\nconfig: base.yaml\nmethods: [dense, {magnitude: {set: {finetune.distill.run: teacher.onnx}}}]\n"+
		"budgets: {macs: [0.5]}\nset: {model.weights: w.safetensors, model.names: n.csv, train.distill.run: teacher.onnx}\n")
	dir := filepath.Dir(file)
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sub := func(old, by string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, "base.yaml"))
		if err != nil || !strings.Contains(string(text), old) {
			t.Fatal(err)
		}
		put("base.yaml", strings.ReplaceAll(string(text), old, by))
	}
	sub("model: {type: mlp, hidden: [16]}", "model: {layers: [flatten, {linear: {out: 10}}]}")
	put("w.safetensors", "first")
	put("n.csv", "a,b")
	put("teacher.onnx", string(onnx.Encode(&onnx.Model{})))
	plan := func() *Plan {
		t.Helper()
		s, err := Read(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Plan("")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := plan()
	dense, pruned := first.Runs[0], first.Runs[1]
	for _, c := range []struct {
		set  []string
		want []string
		none string
	}{
		{dense.Set, []string{"model.weights=" + filepath.Join(dir, "w.safetensors"), "model.names=" + filepath.Join(dir, "n.csv"),
			"train.distill.run=" + filepath.Join(dir, "teacher.onnx")}, "finetune."},
		{pruned.Set, []string{"finetune.distill.run=" + filepath.Join(dir, "teacher.onnx")}, "model.weights=" + dir},
	} {
		for _, want := range c.want {
			if want = strings.Replace(want, "=", "='", 1) + "'"; !slices.Contains(c.set, want) {
				t.Errorf("%q lacks %s", c.set, want)
			}
		}
		if i := slices.IndexFunc(c.set, func(o string) bool { return strings.HasPrefix(o, c.none) }); i >= 0 {
			t.Errorf("%s is one of %q", c.set[i], c.set)
		}
	}
	t.Chdir(t.TempDir())
	if again := plan(); again.Runs[0].ID != dense.ID || again.Runs[1].ID != pruned.ID {
		t.Error("the identity depends on the working directory")
	}
	put("w.safetensors", "second")
	if again := plan(); again.Runs[0].ID == dense.ID || again.Runs[1].ID == pruned.ID {
		t.Error("a changed file of weights changes nothing")
	}
	put("w.safetensors", "first")
	if again := plan(); again.Runs[0].ID != dense.ID {
		t.Error("the file is as it was, the identity is another one")
	}
	if err := os.Remove(filepath.Join(dir, "w.safetensors")); err != nil {
		t.Fatal(err)
	}
	s, err := Read(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Plan("")
	if want := file + ":5:22: model.weights: open w.safetensors: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}
