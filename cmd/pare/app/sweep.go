package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"pare/cmd/internal/cli"
	"pare/internal/printable"
	"pare/sweep"
	"pare/train"
)

// sweepCommand trains all the runs behind a curve.
var sweepCommand = command{
	name: "sweep",
	args: "plan|run|submit|status|retry|report FILE|DIR [-out DIR] [-set KEY=VALUE ...] [-jobs N] [-index N] [-slurm] [-json]",
	doc:  "trains a network by several methods, at several strengths or budgets and with several seeds",
	examples: []string{
		"pare sweep plan sweep-digits             # the runs, the work of each and the expected time",
		"pare sweep run sweep-digits              # all runs that are not finished, then the report, in sweeps/digits",
		"pare sweep run mine.yaml -out /tmp/mine -jobs 4",
		"pare sweep status sweeps/digits",
		"pare sweep retry sweeps/digits     # the runs that have failed, too",
		"pare sweep run sweeps/digits -index 7   # one run, as a task of a cluster",
		"pare sweep submit -slurm sweep-digits -time 30 -mem 2G   # all runs, as tasks of Slurm",
		"pare sweep report sweeps/digits -over params   # figure, tables, results.csv and page of the finished runs",
		"pare sweep retry -slurm sweeps/digits   # those that have failed or were cancelled, too",
	},
	run: runSweep,
}

// sweepActions are the words behind pare sweep.
var sweepActions = map[string]func(context.Context, *sweepRequest) error{
	"plan": planSweep, "run": runAll, "retry": runAll, "status": sweepStatus, "submit": submitSweep, "report": reportSweep,
}

// sweepRequest is a command line of pare sweep.
type sweepRequest struct {
	*flags
	action, path string
	out          string
	sets         []string
	jobs, index  int
	wait         time.Duration
	json         bool
	over         string
	latency      bool
	slurm        bool
	asked        sweep.SlurmOptions
}

func runSweep(ctx context.Context, f *flags) error {
	q := &sweepRequest{flags: f}
	f.StringVar(&q.out, "out", "", "sweep folder `DIR`; default sweeps/NAME")
	f.Func("set", "override a key of the config for all runs, `KEY=VALUE`, as in data.dir=/data; may be given more than once",
		func(s string) error {
			q.sets = append(q.sets, s)
			return nil
		})
	f.IntVar(&q.jobs, "jobs", 0, "run, retry, submit: how many runs at the same time; 0: one for each core, in Slurm all")
	f.IntVar(&q.index, "index", 0, "run: do the run of this `number` alone; default: all runs, or the one in "+
		strings.Join(sweep.IndexVariables, " or "))
	f.DurationVar(&q.wait, "wait", 0, "run -index: how long to wait for another process to leave the run, and for runs that it needs "+
		"while no process works on them; 0: not for the former, without end for the latter")
	f.BoolVar(&q.json, "json", false, "plan, status: print JSON")
	f.overFlag(&q.over)
	f.BoolVar(&q.latency, "latency", false, "report: "+latencyUsage)
	f.slurmFlags(q)
	f.within(between(0, 1024), "jobs")
	f.within(atLeast(0), "index")
	words := []string{"plan", "run", "submit", "status", "retry", "report"}
	f.firstWords = words
	pos, err := f.parse("ACTION (plan, run, submit, status, retry or report)", "FILE")
	if err != nil {
		return err
	}
	q.action, q.path = pos[0], pos[1]
	action, ok := sweepActions[q.action]
	if !ok {
		return cli.Unknown("action", q.action, words, "it is plan, run, submit, status, retry or report")
	}
	shows := q.action == "plan" || q.action == "status"
	reports := q.action == "report"
	f.refuse(shows || reports, "it is for run, retry and submit", "jobs")
	f.refuse(!reports, "it is for report", "latency")
	f.refuse(!reports && q.action != "run" && q.action != "retry", "it is for report, run and retry", "over")
	f.refuse(q.action != "run", "it is for run", "index")
	f.refuse(q.action != "run", "it is for run -index", "wait")
	f.refuse(!shows, "it is for plan and status", "json")
	f.refuse(q.action != "submit" && q.action != "retry", "it is for submit and retry", "slurm")
	f.refuse(!q.slurm, "it is for -slurm", slurmFlags...)
	f.refuse(q.slurm, "with -slurm a task has one thread for each of its cores; give -cpus", "threads")
	f.refuse(f.given("index"), "one run is one job; leave -jobs out", "jobs")
	f.refuse(sweep.IsFolder(q.path), q.path+" is a sweep folder, whose runs are settled; give the sweep file", "set", "out")
	if f.refused != nil {
		return f.refused
	}
	if err := checkOver(q.over, q.latency); err != nil {
		return err
	}
	if q.wait < 0 {
		return cli.InputError("-wait is %v, it must be a time of at least 0, such as 10m", q.wait)
	}
	if err := cli.OutputFolder("-out", q.out); err != nil {
		return err
	}
	return action(ctx, q)
}

// plan reads the sweep file and lists its runs. dir is the sweep folder, which need not exist.
func (q *sweepRequest) plan() (p *sweep.Plan, dir string, err error) {
	spec, err := sweep.Read(q.path, q.sets)
	if err != nil {
		return nil, "", err
	}
	if dir = q.out; dir == "" {
		dir = filepath.Join("sweeps", spec.Name)
	}
	p, err = spec.Plan(dir)
	return p, dir, err
}

// open makes or updates the sweep folder of a file, or opens a folder.
func (q *sweepRequest) open() (sweep.Folder, *sweep.Table, error) {
	if sweep.IsFolder(q.path) {
		return sweep.OpenFolder(q.path)
	}
	p, dir, err := q.plan()
	if err != nil {
		return "", nil, err
	}
	return sweep.Prepare(dir, p)
}

// openChecked is open after a look at the tasks that Slurm has of the folder, which may refuse
// it, and after loading the data to look for mistakes.
func (q *sweepRequest) openChecked(ctx context.Context, look func(f sweep.Folder, runs []*sweep.Run) error) (
	sweep.Folder, *sweep.Table, error) {
	if sweep.IsFolder(q.path) {
		f, t, err := sweep.OpenFolder(q.path)
		if err != nil {
			return f, nil, err
		}
		return f, t, look(f, t.Runs)
	}
	p, dir, err := q.plan()
	if err != nil {
		return "", nil, err
	}
	if err := look(sweep.Folder(dir), p.Runs); err != nil {
		return "", nil, err
	}
	if err := p.Check(ctx, q.progress()); err != nil {
		return "", nil, err
	}
	return sweep.Prepare(dir, p)
}

func runAll(ctx context.Context, q *sweepRequest) error {
	if q.slurm {
		return submitSweep(ctx, q)
	}
	index, single, err := sweep.EnvironmentIndex()
	if q.given("index") {
		index, single, err = q.index, true, nil
	}
	if err != nil {
		return err
	}
	if single && q.action == "run" {
		return runOne(ctx, q, index)
	}
	if q.given("wait") {
		return cli.InputError("-wait: it is for a single run; give its -index")
	}
	f, t, err := q.openChecked(ctx, func(f sweep.Folder, _ []*sweep.Run) error { return q.idle(ctx, f) })
	if err != nil {
		return err
	}
	lock, err := f.Lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the running program: %w", err)
	}
	if len(t.Former) > 0 {
		q.note("%d run folders in %s no longer belong to the sweep and stay as they are; pare sweep status names them",
			len(t.Former), f)
	}
	show := q.display(f)
	failed, err := sweep.Execute(ctx, f, t, sweep.Options{Jobs: q.jobs, Threads: q.threads, Retry: q.action == "retry", Report: show,
		Executor: &sweep.Processes{Lock: lock, Command: func(dir string, index, threads int) *exec.Cmd {
			return exec.Command(program, "sweep", "run", dir, "-index", strconv.Itoa(index), "-threads", strconv.Itoa(threads))
		}}})
	if errors.Is(err, train.ErrInterrupted) {
		return fmt.Errorf("%w\ngo on with: pare sweep run %s", err, f)
	}
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		for _, r := range failed {
			fmt.Fprintf(q.stderr, "%s: see %s\n", r.Name, filepath.Join(string(f), r.Log))
		}
		return fmt.Errorf("%d of %d runs have failed; try them again with: pare sweep retry %s", len(failed), len(t.Runs), f)
	}
	finished := fmt.Sprintf("%d runs are", len(t.Runs))
	if len(t.Runs) == 1 {
		finished = "1 run is"
	}
	fmt.Fprintf(q.stdout, "%s finished in %s\n", finished, f)
	_, err = q.report(ctx, f, t)
	return err
}

// runOne does one run, as a task of a cluster or for runAll.
func runOne(ctx context.Context, q *sweepRequest, index int) error {
	f, t, err := q.open()
	if err != nil {
		return err
	}
	ctx, progress := sweep.Child(ctx, os.Stdin, q.stdout)
	err = sweep.RunIndex(ctx, string(f), index, sweep.RunOptions{Threads: q.threads, Command: cli.CommandLine(os.Args), Wait: q.wait,
		Reporter: func(log *os.File) train.Reporter { return cli.NewReporter(log) }, Progress: progress})
	if errors.Is(err, train.ErrInterrupted) {
		return fmt.Errorf("%w\ngo on with: pare sweep run %s -index %d", err, f, index)
	}
	if err == nil && progress == nil {
		fmt.Fprintf(q.stdout, "%s is finished in %s\n", t.Runs[index].Name, filepath.Join(string(f), t.Runs[index].Dir))
	}
	return err
}

// display returns the display of a sweep: a bar on a terminal, with a line above it for every
// run that ends; elsewhere the lines.
func (q *sweepRequest) display(f sweep.Folder) func(sweep.Report) {
	w := q.stderr
	if p, ok := w.(printable.Writer); ok {
		w = p.W // a bar moves the cursor
	}
	var bar *cli.Bar
	if cli.IsTerminal(w) {
		bar = cli.NewBar(w)
	}
	return func(r sweep.Report) {
		if bar != nil && (r.Changed != nil || r.Running == 0) {
			bar.Clear()
		}
		if c := r.Changed; c != nil {
			text := fmt.Sprintf("%d/%d %s %s", r.Finished+r.Failed, r.Runs, c.Name, r.State)
			if r.Error != nil {
				text += ": " + r.Error.Error() + "; see " + filepath.Join(string(f), c.Log)
			}
			fmt.Fprintln(q.stderr, printable.Text(text))
		}
		if bar == nil || r.Running == 0 {
			return
		}
		fields := []cli.Field{{Long: fmt.Sprintf("%d of %d runs", r.Finished, r.Runs), Short: fmt.Sprintf("%d/%d", r.Finished, r.Runs)}}
		if r.Left > 0 {
			fields = append(fields, cli.Field{Long: roughly(r.Left) + " to go", Short: roughly(r.Left)})
		}
		if r.Failed > 0 {
			fields = append(fields, cli.Field{Long: fmt.Sprintf("%d failed", r.Failed)})
		}
		bar.Draw(r.Done, append(fields, cli.Field{Long: fmt.Sprintf("%d running", r.Running)})...)
	}
}

// roughly is a time in the unit that fits: seconds, minutes or hours.
func roughly(d time.Duration) string {
	switch {
	case d < time.Second:
		return "<1s"
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		return fmt.Sprintf("%.0fm", d.Minutes())
	}
	return fmt.Sprintf("%.1fh", d.Hours())
}

func planSweep(ctx context.Context, q *sweepRequest) error {
	if sweep.IsFolder(q.path) {
		return sweepStatus(ctx, q)
	}
	p, dir, err := q.plan()
	if err != nil {
		return err
	}
	if err := p.Check(ctx, q.progress()); err != nil {
		return err
	}
	t := &sweep.Table{Plan: *p}
	f := sweep.Folder(dir)
	var fault error
	expected := f.Estimate(t, func() float64 {
		var rate float64
		rate, fault = p.Calibrate(ctx, 1)
		return rate
	})
	if fault != nil {
		return fmt.Errorf("measure the time of a step: %w", fault)
	}
	return q.print(f, t, expected, nil)
}

func sweepStatus(ctx context.Context, q *sweepRequest) error {
	f, t, err := q.existing()
	if err != nil {
		return err
	}
	queue, err := q.queue(ctx, f)
	if err != nil {
		return err
	}
	return q.print(f, t, f.Estimate(t, nil), queue)
}

// sweepRow is a row of the table as JSON.
type sweepRow struct {
	*sweep.Run
	State   sweep.State    `json:"state"`
	Seconds float64        `json:"seconds_left"` // estimate on one thread; 0: finished, or not known
	Failure *sweep.Failure `json:"failure,omitempty"`
	Slurm   *sweep.Task    `json:"slurm,omitempty"`
}

// print prints the table of runs. queue has their tasks in Slurm; nil: they are not known.
func (q *sweepRequest) print(f sweep.Folder, t *sweep.Table, expected []time.Duration, queue *sweep.Queue) error {
	states := f.States(t.Runs)
	if q.json {
		rows := []sweepRow{}
		for i, r := range t.Runs {
			row := sweepRow{Run: r, State: states[i], Seconds: expected[i].Seconds(), Failure: f.Failure(r)}
			if task, ok := queue.Task(r); ok {
				row.Slurm = &task
			}
			rows = append(rows, row)
		}
		e := json.NewEncoder(q.stdout)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"name": t.Name, "folder": string(f), "runs": rows, "former": append([]string{}, t.Former...)})
	}
	w := tabwriter.NewWriter(q.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "run\tmethod\tpoint\tvaried\tseed\tneeds\tepochs\tGMACs\ttime\tstate")
	if queue.Any() {
		fmt.Fprint(w, "\tSlurm")
	}
	fmt.Fprintln(w)
	var sum time.Duration
	for i, r := range t.Runs {
		method := r.Method
		if r.Auxiliary {
			method += " (shape)"
		}
		var varied, needs []string
		for key, value := range r.Keys {
			varied = append(varied, fmt.Sprintf("%s=%v", key, value))
		}
		slices.Sort(varied)
		for _, n := range r.Needs {
			needs = append(needs, strconv.Itoa(n))
		}
		took := "–"
		if expected[i] > 0 {
			took = roughly(expected[i])
		}
		sum += expected[i]
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\t%d\t%.4g\t%s\t%s", i, method, orDash(r.Point.String()), orDash(strings.Join(varied, " ")),
			r.Seed, orDash(strings.Join(needs, " ")), r.Epochs, r.Work/1e9, took, states[i])
		if queue.Any() {
			task, _ := queue.Task(r)
			fmt.Fprintf(w, "\t%s", orDash(taskText(task)))
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	q.summary(f, t, states, sum)
	if lost := queue.LostText(t, states); lost != "" {
		fmt.Fprintf(q.stdout, "%sdo these runs with: pare sweep submit -slurm %s\n", lost, f)
	}
	return nil
}

func (q *sweepRequest) summary(f sweep.Folder, t *sweep.Table, states []sweep.State, left time.Duration) {
	counts := map[sweep.State]int{}
	for _, s := range states {
		counts[s]++
	}
	fmt.Fprintf(q.stdout, "\n%d runs, %d finished", len(states), counts[sweep.Finished])
	if n := counts[sweep.Failed]; n > 0 {
		fmt.Fprintf(q.stdout, ", %d failed", n)
	}
	if left > 0 {
		cores := runtime.GOMAXPROCS(0)
		fmt.Fprintf(q.stdout, "; about %s of training left on %d cores", roughly(max(time.Second, left/time.Duration(cores))), cores)
	}
	fmt.Fprintln(q.stdout)
	for i, r := range t.Runs {
		if failure := f.Failure(r); failure != nil && states[i] == sweep.Failed {
			fmt.Fprintf(q.stdout, "%s: %s; see %s\n", r.Name, failure.Error, filepath.Join(string(f), r.Log))
		}
	}
	for _, dir := range t.Former {
		fmt.Fprintf(q.stdout, "no longer part of the sweep: %s\n", filepath.Join(string(f), dir))
	}
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
