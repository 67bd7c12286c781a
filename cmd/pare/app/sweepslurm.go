package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"pare/cmd/internal/cli"
	"pare/sweep"
)

// slurmFlags are the options of pare sweep that a task asks of Slurm.
var slurmFlags = []string{"partition", "time", "mem", "cpus", "sbatch"}

func (f *flags) slurmFlags(q *sweepRequest) {
	f.BoolVar(&q.slurm, "slurm", false, "submit, retry: the runs are tasks of Slurm; its options that are left out stay as they were")
	f.StringVar(&q.asked.Partition, "partition", "", "-slurm: `NAME` of the partition")
	f.StringVar(&q.asked.Time, "time", "", "-slurm: `LIMIT` of a task, minutes, H:M:S or D-H; a run that reaches it is saved and queued again")
	f.StringVar(&q.asked.Memory, "mem", "", "-slurm: memory of a task, `SIZE` such as 4G")
	f.IntVar(&q.asked.CPUs, "cpus", 0, "-slurm: cores of a task")
	f.Func("sbatch", "-slurm: a further `OPTION` of sbatch, such as --account=NAME; may be given more than once", func(s string) error {
		q.asked.Extra = append(q.asked.Extra, s)
		return nil
	})
	f.within(between(0, 1024), "cpus")
}

// slurmOptions are the options on the command line. An option left out keeps its value of the
// last submission.
func (q *sweepRequest) slurmOptions(last sweep.SlurmOptions) sweep.SlurmOptions {
	o := q.asked
	o.Limit = q.jobs
	for name, keep := range map[string]func(){
		"partition": func() { o.Partition = last.Partition },
		"time":      func() { o.Time = last.Time },
		"mem":       func() { o.Memory = last.Memory },
		"cpus":      func() { o.CPUs = last.CPUs },
		"jobs":      func() { o.Limit = last.Limit },
		"sbatch":    func() { o.Extra = last.Extra },
	} {
		if !q.given(name) {
			keep()
		}
	}
	return o
}

// submitSweep submits the runs that are not finished, and returns at once.
func submitSweep(ctx context.Context, q *sweepRequest) error {
	if !q.slurm {
		return cli.InputError("submit needs -slurm, the one cluster manager that it submits to; for others see docs/sweeps.md")
	}
	s := &sweep.Slurm{Report: []string{"status", "report"}}
	var err error
	if s.Program, err = os.Executable(); err != nil {
		return fmt.Errorf("find the running program: %w", err)
	}
	f, t, err := q.openChecked(ctx, func(f sweep.Folder, runs []*sweep.Run) error {
		queue, err := f.Queue(ctx)
		if err != nil {
			return err
		}
		s.SlurmOptions = q.slurmOptions(queue.Options())
		return errors.Join(s.Ready(f), queue.Fits(runs))
	})
	if err != nil {
		return err
	}
	lock, err := f.Lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	done, err := s.Submit(ctx, f, t, q.action == "retry")
	if err != nil {
		return err
	}
	if done.Runs == 0 {
		fmt.Fprintf(q.stdout, "nothing to submit in %s: %d of %d runs are under way; see pare sweep status %s\n", f, done.Queued, len(t.Runs), f)
		return nil
	}
	fmt.Fprintf(q.stdout, "%d of %d runs are submitted, as jobs %s; the report is job %s\nstates: pare sweep status %s\n",
		done.Runs, len(t.Runs), strings.Join(done.Jobs, ", "), done.Report, f)
	return nil
}

// queue asks Slurm for the tasks of a folder; nil: this machine has no Slurm.
func (q *sweepRequest) queue(ctx context.Context, f sweep.Folder) (*sweep.Queue, error) {
	queue, err := f.Queue(ctx)
	if errors.Is(err, sweep.ErrNoSlurm) {
		q.note("runs were submitted to Slurm, whose commands are not on this machine: the states of tasks are not known")
		return nil, nil
	}
	return queue, err
}

// idle is an error while Slurm has tasks of a folder.
func (q *sweepRequest) idle(ctx context.Context, f sweep.Folder) error {
	queue, err := q.queue(ctx, f)
	if err != nil || queue == nil {
		return err
	}
	return queue.Idle()
}

// taskText is a task as the table shows it: "12_3 RUNNING on n1".
func taskText(t sweep.Task) string {
	text := strings.TrimSpace(t.ID + " " + t.State)
	switch {
	case t.ID != "" && t.State == "":
		return text + " ended"
	case t.Live() && t.Node != "":
		return text + " on " + t.Node
	case t.Reason != "":
		return text + " (" + t.Reason + ")"
	}
	return text
}
