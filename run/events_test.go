package run

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pare/config"
	"pare/report/tensorboard"
	"pare/train"
)

// curvePoint is a point of a curve.
type curvePoint struct {
	step  int64
	value float64
}

// curves are the curves of a run in TensorBoard. It fails where a step is there twice.
func curves(t *testing.T, r result) map[string][]curvePoint {
	t.Helper()
	out := map[string][]curvePoint{}
	err := tensorboard.Read(r.folder.path(EventsDir), func(step int64, s tensorboard.Scalar) {
		if list := out[s.Tag]; len(list) > 0 && list[len(list)-1].step >= step {
			t.Errorf("%s has step %d after %d", s.Tag, step, list[len(list)-1].step)
		}
		if math.IsNaN(s.Value) {
			s.Value = 0 // it has no value: hyperparameters
		}
		out[s.Tag] = append(out[s.Tag], curvePoint{step, s.Value})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCurves compares the curves of TensorBoard with the metrics log and the summary.
func TestCurves(t *testing.T) {
	r := finish(t, parse(t, shrinking+"prune: {every: 4}\ntarget: {macs: 0.6, by: 0.5}\nfinetune: {epochs: 1}\n",
		"train.epochs=20", "train.log_steps=3", "penalties.0.lambda=0.0001"))
	got := curves(t, r)
	log, err := train.ReadMetrics(r.folder.path(MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]curvePoint{
		"train/params": {{0, float64(r.ParamsBefore)}},
		"train/macs":   {{0, float64(r.MACsBefore)}},
	}
	add := func(tag string, step int, value float64) {
		want[tag] = append(want[tag], curvePoint{int64(step), float64(float32(value))})
	}
	for _, rec := range log {
		switch rec.Kind {
		case "step":
			add(rec.Phase+"_steps/loss", rec.Step, rec.Loss)
		case "epoch":
			add(rec.Phase+"/loss", rec.Step, rec.Loss)
			add(rec.Phase+"/val_accuracy", rec.Step, rec.Val.Accuracy)
		case "shrink":
			add(rec.Phase+"/params", rec.Step, float64(rec.Shrink.Params))
			add(rec.Phase+"/macs", rec.Step, float64(rec.Shrink.MACs))
		case "target":
			add(rec.Phase+"_target/share", rec.Step, rec.Target.Share)
		}
	}
	add("final/accuracy", 0, r.AccuracyFinal)
	add("final/macs_share", 0, float64(r.MACsAfter)/float64(r.MACsBefore))
	add("final/params_share", 0, float64(r.ParamsAfter)/float64(r.ParamsBefore))
	add("final/nonzero", 0, float64(r.NonZeroAfter))
	add("final/certificate", 0, r.Certificate.MaxRelDiff)
	for tag, points := range want {
		if !reflect.DeepEqual(got[tag], points) {
			t.Errorf("%s is %v, expected %v", tag, got[tag], points)
		}
	}
	for tag, least := range map[string]int{"train/macs": 2, "train_steps/loss": 30, "finetune_steps/loss": 1, "train_target/share": 1} {
		if len(want[tag]) < least {
			t.Errorf("%s has %d points, expected at least %d", tag, len(want[tag]), least)
		}
	}
}

// TestSessionEnd: a run that has ended, well or not, says so in TensorBoard; one that can go on
// does not.
func TestSessionEnd(t *testing.T) {
	const start, end = "_hparams_/session_start_info", "_hparams_/session_end_info"
	ended := func(c *config.Config, steps int) (has bool, err error) {
		f, err := CreateFolder(filepath.Join(t.TempDir(), "run"), c.Name, c.YAML())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err = Run(ctx, Options{Config: c, Folder: f, Reporter: func() train.Reporter { return canceller{left: &steps, cancel: cancel} }})
		got := curves(t, result{nil, f})
		if len(got[start]) != 1 {
			t.Errorf("%d starts of the session", len(got[start]))
		}
		return len(got[end]) == 1, err
	}
	text := base + perceptron
	if has, err := ended(parse(t, text), 1000); err != nil || !has {
		t.Errorf("finished: %v, its end is there: %t", err, has)
	}
	if has, err := ended(parse(t, text), 3); !errors.Is(err, train.ErrInterrupted) || has {
		t.Errorf("interrupted: %v, an end is there: %t", err, has)
	}
	if has, err := ended(parse(t, text, "train.optimizer.lr=1e30"), 1000); !errors.Is(err, train.ErrDiverged) || !has {
		t.Errorf("diverged: %v, its end is there: %t", err, has)
	}
}

func TestHyperparameters(t *testing.T) {
	c := parse(t, base+perceptron+`
penalties: [{type: group_lasso, on: neurons, lambda: 0.01}]
finetune: {epochs: 3, optimizer: {lr: 0.001}}
`, "threads=2", "train.log_steps=5")
	want := map[string]any{
		"seed": 1.0, "penalties.0.type": "group_lasso", "penalties.0.on": "neurons", "penalties.0.lambda": 0.01, "penalties.0.mode": "prox",
		"prune.method": "zeros", "prune.scope": "global",
		"train.epochs": 2.0, "train.batch": 32.0, "train.optimizer.type": "adam", "train.optimizer.lr": 0.005,
		"train.schedule.type": "constant", "train.early_stop.metric": "loss",
		"finetune.epochs": 3.0, "finetune.optimizer.lr": 0.001,
		"model.type": "mlp", "model.hidden": "[24,16]",
		"data.dataset": "digits", "data.train": 320.0, "data.validation": 50.0, "data.test": 200.0,
	}
	got := map[string]any{}
	for _, h := range hyperparameters(c) {
		got[h.Name] = h.Value
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %v, expected %v", name, got[name], value)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok && !strings.HasPrefix(name, "train.optimizer.") && !strings.HasPrefix(name, "data.") {
			t.Errorf("%s is %v, expected none", name, got[name])
		}
	}
	for _, name := range config.BuiltIn() {
		c := parseFile(t, name)
		list := hyperparameters(c)
		if n := len(list); n < 15 || n > maxHyperparameters {
			t.Errorf("%s has %d hyperparameters", name, n)
		}
	}
}

// TestTensorBoardLists has TensorBoard list the hyperparameters of runs by its plugin and by
// a server, with and without an experiment.
func TestTensorBoardLists(t *testing.T) {
	if err := exec.Command("python3", "-c", "import tensorboard").Run(); err != nil {
		t.Skip("there is no python3 with tensorboard")
	}
	dir := t.TempDir()
	texts := []string{base + perceptron, base + perceptron + "penalties: [{type: group_lasso, on: neurons, lambda: 0.01}]\n"}
	var runs []*Artifact
	for i, text := range texts {
		c := parse(t, text, "train.epochs=1")
		f, err := CreateFolder(filepath.Join(dir, []string{"dense", "penalty"}[i]), c.Name, c.YAML())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Run(t.Context(), Options{Config: c, Folder: f}); err != nil {
			t.Fatal(err)
		}
		a, err := OpenArtifact(string(f))
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, a)
	}
	type session struct {
		Name, Status string
		HParams      map[string]any
		Metrics      map[string]float64
	}
	type listing struct {
		HParams  map[string]string
		Metrics  []string
		Sessions []session
	}
	list := func(way string) (out listing) {
		cmd := exec.Command("python3", filepath.Join("..", "report", "tensorboard", "testdata", "read.py"), dir, way)
		var messages strings.Builder
		cmd.Stderr = &messages
		text, err := cmd.Output()
		if err != nil {
			t.Fatalf("read.py: %v\n%s", err, messages.String())
		}
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	check := func(out listing) {
		t.Helper()
		if out.HParams["penalties.0.lambda"] != "DATA_TYPE_FLOAT64" || out.HParams["model.type"] != "DATA_TYPE_STRING" {
			t.Errorf("hyperparameters are %v", out.HParams)
		}
		if len(out.Sessions) != 2 {
			t.Fatalf("sessions are %v", out.Sessions)
		}
		for i, s := range out.Sessions {
			summary := runs[i].mustSummary(t)
			lambda := []any{nil, 0.01}[i]
			if s.Status != "STATUS_SUCCESS" || s.HParams["penalties.0.lambda"] != lambda || s.HParams["train.optimizer.lr"] != 0.005 {
				t.Errorf("%s: %s, hyperparameters %v", s.Name, s.Status, s.HParams)
			}
			for name, value := range summary.results() {
				if s.Metrics["final/"+name] != float64(float32(value)) {
					t.Errorf("%s: final/%s is %g, expected %g", s.Name, name, s.Metrics["final/"+name], value)
				}
			}
		}
	}
	out := list("context")
	check(out)
	if !slices.Contains(out.Metrics, "train/loss") {
		t.Errorf("without an experiment, the results are %v", out.Metrics)
	}
	for n := 1; n <= 2; n++ { // the second call replaces the file
		if err := WriteExperiment(dir, runs[:n]); err != nil {
			t.Fatal(err)
		}
	}
	for _, way := range []string{"context", "http"} {
		out := list(way)
		check(out)
		var want []string
		for _, name := range slices.Sorted(maps.Keys(runs[0].mustSummary(t).results())) {
			want = append(want, "final/"+name)
		}
		if !slices.Equal(out.Metrics, want) {
			t.Errorf("%s: the results are %v, expected %v", way, out.Metrics, want)
		}
	}
	if err := os.Remove(filepath.Join(dir, "dense", SummaryFile)); err != nil {
		t.Fatal(err)
	}
	if err := WriteExperiment(dir, runs); err == nil || !IsInput(err) || !strings.Contains(err.Error(), "dense is no finished run") {
		t.Errorf("an unfinished run: %v", err)
	}
}

func (a *Artifact) mustSummary(t *testing.T) *Summary {
	t.Helper()
	s, err := a.Summary()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
