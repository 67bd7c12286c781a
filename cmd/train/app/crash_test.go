//go:build unix

package app

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pare/cmd/internal/cli"
)

// appears waits until a file is there that was not there before the start of
// the process, or has changed since.
func appears(path string) func(since time.Time) bool {
	return func(since time.Time) bool {
		info, err := os.Stat(path)
		return err == nil && info.ModTime().After(since)
	}
}

// signalWhen sends signals to a process once cond holds and some time has gone
// by. It returns when the process has got the signal or has ended.
func signalWhen(cond func(since time.Time) bool, delay time.Duration, signals ...os.Signal) func(*exec.Cmd) {
	since := time.Now()
	return func(cmd *exec.Cmd) {
		for cmd.Process.Signal(syscall.Signal(0)) == nil && !ended(cmd.Process.Pid) {
			if cond(since) {
				time.Sleep(delay)
				for _, s := range signals {
					_ = cmd.Process.Signal(s)
					time.Sleep(time.Millisecond)
				}
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// ended reports whether a child is over but not yet waited for.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "Z")
}

func undisturbed(t *testing.T, config string) (dir, run string) {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("needs /proc to follow a process")
	}
	dir = t.TempDir()
	write(t, filepath.Join(dir, "crash.yaml"), config)
	ok(t, dir, "-config", "crash.yaml", "-out", "whole", "-quiet")
	return dir, filepath.Join(dir, "whole")
}

// TestKillAndResume kills a run with SIGKILL again and again, each time resumes
// it with another number of threads, and expects the result of a run that
// nothing disturbed, byte for byte.
func TestKillAndResume(t *testing.T) { killAndResume(t, crashConfig, 3) }

// TestKillAndResumeShrinking: so does one whose network shrinks on the way, and
// one that looks for the strength of its penalties.
func TestKillAndResumeShrinking(t *testing.T) {
	for name, keys := range map[string]string{
		"every":  "prune: {every: 7}\n",
		"target": "prune: {every: 8}\ntarget: {macs: 0.6, method: lambda}\n",
		"least":  "prune: {every: 6}\ntarget: {macs: 0.6, method: least}\n",
	} {
		t.Run(name, func(t *testing.T) {
			config := crashConfig
			if name == "least" { // groups go before the end of the warm-up
				config = replace(t, config, ", warmup: 1", "")
			}
			whole := killAndResume(t, config+keys, 1)
			if n := strings.Count(read(t, whole, "metrics.jsonl"), `"kind":"shrink"`); n == 0 {
				t.Error("the network has not shrunk on the way; the test tests nothing")
			}
		})
	}
}

// TestKillAndResumeMasks: so do runs with single weights that go or move while training, and
// one that goes back to an earlier epoch between its rounds of pruning.
func TestKillAndResumeMasks(t *testing.T) {
	for name, keys := range map[string]string{
		"rigl":    "prune: {method: rigl, budget: {weights: 0.2}, schedule: {every: 7}}\n",
		"gradual": "prune: {method: weights, budget: {weights: 0.2}, schedule: {from: 0.1, by: 0.8, every: 7}}\n",
		"rewind":  "prune: {method: weights, budget: {weights: 0.2}, iterations: 2, rewind: {epoch: 1}}\n",
	} {
		t.Run(name, func(t *testing.T) { killAndResume(t, crashConfig+keys, 1) })
	}
}

func killAndResume(t *testing.T, config string, chains int) (whole string) {
	t.Helper()
	dir, whole := undisturbed(t, config)
	if testing.Short() {
		chains = 1
	}
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed of the moments: %d", seed)
	for chain := range chains {
		name := fmt.Sprintf("killed%d", chain)
		run := filepath.Join(dir, name)
		// The kill waits for one of these files: places in training, around pruning
		// and in fine-tuning. A run that is past a place goes on to its end.
		places := []string{"config.yaml", "checkpoints/train/last.ckpt", "checkpoints/train/previous.ckpt",
			"metrics.jsonl", "trained/model.safetensors", "trained/architecture.json", "pruned/architecture.json",
			"pruned/prune.json", "checkpoints/finetune/last.ckpt", "model.safetensors"}
		kills, last := 0, outcome{code: -1}
		for i := 0; last.code != 0; i++ {
			args := []string{"-resume", name}
			if i == 0 {
				args = []string{"-config", "crash.yaml", "-out", name}
			}
			cmd := command(dir, args...)
			cmd.Env = append(cmd.Env, fmt.Sprintf("GOMAXPROCS=%d", 1+i%3))
			var during func(*exec.Cmd)
			if i < len(places) {
				delay := time.Duration(rng.IntN(12)) * time.Millisecond
				during = signalWhen(appears(filepath.Join(run, places[i])), delay, syscall.SIGKILL)
			}
			last = wait(t, cmd, during)
			switch {
			case last.code == -1: // killed
				kills++
			case last.code != 0:
				t.Fatalf("chain %d, session %d: exit status %d: %s", chain, i, last.code, last.stderr)
			}
			if i > len(places) {
				t.Fatalf("chain %d: the run does not come to its end", chain)
			}
		}
		t.Logf("chain %d: %d kills", chain, kills)
		if kills < 4 {
			t.Errorf("chain %d: %d kills only; the test tests little", chain, kills)
		}
		same(t, run, whole)
		noTemporaries(t, run)
	}
	return whole
}

// noTemporaries looks for files that a kill in the middle of a write leaves behind.
func noTemporaries(t *testing.T, run string) {
	t.Helper()
	if files := tree(t, run); strings.Contains(files, ".tmp-") {
		t.Errorf("temporary files are left:\n%s", files)
	}
}

// TestInterrupt ends a run with Ctrl-C in every part of it.
func TestInterrupt(t *testing.T) {
	dir, whole := undisturbed(t, crashConfig)
	for _, c := range []struct {
		name, file string
		signals    []os.Signal
	}{
		{"train", "checkpoints/train/last.ckpt", []os.Signal{os.Interrupt}},
		{"prune", "trained/architecture.json", []os.Signal{syscall.SIGTERM}},
		// A wrapper passes on the signals that the terminal sends to both.
		{"finetune", "checkpoints/finetune/last.ckpt", []os.Signal{os.Interrupt, os.Interrupt}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := filepath.Join(dir, c.name)
			o := wait(t, command(dir, "-config", "crash.yaml", "-out", c.name, "-quiet"),
				signalWhen(appears(filepath.Join(run, c.file)), 0, c.signals...))
			if o.code != cli.ExitInterrupted {
				t.Fatalf("exit status %d, want %d: %s", o.code, cli.ExitInterrupted, o.stderr)
			}
			lines := o.lines()
			if want := "go on with: train -resume " + c.name; lines[len(lines)-1] != want {
				t.Errorf("the last line is %q, want %q", lines[len(lines)-1], want)
			}
			if c.name == "train" && !strings.Contains(o.stderr, "saved in "+filepath.Join(c.name, "checkpoints/train/last.ckpt")) {
				t.Errorf("it does not say where the state is: %s", o.stderr)
			}
			ok(t, dir, "-resume", c.name, "-quiet")
			same(t, run, whole)
		})
	}
}

// TestResumeFinished: going on with a finished run changes nothing.
func TestResumeFinished(t *testing.T) {
	dir, whole := undisturbed(t, crashConfig)
	model, log := read(t, whole, "model.safetensors"), read(t, whole, "metrics.jsonl")
	ok(t, dir, "-resume", "whole")
	if read(t, whole, "model.safetensors") != model || read(t, whole, "metrics.jsonl") != log {
		t.Error("the model or the metrics changed")
	}
}
