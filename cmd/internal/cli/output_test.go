package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// TestWritableFolder: a folder that cannot be made is an error before any work, which leaves nothing.
func TestWritableFolder(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"": "", dir: "", filepath.Join(dir, "new", "deep"): "",
		filepath.Join(dir, "a.csv"): "-out " + filepath.Join(dir, "a.csv") + ": the output is a folder; leave .csv out of its name",
		taken:                       "-out " + taken + " is a file; choose a folder",
		filepath.Join(taken, "in"):  "-out " + filepath.Join(taken, "in") + ": nothing can be written in " + taken + ": not a directory",
	} {
		got := ""
		if err := WritableFolder("-out", path); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d entries are left, %v", len(entries), err)
	}
}
