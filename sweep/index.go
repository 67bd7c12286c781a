package sweep

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"pare/config"
	"pare/internal/filelock"
	"pare/run"
	"pare/train"
)

// RunOptions say how to do one run of a sweep.
type RunOptions struct {
	Threads int    // processor threads; 0: as in the config
	Command string // for sessions.json; may be empty
	// Wait is how long to wait for another process to leave the run, and for runs that this one
	// needs while no process works on them. 0: not for the former, and without end for the latter.
	Wait time.Duration
	// Reporter shows progress in the log of the run; nil: the log has the stages alone.
	Reporter func(log *os.File) train.Reporter
	// Progress receives the share of the training that is done; may be nil.
	Progress func(share float64)
}

// RunIndex sleeps between two looks at other runs, at first shortly.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// RunIndex does one run of the sweep in a folder, from its start or from its last checkpoint. It
// waits for the runs that it needs, which other processes do. It changes the working
// directory to the folder, because configs name earlier runs relative to it. A finished run is
// left as it is. A failure is recorded in the folder; train.ErrInterrupted means that ctx ended
// and the state was saved.
func RunIndex(ctx context.Context, dir string, index int, o RunOptions) error {
	f, t, err := OpenFolder(dir)
	if err != nil {
		return err
	}
	if index < 0 || index >= len(t.Runs) {
		return inputError("there is no run %d in %s, which has runs 0 to %d", index, dir, len(t.Runs)-1)
	}
	if err := os.Chdir(string(f)); err != nil {
		return inputError("the sweep folder cannot be entered: %w", err)
	}
	f = "."
	r := t.Runs[index]
	if f.complete(r) {
		return nil
	}
	if err := f.makeFolders(); err != nil {
		return err
	}
	lock, err := f.enter(ctx, r, o.Wait)
	if err != nil {
		return err
	}
	defer lock.Close()
	if f.complete(r) { // by another process in the meantime
		return nil
	}
	if err := f.forgive(r); err != nil {
		return inputError("the sweep folder cannot be written: %w", err)
	}
	if err := f.await(ctx, t, r, o.Wait); err != nil {
		return err
	}
	err = f.do(ctx, t, r, o)
	if err == nil || errors.Is(err, train.ErrInterrupted) || ctx.Err() != nil {
		return err
	}
	return errors.Join(fmt.Errorf("%s: %w", r.Name, err), f.fail(r, err))
}

// enter locks the log of a run, as its folder may not exist yet. It waits for at most the given
// time for another process to leave the run.
func (f Folder) enter(ctx context.Context, r *Run, limit time.Duration) (*os.File, error) {
	sleep := firstPause
	for begun := time.Now(); ; {
		lock, err := filelock.Take(f.path(r.Log))
		switch {
		case err == nil && !run.Folder(f.path(r.Dir)).Working(): // train -resume does not know of the log
			return lock, nil
		case err == nil:
			lock.Close()
		case !errors.Is(err, filelock.ErrHeld):
			return nil, inputError("the log cannot be written: %w", err)
		}
		if time.Since(begun) >= limit {
			return nil, inputError("another process is at work in %s; wait for it or stop it", r.Dir)
		}
		if err := pause(ctx, &sleep); err != nil {
			return nil, err
		}
	}
}

// await waits until the runs that r needs are finished, but for no longer than limit while no
// process works on them; 0: without end.
func (f Folder) await(ctx context.Context, t *Table, r *Run, limit time.Duration) error {
	sleep := firstPause
	for seen := time.Now(); ; {
		var missing *Run
		states := f.States(t.Runs)
		for _, n := range r.Needs {
			switch states[n] {
			case Finished:
			case Failed, Blocked:
				return fmt.Errorf("%s needs %s, which has failed; see %s", r.Name, t.Runs[n].Name, t.Runs[n].Log)
			default:
				missing = t.Runs[n]
			}
		}
		switch {
		case missing == nil:
			return nil
		case t.underWay(r, states):
			seen = time.Now()
		case limit > 0 && time.Since(seen) >= limit:
			return fmt.Errorf("%s needs %s, on which no process has worked for %v", r.Name, missing.Name, limit)
		}
		if err := pause(ctx, &sleep); err != nil {
			return err
		}
	}
}

// underWay reports whether a process works on a run that r needs, directly or not.
func (t *Table) underWay(r *Run, states []State) bool {
	return slices.ContainsFunc(r.Needs, func(n int) bool {
		return states[n] == Running || states[n] != Finished && t.underWay(t.Runs[n], states)
	})
}

// pause waits a moment for other processes, next time longer.
func pause(ctx context.Context, sleep *time.Duration) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("%w while waiting for another process", train.ErrInterrupted)
	case <-time.After(*sleep):
		*sleep = min(2**sleep, longestPause)
		return nil
	}
}

// do is RunIndex for a run that is ready. The working directory is the sweep folder.
func (f Folder) do(ctx context.Context, t *Table, r *Run, o RunOptions) (err error) {
	log, err := os.OpenFile(r.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("the log cannot be written: %w", err)
	}
	defer log.Close()
	defer func() {
		if err != nil {
			fmt.Fprintln(log, err)
		}
	}()
	if exists(f.path(r.Dir, run.SummaryFile)) { // the attack is left
		return f.attack(ctx, r, log)
	}
	options := run.Options{Command: o.Command, Messages: log, Warn: func(text string) { fmt.Fprintln(log, "warning:", text) }}
	if exists(f.path(r.Dir, run.ConfigFile)) {
		if options.Folder, err = run.OpenFolder(r.Dir); err != nil {
			return err
		}
		if options.Config, err = config.Load(f.path(r.Dir, run.ConfigFile), nil); err != nil {
			return err
		}
	} else {
		set, err := f.overrides(t, r)
		if err != nil {
			return err
		}
		if options.Config, err = config.Load(baseFile, set); err != nil {
			return err
		}
		if _, options.Data, err = run.Plan(ctx, options.Config, nil); err != nil {
			return err
		}
		if r.Attack != "" { // before hours of training
			request, err := r.robustness()
			if err == nil {
				err = options.Data.CheckAttack(request)
			}
			if err != nil {
				return err
			}
		}
		if options.Folder, err = run.CreateFolder(r.Dir, r.Name, options.Config.YAML()); err != nil {
			return err
		}
	}
	if o.Threads > 0 {
		options.Config.Threads = o.Threads
	}
	options.Reporter = func() train.Reporter { return newMeter(options.Config, log, o) }
	if _, err = run.Run(ctx, options); err != nil {
		return err
	}
	return f.attack(ctx, r, log)
}

// overrides are those of a run with the values that it takes from finished runs.
func (f Folder) overrides(t *Table, r *Run) ([]string, error) {
	set := append([]string{}, r.Set...)
	for _, take := range r.Take {
		from := t.Runs[take.Run]
		a, err := run.OpenArtifact(f.path(from.Dir))
		if err != nil {
			return nil, err
		}
		s, err := a.Summary()
		switch {
		case err != nil:
			return nil, err
		case s == nil || s.MACsBefore <= 0:
			return nil, fmt.Errorf("%s has no result to take %s from", from.Name, take.Key)
		}
		e, err := a.Experiment()
		if err != nil {
			return nil, err
		}
		before := s.MACsBefore
		if e.Original != nil { // the network that the chain of runs began with
			before = e.Original.MACs
		}
		share := float64(s.MACsAfter) / float64(before)
		switch take.Value {
		case TakeMACs:
			if share <= 0 {
				return nil, fmt.Errorf("%s left no multiply-accumulates, so there is no budget for %s", from.Name, take.Key)
			}
			set = append(set, take.Key+"="+number(min(share, largestShare)))
		case TakeEpochs:
			c, err := config.Load(baseFile, r.Set)
			if err != nil {
				return nil, err
			}
			if share <= 0 {
				return nil, fmt.Errorf("%s left no multiply-accumulates to train", from.Name)
			}
			set = append(set, fmt.Sprintf("%s=%d", take.Key, max(1, int(math.Round(float64(c.Train.Epochs)/share)))))
		default:
			return nil, inputError("%s is damaged: run %d takes %q", f.path(TableFile), r.Index, take.Value)
		}
	}
	return set, nil
}

// largestShare is the budget where the run that it is taken from has removed nothing: a budget
// of 1 is none.
const largestShare = 0.999

// meter reports the progress of a phase to the log and as a share of the run.
type meter struct {
	train.Reporter
	o       RunOptions
	c       *config.Config
	reached time.Time
}

func newMeter(c *config.Config, log *os.File, o RunOptions) train.Reporter {
	m := &meter{Reporter: train.Silent{}, o: o, c: c}
	if o.Reporter != nil {
		m.Reporter = o.Reporter(log)
	}
	return m
}

// pulse is the time between two reports of progress.
const pulse = 200 * time.Millisecond

func (m *meter) Step(s train.Status) {
	m.Reporter.Step(s)
	if m.o.Progress == nil || time.Since(m.reached) < pulse {
		return
	}
	m.reached = time.Now()
	before, all := 0, m.c.Train.Epochs
	if tune := m.c.Finetune; tune != nil {
		all += tune.Epochs
		if s.Phase == "finetune" {
			before = m.c.Train.Epochs
		}
	}
	m.o.Progress((float64(before) + float64(s.Step)/float64(s.Steps)*float64(s.Epochs)) / float64(max(all, 1)))
}
