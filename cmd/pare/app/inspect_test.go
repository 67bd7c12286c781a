package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/run"
)

func inspected(t *testing.T, path string) inspection {
	t.Helper()
	var i inspection
	if err := json.Unmarshal([]byte(succeed(t, "inspect", "-json", path)), &i); err != nil {
		t.Fatal(err)
	}
	return i
}

func TestInspectRun(t *testing.T) {
	folder, s := tinyRun(t)
	if s.ParamsAfter >= s.ParamsBefore || s.Removed.Units == 0 {
		t.Fatalf("the tiny run removes nothing: %+v", s)
	}
	contains(t, succeed(t, "inspect", folder), "model tiny · data digits · seed 3", "params", " → ", "certificate  passed",
		"removed", "method  zeros", "state   finished 20", export.SafetensorsFile, run.SummaryFile,
		"network (final): input 1×8×8, output 10", "conv1", "batchnorm", "nonzero", "total")
	i := inspected(t, folder)
	if diff := cmp.Diff(s, i.Summary); diff != "" {
		t.Errorf("summary: %s", diff)
	}
	if i.Kind != run.KindRun || i.Name != "tiny" || i.Dataset != "digits" || *i.Seed != 3 || !i.State.Finished {
		t.Errorf("got %+v", i)
	}
	if n := i.Network; n.Stage != "final" || n.Total.Params != s.ParamsAfter || n.Total.MACs != s.MACsAfter ||
		n.Total.NonZero != s.NonZeroAfter || len(n.Layers) != 7 {
		t.Errorf("network %+v does not fit the summary %+v", n, s)
	}
	for _, f := range i.Files {
		if _, err := os.Stat(f); err != nil {
			t.Error(err)
		}
	}
}

func TestInspectModels(t *testing.T) {
	folder, s := tinyRun(t)
	for path, params := range map[string]int64{
		filepath.Join(folder, "trained"):         s.ParamsBefore,
		filepath.Join(folder, "pruned"):          s.ParamsAfter,
		filepath.Join(folder, export.ONNXFile):   s.ParamsAfter,
		copyRun(t, run.ConfigFile, "prune.json"): s.ParamsAfter,
	} {
		i := inspected(t, path)
		if i.Network == nil || i.Network.Total.Params != params || i.Model != "tiny" || i.State != nil {
			t.Errorf("%s: got %+v", path, i)
		}
		contains(t, succeed(t, "inspect", path), "conv1", "files ")
	}
	// The contents of prune.json are shown as well.
	contains(t, succeed(t, "inspect", filepath.Join(folder, "pruned")), " → ", "certificate  passed", "method  zeros")
}

func TestInspectStates(t *testing.T) {
	for _, c := range []struct {
		without []string
		stage   string // of the network; "": none
		state   run.State
		text    string
	}{
		{[]string{run.SummaryFile, "checkpoints/finetune"}, "pruned", run.State{Phase: "finetune", Epochs: 1}, "in phase finetune after epoch 0 of 1"},
		{[]string{run.SummaryFile}, "pruned", run.State{Phase: "export"}, "in phase export"},
		{[]string{run.SummaryFile, "pruned"}, "trained", run.State{Phase: "prune"}, "in phase prune"},
		{[]string{run.SummaryFile, "pruned", "trained", "checkpoints/train/last.ckpt"}, "", run.State{Phase: "train", Epoch: 2, Epochs: 3}, "in phase train after epoch 2 of 3"},
		{[]string{run.SummaryFile, "pruned", "trained", "checkpoints"}, "", run.State{Phase: "train", Epochs: 3}, "in phase train after epoch 0 of 3"},
	} {
		dir := copyRun(t, c.without...)
		i := inspected(t, dir)
		if *i.State != c.state {
			t.Errorf("without %q: state %+v, want %+v", c.without, *i.State, c.state)
		}
		switch {
		case (i.Network == nil) != (c.stage == ""):
			t.Errorf("without %q: network %+v", c.without, i.Network)
		case c.stage != "" && i.Network.Stage != c.stage:
			t.Errorf("without %q: stage %s, want %s", c.without, i.Network.Stage, c.stage)
		}
		contains(t, succeed(t, "inspect", dir), c.text, "go on with train -resume "+dir)
		fail(t, cli.ExitBadInput, "is not finished", "predict", dir, "-split", "test")
	}
}

func TestInspectDamaged(t *testing.T) {
	for name, content := range map[string]string{
		run.SummaryFile: "{", run.ConfigFile: "name: [", export.ArchitectureFile: "{}", export.SafetensorsFile: "short",
	} {
		dir := copyRun(t)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		fail(t, cli.ExitBadInput, name, "inspect", dir)
	}
	onnx := filepath.Join(t.TempDir(), "x.onnx")
	if err := os.WriteFile(onnx, []byte("nonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	fail(t, cli.ExitBadInput, onnx, "inspect", onnx)
}
