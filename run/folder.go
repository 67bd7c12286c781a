package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"

	"pare/config"
	"pare/export"
	"pare/internal/atomicfile"
)

// Names within a run folder.
const (
	ConfigFile  = "config.yaml"
	MetricsFile = "metrics.jsonl"
	SummaryFile = "summary.json"
	ReportFile  = "report.html"
	DiagramFile = "network.svg"
	EventsDir   = "tensorboard"
	AuditDir    = "audit" // measures of groups of test examples

	WarningsFile = "warnings.json" // a list; missing where the run has given none

	checkpointsDir = "checkpoints"
	trainedDir     = "trained"   // the network before pruning
	prunedDir      = "pruned"    // the network after pruning, with its thresholds
	snapshotsDir   = "snapshots" // networks of epochs of training
	dataFile       = "data.json" // the fingerprint of the data of the first session
	pruneFile      = "prune.json"
	lockFile       = ".lock" // held by the process that works in the folder
)

// Folder is a run folder.
type Folder string

func (f Folder) path(elem ...string) string {
	return filepath.Join(append([]string{string(f)}, elem...)...)
}

// CreateFolder makes a run folder and writes the config into it. An empty dir
// means runs/NAME, or runs/NAME-2 and so on while that exists. A dir that is
// given must not hold a run already.
func CreateFolder(dir, name string, config []byte) (Folder, error) {
	dir, made, err := makeFolder(dir, filepath.Join("runs", name))
	if err != nil {
		return "", &InputError{fmt.Errorf("the run folder cannot be made: %w", err)}
	}
	f := Folder(dir)
	if exists(f.path(ConfigFile)) {
		return "", &InputError{fmt.Errorf("%s already holds a run; go on with -resume %s or choose another -out", dir, dir)}
	}
	if err := atomicfile.WriteBytes(f.path(ConfigFile), config); err != nil {
		if made {
			_ = os.Remove(dir) // it is empty; the first error is the one to report
		}
		return "", &InputError{fmt.Errorf("the run folder cannot be written: %w", err)}
	}
	return f, nil
}

// makeFolder makes dir, or where that is empty the first of base, base-2 and so
// on that no other process has made. made is false where dir was there.
func makeFolder(dir, base string) (path string, made bool, err error) {
	if dir != "" {
		made = !exists(dir)
		return dir, made, os.MkdirAll(dir, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(base), 0o755); err != nil {
		return "", false, err
	}
	path = base
	for n := 2; ; n++ {
		if err := os.Mkdir(path, 0o755); !errors.Is(err, fs.ErrExist) {
			return path, true, err
		}
		path = fmt.Sprintf("%s-%d", base, n)
	}
}

// OpenFolder checks that dir is a run folder.
func OpenFolder(dir string) (Folder, error) {
	f := Folder(dir)
	if !exists(f.path(ConfigFile)) {
		return "", &InputError{fmt.Errorf("%s is not a run folder: it has no %s", dir, ConfigFile)}
	}
	return f, f.readable()
}

// Finished reports whether the folder holds a finished run of a config, as CreateFolder would
// write it, with the same files; the number of threads does not count.
func (f Folder) Finished(c *config.Config) bool {
	if !exists(f.path(SummaryFile)) {
		return false
	}
	text, err := os.ReadFile(f.path(ConfigFile))
	if err != nil {
		return false
	}
	ran, err := config.Parse(f.path(ConfigFile), text)
	if err != nil || ran.AbsolutePaths() != nil || configHash(*ran) != configHash(*c) {
		return false
	}
	var first dataPrint
	if found, err := f.readJSON(dataFile, &first); err != nil || !found || first.Files == nil {
		return err == nil
	}
	now, err := Digests(c, nil)
	return err == nil && maps.Equal(first.Files, now)
}

// sweep removes the temporary files that a crash has left. Failures do no harm: the files
// only take up room.
func (f Folder) sweep() {
	for _, dir := range []string{"", trainedDir, prunedDir, AuditDir, filepath.Join(checkpointsDir, "*"), filepath.Join(snapshotsDir, "*")} {
		left, _ := filepath.Glob(f.path(dir, ".*.tmp-*"))
		for _, path := range left {
			_ = os.Remove(path)
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func (f Folder) writeJSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	text = wholeNumbers.ReplaceAllFunc(text, func(list []byte) []byte { return spaces.ReplaceAll(list, nil) })
	return atomicfile.WriteBytes(f.path(name), append(text, '\n'))
}

// Lists of whole numbers, the rows of matrices, stand on one line of a JSON file.
var (
	wholeNumbers = regexp.MustCompile(`\[\n(\s*-?[0-9]+,\n)*\s*-?[0-9]+\n\s*\]`)
	spaces       = regexp.MustCompile(`\s+`)
)

// readJSON reports whether the file exists, and reads it.
func (f Folder) readJSON(name string, v any) (bool, error) {
	text, err := os.ReadFile(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return false, &InputError{fmt.Errorf("%s is damaged: %w", f.path(name), err)}
	}
	return true, nil
}

// folderFiles are the files and folders of runs and models.
var folderFiles = []string{ConfigFile, SummaryFile, ReportFile, DiagramFile, export.SafetensorsFile, export.ArchitectureFile,
	export.ONNXFile, pruneFile, MetricsFile, sessionsFile, WarningsFile, dataFile, EventsDir, checkpointsDir, snapshotsDir,
	trainedDir, prunedDir, AuditDir, AttackFile}

// Files lists the known files and folders of the artifact that exist.
func (a *Artifact) Files() []string {
	if a.Kind == KindONNX || a.Kind == KindWeights {
		return []string{a.Path}
	}
	var out []string
	for _, name := range folderFiles {
		if path := filepath.Join(a.Path, name); exists(path) {
			out = append(out, path)
		}
	}
	return out
}

// FreeFolder reports, as an InputError, a file that would be lost if a model were
// written to dir.
func FreeFolder(dir string) error {
	for _, name := range folderFiles {
		if exists(Folder(dir).path(name)) {
			return &InputError{fmt.Errorf("%s holds a %s already; choose another folder", dir, name)}
		}
	}
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case err == nil && !info.IsDir() && at == filepath.Clean(dir):
			return &InputError{fmt.Errorf("%s is a file; choose a folder", dir)}
		case err == nil && !info.IsDir():
			return &InputError{fmt.Errorf("%s cannot be made: %s is a file", dir, at)}
		case err == nil || at == filepath.Dir(at):
			return nil
		}
	}
}
