package sweep

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pare/internal/filelock"
	"pare/run"
	"pare/train"
)

// pretence is an executor that only pretends to train.
type pretence struct {
	mu            sync.Mutex
	done          []string // runs in the order of their ends
	running, most int
	fails         string // method whose runs fail
	stop          func() // called when stopAfter runs are done
	stopAfter     int
}

func (p *pretence) Run(ctx context.Context, f Folder, r *Run, _ int, progress func(float64)) error {
	p.mu.Lock()
	p.running++
	p.most = max(p.most, p.running)
	p.mu.Unlock()
	progress(0.5)
	time.Sleep(time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	if ctx.Err() != nil {
		return train.ErrInterrupted
	}
	p.done = append(p.done, strings.TrimPrefix(r.Name, "s-"))
	if len(p.done) == p.stopAfter {
		p.stop()
	}
	if r.Method == p.fails {
		return errors.New("signal: killed")
	}
	if err := os.MkdirAll(f.path(r.Dir), 0o755); err != nil {
		return err
	}
	for _, name := range []string{run.ConfigFile, run.SummaryFile} {
		if err := os.WriteFile(f.path(r.Dir, name), []byte("{}"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

const few = `name: s
config: base.yaml
methods: [dense, penalty, magnitude, scratch]
strengths: [1, 2]
budgets: {macs: [0.5]}
seeds: [1, 2]
`

// folder makes the folder of a sweep.
func folder(t *testing.T, dir, text string) (Folder, *Table) {
	t.Helper()
	s, err := Read(write(t, text), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Plan(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, table, err := Prepare(dir, p)
	if err != nil {
		t.Fatal(err)
	}
	return f, table
}

func execute(t *testing.T, f Folder, table *Table, o Options) (failed []*Run, err error) {
	t.Helper()
	return Execute(t.Context(), f, table, o)
}

// All runs are done once, each after those that it needs, and no more at a time than asked for.
func TestExecute(t *testing.T) {
	f, table := folder(t, filepath.Join(t.TempDir(), "sweep"), few)
	p := &pretence{}
	var last Report
	failed, err := execute(t, f, table, Options{Executor: p, Jobs: 3, Report: func(r Report) { last = r }})
	if err != nil || len(failed) > 0 {
		t.Fatal(failed, err)
	}
	if len(p.done) != len(table.Runs) || p.most > 3 {
		t.Errorf("%d of %d runs, %d at the same time", len(p.done), len(table.Runs), p.most)
	}
	for _, r := range table.Runs {
		for _, n := range r.Needs {
			before := table.Runs[n].Name
			if slices.Index(p.done, strings.TrimPrefix(before, "s-")) > slices.Index(p.done, strings.TrimPrefix(r.Name, "s-")) {
				t.Errorf("%s is done before %s", r.Name, before)
			}
		}
	}
	if last.Finished != len(table.Runs) || last.Runs != len(table.Runs) {
		t.Errorf("the last report is %+v", last)
	}
	again := &pretence{}
	if _, err := execute(t, f, table, Options{Executor: again}); err != nil || len(again.done) > 0 {
		t.Errorf("a second time: %v, %v", again.done, err)
	}
	_, saved, err := OpenFolder(string(f))
	if err != nil || slices.ContainsFunc(saved.States, func(s State) bool { return s != Finished }) {
		t.Errorf("states %v, %v", saved.States, err)
	}
}

// A run that fails is recorded, the runs that need it are left, all others are done; retry does
// these.
func TestFailures(t *testing.T) {
	f, table := folder(t, filepath.Join(t.TempDir(), "sweep"), few)
	p := &pretence{fails: "penalty"}
	failed, err := execute(t, f, table, Options{Executor: p, Jobs: 1})
	if err != nil || len(failed) != 4 {
		t.Fatalf("%d failed: %v", len(failed), err)
	}
	for i, r := range table.Runs {
		want := map[string]State{"dense": Finished, "magnitude": Finished, "penalty": Failed, "scratch": Blocked}[r.Method]
		if got := f.States(table.Runs)[i]; got != want {
			t.Errorf("%s is %s, want %s", r.Name, got, want)
		}
	}
	if got := f.Failure(failed[0]); got == nil || got.Error != "signal: killed" {
		t.Errorf("the failure is recorded as %+v", got)
	}
	again := &pretence{}
	if failed, err = execute(t, f, table, Options{Executor: again}); err != nil || len(again.done) > 0 || len(failed) != 4 {
		t.Errorf("without retry: %v, %d, %v", again.done, len(failed), err)
	}
	if failed, err = execute(t, f, table, Options{Executor: again, Retry: true}); err != nil || len(failed) > 0 || len(again.done) != 8 {
		t.Errorf("with retry: %v, %v, %v", again.done, failed, err)
	}
}

// An interruption begins nothing new and leaves the rest for the next session.
func TestInterruption(t *testing.T) {
	f, table := folder(t, filepath.Join(t.TempDir(), "sweep"), few)
	ctx, stop := context.WithCancel(t.Context())
	p := &pretence{stop: stop, stopAfter: 3}
	_, err := Execute(ctx, f, table, Options{Executor: p, Jobs: 2})
	if !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	first := len(p.done)
	rest := &pretence{}
	if _, err := execute(t, f, table, Options{Executor: rest}); err != nil || first+len(rest.done) != len(table.Runs) {
		t.Errorf("%d and %d of %d runs: %v", first, len(rest.done), len(table.Runs), err)
	}
}

// A changed sweep does its new runs; folders that no longer belong to it stay and are named.
func TestChanges(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	f, table := folder(t, dir, few)
	if _, err := execute(t, f, table, Options{Executor: &pretence{}}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text   string
		again  []string
		former int
	}{
		"nothing":   {few, nil, 0},
		"the order": {strings.Replace(few, "[dense, penalty,", "[penalty, dense,", 1), nil, 0},
		"a label":   {strings.Replace(few, "penalty,", "{penalty: {name: lasso}},", 1), nil, 0},
		"a strength": {strings.Replace(few, "[1, 2]\nbudgets", "[1, 2.5]\nbudgets", 1), []string{"penalty-strength-2.5-seed-1",
			"penalty-strength-2.5-seed-2", "scratch-strength-2.5-seed-1", "scratch-strength-2.5-seed-2"}, 4},
		"fine-tuning":  {few + "finetune: {epochs: 1}\n", []string{"magnitude-macs-0.5-seed-1", "magnitude-macs-0.5-seed-2"}, 2},
		"a second key": {few + "vary: {penalties.0.lambda: [1e-3]}\n", nil, 0},
		"fewer seeds":  {strings.Replace(few, "seeds: [1, 2]", "seeds: [2]", 1), nil, 6},
	} {
		copied := filepath.Join(t.TempDir(), "sweep")
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		f, table := folder(t, copied, c.text)
		p := &pretence{}
		if _, err := execute(t, f, table, Options{Executor: p}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(p.done)
		if !slices.Equal(p.done, c.again) || len(table.Former) != c.former {
			t.Errorf("%s: again %v, former %v", name, p.done, table.Former)
		}
	}
	if err := os.RemoveAll(f.path(table.Runs[1].Dir)); err != nil {
		t.Fatal(err)
	}
	p := &pretence{}
	if _, err := execute(t, f, table, Options{Executor: p}); err != nil || !slices.Equal(p.done, []string{"dense-seed-2"}) {
		t.Errorf("after a run folder was deleted: %v, %v", p.done, err)
	}
}

// The environment of a task of a cluster names its run.
func TestEnvironmentIndex(t *testing.T) {
	for _, name := range IndexVariables {
		t.Setenv(name, "")
	}
	if _, found, err := EnvironmentIndex(); found || err != nil {
		t.Error(found, err)
	}
	t.Setenv("JOB_COMPLETION_INDEX", "7")
	if i, found, err := EnvironmentIndex(); i != 7 || !found || err != nil {
		t.Error(i, found, err)
	}
	t.Setenv("SLURM_ARRAY_TASK_ID", "x")
	if _, _, err := EnvironmentIndex(); err == nil || err.Error() != `SLURM_ARRAY_TASK_ID is "x", it must be the index of a run` {
		t.Error(err)
	}
}

// Faulty folders are refused in a line.
func TestFolderFaults(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	f, _ := folder(t, dir, few)
	lock, err := f.Lock()
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Lock()
	check(t, err, "another process is at work in "+dir+"; wait for it or stop it")
	lock.Close()
	if lock, err = f.Lock(); err != nil {
		t.Fatal("after release:", err)
	}
	lock.Close()

	other := mustPlan(t, strings.Replace(few, "name: s", "name: other", 1))
	_, _, err = Prepare(dir, other)
	check(t, err, dir+" is the folder of the sweep s; choose another -out for other")
	_, _, err = Prepare("/proc/sweep", other)
	check(t, err, "the sweep folder cannot be made: mkdir /proc/sweep: no such file or directory")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err = Prepare(file, other)
	check(t, err, "the sweep folder cannot be read: open "+file+"/runs: not a directory")
	_, _, err = OpenFolder(t.TempDir())
	if err == nil || !strings.HasSuffix(err.Error(), " is not a sweep folder: it has no runs.json") {
		t.Error(err)
	}
	check(t, RunIndex(t.Context(), dir, 99, RunOptions{}), "there is no run 99 in "+dir+", which has runs 0 to 11")
	text, err := os.ReadFile(f.path(TableFile))
	if err != nil {
		t.Fatal(err)
	}
	const mend = "; remove it and run the sweep file again, finished runs stay"
	for damage, want := range map[string]string{
		string(text[:len(text)/2]): dir + "/runs.json is damaged: unexpected end of JSON input" + mend,
		strings.Replace(string(text), `"dir": "runs/`, `"dir": "../runs/`, 1): dir +
			"/runs.json is damaged: row 0 has no valid index, dir, log or set" + mend,
		strings.Replace(string(text), `"needs": [`, `"needs": [9, `, 1): dir +
			"/runs.json is damaged: row 6 needs a row that does not come before it" + mend,
		strings.Replace(string(text), `"needs": [`, `"neds": [`, 1): dir + `/runs.json is damaged: json: unknown field "neds"` + mend,
		"null":          dir + "/runs.json is damaged: it names no sweep or no runs" + mend,
		`{"format": 2}`: dir + " is a sweep folder of format 2, and this program reads formats up to 1; use a newer version of pare",
	} {
		if err := os.WriteFile(f.path(TableFile), []byte(damage), 0o644); err != nil {
			t.Fatal(err)
		}
		_, _, err := OpenFolder(dir)
		check(t, err, want)
	}
}

func check(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want || !run.IsInput(err) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// After the removal of a damaged table, runs or logs the sweep goes on with the runs that are
// there.
func TestDeletedParts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	f, table := folder(t, dir, few)
	if _, err := execute(t, f, table, Options{Executor: &pretence{}}); err != nil {
		t.Fatal(err)
	}
	for part, again := range map[string]int{TableFile: 0, logsDir: 0, runsDir: len(table.Runs)} {
		if err := os.RemoveAll(f.path(part)); err != nil {
			t.Fatal(err)
		}
		_, table := folder(t, dir, few)
		p := &pretence{fails: "none"}
		if failed, err := execute(t, f, table, Options{Executor: p}); err != nil || len(failed) > 0 || len(p.done) != again {
			t.Errorf("without %s %d runs are done again, want %d: %v %v", part, len(p.done), again, failed, err)
		}
	}
	if err := os.RemoveAll(f.path(logsDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(f.path(table.Runs[0].Dir)); err != nil {
		t.Fatal(err)
	}
	failed, err := execute(t, f, table, Options{Executor: &pretence{fails: table.Runs[0].Method}})
	if err != nil || len(failed) != 1 || f.Failure(failed[0]) == nil {
		t.Errorf("a failure without a folder of logs: %v %v", failed, err)
	}
}

// A sweep whose last runs are in the hands of another process is not reported as finished, and a
// run that another process has made possible is done.
func TestOtherProcess(t *testing.T) {
	f, table := folder(t, filepath.Join(t.TempDir(), "sweep"), "name: s\nconfig: base.yaml\nmethods: [dense]\nseeds: [1, 2]\n")
	theirs := table.Runs[0]
	if err := os.MkdirAll(f.path(theirs.Dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.path(theirs.Dir, run.ConfigFile), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	lock, err := filelock.Take(f.path(theirs.Dir, ".lock"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = execute(t, f, table, Options{Executor: &pretence{}})
	want := "1 of 2 runs are not finished: another process is at work in " + f.path(theirs.Dir) +
		"; when it has ended, go on with: pare sweep run " + string(f)
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	lock.Close()
	p := &pretence{}
	if failed, err := execute(t, f, table, Options{Executor: p}); err != nil || len(failed) > 0 || len(p.done) != 1 {
		t.Error(failed, err, p.done)
	}
}

// A folder that cannot be written is refused before any training.
func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := filepath.Join(t.TempDir(), "sweep")
	if err := os.Mkdir(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	_, _, err := Prepare(dir, mustPlan(t, few))
	check(t, err, "the sweep folder cannot be made: mkdir "+dir+"/runs: permission denied")
}
