package sweep

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"pare/train"
)

// Executor does single runs of a sweep folder, several at the same time.
type Executor interface {
	// Run returns when the run is finished, has failed, or was saved after ctx ended, which
	// is train.ErrInterrupted. progress receives the share that is done; it may be called from
	// any goroutine.
	Run(ctx context.Context, f Folder, r *Run, threads int, progress func(share float64)) error
}

// Options say how to do a sweep on this machine.
type Options struct {
	Jobs     int  // runs at the same time; 0: one for each core
	Threads  int  // of all runs together; 0: one for each core
	Retry    bool // whether runs that have failed are tried again
	Executor Executor
	// Report is called whenever something has changed, at most five times a second; nil: silent.
	Report func(Report)
}

// Report is where a sweep stands.
type Report struct {
	Runs, Finished, Failed, Running int
	Done                            float64       // share of the work
	Left                            time.Duration // estimate; 0: there is none yet
	Changed                         *Run          // run that has just ended; nil: none
	State                           State         // of it
	Error                           error         // of it
}

// Jobs is how many runs Execute does at the same time, and the threads of each while there are
// enough runs.
func (o Options) split(runs int) (jobs, threads int) {
	all := o.Threads
	if all == 0 {
		all = runtime.GOMAXPROCS(0)
	}
	jobs = o.Jobs
	if jobs == 0 {
		jobs = all
	}
	return jobs, max(1, all/max(1, min(jobs, runs)))
}

// ended is a run that an executor is done with.
type ended struct {
	index int
	err   error
}

// share is how much of a run is done.
type share struct {
	index int
	done  float64
}

// execution is a sweep under way.
type execution struct {
	Options
	folder Folder
	table  *Table
	states []State
	expect []time.Duration
	shares []float64 // done of each run under way
	begun  time.Time
	before float64 // work done in earlier sessions
	told   time.Time
}

// Execute does the runs of a table that are not finished, each in its own time. The caller holds
// Folder.Lock. It returns the runs that have failed, each with a Failure, train.ErrInterrupted
// if ctx ended, and an error if another process is at work in a run, which other runs may need.
func Execute(ctx context.Context, f Folder, t *Table, o Options) (failed []*Run, err error) {
	e := &execution{Options: o, folder: f, table: t, states: f.States(t.Runs),
		shares: make([]float64, len(t.Runs)), begun: time.Now()}
	if o.Retry {
		for i, s := range e.states {
			if s == Failed {
				if err := f.forgive(t.Runs[i]); err != nil {
					return nil, inputError("the sweep folder cannot be written: %w", err)
				}
			}
		}
		e.states = f.States(t.Runs)
	}
	if err := f.makeFolders(); err != nil {
		return nil, err
	}
	e.expect = f.Estimate(t, nil)
	e.before = e.done()
	if err := e.all(ctx); err != nil {
		return nil, err
	}
	for i, s := range e.states {
		if s == Failed {
			failed = append(failed, t.Runs[i])
		}
	}
	if n := e.count(Finished); len(failed) == 0 && n < len(e.states) {
		i := slices.IndexFunc(e.states, func(s State) bool { return s != Finished })
		return nil, fmt.Errorf("%d of %d runs are not finished: another process is at work in %s; "+
			"when it has ended, go on with: pare sweep run %s",
			len(e.states)-n, len(e.states), f.path(t.Runs[i].Dir), f)
	}
	return failed, nil
}

func (e *execution) all(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ends, shares := make(chan ended), make(chan share, 64)
	running := map[int]bool{}
	var fault error // of the sweep itself; the runs under way are saved
	for {
		ready := e.ready(running)
		jobs, threads := e.split(len(ready) + len(running))
		for _, i := range ready {
			if len(running) >= jobs || ctx.Err() != nil {
				break
			}
			running[i], e.states[i] = true, Running
			go func() {
				err := e.Executor.Run(ctx, e.folder, e.table.Runs[i], threads, func(done float64) {
					select {
					case shares <- share{i, done}:
					default: // the next one says more
					}
				})
				ends <- ended{i, err}
			}()
		}
		e.report(nil, nil, len(running))
		if len(running) == 0 {
			// Another process may have done a run in the meantime: run -index, or train -resume.
			e.states = e.folder.States(e.table.Runs)
			if ctx.Err() != nil || len(e.ready(running)) == 0 {
				break
			}
			continue
		}
		select {
		case s := <-shares:
			e.shares[s.index] = s.done
		case end := <-ends:
			delete(running, end.index)
			if err := e.ended(ctx, end, running); err != nil && fault == nil {
				fault = err
				stop()
			}
		}
	}
	if fault == nil && ctx.Err() != nil {
		return fmt.Errorf("%w after %d of %d runs", train.ErrInterrupted, e.count(Finished), len(e.states))
	}
	return fault
}

// ready lists the runs that may begin. Those that others need come first.
func (e *execution) ready(running map[int]bool) []int {
	needed := map[int]bool{}
	for i, r := range e.table.Runs {
		if e.states[i] != Finished {
			for _, n := range r.Needs {
				needed[n] = true
			}
		}
	}
	var out []int
	for i, r := range e.table.Runs {
		waits := slices.ContainsFunc(r.Needs, func(n int) bool { return e.states[n] != Finished })
		if !running[i] && !waits && (e.states[i] == Ready || e.states[i] == Interrupted || e.states[i] == Waiting) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int {
		switch {
		case needed[a] == needed[b]:
			return a - b
		case needed[a]:
			return -1
		}
		return 1
	})
	return out
}

// ended records the end of a run.
func (e *execution) ended(ctx context.Context, end ended, running map[int]bool) error {
	r := e.table.Runs[end.index]
	e.states = e.folder.States(e.table.Runs)
	for i := range running {
		e.states[i] = Running
	}
	e.shares[end.index] = 0
	switch state := e.states[end.index]; {
	case state == Finished || state == Failed:
		end.err = nil
		if failure := e.folder.Failure(r); failure != nil && state == Failed {
			end.err = errors.New(failure.Error)
		}
	case ctx.Err() == nil:
		// It has left no record: it was killed, or another process works in its folder.
		if end.err == nil {
			end.err = errors.New("it has ended without a result")
		}
		if err := e.folder.fail(r, end.err); err != nil {
			return inputError("the sweep folder cannot be written: %w", err)
		}
		e.states = e.folder.States(e.table.Runs)
		for i := range running {
			e.states[i] = Running
		}
	default:
		return nil
	}
	if e.states[end.index] == Finished {
		e.expect = e.folder.Estimate(e.table, nil)
	}
	if err := e.folder.Save(e.table); err != nil {
		return inputError("the sweep folder cannot be written: %w", err)
	}
	e.report(r, end.err, len(running))
	return nil
}

func (e *execution) count(s State) int {
	n := 0
	for _, have := range e.states {
		if have == s {
			n++
		}
	}
	return n
}

// done is the work done so far.
func (e *execution) done() float64 {
	sum := 0.0
	for i, r := range e.table.Runs {
		switch e.states[i] {
		case Finished:
			sum += r.Work
		case Running:
			sum += r.Work * e.shares[i]
		}
	}
	return sum
}

func (e *execution) report(changed *Run, err error, running int) {
	if e.Report == nil || changed == nil && time.Since(e.told) < pulse {
		return
	}
	e.told = time.Now()
	out := Report{Runs: len(e.states), Finished: e.count(Finished), Failed: e.count(Failed) + e.count(Blocked), Running: running,
		Changed: changed, Error: err}
	total, done := e.table.work(), e.done()
	if total > 0 {
		out.Done = done / total
	}
	out.Left = e.left(done)
	if changed != nil {
		out.State = e.states[changed.Index]
	}
	e.Report(out)
}

// warmUp is how long a sweep runs before its progress tells the time left: at first runs load
// data.
const warmUp = 3 * time.Second

// left estimates the time to the end: the expected seconds of all runs that are left, by as
// many as run at the same time.
func (e *execution) left(done float64) time.Duration {
	var sum, longest time.Duration
	for i := range e.table.Runs {
		switch e.states[i] {
		case Failed, Blocked, Finished:
			continue
		}
		left := time.Duration(float64(e.expect[i]) * (1 - e.shares[i]))
		sum += left
		longest = max(longest, left)
	}
	if sum == 0 && done > e.before && time.Since(e.begun) > warmUp { // no run is finished yet
		return time.Duration(float64(time.Since(e.begun)) * (e.table.work() - done) / (done - e.before))
	}
	jobs, _ := e.split(len(e.states))
	return max(longest, sum/time.Duration(max(1, jobs)))
}
