//go:build unix

package app

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"pare/cmd/internal/cli"
)

// peak is the largest resident memory of a process that has ended, in MiB.
func peak(t *testing.T, usage any) int64 {
	t.Helper()
	u, ok := usage.(*syscall.Rusage)
	if !ok || runtime.GOOS != "linux" {
		t.Skip("the system does not tell how much memory a process took")
	}
	return u.Maxrss >> 10
}

// lowerPeak forgets the largest size that this process has had: a process starts as a copy of
// the one that starts it, and Linux counts the copy's peak for it.
func lowerPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // other systems have no such file, and peak skips there
}

const (
	plainDigits = "data: {dataset: digits, validation: 100}\nmodel: {type: mlp, hidden: [10]}\n"
	plainCopy   = "data: {dataset: copy, length: 5, train: 64}\nmodel: {type: lstm, hidden: 4}\n"
)

// TestUnboundedNumbers: whatever number a config has, a network or data that would not fit
// is refused in one line before memory is taken for it.
func TestUnboundedNumbers(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "digits.yaml"), plainDigits)
	write(t, filepath.Join(dir, "copy.yaml"), plainCopy)
	write(t, filepath.Join(dir, "zeros.txt.gz"), string(zipped(t, bytes.Repeat([]byte("ab"), 40<<20))))
	for _, c := range []struct{ config, set, words string }{
		{"digits", "threads=1000000000", "at most 1024"},
		{"digits", "train.epochs=1000000001", "at most 1000000"},
		{"digits", "train.batch=1000000000", "train.batch"},
		{"digits", "data.train=1000000000", "1397"},
		{"digits", "data.augment.crop=1000000000", "8×8"},
		{"digits", "model={type: resnet, depth: 6000000002}", "model.depth must be at least 1 and at most 2000, got 6000000002"},
		{"digits", "model={type: resnet, depth: 2000}", "8192 layers"},
		{"digits", "model={type: resnet, depth: 8, width: 5000}", "more than 268435456"},
		{"digits", "model={type: mlp, hidden: [1000000000]}", "not usable"},
		{"digits", "model={type: mlp, hidden: [8000, 8000, 8000, 8000, 8000, 8000]}", "more than 268435456"},
		{"digits", "model={layers: [conv: {out: 1000000000}]}", "not usable"},
		{"digits", "model={layers: [conv: {out: 4, kernel: 1000000001}]}", "kernel"},
		{"digits", "model={layers: [flatten, linear: {out: 4000000}, linear: {out: 4000000}]}", "not usable"},
		{"digits", "data={dataset: glyphs, train: 1000000000}", "10000000"},
		{"digits", "data={dataset: glyphs, train: 10000000}", "GiB"},
		{"copy", "model.depth=1000000000", "model.depth must be at least 1 and at most 2000, got 1000000000"},
		{"copy", "model.hidden=1000000000", "not usable"},
		{"copy", "model.embedding=1000000000", "not usable"},
		{"copy", "model={type: transformer, blocks: 1000000000}", "model.blocks must be at least 1 and at most 2000, got 1000000000"},
		{"copy", "model={type: transformer, blocks: 2000}", "8192 layers"},
		{"copy", "data.length=1000000000", "data.length must be at least 1 and at most 1048576, got 1000000000"},
		{"copy", "data.symbols=1000000000", "data.symbols must be at least 1 and at most 1048576, got 1000000000"},
		{"copy", "data={dataset: wordchain, window: 1000000000}", "too long"},
		{"copy", "data={dataset: wordchain, train: 64, window: 100000}", "a batch of 64 examples"},
		{"copy", "data={dataset: text, file: zeros.txt.gz}", "100 times its size"},
	} {
		t.Run(c.set, func(t *testing.T) {
			cmd := command(dir, "-config", c.config+".yaml", "-set", c.set, "-out", "run")
			cmd.Env = append(cmd.Env, "GOMEMLIMIT=1GiB")
			if c.set == "data={dataset: wordchain, train: 64, window: 100000}" {
				cmd.Args = append(cmd.Args, "-set", "data.test=64", "-set", "data.validation=64", "-set", "model.hidden=256")
			}
			lowerPeak()
			o := wait(t, cmd, nil)
			if o.code != cli.ExitBadInput {
				t.Fatalf("exit status %d, want %d: %s", o.code, cli.ExitBadInput, o.stderr)
			}
			oneLine(t, o, c.words)
			if mb := peak(t, cmd.ProcessState.SysUsage()); mb > 500 {
				t.Errorf("%d MiB to refuse it", mb)
			}
			if files := tree(t, dir); strings.Contains(files, "run") {
				t.Errorf("it leaves files:\n%s", files)
			}
		})
	}
}

// TestLargeVocabulary: a text of 20,000 kinds of characters trains, is pruned with
// its certificate and evaluated in the memory of a few batches.
func TestLargeVocabulary(t *testing.T) {
	if testing.Short() {
		t.Skip("a run of some seconds")
	}
	dir := t.TempDir()
	var text strings.Builder
	for range 2 {
		for r := range rune(20000) {
			text.WriteRune(0x4e00 + r)
		}
	}
	write(t, filepath.Join(dir, "a.txt"), text.String())
	write(t, filepath.Join(dir, "large.yaml"), `data: {dataset: text, file: a.txt, window: 32, train: 4, test: 100}
model: {type: gru, hidden: 4, embedding: 4}
train: {epochs: 1, batch: 2}
export: {onnx: false}
`)
	cmd := command(dir, "-config", "large.yaml", "-out", "run", "-quiet")
	lowerPeak()
	if o := wait(t, cmd, nil); o.code != 0 {
		t.Fatalf("exit status %d: %s", o.code, o.stderr)
	}
	if mb := peak(t, cmd.ProcessState.SysUsage()); mb > 200 {
		t.Errorf("it took %d MiB", mb)
	} else {
		t.Logf("%d MiB", mb)
	}
}
