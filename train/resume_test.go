package train

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pare/internal/kernel/parallel"
	"pare/layers"
)

// session is one process's part in a training.
type session struct {
	tr   *Trainer
	log  *MetricsLog
	data *toy
}

func newSession(t *testing.T, dir string, seed uint64, opt OptimizerSpec, report Reporter) session {
	t.Helper()
	log, err := OpenMetricsLog(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	net := toyNet(t, seed)
	data := newToy(96, 16, 1)
	return session{tr: mustNew(t, net, Options{Train: data, Val: newToy(40, 16, 2), Loss: layers.CrossEntropy{},
		Penalties: []Penalty{sparseWeights(t, net, 0.01)}, Optimizer: opt, Schedule: &Cosine{},
		Epochs: 3, Seed: 5, Dir: dir, CheckpointEvery: 4, Config: "c", Log: log, LogEvery: 1, Reporter: report,
		Statistics: StatisticsSource{newToy(48, 16, 3), 16},
		Stop:       EarlyStopSpec{Patience: 2, Restore: "best"}}), log: log, data: data}
}

// TestResumeIsBitExact interrupts a training, or lets it crash, in the middle
// of an epoch, goes on in a new Trainer with another number of threads, and
// compares everything with an undisturbed run.
func TestResumeIsBitExact(t *testing.T) {
	defer parallel.SetThreads(0)
	for _, opt := range []OptimizerSpec{&SGD{LR: 0.05, Momentum: 0.9}, NewAdam(0.01)} {
		for threads := 1; threads <= 2; threads++ {
			for _, crash := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d threads/crash %v", kind(opt), threads, crash), func(t *testing.T) {
					parallel.SetThreads(threads)
					wholeDir, dir := t.TempDir(), t.TempDir()
					whole := newSession(t, wholeDir, 1, opt, nil)
					if _, err := whole.tr.Fit(t.Context()); err != nil {
						t.Fatal(err)
					}
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					first := newSession(t, dir, 1, opt, callback{step: func(s Status) {
						if s.Step == 9 && !crash {
							cancel()
						}
					}})
					want := 9
					if crash {
						first.data.fail, want = 11, 8
					}
					if _, err := first.tr.Fit(ctx); crash == errors.Is(err, ErrInterrupted) || err == nil {
						t.Fatalf("first session: %v", err)
					}
					first.log.Close()

					parallel.SetThreads(3 - threads)
					c, warning, err := LatestCheckpoint(dir)
					if err != nil || warning != nil || c.Position.Step != want {
						t.Fatalf("checkpoint: %+v, %v, %v", c, warning, err)
					}
					second := newSession(t, dir, 77, opt, nil)
					if err := second.tr.Resume(c); err != nil {
						t.Fatal(err)
					}
					if _, err := second.tr.Fit(t.Context()); err != nil {
						t.Fatal(err)
					}
					compareSessions(t, whole, second)
				})
			}
		}
	}
}

func compareSessions(t *testing.T, whole, second session) {
	t.Helper()
	a, b := whole.tr.Checkpoint(), second.tr.Checkpoint()
	expectSame(t, "parameters", b.Params, a.Params)
	expectSame(t, "optimizer", b.Optimizer.Tensors, a.Optimizer.Tensors)
	expectSame(t, "best", b.Best, a.Best)
	a.Position.Seconds, b.Position.Seconds = 0, 0
	a.Position.Waited, b.Position.Waited = 0, 0
	if !reflect.DeepEqual(a.Position, b.Position) || a.Optimizer.Step != b.Optimizer.Step {
		t.Errorf("position %+v, undisturbed %+v", b.Position, a.Position)
	}
	la, lb := records(t, whole), records(t, second)
	if len(la) != 18+3 || len(lb) != len(la) {
		t.Fatalf("metrics log with %d lines, undisturbed %d", len(lb), len(la))
	}
	for i := range la {
		if !reflect.DeepEqual(la[i], lb[i]) {
			t.Errorf("line %d of the metrics log is\n%+v, undisturbed\n%+v", i+1, lb[i], la[i])
		}
	}
}

// records are the lines of a session's log without their times.
func records(t *testing.T, s session) []Record {
	t.Helper()
	rs, err := ReadMetrics(s.log.path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rs {
		rs[i].Seconds, rs[i].Waited = 0, 0
	}
	return rs
}

func TestInterruptDuringEvaluation(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	opt := &SGD{LR: 0.05}
	s := newSession(t, dir, 1, opt, nil)
	s.tr.o.Val = cancelling{newToy(40, 16, 2), cancel}
	if _, err := s.tr.Fit(ctx); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	s.log.Close()
	c, _, err := LatestCheckpoint(dir)
	if err != nil || c.Position.Epoch != 0 || c.Position.Batch != 6 {
		t.Fatalf("checkpoint %+v, %v: want it before the evaluation of the first epoch", c, err)
	}
	second, whole := newSession(t, dir, 2, opt, nil), newSession(t, t.TempDir(), 1, opt, nil)
	if err := second.tr.Resume(c); err != nil {
		t.Fatal(err)
	}
	for _, s := range []session{second, whole} {
		if _, err := s.tr.Fit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	compareSessions(t, whole, second)
}

// cancelling ends the context when it is first read.
type cancelling struct {
	*toy
	cancel func()
}

func (c cancelling) All(ctx context.Context) iter.Seq2[Batch, error] {
	c.cancel()
	return c.toy.All(ctx)
}

func TestResumeRefusesWhatDoesNotFit(t *testing.T) {
	opt := &SGD{LR: 0.05, Momentum: 0.9}
	base := func() *Checkpoint {
		c := *newSession(t, t.TempDir(), 1, opt, nil).tr.Checkpoint()
		return &c
	}
	for _, c := range []struct {
		change func(*Checkpoint)
		want   string
	}{
		{func(c *Checkpoint) { c.Position.Phase = "finetune" }, "of phase finetune"},
		{func(c *Checkpoint) { c.Config = "other" }, "another configuration"},
		{func(c *Checkpoint) { c.Architecture = "0123456789" }, "another architecture"},
		{func(c *Checkpoint) { c.Position.Batch, c.Position.Step = 7, 7 }, "epochs of 6 batches"},
		{func(c *Checkpoint) { c.Position.Last.Terms = nil }, "with 0 penalties"},
		{func(c *Checkpoint) { c.Params = c.Params[1:] }, "tensor"},
		{func(c *Checkpoint) { c.Optimizer.Tensors = nil }, "momentum/conv.weight is missing"},
	} {
		tr := newSession(t, t.TempDir(), 3, opt, nil).tr
		before := cloneTensors(tr.params)
		ck := base()
		c.change(ck)
		if err := tr.Resume(ck); !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
		expectSame(t, "parameters after a refusal", tr.params, before)
	}
}
