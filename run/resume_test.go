package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"pare/config"
	"pare/train"
)

const resumable = base + perceptron + `
penalties: [{type: group_lasso, on: neurons, lambda: 0.01}]
finetune: {epochs: 2}
`

// canceller ends a context after so many steps.
type canceller struct {
	train.Silent
	left   *int
	cancel func()
}

func (c canceller) Step(train.Status) {
	if *c.left--; *c.left <= 0 {
		c.cancel()
	}
}

// TestInterruptEverywhere interrupts one run again and again, a few steps
// further each time.
func TestInterruptEverywhere(t *testing.T) {
	interruptEverywhere(t, parse(t, resumable, "train.log_steps=3"), 4)
}

// interruptEverywhere stops a run after 1, 2, …, most steps, in turn, until it is done, and
// compares it with an undisturbed one.
func interruptEverywhere(t *testing.T, c *config.Config, most int) {
	t.Helper()
	whole := finish(t, c)
	f, err := CreateFolder(filepath.Join(t.TempDir(), "run"), c.Name, c.YAML())
	if err != nil {
		t.Fatal(err)
	}
	var s *Summary
	stops := 0
	for left := 0; s == nil; left = 1 + stops%most {
		ctx, cancel := context.WithCancel(context.Background())
		if stops == 0 {
			cancel() // before anything is done
		}
		s, err = Run(ctx, Options{Config: c, Folder: f, Reporter: func() train.Reporter {
			return canceller{left: &left, cancel: cancel}
		}})
		cancel()
		if err == nil {
			break
		}
		if stops++; !errors.Is(err, train.ErrInterrupted) || IsInput(err) {
			t.Fatalf("stop %d: %v, want an interruption", stops, err)
		}
		if stops > 100 {
			t.Fatal("the run does not come to its end")
		}
	}
	if stops < 10 {
		t.Errorf("%d stops only", stops)
	}
	r := result{s, f}
	r.check(t)
	sameRun(t, r, whole)
}

// sameRun compares models, metrics and the curves of TensorBoard.
func sameRun(t *testing.T, got, want result) {
	t.Helper()
	if got.weights(t) != want.weights(t) {
		t.Error("the model differs from that of the undisturbed run")
	}
	if g, w := curves(t, got), curves(t, want); !reflect.DeepEqual(g, w) {
		t.Errorf("TensorBoard shows %v, of the undisturbed run %v", g, w)
	}
	g, err := train.ReadMetrics(got.folder.path(MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	w, err := train.ReadMetrics(want.folder.path(MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	if len(g) != len(w) {
		t.Fatalf("metrics.jsonl has %d lines, that of the undisturbed run %d", len(g), len(w))
	}
	for i := range g {
		if g[i].Loss != w[i].Loss || g[i].Step != w[i].Step || g[i].Phase != w[i].Phase || !reflect.DeepEqual(g[i].Val, w[i].Val) ||
			!reflect.DeepEqual(g[i].Remaining, w[i].Remaining) {
			t.Errorf("line %d of metrics.jsonl is %+v, that of the undisturbed run %+v", i+1, g[i], w[i])
		}
	}
}

// TestLostCheckpoints: a crash between a line of the log and the first
// checkpoint of a phase must not leave the line there twice.
func TestLostCheckpoints(t *testing.T) {
	c := parse(t, resumable)
	whole := finish(t, c)
	again := finish(t, c)
	for _, lost := range [][]string{
		{checkpointsDir + "/finetune"},
		{checkpointsDir + "/finetune", checkpointsDir + "/train", prunedDir},
	} {
		for _, dir := range lost {
			if err := os.RemoveAll(again.folder.path(dir)); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Run(context.Background(), Options{Config: c, Folder: again.folder})
		if err != nil {
			t.Fatal(err)
		}
		sameRun(t, result{s, again.folder}, whole)
	}
}

// TestFoldersApart: runs of one name that start together get a folder each.
func TestFoldersApart(t *testing.T) {
	t.Chdir(t.TempDir())
	var wg sync.WaitGroup
	var folders sync.Map
	for range 8 {
		wg.Go(func() {
			f, err := CreateFolder("", "one", []byte("seed: 1\n"))
			if err != nil {
				t.Error(err)
			}
			if _, taken := folders.LoadOrStore(f, true); taken {
				t.Errorf("%s was given twice", f)
			}
		})
	}
	wg.Wait()
}

// TestFolderFailure: a config that cannot be written leaves no empty folder.
func TestFolderFailure(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "run")} {
		if _, err := CreateFolder(path, "one", nil); err == nil || !IsInput(err) {
			t.Errorf("a run in %s: %v", path, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	if _, err := OpenFolder(dir); err == nil || !IsInput(err) {
		t.Errorf("a folder that is no run: %v", err)
	}
}
