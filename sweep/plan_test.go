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

// Faults are one line each, which points to the word at fault.
func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		"methods: [dens]": `2:11: methods.0: unknown method "dens"; did you mean dense? known: dense, magnitude, narrow, penalty, ` +
			"random, rigl, scratch, target, taylor, weights",
		"methods: []":                                              "2:10: methods is an empty list; give some of dense, magnitude, narrow, penalty, random, rigl, scratch, target, taylor, weights",
		"methods: [penalty]":                                       "2:11: method penalty needs strengths, the factors on its lambdas, such as strengths: [0.3, 1, 3]",
		"methods: [narrow]":                                        "2:11: method narrow needs budgets, the shares to keep, such as budgets: {macs: [0.5, 0.25]}",
		"methods: [narrow]\nbudgets: {}":                           "3:10: budgets is empty; give shares to keep, such as {macs: [0.5, 0.25]}, or {from: penalty}",
		"methods: [narrow]\nbudgets: {macs: 1.5}":                  "3:17: budgets.macs must be above 0 and below 1, got 1.5",
		"methods: [narrow]\nbudgets: {from: penalty}":              `3:17: budgets.from is "penalty", it must be one of the methods of the sweep: narrow`,
		"methods: [narrow]\nbudgets: {from: narrow}":               "3:17: budgets.from is narrow, which needs budgets itself; take them from penalty",
		"methods: [penalty]\nstrengths: []":                        "3:12: strengths is an empty list; give at least one factor, or leave the key out",
		"methods: [penalty]\nstrengths: [1, 0]":                    "3:12: strengths has the factor 0, they must be above 0; without penalties a run is of method dense",
		"methods: [penalty]\nstrengths: [1, 1.0]":                  "3:12: strengths has 1 twice",
		"methods: [penalty]\nstrengths: {log: [0, 10]}":            "3:19: strengths.log.0 must be above 0, got 0",
		"methods: [penalty]\nstrengths: {log: [-1, 10], steps: 3}": "3:19: strengths.log.0 must be above 0, got -1",
		"methods: [penalty]\nstrengths: {log: [10, 1], steps: 3}":  "3:18: strengths.log must be two numbers above 0, the smaller one first",
		"methods: [penalty]\nstrengths: {log: [1, 10], steps: 1}":  "3:34: strengths.steps must be at least 2 and at most 1000, got 1",
		"methods: dense\nstrengths: [1]":                           "3:12: strengths has no effect: they are the points of method penalty",
		"methods: dense\nbudgets: {macs: 0.5}":                     "3:10: budgets has no effect with the methods dense",
		"methods: dense\nwarm_start: true":                         "3:13: warm_start has no effect without method penalty",
		"methods: dense\nfinetune: {epochs: 1}":                    "3:11: finetune has no effect with the methods dense; for penalty and target it is a key of the config",
		"methods: dense\nvary: {train.epochs: []}":                 "3:22: vary.train.epochs is an empty list; give at least one value, or remove the key",
		"methods: dense\nvary: {seed: [1]}":                        "3:14: vary.seed: the sweep gives every run its seed; list seeds under the key seeds",
		"methods: dense\nvary: {train.epochs: [1, 1]}":             "3:22: vary.train.epochs has 1 twice",
		"methods: dense\nvary: {train.epoch: [1]}":                 "3:22: unknown key train.epoch; did you mean train.epochs?",
		"methods: dense\nvary: {train.optimizer.lrr: [1]}": "3:30: train.optimizer.lrr is not an option of sgd; did you mean train.optimizer.lr? " +
			"its options are lr, momentum, nesterov, weight_decay, decay_all",
		"methods: dense\nset: {train.epochs: many}":                        `3:21: train.epochs must be a whole number, got "many"`,
		"methods: [{dense: {set: {train.epoch: 3}}}]":                      "2:39: unknown key train.epoch; did you mean train.epochs?",
		"methods: dense\nseeds: [1, 1]":                                    "3:8: seeds has 1 twice",
		"methods: dense\nseeds: []":                                        "3:8: seeds must not be empty; remove the key to have its default",
		"methods: dense\nseed: [1]":                                        "3:1: unknown key seed; did you mean seeds?",
		"methods: dense\nname: a/b":                                        `3:7: name is "a/b", it must be letters, digits, points, dashes and underscores, as it names a folder`,
		"methods: [dense, dense]":                                          "2:18: two methods are called dense; give one another name: {dense: {name: …}}",
		"methods: [{dense: {name: a b}}]":                                  `2:11: the name of the method is "a b", it must be letters, digits, points, dashes and underscores, as it is part of the names of folders`,
		"methods: [{dense: {width: 3}}]":                                   "2:20: methods.0.dense.width is not an option of dense; its options are name, set",
		"methods: [{dense: {type: 3}}]":                                    "2:26: unknown key methods.0.dense.type",
		"methods: [{dense: 3}]":                                            "2:19: methods.0.dense must be a section of keys, got 3",
		"methods: [{dense: {}, target: {}}]":                               "2:11: methods.0 must be a name, or one name with its options: {name: {option: value}}",
		"methods: [3]":                                                     "2:11: methods.0 must be a name, got 3",
		"methods: [scratch]":                                               "2:11: method scratch needs a method whose shapes it trains: add one of penalty, target, magnitude, taylor, random",
		"methods: [{scratch: {of: dens}}]":                                 `2:11: of is "dens", it must be one of the methods of the sweep: scratch`,
		"methods: [dense, {scratch: {of: dense}}]":                         "2:18: of is dense, which leaves the shape of the network as it is; name one of penalty, target, magnitude, taylor, random",
		"methods: [target]\nbudgets: {weights: 0.5}":                       "2:11: method target needs budgets in multiply-accumulates or parameters, such as budgets: {macs: [0.5, 0.25]}",
		"methods: [magnitude]\nbudgets: {macs: 0.5}\nfinetune: {epoch: 1}": "4:11: unknown key finetune.epoch; did you mean finetune.epochs?",
		"methods: [penalty]\nstrengths: {log: [1, 1e6], steps: 1000}\nseeds: [1, 2]\nvary: {data.train: [1, 2, 3, 4, 5, 6]}": "1:1: the sweep may have " +
			"more than 10000 runs: methods × points × seeds × varied keys; give fewer values",
		"methods: [penalty]\nstrengths: [1]\nset: {penalties: null}": "2:11: method penalty needs penalties, and the config base.yaml has none; " +
			"add them there or under set: {penalties: [{type: group_lasso, on: channels, lambda: 1e-3}]}",
	} {
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
		"":                              "1:1: the file is empty; a sweep is a section of keys",
		"- dense":                       "1:1: a sweep is a section of keys, got a list",
		"methods: [dense]":              "1:1: config is missing; it is config of the dense network: a file, relative to the sweep file, or a built-in name",
		"config: none\nmethods: dense":  "1:9: config: none: there is no such file; the built-in configs are " + strings.Join(config.BuiltIn(), ", "),
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
