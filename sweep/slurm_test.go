package sweep

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pare/internal/filelock"
	"pare/run"
	"pare/train"
)

// pretendSlurm puts commands of Slurm before those in PATH. They write their arguments to calls
// and answer from files: config, queue, and for sbatch the numbers 11, 12, ….
type pretendSlurm struct {
	t   *testing.T
	dir string
}

func newSlurm(t *testing.T) *pretendSlurm {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the commands are scripts of a shell")
	}
	s := &pretendSlurm{t, t.TempDir()}
	for name, text := range map[string]string{
		"sbatch": `n=$(cat n)
if [ "$n" = "$(cat full)" ]; then
  echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2
  echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy" >&2
  exit 1
fi
echo $((n + 1)) >n
echo "$n;cluster"`,
		"squeue":   `[ -f queue ] || { echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1; }; cat queue`,
		"scontrol": "cat config",
		"scancel":  "",
	} {
		text = "#!/bin/sh\ncd " + quote(s.dir) + "\nprintf '%s ' " + name + ` "$@" >>calls` + "\necho >>calls\n" + text + "\n"
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.set("n", "11")
	s.set("full", "")
	s.set("config", "Configuration data as of 2026-11-30T00:26:01\n"+
		"MaxArraySize            = 1001\nSchedulerParameters     = batch_sched_delay=0,sched_interval=1\n")
	t.Setenv("PATH", s.dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return s
}

func (s *pretendSlurm) set(file, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, file), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// calls are those since the last time, without the ones that only ask.
func (s *pretendSlurm) calls() []string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "calls"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.set("calls", "")
	var out []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "squeue") && !strings.HasPrefix(line, "scontrol") {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}

// clustered are runs of three depths: 0 and 1 dense, 2 to 5 penalty, 6 and 7 magnitude of 0 and 1,
// 8 to 11 scratch of the penalties.
const clustered = few

// finish pretends that a run has ended.
func finish(t *testing.T, f Folder, r *Run) {
	t.Helper()
	if err := (&pretence{}).Run(t.Context(), f, r, 1, func(float64) {}); err != nil {
		t.Fatal(err)
	}
}

func submit(t *testing.T, s *Slurm, f Folder, table *Table, retry bool) *Submission {
	t.Helper()
	done, err := s.Submit(t.Context(), f, table, retry)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// A submission has an array for each depth, every one after those before it, and a report after
// all. The next one has the unfinished runs that no task does.
func TestSubmit(t *testing.T) {
	slurm := newSlurm(t)
	dir := filepath.Join(t.TempDir(), "it's a sweep")
	f, table := folder(t, dir, clustered)
	s := &Slurm{Program: "/opt/pare", Report: []string{"status"}, SlurmOptions: SlurmOptions{
		Partition: "long", Time: "1-0", Memory: "2G", CPUs: 4, Limit: 3, Extra: []string{"--comment=a b"}}}
	own := " --chdir=" + dir + " --output=slurm/%A_%a.out --open-mode=append --requeue --signal=B:USR1@60 --cpus-per-task=4" +
		" --partition=long --time=1-0 --mem=2G --comment=a b " + dir + "/slurm/runs.sh 0"
	report := func(after string) string {
		return "sbatch --parsable --job-name=s-report --chdir=" + dir + " --output=slurm/report-%j.out --dependency=afterany:" + after +
			" --partition=long --time=1-0 --mem=2G --comment=a b " + dir + "/slurm/report.sh"
	}
	expect := func(what string, got *Submission, want Submission, calls ...string) {
		t.Helper()
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: %+v, want %+v", what, *got, want)
		}
		if have := slurm.calls(); !slices.Equal(have, calls) {
			t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(have, "\n"), strings.Join(calls, "\n"))
		}
	}
	arrays := func(what, first, second string) {
		t.Helper()
		calls := slurm.calls()
		for i, want := range []string{first, second} {
			if !strings.Contains(calls[i], " --array="+want+" ") {
				t.Errorf("%s: %s\nhas no --array=%s", what, calls[i], want)
			}
		}
	}
	expect("all", submit(t, s, f, table, false), Submission{Jobs: []string{"11", "12"}, Report: "13", Runs: 12},
		"sbatch --parsable --job-name=s --array=0-5%3"+own,
		"sbatch --parsable --job-name=s --array=6-11%3 --dependency=afterany:11"+own, report("12"))
	for name, want := range map[string]string{
		"runs.sh":   `'/opt/pare' sweep run '` + filepath.Dir(dir) + `/it'\''s a sweep' -index "$((SLURM_ARRAY_TASK_ID + $1))"`,
		"report.sh": `'/opt/pare' sweep status '` + filepath.Dir(dir) + `/it'\''s a sweep' || status=1`,
	} {
		if text, err := os.ReadFile(filepath.Join(dir, "slurm", name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v\n%s\nlacks %s", name, err, text, want)
		}
	}

	slurm.set("queue", "11|0|RUNNING|n1|None\n11|2|COMPLETING|n1|None\n11|3|PENDING||Resources\n11|5|CANCELLED||None\n"+
		"12|6|PENDING||Dependency\n12|7|PENDING||Dependency\n12|8|PENDING||Dependency\n12|9|CANCELLED||Dependency\n"+
		"12|10|PENDING||Dependency\n12|11|CANCELLED||Dependency\n")
	finish(t, f, table.Runs[1]) // 11_1 is forgotten; 11_4 has left nothing
	expect("the lost", submit(t, s, f, table, false), Submission{Jobs: []string{"14", "15"}, Report: "16", Runs: 4, Queued: 7},
		"sbatch --parsable --job-name=s --array=4-5%3"+own,
		"sbatch --parsable --job-name=s --array=9,11%3 --dependency=afterany:14:11"+own, report("15:11:12"))

	slurm.set("queue", "")
	for _, r := range table.Runs[:4] {
		finish(t, f, r)
	}
	if err := f.fail(table.Runs[4], errors.New("it has diverged")); err != nil {
		t.Fatal(err)
	}
	s.SlurmOptions = SlurmOptions{}
	_ = submit(t, s, f, table, false)
	arrays("without those that have failed", "5-9", "11 --dependency=afterany:17")
	_ = submit(t, s, f, table, true)
	arrays("with retry", "4-9", "10-11 --dependency=afterany:20")
	for _, r := range table.Runs {
		finish(t, f, r)
	}
	expect("nothing", submit(t, s, f, table, true), Submission{})
}

// Where Slurm takes only a part of a sweep, none of it stays.
func TestSubmitFails(t *testing.T) {
	slurm := newSlurm(t)
	f, table := folder(t, filepath.Join(t.TempDir(), "sweep"), clustered)
	slurm.set("full", "13")
	_, err := (&Slurm{Program: "pare"}).Submit(t.Context(), f, table, false)
	if want := "sbatch: QOSMaxSubmitJobPerUserLimit; Batch job submission failed: Job violates accounting/QOS policy"; err == nil ||
		err.Error() != want || !run.IsInput(err) {
		t.Errorf("got %v, want %s", err, want)
	}
	if calls := slurm.calls(); calls[len(calls)-1] != "scancel 11 12" {
		t.Error(calls)
	}
	queue, err := f.Queue(t.Context())
	if err != nil || queue.Any() {
		t.Error("tasks stay:", queue, err)
	}
}

// Tasks have the states that squeue prints, and none when Slurm has forgotten them.
func TestQueue(t *testing.T) {
	slurm := newSlurm(t)
	dir := filepath.Join(t.TempDir(), "sweep")
	f, table := folder(t, dir, clustered)
	_ = submit(t, &Slurm{Program: "pare"}, f, table, false)
	slurm.set("queue", "11|0|RUNNING|n1|None\n11|1|CANCELLED||None\n11|2|TIMEOUT|n2|TimeLimit\n11|3|OUT_OF_MEMORY|n2|OutOfMemory\nnonsense\n"+
		"11|5|REQUEUE_HOLD||job requeued in held state\n")
	if err := os.WriteFile(filepath.Join(dir, "slurm", "11_2.out"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	queue, err := f.Queue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Task{
		{ID: "11_0", State: "RUNNING", Node: "n1", Output: "slurm/11_0.out"},
		{ID: "11_1", State: "CANCELLED", Output: "slurm/11_1.out"},
		{ID: "11_2", State: "TIMEOUT", Node: "n2", Reason: "TimeLimit", Output: "slurm/11_2.out"},
		{ID: "11_3", State: "OUT_OF_MEMORY", Node: "n2", Reason: "OutOfMemory", Output: "slurm/11_3.out"},
		{ID: "11_4", Output: "slurm/11_4.out"},
		{ID: "11_5", State: "REQUEUE_HOLD", Reason: "job requeued in held state", Output: "slurm/11_5.out"},
	} {
		want.job, want.index = "11", i
		if got, ok := queue.Task(table.Runs[i]); !ok || got != want || got.Live() != (i == 0 || i == 5) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	finish(t, f, table.Runs[3])
	for _, r := range table.Runs[6:] {
		finish(t, f, r)
	}
	want := "s-dense-seed-2: its Slurm task 11_1 was cancelled\n" +
		"s-penalty-strength-1-seed-1: its Slurm task 11_2 reached the time limit; see " + dir + "/slurm/11_2.out\n" +
		"s-penalty-strength-1-seed-2: its Slurm task 11_4 has ended without a result\n"
	if got := queue.LostText(table, f.States(table.Runs)); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	check(t, queue.Idle(), "Slurm has tasks of "+dir+", in the jobs 11; wait for them, or cancel them: scancel 11")
	if err := queue.Fits(table.Runs); err != nil {
		t.Error(err)
	}
	other := mustPlan(t, strings.Replace(clustered, "[dense, penalty,", "[penalty, dense,", 1))
	check(t, queue.Fits(other.Runs),
		"the sweep is not the one whose tasks Slurm has in the jobs 11; wait for them, or cancel them: scancel 11")

	if err := os.WriteFile(f.path(jobsFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = f.Queue(t.Context())
	check(t, err, dir+"/slurm/jobs.json is damaged: unexpected end of JSON input")
}

// A machine without Slurm says so in a line.
func TestNoSlurm(t *testing.T) {
	slurm := newSlurm(t)
	dir := filepath.Join(t.TempDir(), "sweep")
	f, table := folder(t, dir, clustered)
	_ = submit(t, &Slurm{Program: "pare"}, f, table, false)
	slurm.calls()
	t.Setenv("PATH", t.TempDir())
	_, err := (&Slurm{Program: "pare"}).Submit(t.Context(), f, table, false)
	check(t, err, "sbatch is not on this machine; submit where Slurm is installed, or do the runs here: pare sweep run "+dir)
	if _, err := f.Queue(t.Context()); !errors.Is(err, ErrNoSlurm) {
		t.Error(err)
	}
}

func TestSlurmOptions(t *testing.T) {
	for _, good := range []SlurmOptions{
		{}, {Time: "5"}, {Time: "5:00"}, {Time: "0:05:00"}, {Time: "1-0"}, {Time: "0-0:5"}, {Time: "0-1:0:0"}, {Time: "UNLIMITED"},
		{Memory: "500"}, {Memory: "3G"}, {Extra: []string{"--account=a", "--exclusive"}},
	} {
		if err := good.Check(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
	for _, c := range []struct {
		bad  SlurmOptions
		want string
	}{
		{SlurmOptions{Time: "1h"}, `-time is "1h", it must be minutes, H:M:S, D-H or D-H:M:S, as for sbatch`},
		{SlurmOptions{Time: "1:2:3:4"}, `-time is "1:2:3:4", it must be minutes, H:M:S, D-H or D-H:M:S, as for sbatch`},
		{SlurmOptions{Time: "4:59"}, `-time is 4:59, it must be at least 5m0s, as a task saves its state up to 2m before the end`},
		{SlurmOptions{Time: "0-0:4:59"}, `-time is 0-0:4:59, it must be at least 5m0s, as a task saves its state up to 2m before the end`},
		{SlurmOptions{Memory: "2GB"}, `-mem is "2GB", it must be megabytes, or a number with K, M, G or T`},
		{SlurmOptions{Extra: []string{"account=a"}},
			`-sbatch is "account=a", it must be a long option of sbatch with its value, such as --account=NAME`},
		{SlurmOptions{Extra: []string{"--account a"}},
			`-sbatch is "--account a", it must be a long option of sbatch with its value, such as --account=NAME`},
		{SlurmOptions{Extra: []string{"--array=1-3"}}, `-sbatch --array: the submission sets it itself`},
	} {
		check(t, c.bad.Check(), c.want)
	}
}

// Every run of a wave is in one array, at the task whose index and offset name it, and no task
// or array is beyond the limits of Slurm.
func TestArrays(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for range 200 {
		largest, most := 1+rng.IntN(40), 1+rng.IntN(40)
		var wave []*Run
		for i := range rng.IntN(300) {
			if rng.IntN(3) > 0 {
				wave = append(wave, &Run{Index: i, ID: fmt.Sprint("run", i)})
			}
		}
		var got []string
		for _, a := range arrays(wave, largest, most) {
			if len(a.Tasks) > most {
				t.Fatalf("%d tasks, at most %d", len(a.Tasks), most)
			}
			for part := range strings.SplitSeq(indices(a.Tasks), ",") {
				var first, last int
				if n, _ := fmt.Sscanf(part, "%d-%d", &first, &last); n == 1 {
					last = first
				}
				for i := first; i <= last; i++ {
					if i < 0 || i >= largest {
						t.Fatalf("task %d of %d", i, largest)
					}
					got = append(got, fmt.Sprint("run", i+a.Offset))
				}
			}
		}
		var want []string
		for _, r := range wave {
			want = append(want, r.ID)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}

// The limits come from the configuration of Slurm.
func TestSlurmLimits(t *testing.T) {
	for text, want := range map[string][2]int{
		"MaxArraySize            = 500\nSchedulerParameters     = a=1,max_array_tasks=20\n": {500, 20},
		"SchedulerParameters     = (null)\n":                                                {1001, int(^uint(0) >> 1)},
	} {
		if n, most, err := parseConfig(text); err != nil || n != want[0] || most != want[1] {
			t.Error(n, most, err)
		}
	}
	_, _, err := parseConfig("MaxArraySize            = 0\n")
	check(t, err, "this Slurm has no job arrays: MaxArraySize is 0")
}

// A task does not wait for ever for runs on which no process works.
func TestWait(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	_, table := folder(t, dir, clustered)
	t.Chdir(dir)
	err := RunIndex(t.Context(), dir, 6, RunOptions{Wait: time.Nanosecond})
	if want := table.Runs[6].Name + " needs s-dense-seed-1, on which no process has worked for 1ns"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	// A process works on the run that run 8 needs.
	if err := os.MkdirAll(table.Runs[2].Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(table.Runs[2].Dir, run.ConfigFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	lock, err := filelock.Take(filepath.Join(table.Runs[2].Dir, ".lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if err := RunIndex(ctx, dir, 8, RunOptions{Wait: time.Nanosecond}); !errors.Is(err, train.ErrInterrupted) {
		t.Error("while a process works on it:", err)
	}
	check(t, RunIndex(t.Context(), dir, 2, RunOptions{Wait: time.Nanosecond}),
		"another process is at work in "+table.Runs[2].Dir+"; wait for it or stop it")
}
