package sweep

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pare/internal/atomicfile"
)

// Jobs are the job arrays that were submitted to Slurm for a sweep folder.
type Jobs struct {
	Format  int          `json:"format"` // as that of the table
	Options SlurmOptions `json:"options"`
	Arrays  []Array      `json:"arrays"`           // in the order of their submission
	Report  string       `json:"report,omitempty"` // the last job of a report
}

// Array is a job array.
type Array struct {
	Job       string      `json:"job"`
	Submitted string      `json:"submitted"` // RFC 3339, UTC
	Command   []string    `json:"command"`
	Offset    int         `json:"offset"` // index of a run less that of its task
	Tasks     []ArrayTask `json:"tasks"`  // in ascending order
}

// ArrayTask is a task of a job array with the identity of its run.
type ArrayTask struct {
	Task int    `json:"task"`
	Run  string `json:"run"`
}

// Task is the last task of a run, with its state in Slurm.
type Task struct {
	ID     string `json:"id"`               // ARRAY_TASK, as Slurm writes it
	State  string `json:"state,omitempty"`  // in the words of squeue; "": Slurm no longer knows it
	Reason string `json:"reason,omitempty"` // why it waits, or has ended
	Node   string `json:"node,omitempty"`
	Output string `json:"output"` // file of its output, relative to the sweep folder; it may be missing

	job   string
	index int // of its run when it was submitted
}

// endStates are the states of squeue in which a task has ended for good. All others, known today
// or not, count as live.
var endStates = map[string]string{
	"BOOT_FAIL":     "was lost, as its node did not start",
	"CANCELLED":     "was cancelled",
	"COMPLETED":     "has ended without a result",
	"DEADLINE":      "reached its deadline",
	"FAILED":        "has failed",
	"NODE_FAIL":     "was lost with its node",
	"OUT_OF_MEMORY": "ran out of memory",
	"PREEMPTED":     "was preempted",
	"REVOKED":       "was revoked",
	"TIMEOUT":       "reached the time limit",
	"":              "has ended without a result",
}

// Live reports whether the task will still work, or is at work.
func (t Task) Live() bool {
	_, ended := endStates[t.State]
	return !ended
}

// End says how a task has ended that is no longer live.
func (t Task) End() string { return endStates[t.State] }

// Queue holds the tasks of a sweep folder with their states in Slurm.
type Queue struct {
	folder Folder
	jobs   Jobs
	tasks  map[string]Task // last ones, by identity of the run
}

// Submitted reports whether runs of the folder were ever submitted to Slurm.
func (f Folder) Submitted() bool { return exists(f.path(jobsFile)) }

// Queue asks Slurm for the tasks of a folder. A folder without any needs no Slurm; elsewhere,
// where squeue is not installed, the error is ErrNoSlurm.
func (f Folder) Queue(ctx context.Context) (*Queue, error) {
	q := &Queue{folder: f, tasks: map[string]Task{}}
	text, err := os.ReadFile(f.path(jobsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return q, nil
	}
	if err != nil {
		return nil, inputError("%w", err)
	}
	if err := json.Unmarshal(text, &q.jobs); err != nil {
		return nil, inputError("%s is damaged: %w", f.path(jobsFile), err)
	}
	if q.jobs.Format > tableFormat {
		return nil, inputError("%s has format %d, and this program reads formats up to %d; use a newer version of pare",
			f.path(jobsFile), q.jobs.Format, tableFormat)
	}
	for _, a := range q.jobs.Arrays {
		for _, t := range a.Tasks {
			id := fmt.Sprintf("%s_%d", a.Job, t.Task)
			q.tasks[t.Run] = Task{ID: id, Output: slurmDir + "/" + id + ".out", job: a.Job, index: t.Task + a.Offset}
		}
	}
	var ids []string
	for _, t := range q.tasks {
		ids = append(ids, t.job)
	}
	if ids = distinct(ids); len(ids) == 0 {
		return q, nil
	}
	// One line for each task, also of arrays that wait, and of jobs that have ended lately.
	answer, err := slurm(ctx, "squeue", "--noheader", "--array", "--states=all", "--jobs="+strings.Join(ids, ","), "--format="+queueFormat)
	if err != nil && strings.Contains(err.Error(), "Invalid job id") {
		answer, err = "", nil // all are forgotten
	}
	if err != nil {
		return nil, err
	}
	q.read(answer)
	return q, nil
}

// queueFormat are the array, the task, the state, the node and the reason.
const queueFormat = "%F|%K|%T|%N|%r"

// read reads the answer of squeue.
func (q *Queue) read(text string) {
	known := map[string][]string{}
	for line := range strings.Lines(text) {
		if fields := strings.SplitN(strings.TrimSpace(line), "|", 5); len(fields) == 5 {
			known[fields[0]+"_"+fields[1]] = fields
		}
	}
	for run, t := range q.tasks {
		if fields, ok := known[t.ID]; ok {
			if t.State, t.Node, t.Reason = fields[2], fields[3], fields[4]; t.Reason == "None" {
				t.Reason = ""
			}
			q.tasks[run] = t
		}
	}
}

// Any reports whether any run was submitted. A nil Queue has no tasks.
func (q *Queue) Any() bool { return q != nil && len(q.tasks) > 0 }

// Task is the last task of a run; false: it was never submitted.
func (q *Queue) Task(r *Run) (Task, bool) {
	if q == nil {
		return Task{}, false
	}
	t, ok := q.tasks[r.ID]
	return t, ok
}

// Live reports whether a task will do a run, or is at work on it.
func (q *Queue) Live(r *Run) bool {
	t, ok := q.tasks[r.ID]
	return ok && t.Live()
}

// Options are those of the last submission.
func (q *Queue) Options() SlurmOptions { return q.jobs.Options }

// liveJobs lists the jobs with tasks that are live.
func (q *Queue) liveJobs() []string {
	var out []string
	for _, t := range q.tasks {
		if t.Live() {
			out = append(out, t.job)
		}
	}
	return distinct(out)
}

// needed lists the jobs with live tasks of runs that the given ones need.
func (q *Queue) needed(t *Table, runs []*Run) []string {
	var out []string
	for _, r := range runs {
		for _, n := range r.Needs {
			if task, _ := q.Task(t.Runs[n]); q.Live(t.Runs[n]) {
				out = append(out, task.job)
			}
		}
	}
	return distinct(out)
}

// distinct sorts numbers of jobs and removes those that are listed twice.
func distinct(jobs []string) []string {
	slices.SortFunc(jobs, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return slices.Compact(jobs)
}

// Idle is an error while tasks are live.
func (q *Queue) Idle() error {
	if jobs := q.liveJobs(); len(jobs) > 0 {
		return inputError("Slurm has tasks of %s, in the jobs %s; wait for them, or cancel them: scancel %s",
			q.folder, strings.Join(jobs, ", "), strings.Join(jobs, " "))
	}
	return nil
}

// Fits is an error if a live task would find another run at its index of a table, or none.
func (q *Queue) Fits(runs []*Run) error {
	for id, t := range q.tasks {
		if t.Live() && (t.index >= len(runs) || runs[t.index].ID != id) {
			jobs := q.liveJobs()
			return inputError("the sweep is not the one whose tasks Slurm has in the jobs %s; wait for them, or cancel them: scancel %s",
				strings.Join(jobs, ", "), strings.Join(jobs, " "))
		}
	}
	return nil
}

func (f Folder) saveJobs(j Jobs) error {
	text, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", jobsFile, err)
	}
	return atomicfile.WriteBytes(f.path(jobsFile), append(text, '\n'))
}

// LostText lists the runs without a result whose tasks have ended, a line each.
func (q *Queue) LostText(t *Table, states []State) string {
	var b strings.Builder
	for i, r := range t.Runs {
		task, ok := q.Task(r)
		if !ok || task.Live() || slices.Contains([]State{Finished, Failed, Running}, states[i]) {
			continue
		}
		fmt.Fprintf(&b, "%s: its Slurm task %s %s", r.Name, task.ID, task.End())
		if path := q.folder.path(task.Output); exists(path) {
			fmt.Fprintf(&b, "; see %s", filepath.Clean(path))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
