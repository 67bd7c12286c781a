package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pare/cmd/internal/cli"
)

// asCommand in the environment makes the test binary the command itself, so
// that exit statuses and signals are those of a real process.
const asCommand = "PARE_TEST_AS_TRAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		Main()
	}
	os.Exit(m.Run())
}

// crashConfig has all that a run keeps state of: running statistics, random
// numbers of dropout and augmentation, momentum, ramps of penalties, frozen
// zeros.
const crashConfig = `name: crash
seed: 3
data: {dataset: digits, train: 640, validation: 100, test: 200, augment: {crop: 1}}
model:
  layers:
    - conv: {out: 8, kernel: 3, pad: 1, no_bias: true, name: stem}
    - batchnorm: {name: stem_bn}
    - relu: {name: stem_out}
    - conv: {out: 8, kernel: 3, pad: 1, no_bias: true, name: left}
    - batchnorm: {name: left_bn}
    - gate: {name: left_gate}
    - gate: {name: skip_gate, inputs: [stem_out]}
    - add: {name: sum, inputs: [left_gate, skip_gate]}
    - relu: {name: sum_out}
    - maxpool: {name: pool}
    - flatten
    - linear: {out: 24, name: fc1}
    - relu: {name: fc1_out}
    - dropout: {p: 0.1}
    - linear: {out: 10, name: fc2}
train:
  epochs: 5
  batch: 32
  checkpoint_steps: 3
  clip_norm: 5
  optimizer: {type: sgd, lr: 0.05, momentum: 0.9}
  schedule: {type: cosine, warmup: 0.5}
penalties:
  - {type: group_lasso, on: channels, lambda: 0.02, ramp: 1}
  - {type: group_lasso, on: neurons, lambda: 0.005}
  - {type: l1, on: gates, lambda: 0.01, warmup: 1}
finetune: {epochs: 6, optimizer: {lr: 0.02}}
`

// smallConfig is the fastest run that goes through every step.
const smallConfig = `name: small
data: {dataset: digits, train: 64, validation: 20, test: 40}
model:
  layers:
    - flatten
    - linear: {out: 8, name: hidden}
    - relu
    - linear: {out: 10, name: out}
train: {epochs: 2, batch: 16, optimizer: {type: adam, lr: 0.01}}
penalties:
  - {type: group_lasso, on: neurons, lambda: 0.001}
finetune: {epochs: 1}
`

// outcome is the result of a process.
type outcome struct {
	code           int
	stdout, stderr string
}

func (o outcome) lines() []string { return strings.Split(strings.TrimSuffix(o.stderr, "\n"), "\n") }

// command is the train command as a process in the folder dir.
func command(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asCommand+"=1", "GOMAXPROCS=2")
	return cmd
}

// launch runs the command to its end.
func launch(t *testing.T, dir string, args ...string) outcome {
	t.Helper()
	return wait(t, command(dir, args...), nil)
}

// wait runs a process to its end; during is called once it has started.
func wait(t *testing.T, cmd *exec.Cmd, during func(*exec.Cmd)) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer limit.Stop()
	if during != nil {
		during(cmd)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// ok runs the command and expects it to succeed.
func ok(t *testing.T, dir string, args ...string) outcome {
	t.Helper()
	o := launch(t, dir, args...)
	if o.code != 0 {
		t.Fatalf("train %s: exit status %d: %s", strings.Join(args, " "), o.code, o.stderr)
	}
	return o
}

// bad runs the command and expects it to reject its input: status 2, one line
// that has all the words, and no new files in dir.
func bad(t *testing.T, dir string, args []string, words ...string) {
	t.Helper()
	before := tree(t, dir)
	o := launch(t, dir, args...)
	if o.code != cli.ExitBadInput {
		t.Errorf("exit status %d, want %d; stderr: %s", o.code, cli.ExitBadInput, o.stderr)
	}
	oneLine(t, o, words...)
	if after := tree(t, dir); after != before {
		t.Errorf("files were left behind; before:\n%s\nafter:\n%s", before, after)
	}
}

func oneLine(t *testing.T, o outcome, words ...string) {
	t.Helper()
	if !strings.HasSuffix(o.stderr, "\n") || len(o.lines()) != 1 {
		t.Errorf("stderr is not one line: %q", o.stderr)
	}
	for _, w := range words {
		if !strings.Contains(o.stderr, w) {
			t.Errorf("stderr lacks %q: %s", w, o.stderr)
		}
	}
	if part := doubled(o.stderr); part != "" {
		t.Errorf("stderr says %q twice: %s", part, o.stderr)
	}
}

// doubled is the first part of an error that says the same as the part before it, as
// in "train: train: interrupted"; "" without one.
func doubled(text string) string {
	parts := strings.Split(text, ": ")
	for i := 1; i < len(parts); i++ {
		if parts[i] == parts[i-1] {
			return parts[i]
		}
	}
	return ""
}

// tree lists a folder with the sizes of its files.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			b.WriteString(path + " " + info.Mode().String() + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// replace swaps one text of a config for another, which must be there.
func replace(t *testing.T, text, old, replacement string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q is not once in the config", old)
	}
	return strings.Replace(text, old, replacement, 1)
}

// metrics is the metrics log without times.
func metrics(t *testing.T, run string) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(read(t, run, "metrics.jsonl")) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("metrics.jsonl: %v in %q", err, line)
		}
		delete(m, "seconds")
		delete(m, "data_wait")
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(text, '\n'))
	}
	return out.String()
}

// same compares the results of two runs of one config.
func same(t *testing.T, got, want string) {
	t.Helper()
	for _, f := range []string{"config.yaml", "model.safetensors", "architecture.json", "model.onnx",
		"trained/model.safetensors", "pruned/model.safetensors"} {
		if read(t, got, f) != read(t, want, f) {
			t.Errorf("%s differs from that of the undisturbed run", f)
		}
	}
	if g, w := metrics(t, got), metrics(t, want); g != w {
		t.Errorf("metrics.jsonl differs from that of the undisturbed run:\n%s\nwant:\n%s", g, w)
	}
	if g, w := summary(t, got), summary(t, want); g != w {
		t.Errorf("summary.json differs from that of the undisturbed run:\n%s\nwant:\n%s", g, w)
	}
}

// summary is summary.json without times and the command line.
func summary(t *testing.T, run string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(read(t, run, "summary.json")), &m); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"train_seconds", "finetune_seconds", "data_wait_seconds", "finished", "command", "warnings"} {
		delete(m, k)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
