package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pare/config"
	"pare/run"
	"pare/sweep"
)

const sweepBase = `
data: {dataset: digits, validation: 0}
model: {type: mlp, hidden: [24]}
train: {epochs: 8, batch: 16, checkpoint_steps: 20}
penalties: [{type: group_lasso, on: neurons, lambda: 1e-3}]
export: {onnx: false}
`

const sweepText = `name: small
config: base.yaml
methods: [dense, target, magnitude, {scratch: {of: target, equal: work}}, narrow]
budgets: {macs: [0.5]}
finetune: {epochs: 2}
`

// sweepFile writes a sweep and its config.
func sweepFile(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"base.yaml": sweepBase, "sweep.yaml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "sweep.yaml")
}

// pareCommand is the command in a process of its own.
func pareCommand(args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

// outcomesOf are the outcomes of a sweep without times and places.
func outcomesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	_, table, err := sweep.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range table.Runs {
		a, err := run.OpenArtifact(filepath.Join(dir, r.Dir))
		if err != nil {
			t.Fatal(err)
		}
		s, err := a.Summary()
		if err != nil || s == nil {
			t.Fatalf("%s: %v, %v", r.Name, s, err)
		}
		s.TrainSeconds, s.FinetuneSeconds, s.DataWaitSeconds, s.Finished, s.Command = 0, 0, 0, "", ""
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		model, err := os.ReadFile(filepath.Join(dir, r.Dir, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		out[r.Name] = string(text) + string(model)
	}
	return out
}

// A sweep that is killed at random moments gives the results of an undisturbed one.
func TestSweepKilled(t *testing.T) {
	file := sweepFile(t, sweepText)
	whole, killed := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "killed")
	begun := time.Now()
	cmd, out := pareCommand("sweep", "run", file, "-out", whole, "-jobs", "2")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	took := time.Since(begun)
	rng := rand.New(rand.NewPCG(1, 0))
	for range 3 {
		cmd, out := pareCommand("sweep", "run", file, "-out", killed, "-jobs", "2")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.Float64() * float64(took) / 2))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if strings.Contains(out.String(), "error") || strings.Contains(out.String(), "failed") {
			t.Error(out)
		}
	}
	var err error
	for range 20 { // on a busy machine the runs take a while to save their state
		cmd, out = pareCommand("sweep", "run", file, "-out", killed)
		if err = cmd.Run(); err == nil || !strings.Contains(out.String(), "another process") {
			break
		}
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := outcomesOf(t, whole)
	for name, got := range outcomesOf(t, killed) {
		if got != want[name] {
			t.Errorf("%s differs from the undisturbed run", name)
		}
	}
	cmd, out = pareCommand("sweep", "run", killed)
	first := "6 runs are finished in " + killed + "\nwrote " + filepath.Join(killed, "report") + ": "
	if err := cmd.Run(); err != nil || !strings.HasPrefix(out.String(), first) {
		t.Errorf("%v\n%s", err, out)
	}
	status, tables, _ := pare("sweep", "report", killed, "-over", "params")
	if status != 0 || !strings.Contains(tables, "narrow") {
		t.Errorf("status %d\n%s", status, tables)
	}
	table, err := os.ReadFile(filepath.Join(killed, "report", "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	// The run that only makes the shape of narrow has no row.
	if lines := strings.Split(strings.TrimSpace(string(table)), "\n"); len(lines) != 6 || !strings.Contains(lines[3], ",magnitude,macs 0.5,1,") {
		t.Errorf("results.csv:\n%s", table)
	}
	if status, both, _ := pare("compare", killed); status != 0 || strings.Count(both, "macs 0.5") != 4 {
		t.Errorf("compare: status %d\n%s", status, both)
	}
	if err := os.RemoveAll(filepath.Join(killed, "runs")); err != nil {
		t.Fatal(err)
	}
	none := "pare sweep: " + killed + " has no finished run; do them with: pare sweep run " + killed + "\n"
	if status, _, stderr := pare("sweep", "report", killed); status != 2 || !strings.HasSuffix(stderr, none) {
		t.Errorf("status %d, %s", status, stderr)
	}
}

// A run takes budgets, epochs and weights from the result of an earlier run.
func TestSweepTakes(t *testing.T) {
	file := sweepFile(t, `name: s
config: base.yaml
methods: [penalty, {target: {set: {target.by: 0.6}}}, magnitude, weights, {scratch: {equal: work}}, narrow]
strengths: [20, 40]
warm_start: true
budgets: {from: penalty}
finetune: {epochs: 1}
set: {train.epochs: 2}
`)
	dir := filepath.Join(t.TempDir(), "s")
	cmd, out := pareCommand("sweep", "run", file, "-out", dir)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, table, err := sweep.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	share := map[string]float64{} // left by penalty
	var first string
	for _, r := range table.Runs {
		a, err := run.OpenArtifact(filepath.Join(dir, r.Dir))
		if err != nil {
			t.Fatal(err)
		}
		s, err := a.Summary()
		if err != nil || s == nil {
			t.Fatal(r.Name, err)
		}
		const whole = 64*24 + 24*10
		left := float64(s.MACsAfter) / whole
		point := r.Point.String()
		if r.Point != nil && r.Point.Of != "" {
			point = strings.TrimPrefix(r.Point.Of, "penalty-")
		}
		c, budget := a.Config, share[point]
		switch r.Method {
		case "penalty":
			if share[point] = left; left >= 1 || left <= 0 {
				t.Errorf("%s left %g of the multiply-accumulates", r.Name, left)
			}
			if first == "" {
				first = r.Dir
			} else if text := string(c.YAML()); !strings.Contains(text, "run: "+first+"/trained\n") || !strings.Contains(text, "weights: kept") {
				t.Errorf("%s does not start from %s:\n%s", r.Name, first, text)
			}
		case "target":
			if c.Target.MACs != budget || left > budget {
				t.Errorf("%s: target %g, left %g, want at most %g", r.Name, c.Target.MACs, left, budget)
			}
		case "magnitude":
			if c.Prune.Budget.MACs != budget || left > budget || c.Finetune.Epochs != 1 || c.Train.Epochs != 0 {
				t.Errorf("%s: budget %g, left %g, want at most %g", r.Name, c.Prune.Budget.MACs, left, budget)
			}
		case "weights":
			if c.Prune.Budget.Weights != budget {
				t.Errorf("%s: budget %g, want %g", r.Name, c.Prune.Budget.Weights, budget)
			}
		case "scratch": // the second strength had the epochs of the first one, too
			epochs := 2.0
			if c.Model.Type != "saved" || len(c.Penalties) > 0 || left != budget {
				t.Errorf("%s is not the shape of penalty: left %g, want %g", r.Name, left, budget)
			}
			if strings.Contains(r.Name, "strength-40") {
				epochs = 4
			}
			if want := int(math.Round(epochs / budget)); c.Train.Epochs != want {
				t.Errorf("%s trains for %d epochs, want %d", r.Name, c.Train.Epochs, want)
			}
		case "narrow":
			if left > budget {
				t.Errorf("%s: left %g, want at most %g", r.Name, left, budget)
			}
		}
	}
}

// A run that fails leaves the others alone; its reason and its log are named, and retry does it.
func TestSweepFails(t *testing.T) {
	file := sweepFile(t, `name: s
config: base.yaml
methods: [dense, {dense: {name: wild, set: {train.optimizer.lr: 1e30}}}]
set: {train.epochs: 1}
`)
	dir := filepath.Join(t.TempDir(), "s")
	for _, action := range []string{"run", "retry"} {
		cmd, out := pareCommand("sweep", action, file, "-out", dir)
		err := cmd.Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("%s: %v\n%s", action, err, out)
		}
		for _, want := range []string{"/2 s-dense-seed-1 finished\n", "/2 s-wild-seed-1 failed: ",
			"; see " + filepath.Join(dir, "logs", "wild-seed-1-"),
			"pare sweep: 1 of 2 runs have failed; try them again with: pare sweep retry " + dir + "\n"} {
			if !strings.Contains(out.String(), want) && !(action == "retry" && strings.Contains(want, "dense")) {
				t.Errorf("%s: no %q in\n%s", action, want, out)
			}
		}
	}
	cmd, out := pareCommand("sweep", "status", dir)
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "2 runs, 1 finished, 1 failed") {
		t.Errorf("%v\n%s", err, out)
	}
}

// The variables of clusters choose one run.
func TestSweepIndex(t *testing.T) {
	file := sweepFile(t, "name: s\nconfig: base.yaml\nmethods: [dense]\nseeds: [1, 2]\nset: {train.epochs: 1}\n")
	dir := filepath.Join(t.TempDir(), "s")
	cmd, out := pareCommand("sweep", "run", file, "-out", dir)
	cmd.Env = append(cmd.Env, "SLURM_ARRAY_TASK_ID=1")
	if err := cmd.Run(); err != nil || !strings.HasPrefix(out.String(), "s-dense-seed-2 is finished in "+dir) {
		t.Fatalf("%v\n%s", err, out)
	}
	f, table, err := sweep.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s := f.States(table.Runs); s[0] != sweep.Ready || s[1] != sweep.Finished {
		t.Errorf("states %v", s)
	}
}

// The table of a plan, and faults of the command line.
func TestSweepCommand(t *testing.T) {
	file := sweepFile(t, sweepText)
	dir := filepath.Join(t.TempDir(), "none")
	var plan struct {
		Name string
		Runs []struct {
			Method string
			Work   float64
			State  sweep.State
		}
	}
	status, stdout, stderr := pare("sweep", "plan", file, "-out", dir, "-json")
	if err := json.Unmarshal([]byte(stdout), &plan); err != nil || status != 0 || stderr != "" {
		t.Fatal(status, err, stderr)
	}
	// 64·24 + 24·10 multiply-accumulates, 1,397 examples, 8 epochs.
	if r := plan.Runs[0]; plan.Name != "small" || len(plan.Runs) != 6 || r.Work != 1776*1397*8 || r.State != sweep.Ready {
		t.Errorf("%+v", plan)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a plan makes a folder")
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{}, "no ACTION (plan, run, submit, status, retry or report) given; see pare help sweep"},
		{[]string{"run"}, "no FILE given; see pare help sweep"},
		{[]string{"plan", "elsewhere/mine.yaml"}, "elsewhere/mine.yaml: there is no such file; the built-in sweeps are " +
			strings.Join(config.BuiltInSweeps(), ", ")},
		{[]string{"plan", "sweep-digit"}, "sweep-digit: there is no such file; did you mean sweep-digits?"},
		{[]string{"rum", file}, `there is no action "rum"; did you mean run?`},
		{[]string{"plan", file, "-jobs", "2"}, "-jobs: it is for run, retry and submit"},
		{[]string{"run", file, "-json"}, "-json: it is for plan and status"},
		{[]string{"plan", file, "-over", "params"}, "-over: it is for report, run and retry"},
		{[]string{"report", file, "-over", "latency"}, "-over latency needs -latency, which measures it"},
		{[]string{"report", file, "-over", "size"}, "-over is \"size\", it must be macs, params, nonzero, nonzero-macs, activations or latency"},
		{[]string{"retry", file, "-index", "1"}, "-index: it is for run"},
		{[]string{"run", file, "-index", "-1"}, "-index is -1, it must be a number of at least 0"},
		{[]string{"status", file, "-out", dir}, dir + " is not a sweep folder: it has no runs.json"},
		{[]string{"status", filepath.Dir(file)}, filepath.Dir(file) + " is not a sweep folder: it has no runs.json"},
		{[]string{"plan", "sweep-digit"}, "sweep-digit: there is no such file; did you mean sweep-digits?"},
		{[]string{"run", file, "-out", "x.csv"}, "-out x.csv: the output is a folder; leave .csv out of its name"},
		{[]string{"plan", file, "-set", "train.epoch=3"}, "-set train.epoch=3: unknown key train.epoch; did you mean train.epochs?"},
		{[]string{"plan", file, "-set", "data.validation=5000"},
			"-set data.validation=5000: data.validation 5000 leaves nothing of the 1397 training examples"},
	} {
		status, _, stderr := pare(append([]string{"sweep"}, c.args...)...)
		if status != 2 || stderr != "pare sweep: "+c.want+"\n" {
			t.Errorf("%v: %d %s, want %s", c.args, status, stderr, c.want)
		}
	}
}

func TestRoughly(t *testing.T) {
	for d, want := range map[time.Duration]string{
		40 * time.Millisecond: "<1s", 12400 * time.Millisecond: "12s", 150 * time.Second: "2m", 90 * time.Minute: "1.5h",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
