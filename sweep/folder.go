package sweep

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pare/internal/atomicfile"
	"pare/internal/filelock"
	"pare/run"
)

// Names within a sweep folder.
const (
	TableFile = "runs.json"
	specFile  = "sweep.yaml" // the sweep file as it was given
	baseFile  = "base.yaml"  // its config; not config.yaml, which is the mark of a run folder
	runsDir   = "runs"
	logsDir   = "logs"
	lockFile  = ".lock" // held by the process that works on the whole sweep
)

// tableFormat is the version of tables that is written; all up to it are read.
const tableFormat = 1

// Folder is a sweep folder.
type Folder string

// Table is the content of runs.json.
type Table struct {
	Format int `json:"format"`
	Plan
	States []State  `json:"states"`           // of the runs, when the table was written
	Former []string `json:"former,omitempty"` // run folders that no longer belong to the sweep
}

// State is where a run of a sweep stands.
type State string

// States of runs.
const (
	Finished    State = "finished"
	Failed      State = "failed"
	Running     State = "running"
	Interrupted State = "interrupted" // begun; the next session goes on with it
	Blocked     State = "blocked"     // a run that it needs has failed
	Waiting     State = "waiting"     // a run that it needs is not finished
	Ready       State = "ready"
)

func (f Folder) path(elem ...string) string {
	return filepath.Join(append([]string{string(f)}, elem...)...)
}

// IsFolder reports whether a path is a sweep folder.
func IsFolder(path string) bool {
	_, err := os.Stat(filepath.Join(path, TableFile))
	return err == nil
}

// OpenFolder reads the table of a sweep folder.
func OpenFolder(dir string) (Folder, *Table, error) {
	f := Folder(dir)
	text, err := os.ReadFile(f.path(TableFile))
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil, inputError("%s is not a sweep folder: it has no %s", dir, TableFile)
	}
	if err != nil {
		return f, nil, &run.InputError{Err: err}
	}
	damaged := func(err error) error {
		return inputError("%s is damaged: %w; %s", f.path(TableFile), err, mendTable)
	}
	var version struct{ Format int } // no more: a later table may look otherwise
	if err := json.Unmarshal(text, &version); err != nil {
		return f, nil, damaged(err)
	}
	if version.Format > tableFormat {
		return f, nil, inputError("%s is a sweep folder of format %d, and this program reads formats up to %d; "+
			"use a newer version of pare", dir, version.Format, tableFormat)
	}
	t := &Table{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields() // a misspelt key would be a key left out, and its run another run
	if err := d.Decode(t); err != nil {
		return f, nil, damaged(err)
	}
	return f, t, t.check(f)
}

// mendTable is the remedy for a damaged table.
const mendTable = "remove it and run the sweep file again, finished runs stay"

// check refuses a damaged table.
func (t *Table) check(f Folder) error {
	if t.Name == "" || len(t.Runs) == 0 {
		return inputError("%s is damaged: it names no sweep or no runs; %s", f.path(TableFile), mendTable)
	}
	for i, r := range t.Runs {
		switch {
		case r == nil || r.Index != i || !filepath.IsLocal(r.Dir) || !filepath.IsLocal(r.Log) || len(r.Set) == 0:
			return inputError("%s is damaged: row %d has no valid index, dir, log or set; %s", f.path(TableFile), i, mendTable)
		case slices.ContainsFunc(r.Needs, func(n int) bool { return n < 0 || n >= i }),
			slices.ContainsFunc(r.Take, func(t Take) bool { return !slices.Contains(r.Needs, t.Run) }):
			return inputError("%s is damaged: row %d needs a row that does not come before it; %s", f.path(TableFile), i, mendTable)
		}
	}
	return nil
}

// Prepare makes the folder of a plan or brings its table up to date: run folders of the same
// config stay part of it, others stay where they are and are named as former. A folder of
// another sweep, or one that cannot be written, is a run.InputError.
func Prepare(dir string, p *Plan) (Folder, *Table, error) {
	f, t := Folder(dir), &Table{Format: tableFormat, Plan: *p}
	if IsFolder(dir) {
		_, old, err := OpenFolder(dir)
		if err != nil {
			return f, nil, err
		}
		if old.Name != p.Name {
			return f, nil, inputError("%s is the folder of the sweep %s; choose another -out for %s", dir, old.Name, p.Name)
		}
		if old.same(p) && (old.work() > 0 || p.work() == 0) {
			return f, old, nil
		}
	}
	var err error
	if t.Former, err = f.former(p); err != nil {
		return f, nil, inputError("the sweep folder cannot be read: %w", err)
	}
	if err := f.makeFolders(); err != nil {
		return f, nil, err
	}
	for name, text := range map[string][]byte{specFile: p.text, baseFile: p.config} {
		if err := atomicfile.WriteBytes(f.path(name), text); err != nil {
			return f, nil, inputError("the sweep folder cannot be written: %w", err)
		}
	}
	if err := f.Save(t); err != nil { // last of all: a folder with a table is complete
		return f, nil, inputError("the sweep folder cannot be written: %w", err)
	}
	return f, t, nil
}

// makeFolders makes the folders of runs and logs, which a user may have deleted.
func (f Folder) makeFolders() error {
	for _, sub := range []string{runsDir, logsDir} {
		if err := os.MkdirAll(f.path(sub), 0o755); err != nil {
			return inputError("the sweep folder cannot be made: %w", err)
		}
	}
	return nil
}

// same reports whether the table has the runs of a plan; estimates of work do not count.
func (t *Table) same(p *Plan) bool {
	rows := func(p Plan) []byte {
		runs := make([]Run, len(p.Runs))
		for i, r := range p.Runs {
			runs[i] = *r
			runs[i].Work = 0
		}
		p.Runs = nil
		text, err := json.Marshal(struct {
			Plan
			Rows []Run
		}{p, runs})
		if err != nil {
			return nil
		}
		return text
	}
	return bytes.Equal(rows(t.Plan), rows(*p))
}

// runs are the names of the run folders by the digits of the identity at their end.
func (f Folder) runs() (map[string]string, error) {
	entries, err := os.ReadDir(f.path(runsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	out := map[string]string{}
	for _, e := range entries {
		if i := strings.LastIndex(e.Name(), "-"); e.IsDir() && len(e.Name())-i-1 == shortID {
			out[e.Name()[i+1:]] = e.Name()
		}
	}
	return out, nil
}

// former lists the run folders that are not of a plan.
func (f Folder) former(p *Plan) ([]string, error) {
	have, err := f.runs()
	var out []string
	for _, name := range have {
		dir := path.Join(runsDir, name)
		if !slices.ContainsFunc(p.Runs, func(r *Run) bool { return r.Dir == dir }) {
			out = append(out, dir)
		}
	}
	slices.Sort(out)
	return out, err
}

// Save writes the table with the present states.
func (f Folder) Save(t *Table) error {
	t.States = f.States(t.Runs)
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", TableFile, err)
	}
	return atomicfile.WriteBytes(f.path(TableFile), append(text, '\n'))
}

// Lock keeps other processes from working on the whole sweep until the file is closed, in
// this process and in those that inherit it. A run has a lock of its own.
func (f Folder) Lock() (*os.File, error) {
	file, err := filelock.Take(f.path(lockFile))
	// Runs of a session that was killed take a moment to save their state.
	for end := time.Now().Add(lockPatience); errors.Is(err, filelock.ErrHeld) && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
		file, err = filelock.Take(f.path(lockFile))
	}
	if errors.Is(err, filelock.ErrHeld) {
		return nil, inputError("another process is at work in %s; wait for it or stop it", f)
	}
	if err != nil {
		return nil, inputError("the sweep folder cannot be locked: %w", err)
	}
	return file, nil
}

const lockPatience = time.Second

// States are the states of all runs of a table.
func (f Folder) States(runs []*Run) []State {
	out := make([]State, len(runs))
	for i, r := range runs {
		out[i] = f.state(r, out)
	}
	return out
}

// state is the state of a run, given the states of the runs before it.
func (f Folder) state(r *Run, before []State) State {
	folder := run.Folder(f.path(r.Dir))
	started := exists(f.path(r.Dir, run.ConfigFile))
	needs := func(states ...State) bool {
		return slices.ContainsFunc(r.Needs, func(n int) bool { return slices.Contains(states, before[n]) })
	}
	switch {
	case f.complete(r):
		return Finished
	case started && folder.Working():
		return Running
	case exists(f.path(r.failure())):
		return Failed
	case needs(Failed, Blocked):
		return Blocked
	case started && !needs(Running, Interrupted, Waiting, Ready):
		return Interrupted
	case needs(Running, Interrupted, Waiting, Ready):
		return Waiting
	}
	return Ready
}

// Failure is why a run has failed.
type Failure struct {
	Error  string `json:"error"`
	Failed string `json:"failed"` // RFC 3339, UTC
}

// failure is the path of the record of a failure, within the sweep folder.
func (r *Run) failure() string { return r.Log + ".error.json" }

// Failure reads why a run has failed; nil: it has not.
func (f Folder) Failure(r *Run) *Failure {
	text, err := os.ReadFile(f.path(r.failure()))
	if err != nil {
		return nil
	}
	out := &Failure{}
	if err := json.Unmarshal(text, out); err != nil {
		out.Error = "the record of its failure is damaged"
	}
	return out
}

// fail records that a run has failed.
func (f Folder) fail(r *Run, cause error) error {
	text, err := json.Marshal(Failure{cause.Error(), time.Now().UTC().Format(time.RFC3339)})
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(f.path(r.failure()), append(text, '\n'))
}

// forgive removes the record of a failure, so that the run is tried again.
func (f Folder) forgive(r *Run) error {
	if err := os.Remove(f.path(r.failure())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func inputError(format string, args ...any) error {
	return &run.InputError{Err: fmt.Errorf(format, args...)}
}
