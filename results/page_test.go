package results

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestPage(t *testing.T) {
	dense, runs := sweepRuns(t)
	s, err := Read(sources(slices.Concat(dense, runs)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(filepath.Dir(dense[0]), "report")
	if err := s.Write(dir, OverMACs, "a sweep"); err != nil {
		t.Fatal(err)
	}
	os.CopyFS("/tmp/sw", os.DirFS(filepath.Dir(dense[0])))
}
