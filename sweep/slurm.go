package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pare/internal/atomicfile"
)

// Slurm submits the runs of a sweep folder to the cluster manager Slurm, as tasks of job arrays.
// The folder and the program must have the same paths on the nodes as on this machine.
type Slurm struct {
	SlurmOptions
	Program string // path of the program that does a run: PROGRAM sweep run DIR -index N
	// Report are the actions of PROGRAM sweep, each with the folder, that the last job does.
	Report []string
}

// SlurmOptions are the requests of a task to Slurm. Zero values leave the choice to Slurm.
type SlurmOptions struct {
	Partition string   `json:"partition,omitempty"`
	Time      string   `json:"time,omitempty"`   // limit of a task, as sbatch takes it; a run that reaches it is saved and requeued
	Memory    string   `json:"mem,omitempty"`    // of a task, as sbatch takes it: 4G
	CPUs      int      `json:"cpus,omitempty"`   // of a task
	Limit     int      `json:"jobs,omitempty"`   // tasks at the same time; 0: no limit
	Extra     []string `json:"sbatch,omitempty"` // further options of sbatch: --account=NAME
}

// saving is the time before its limit at which Slurm tells a task to save its state. Slurm may
// do so up to a minute early.
const saving = 60 * time.Second

// shortestTask leaves time to work between the start of a task and the signal to save.
const shortestTask = 5 * time.Minute

var slurmMemory = regexp.MustCompile(`^[1-9]\d{0,8}[KMGT]?$`)

// slurmTime reads a limit of time as sbatch does: M, M:S, H:M:S, D-H, D-H:M or D-H:M:S.
func slurmTime(text string) (limit time.Duration, ok bool) {
	units := []time.Duration{time.Hour, time.Minute, time.Second}
	days, rest, long := strings.Cut(text, "-")
	if !long {
		days, rest = "0", text
	}
	parts := strings.Split(rest, ":")
	if !long && len(parts) < 3 {
		units = units[1:]
	}
	if len(parts) > len(units) {
		return 0, false
	}
	for i, part := range append(parts, days) {
		n, err := strconv.ParseUint(part, 10, 20)
		if err != nil {
			return 0, false
		}
		unit := 24 * time.Hour
		if i < len(parts) {
			unit = units[i]
		}
		limit += time.Duration(n) * unit
	}
	return limit, true
}

// ownFlags are flags of sbatch that Submit sets itself.
var ownFlags = []string{"array", "chdir", "clusters", "dependency", "job-name", "no-requeue", "open-mode", "output", "parsable", "requeue",
	"signal", "wrap"}

// Check returns a run.InputError for options that Slurm cannot be given.
func (o SlurmOptions) Check() error {
	if o.Time != "" && !strings.EqualFold(o.Time, "unlimited") {
		limit, ok := slurmTime(o.Time)
		if !ok {
			return inputError("-time is %q, it must be minutes, H:M:S, D-H or D-H:M:S, as for sbatch", o.Time)
		}
		if limit < shortestTask {
			return inputError("-time is %s, it must be at least %v, as a task saves its state up to 2m before the end",
				o.Time, shortestTask)
		}
	}
	if o.Memory != "" && !slurmMemory.MatchString(o.Memory) {
		return inputError("-mem is %q, it must be megabytes, or a number with K, M, G or T", o.Memory)
	}
	for _, extra := range o.Extra {
		name, _, _ := strings.Cut(strings.TrimPrefix(extra, "--"), "=")
		switch {
		case !strings.HasPrefix(extra, "--") || name == "" || strings.ContainsAny(name, " \t\n"):
			return inputError("-sbatch is %q, it must be a long option of sbatch with its value, such as --account=NAME", extra)
		case slices.Contains(ownFlags, name):
			return inputError("-sbatch --%s: the submission sets it itself", name)
		}
	}
	return nil
}

// args are the arguments of sbatch.
func (o SlurmOptions) args() []string {
	var out []string
	for _, a := range []struct{ flag, value string }{{"partition", o.Partition}, {"time", o.Time}, {"mem", o.Memory}} {
		if a.value != "" {
			out = append(out, "--"+a.flag+"="+a.value)
		}
	}
	return append(out, o.Extra...)
}

// Names within a sweep folder.
const (
	slurmDir     = "slurm"
	jobsFile     = slurmDir + "/jobs.json"
	runsScript   = slurmDir + "/runs.sh"
	reportScript = slurmDir + "/report.sh"
)

// taskPatience is how long a task waits for the runs that it needs, whose tasks have ended, and
// for another process to leave its run: shared file systems show changes of other nodes late.
const taskPatience = "2m"

// scriptOfRuns is a task. Its shell outlives the run, which gets the same signals: on the end of
// the shell Slurm would kill the run at once.
const scriptOfRuns = `#!/bin/sh
# One run of a sweep, as a task of a job array. Written by pare sweep submit.
#
#	sbatch --array=TASKS --signal=B:USR1@60 runs.sh OFFSET
#
# The index of the run is that of the task plus OFFSET. jobs.json has the whole commands.
again=
trap 'again=yes; kill -TERM "$run"' USR1 # the time limit is near: save, and go on later
trap 'kill -TERM "$run"' TERM            # the same signal that Slurm sends the run counts once
%s sweep run %s -index "$((SLURM_ARRAY_TASK_ID + $1))" -threads "$SLURM_CPUS_ON_NODE" -wait %s &
run=$!
while :; do
  wait "$run"
  status=$?
  kill -0 "$run" 2>/dev/null || break
done
if [ "$again" ] && [ "$status" = 130 ]; then
  exec scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
`

const scriptOfReport = `#!/bin/sh
# The report on a sweep after its last task. Written by pare sweep submit.
status=0
`

// Submission is the result of Submit.
type Submission struct {
	Jobs   []string // arrays, in the order in which they begin
	Report string   // job of the report; "": there is none, as nothing was submitted
	Runs   int      // submitted
	Queued int      // runs that tasks of earlier submissions, or other processes, do
}

// ErrNoSlurm is the error of a machine without Slurm's commands.
var ErrNoSlurm = errors.New("is not on this machine")

// Ready is an error if Slurm cannot be given the options, or is not on this machine.
func (s *Slurm) Ready(f Folder) error {
	if err := s.Check(); err != nil {
		return err
	}
	if _, err := exec.LookPath("sbatch"); err != nil {
		return inputError("sbatch %w; submit where Slurm is installed, or do the runs here: pare sweep run %s", ErrNoSlurm, f)
	}
	return nil
}

// Submit submits the runs of a table that are not finished, have not failed, and are in no queue
// yet; with retry those that have failed, too. A run comes after those that it needs: an array
// has runs of the same depth, and begins when all arrays before it have ended. The caller holds
// Folder.Lock. Errors that the user can correct are a run.InputError; then nothing is submitted.
func (s *Slurm) Submit(ctx context.Context, f Folder, t *Table, retry bool) (*Submission, error) {
	if err := s.Ready(f); err != nil {
		return nil, err
	}
	queue, err := f.Queue(ctx)
	if err != nil {
		return nil, err
	}
	if err := queue.Fits(t.Runs); err != nil {
		return nil, err
	}
	largest, most, err := arraySize(ctx)
	if err != nil {
		return nil, err
	}
	out := &Submission{}
	waves := f.waves(t, queue, retry, out)
	if len(waves) == 0 {
		return out, nil
	}
	dir, err := s.write(f)
	if err != nil {
		return nil, err
	}
	jobs := queue.jobs
	jobs.Format, jobs.Options = tableFormat, s.SlurmOptions
	before := slices.Clone(jobs.Arrays)
	undo := func(err error) (*Submission, error) {
		if len(out.Jobs) > 0 {
			// Even where ctx has ended; else a part of the sweep would run.
			if _, fault := slurm(context.WithoutCancel(ctx), "scancel", out.Jobs...); fault != nil {
				return nil, errors.Join(err, fmt.Errorf("the jobs %s stay: %w", strings.Join(out.Jobs, ", "), fault))
			}
			jobs.Arrays = before
			err = errors.Join(err, f.saveJobs(jobs))
		}
		return nil, err
	}
	var last []string // jobs of the wave before
	for _, wave := range waves {
		var ids []string
		for _, a := range arrays(wave, largest, most) {
			after := slices.Concat(last, queue.needed(t, wave))
			if s.Limit > 0 && len(ids) > 0 { // the limit is one of all arrays of the wave
				after = ids[len(ids)-1:]
			}
			a.Command = s.command(dir, t.Name, a, after)
			if a.Job, err = sbatch(ctx, a.Command); err != nil {
				return undo(err)
			}
			a.Submitted = time.Now().UTC().Format(time.RFC3339)
			out.Jobs, ids = append(out.Jobs, a.Job), append(ids, a.Job)
			out.Runs += len(a.Tasks)
			jobs.Arrays = append(jobs.Arrays, a)
			if err := f.saveJobs(jobs); err != nil { // after each: no task is forgotten
				return undo(err)
			}
		}
		last = ids
	}
	report := append([]string{"sbatch", "--parsable", "--job-name=" + t.Name + "-report", "--chdir=" + dir,
		"--output=" + slurmDir + "/report-%j.out", dependency(slices.Concat(last, queue.liveJobs()))}, s.args()...)
	if out.Report, err = sbatch(ctx, append(report, filepath.Join(dir, reportScript))); err != nil {
		return undo(err)
	}
	jobs.Report = out.Report
	return out, f.saveJobs(jobs)
}

// waves are the runs to submit, by depth: those of a wave need runs of waves before it, finished
// runs, and runs that are in the queue.
func (f Folder) waves(t *Table, queue *Queue, retry bool, out *Submission) [][]*Run {
	var waves [][]*Run
	depth := map[int]int{} // from 1 on; 0: finished
	for i, state := range f.States(t.Runs) {
		r := t.Runs[i]
		switch {
		case state == Finished:
			continue
		case state == Running || queue.Live(r):
			out.Queued++
			depth[i] = 1 // so that runs which need nothing of the queue do not wait for it
			continue
		case !retry && (state == Failed || state == Blocked):
			continue
		}
		for _, n := range r.Needs {
			depth[i] = max(depth[i], depth[n])
		}
		for depth[i]++; depth[i] > len(waves); {
			waves = append(waves, nil)
		}
		waves[depth[i]-1] = append(waves[depth[i]-1], r)
	}
	return slices.DeleteFunc(waves, func(w []*Run) bool { return len(w) == 0 })
}

// longestArray bounds the length of the argument --array.
const longestArray = 10000

// arrays splits a wave into arrays. largest is the number of task indices that Slurm has, most
// the number of tasks of an array.
func arrays(wave []*Run, largest, most int) []Array {
	var out []Array
	for _, r := range wave {
		offset := r.Index / largest * largest
		if n := len(out) - 1; n < 0 || out[n].Offset != offset || len(out[n].Tasks) == min(most, longestArray) {
			out = append(out, Array{Offset: offset})
		}
		a := &out[len(out)-1]
		a.Tasks = append(a.Tasks, ArrayTask{r.Index - offset, r.ID})
	}
	return out
}

// indices are those of an array as sbatch takes them: "0-3,7".
func indices(tasks []ArrayTask) string {
	var b strings.Builder
	for i := 0; i < len(tasks); i++ {
		first := i
		for i+1 < len(tasks) && tasks[i+1].Task == tasks[i].Task+1 {
			i++
		}
		if first > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, tasks[first].Task)
		if i > first {
			fmt.Fprintf(&b, "-%d", tasks[i].Task)
		}
	}
	return b.String()
}

// command is the submission of an array that begins when other jobs have ended.
func (s *Slurm) command(dir, name string, a Array, after []string) []string {
	array := "--array=" + indices(a.Tasks)
	if s.Limit > 0 {
		array += "%" + strconv.Itoa(s.Limit)
	}
	// Options in the script would give way to variables such as SBATCH_TIMELIMIT.
	out := []string{"sbatch", "--parsable", "--job-name=" + name, array}
	if len(after) > 0 {
		out = append(out, dependency(after))
	}
	out = append(out, "--chdir="+dir, "--output="+slurmDir+"/%A_%a.out", "--open-mode=append", "--requeue",
		fmt.Sprintf("--signal=B:USR1@%.0f", saving.Seconds()))
	if s.CPUs > 0 {
		out = append(out, "--cpus-per-task="+strconv.Itoa(s.CPUs))
	}
	return append(append(out, s.args()...), filepath.Join(dir, runsScript), strconv.Itoa(a.Offset))
}

func dependency(jobs []string) string { return "--dependency=afterany:" + strings.Join(jobs, ":") }

// write writes the scripts and returns the path of the sweep folder.
func (s *Slurm) write(f Folder) (dir string, err error) {
	if dir, err = filepath.Abs(string(f)); err != nil {
		return "", err
	}
	if err := os.MkdirAll(f.path(slurmDir), 0o755); err != nil {
		return "", inputError("the sweep folder cannot be written: %w", err)
	}
	program, folder := quote(s.Program), quote(dir)
	report := scriptOfReport
	for _, action := range s.Report {
		report += fmt.Sprintf("%s sweep %s %s || status=1\n", program, action, folder)
	}
	for name, text := range map[string]string{
		runsScript:   fmt.Sprintf(scriptOfRuns, program, folder, taskPatience),
		reportScript: report + "exit \"$status\"\n",
	} {
		if err := atomicfile.WriteBytes(f.path(name), []byte(text)); err != nil {
			return "", inputError("the sweep folder cannot be written: %w", err)
		}
	}
	return dir, nil
}

// quote writes a text as a word of a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// arraySize asks Slurm how many task indices there are, and how many tasks an array may have.
func arraySize(ctx context.Context) (indices, tasks int, err error) {
	text, err := slurm(ctx, "scontrol", "show", "config")
	if err != nil {
		return 0, 0, err
	}
	return parseConfig(text)
}

func parseConfig(text string) (indices, tasks int, err error) {
	indices, tasks = 1001, math.MaxInt // as Slurm has it where nothing is configured
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, "=")
		switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
		case "MaxArraySize":
			if indices, err = strconv.Atoi(value); err != nil {
				return 0, 0, fmt.Errorf("scontrol show config: MaxArraySize is %q", value)
			}
		case "SchedulerParameters":
			for p := range strings.SplitSeq(value, ",") {
				if n, found := strings.CutPrefix(strings.TrimSpace(p), "max_array_tasks="); found {
					if tasks, err = strconv.Atoi(n); err != nil {
						return 0, 0, fmt.Errorf("scontrol show config: max_array_tasks is %q", n)
					}
				}
			}
		}
	}
	if indices < 1 || tasks < 1 {
		return 0, 0, inputError("this Slurm has no job arrays: MaxArraySize is %d", indices)
	}
	return indices, tasks, nil
}

// sbatch submits a job and returns its id.
func sbatch(ctx context.Context, command []string) (string, error) {
	text, err := slurm(ctx, command[0], command[1:]...)
	if err != nil {
		return "", err
	}
	id, _, _ := strings.Cut(strings.TrimSpace(text), ";") // behind it may be the cluster
	if _, err := strconv.Atoi(id); err != nil {
		return "", fmt.Errorf("sbatch answers %q, which is no number of a job", strings.TrimSpace(text))
	}
	return id, nil
}

// slurm runs a command of Slurm. Its error is the message of the command, in one line.
func slurm(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	// Defaults of the user would hide tasks.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SQUEUE_") })
	var out bytes.Buffer
	var messages tail
	cmd.Stdout, cmd.Stderr = &out, &messages
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.String(), nil
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return "", inputError("%s %w", name, ErrNoSlurm)
	case errors.As(err, &exit) && strings.TrimSpace(messages.text) != "":
		var lines []string
		for line := range strings.Lines(strings.TrimSpace(messages.text)) {
			lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), name+": "), "error: "))
		}
		return "", inputError("%s: %s", name, strings.Join(lines, "; "))
	}
	return "", fmt.Errorf("%s: %w", name, err)
}
