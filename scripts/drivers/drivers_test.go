// Package drivers tests the Python programs of this folder.
package drivers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

var folder string // of the program

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "drivers"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(folder)
	os.Exit(status)
}

// build makes the command train.
var build = sync.OnceValues(func() (program string, err error) {
	program = filepath.Join(folder, "train")
	if out, err := exec.Command("go", "build", "-o", program, "../../cmd/train").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return program, nil
})

// python runs a program with the command train of this clone. It skips the test where there is
// no Python with the module.
func python(t *testing.T, module string, args ...string) string {
	t.Helper()
	if err := exec.Command("python3", "-c", "import sys, "+module+"; sys.exit(sys.version_info < (3, 10))").Run(); err != nil {
		t.Skip("there is no python3 of version 3.10 with " + module)
	}
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", args...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "PARE_TRAIN="+program, "PYTHONDONTWRITEBYTECODE=1", "WANDB_MODE=offline")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func contains(t *testing.T, output string, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile(p).MatchString(output) {
			t.Errorf("the output does not match %s:\n%s", p, output)
		}
	}
}

func TestRun(t *testing.T) {
	out := python(t, "json", filepath.Join("scripts", "drivers", "testdata", "run.py"), t.TempDir())
	contains(t, out, `(?m)^bad input: train: -set train\.epoch=1: unknown key train\.epoch; did you mean train\.epochs\?`,
		`(?m)^left in epoch 1$`, `(?m)^epochs train 1, train 2, train 3, finetune 1$`, `(?m)^again True$`)
}

func TestOptuna(t *testing.T) {
	out := python(t, "optuna", filepath.Join("scripts", "drivers", "optuna_study.py"), "-macs", "0.9", "-trials", "2", "-out", t.TempDir())
	contains(t, out, `2 trials complete, \d of them with at most 0\.9 of the multiply-accumulates`)
}

func TestHydra(t *testing.T) {
	dir := t.TempDir()
	python(t, "hydra", filepath.Join("scripts", "drivers", "hydra_train.py"), "-m", "set.penalties.0.lambda=0.01,0.03",
		"+set.train.epochs=2", "hydra.sweep.dir="+dir)
	for job, lambda := range []string{"0.01", "0.03"} {
		text, err := os.ReadFile(filepath.Join(dir, string(rune('0'+job)), "run", "config.yaml"))
		if err != nil || !strings.Contains(string(text), "lambda: "+lambda+"\n") {
			t.Errorf("job %d: no lambda %s in its config: %v", job, lambda, err)
		}
	}
}

func TestWandB(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("WANDB_DIR", dir)
	out := python(t, "wandb", filepath.Join("scripts", "drivers", "wandb_train.py"), "-config", "scripts/drivers/digits.yaml",
		"-out", dir, "--train.epochs=2", "--seed=3")
	contains(t, out, `test/error`)
}
