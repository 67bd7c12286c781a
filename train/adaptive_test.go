package train

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"testing"

	"pare/layers"
	"pare/regularize"
)

var _ Adaptive = (*regularize.Activations)(nil)

// activeSession trains with a penalty strong enough to silence units, which are
// revived.
func activeSession(t *testing.T, dir string, seed uint64, report Reporter) session {
	t.Helper()
	log, err := OpenMetricsLog(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	net := toyNet(t, seed)
	term, err := regularize.NewActivations(net, regularize.Spec{Type: "l1", On: "activations", Lambda: 1, Warmup: 0.2,
		Revive: &regularize.Revive{After: 3, Floor: 0.01, Push: 0.05}})
	if err != nil {
		t.Fatal(err)
	}
	data := newToy(96, 16, 1)
	return session{tr: mustNew(t, net, Options{Train: data, Val: newToy(40, 16, 2), Loss: layers.CrossEntropy{},
		Penalties: []Penalty{term}, Optimizer: NewAdam(0.05), Epochs: 5, Seed: 5, Dir: dir,
		CheckpointEvery: 4, Config: "c", Log: log, LogEvery: 1, Reporter: report}), log: log, data: data}
}

// TestFiringRatesResume: the firing rates of a penalty are in checkpoints,
// between epochs and within one, so a resumed training is the undisturbed one.
func TestFiringRatesResume(t *testing.T) {
	whole := activeSession(t, t.TempDir(), 1, nil)
	if _, err := whole.tr.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := whole.tr.Checkpoint()
	idle := false
	for _, s := range want.Penalties {
		for _, v := range s.Data {
			idle = idle || v >= 3
		}
	}
	if len(want.Penalties) == 0 || !idle {
		t.Fatalf("no unit was silent: %v", want.Penalties)
	}
	for _, stop := range []int{9, 12} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		first := activeSession(t, dir, 1, callback{step: func(s Status) {
			if s.Step == stop {
				cancel()
			}
		}})
		if _, err := first.tr.Fit(ctx); !errors.Is(err, ErrInterrupted) {
			t.Fatal(err)
		}
		cancel()
		c, _, err := LatestCheckpoint(dir)
		if err != nil {
			t.Fatal(err)
		}
		second := activeSession(t, dir, 77, nil)
		if err := second.tr.Resume(c); err != nil {
			t.Fatal(err)
		}
		if _, err := second.tr.Fit(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := second.tr.Checkpoint()
		if !reflect.DeepEqual(got.Params, want.Params) || !reflect.DeepEqual(got.Penalties, want.Penalties) {
			t.Errorf("stopped at step %d: parameters or firing rates differ", stop)
		}
		if c.Penalties = c.Penalties[1:]; !errors.Is(activeSession(t, t.TempDir(), 1, nil).tr.Resume(c), ErrMismatch) {
			t.Error("a checkpoint without a firing rate is accepted")
		}
	}
}

// TestDensityIsLogged: the penalty makes activations sparse, and epochs say so.
func TestDensityIsLogged(t *testing.T) {
	dir := t.TempDir()
	s := activeSession(t, dir, 1, nil)
	if _, err := s.tr.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	records, err := ReadMetrics(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var density []float64
	for _, r := range records {
		if (r.Activity != nil) != (r.Kind == "epoch") {
			t.Fatalf("a %s record has the density %v", r.Kind, r.Activity)
		}
		if r.Activity != nil {
			density = append(density, r.Activity.Overall)
		}
	}
	if len(density) != 5 || density[4] > density[0]/2 || density[4] == 0 {
		t.Errorf("densities are %v", density)
	}
}
