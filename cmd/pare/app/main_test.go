package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pare/cmd/internal/cli"
	"pare/config"
	"pare/prune"
	"pare/run"
	"pare/train"
)

const tinyConfig = `
name: tiny
seed: 3
data: {dataset: digits, validation: 100}
model:
  layers:
    - conv: {out: 8, kernel: 3, pad: 1, name: conv1}
    - batchnorm: {name: bn1}
    - relu: {name: relu1}
    - flatten: {name: flat}
    - linear: {out: 24, name: fc1}
    - relu: {name: relu2}
    - linear: {out: 10, name: fc2}
train: {epochs: 3, batch: 64, optimizer: {type: sgd, lr: 0.1, momentum: 0.9}}
penalties:
  - {type: group_lasso, on: neurons, layers: fc1, lambda: 0.006}
finetune: {epochs: 1, optimizer: {lr: 0.01}}
`

var tiny struct {
	sync.Once
	root    string
	summary *run.Summary
	err     error
}

// asCommand makes this test program behave as the command.
const asCommand = "PARE_TEST_AS_PARE"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		Main()
	}
	status := m.Run()
	if tiny.root != "" {
		os.RemoveAll(tiny.root)
	}
	os.Exit(status)
}

// tinyRun is a finished run, made once; tests must not change it.
func tinyRun(t *testing.T) (folder string, s *run.Summary) {
	t.Helper()
	tiny.Do(func() {
		tiny.root, tiny.err = os.MkdirTemp("", "pare")
		if tiny.err == nil {
			tiny.summary, tiny.err = makeRun(filepath.Join(tiny.root, "tiny"), tinyConfig)
		}
	})
	if tiny.err != nil {
		t.Fatal(tiny.err)
	}
	return filepath.Join(tiny.root, "tiny"), tiny.summary
}

func makeRun(dir, yaml string) (*run.Summary, error) {
	c, err := config.Parse("tiny.yaml", []byte(yaml))
	if err != nil {
		return nil, err
	}
	folder, err := run.CreateFolder(dir, c.Name, c.YAML())
	if err != nil {
		return nil, err
	}
	return run.Run(context.Background(), run.Options{Config: c, Folder: folder})
}

// copyRun copies the tiny run without some of its files.
func copyRun(t *testing.T, without ...string) string {
	t.Helper()
	from, _ := tinyRun(t)
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	for _, name := range without {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// pare runs a command line.
func pare(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = execute(context.Background(), args, &out, &errs)
	return status, out.String(), errs.String()
}

// succeed runs a command line that must work and returns its standard output.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	status, out, errs := pare(args...)
	if status != 0 {
		t.Fatalf("pare %q: status %d, %s", args, status, errs)
	}
	return out
}

// fail runs a command line that must end with a status and one line of error
// with a text in it.
func fail(t *testing.T, want int, text string, args ...string) {
	t.Helper()
	status, out, errs := pare(args...)
	if status != want {
		t.Errorf("pare %q: status %d, want %d; %s", args, status, want, errs)
	}
	if !strings.Contains(errs, text) || strings.Count(errs, "\n") != 1 {
		t.Errorf("pare %q: error %q, want one line with %q", args, errs, text)
	}
	if part := doubled(strings.TrimPrefix(errs, "pare ")); part != "" {
		t.Errorf("pare %q: error %q says %q twice", args, errs, part)
	}
	if out != "" {
		t.Errorf("pare %q fails, yet prints %q", args, out)
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

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is missing in\n%s", p, text)
		}
	}
}

// absent checks that a failed command has left nothing behind, no temporary
// file either.
func absent(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s is left in %s", e.Name(), dir)
	}
}

func TestHelp(t *testing.T) {
	status, out, errs := pare()
	if status != cli.ExitBadInput || out != "" {
		t.Errorf("pare alone: status %d, prints %q", status, out)
	}
	for _, text := range []string{errs, succeed(t, "help"), succeed(t, "-h")} {
		for _, c := range commands {
			contains(t, text, c.name, c.doc)
		}
	}
	for _, c := range commands {
		contains(t, succeed(t, "help", c.name), "usage: pare "+c.name+" "+c.args, "-threads")
		contains(t, succeed(t, c.name, "-h"), c.doc)
	}
	contains(t, succeed(t, "version"), "pare", "go1")
}

func TestUsageErrors(t *testing.T) {
	fail(t, cli.ExitBadInput, `no command "bark"`, "bark")
	fail(t, cli.ExitBadInput, `no command "bark"`, "help", "bark")
	for _, c := range commands {
		fail(t, cli.ExitBadInput, "-bark", c.name, "-bark", "x")
		first, _, _ := strings.Cut(c.args, " ")
		if first != "SOURCE" && !strings.HasPrefix(first, "RUN") {
			continue
		}
		fail(t, cli.ExitBadInput, "no "+strings.TrimSuffix(first, "...")+" given", c.name)
		if c.name == "predict" {
			fail(t, cli.ExitBadInput, "x does not exist", c.name, "x", "--", "-json")
		} else if !strings.HasPrefix(c.args, "RUN...") {
			fail(t, cli.ExitBadInput, `unexpected argument "y"`, c.name, "x", "y")
			fail(t, cli.ExitBadInput, `unexpected argument "-json"`, c.name, "x", "--", "-json")
		}
		for _, n := range []string{"-1", "1025", "1000000000"} {
			fail(t, cli.ExitBadInput, "must be 0 to 1024", c.name, "x", "-threads", n)
		}
	}
	dir := t.TempDir()
	for _, c := range [][]string{{"inspect"}, {"export", "-onnx", filepath.Join(dir, "x.onnx")},
		{"prune", "-out", filepath.Join(dir, "x")}, {"predict", "-split", "test"}} {
		fail(t, cli.ExitBadInput, dir+"/nothing does not exist", append(c, dir+"/nothing")...)
		fail(t, cli.ExitBadInput, "is neither a run folder", append(c, dir)...)
	}
	absent(t, dir)
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0}, {errors.New("disk full"), cli.ExitFailed}, {fmt.Errorf("%w: far off", prune.ErrCertificate), cli.ExitFailed},
		{cli.InputError("bad"), cli.ExitBadInput}, {&config.Error{Msg: "bad"}, cli.ExitBadInput},
		{fmt.Errorf("predict: %w", train.ErrInterrupted), cli.ExitInterrupted}, {context.Canceled, cli.ExitInterrupted},
	} {
		var b bytes.Buffer
		if got := cli.Status("x", c.err, &b); got != c.want {
			t.Errorf("%v: status %d, want %d", c.err, got, c.want)
		}
	}
}

// A command whose context has ended says so and writes nothing.
func TestInterrupted(t *testing.T) {
	folder, _ := tinyRun(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"predict", folder, "-split", "test", "-out", filepath.Join(dir, "l.npy")},
		{"prune", folder, "-out", filepath.Join(dir, "small")},
	} {
		var out, errs bytes.Buffer
		if got := execute(ctx, args, &out, &errs); got != cli.ExitInterrupted {
			t.Errorf("pare %q: status %d, want %d; %s", args, got, cli.ExitInterrupted, &errs)
		}
		if strings.Contains(errs.String(), "training") {
			t.Errorf("pare %q trains nothing, but says: %s", args, &errs)
		}
	}
	absent(t, dir)
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// Results that cannot be printed are no success.
func TestStandardOutputIsFull(t *testing.T) {
	folder, _ := tinyRun(t)
	for _, args := range [][]string{{"help"}, {"help", "predict"}, {"version"}, {"completion", "bash"}, {"inspect", folder},
		{"predict", folder, "-split", "test", "-limit", "2"}, {"bench", "-model", "mlp", "-steps", "1", "-batch", "2"}} {
		var errs bytes.Buffer
		if got := execute(context.Background(), args, full{}, &errs); got != cli.ExitFailed || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("pare %q: status %d, %s", args, got, &errs)
		}
	}
}
