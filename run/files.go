package run

import (
	"fmt"
	"os"
	"path/filepath"

	"pare/export"
)

// folderFiles are the files and folders of runs and models.
var folderFiles = []string{ConfigFile, SummaryFile, ReportFile, DiagramFile, export.SafetensorsFile, export.ArchitectureFile,
	export.ONNXFile, pruneFile, MetricsFile, sessionsFile, WarningsFile, dataFile, EventsDir, checkpointsDir, trainedDir, prunedDir}

// Files lists the known files and folders of the artifact that exist.
func (a *Artifact) Files() []string {
	if a.Kind == KindONNX {
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
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return &InputError{fmt.Errorf("%s is a file; choose a folder", dir)}
	}
	return nil
}
