package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
	"pare/train"
)

// interrupted copies a run folder as a stop after the first epoch would have
// left it: the checkpoints of training, and nothing that comes after.
func interrupted(t *testing.T, whole, run string) {
	t.Helper()
	for _, f := range []string{"config.yaml", "metrics.jsonl", "checkpoints/train/last.ckpt", "checkpoints/train/previous.ckpt"} {
		write(t, filepath.Join(run, f), read(t, whole, f))
	}
}

func damage(t *testing.T, path string) {
	t.Helper()
	data := []byte(read(t, path))
	data[len(data)/2] ^= 0x40
	write(t, path, string(data))
}

func small(t *testing.T) (dir, whole string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "small.yaml"), smallConfig)
	ok(t, dir, "-config", "small.yaml", "-out", "whole", "-quiet")
	return dir, filepath.Join(dir, "whole")
}

// TestDamagedCheckpoint: the one before takes its place, with a warning.
func TestDamagedCheckpoint(t *testing.T) {
	dir, whole := small(t)
	run := filepath.Join(dir, "run")
	for _, c := range []struct {
		name   string
		damage func(path string)
	}{
		{"changed", func(p string) { damage(t, p) }},
		{"cut off", func(p string) { write(t, p, read(t, p)[:100]) }},
		{"empty", func(p string) { write(t, p, "") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.RemoveAll(run); err != nil {
				t.Fatal(err)
			}
			interrupted(t, whole, run)
			c.damage(filepath.Join(run, "checkpoints/train/last.ckpt"))
			o := ok(t, dir, "-resume", "run", "-quiet")
			if !strings.Contains(o.stderr, "train: warning: ") || !strings.Contains(o.stderr, "going on from previous.ckpt") {
				t.Errorf("no warning: %s", o.stderr)
			}
			for _, file := range []string{"summary.json", "report.html"} {
				if !strings.Contains(read(t, run, file), "going on from previous.ckpt") {
					t.Errorf("%s does not know of the warning", file)
				}
			}
			same(t, run, whole)
		})
	}
	t.Run("both", func(t *testing.T) {
		if err := os.RemoveAll(run); err != nil {
			t.Fatal(err)
		}
		interrupted(t, whole, run)
		damage(t, filepath.Join(run, "checkpoints/train/last.ckpt"))
		damage(t, filepath.Join(run, "checkpoints/train/previous.ckpt"))
		log := read(t, run, "metrics.jsonl")
		o := launch(t, dir, "-resume", "run")
		if o.code != cli.ExitBadInput {
			t.Errorf("exit status %d, want %d", o.code, cli.ExitBadInput)
		}
		oneLine(t, o, "last.ckpt", "damaged")
		if read(t, run, "metrics.jsonl") != log {
			t.Error("the metrics log changed")
		}
	})
	t.Run("neither", func(t *testing.T) {
		if err := os.RemoveAll(run); err != nil {
			t.Fatal(err)
		}
		interrupted(t, whole, run)
		if err := os.RemoveAll(filepath.Join(run, "checkpoints")); err != nil {
			t.Fatal(err)
		}
		ok(t, dir, "-resume", "run") // from the start; the log of the lost session goes
		same(t, run, whole)
	})
}

// TestEditedConfig: a run folder whose config was changed goes no further.
func TestEditedConfig(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "res.yaml"), `data: {dataset: digits, train: 64, test: 40}
model: {type: resnet, depth: 8, width: 2}
train: {epochs: 2, batch: 16}
`)
	ok(t, dir, "-config", "res.yaml", "-out", "whole", "-quiet")
	whole, run := filepath.Join(dir, "whole"), filepath.Join(dir, "run")
	text := replace(t, read(t, whole, "config.yaml"), "depth: 8", "depth: 14")
	edited := func(t *testing.T, words ...string) {
		t.Helper()
		o := launch(t, dir, "-resume", "run")
		if o.code != cli.ExitBadInput {
			t.Errorf("exit status %d, want %d: %s", o.code, cli.ExitBadInput, o.stderr)
		}
		oneLine(t, o, words...)
	}
	interrupted(t, whole, run)
	write(t, filepath.Join(run, "config.yaml"), text)
	edited(t, "checkpoint", "configuration", "config.yaml")

	// After pruning there is no such checkpoint to compare with.
	for _, f := range []string{"model.safetensors", "architecture.json", "prune.json"} {
		write(t, filepath.Join(run, "pruned", f), read(t, whole, "pruned", f))
	}
	edited(t, "run/pruned", "another config", "config.yaml")

	write(t, filepath.Join(run, "config.yaml"), "name: [")
	edited(t, "config.yaml:1:")
	write(t, filepath.Join(run, "config.yaml"), read(t, whole, "config.yaml"))
	for _, f := range []string{"model.safetensors", "architecture.json", "prune.json"} {
		path := filepath.Join(run, "pruned", f)
		text := read(t, path)
		write(t, path, text[:len(text)/2])
		edited(t, filepath.Join("run/pruned", f))
		write(t, path, text)
	}
	// Another number of threads is no other config.
	write(t, filepath.Join(run, "config.yaml"), replace(t, read(t, whole, "config.yaml"), "threads: 0", "threads: 3"))
	// A crash leaves such a file.
	write(t, filepath.Join(run, "checkpoints/train/.next.ckpt.tmp-1"), "half")
	ok(t, dir, "-resume", "run", "-quiet")
	if strings.Contains(tree(t, run), ".tmp-") {
		t.Error("a temporary file is left")
	}
	if read(t, run, "model.safetensors") != read(t, whole, "model.safetensors") {
		t.Error("the model differs from that of the undisturbed run")
	}
}

// TestDivergence: a loss that is not finite is no bad input. The last good
// checkpoint stays.
func TestDivergence(t *testing.T) {
	dir := t.TempDir()
	text := replace(t, smallConfig, "{type: adam, lr: 0.01}", "{type: sgd, lr: 1e30}")
	write(t, filepath.Join(dir, "small.yaml"), replace(t, text, "batch: 16", "batch: 16, checkpoint_steps: 1"))
	o := launch(t, dir, "-config", "small.yaml", "-out", "run")
	if o.code != cli.ExitFailed {
		t.Fatalf("exit status %d, want %d: %s", o.code, cli.ExitFailed, o.stderr)
	}
	lines := o.lines()
	last := lines[len(lines)-1]
	for _, w := range []string{"train: ", "diverged", "step ", "in linear of layer ", "learning rate"} {
		if !strings.Contains(last, w) {
			t.Errorf("the last line lacks %q: %s", w, last)
		}
	}
	c, warning, err := train.LatestCheckpoint(filepath.Join(dir, "run/checkpoints/train"))
	if err != nil || warning != nil {
		t.Fatalf("the checkpoint is not good: %v, %v", warning, err)
	}
	for _, p := range c.Params {
		for _, v := range p.Data {
			if v-v != 0 {
				t.Fatalf("the checkpoint holds %g in %s", v, p.Name)
			}
		}
	}
	if again := launch(t, dir, "-resume", "run", "-quiet"); again.code != cli.ExitFailed || again.lines()[len(again.lines())-1] != last {
		t.Errorf("resumed, it ends with %d, %s; want %s", again.code, again.stderr, last)
	}
}
