package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWriteFolder(t *testing.T) {
	root := t.TempDir()
	empty := filepath.Join(root, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Join(root, "new"), empty + "/"} {
		if err := WriteFolder(dir, func(dir string) error {
			return WriteBytes(filepath.Join(dir, "a.txt"), []byte("a"))
		}); err != nil {
			t.Fatal(err)
		}
		if got := names(t, dir); !slices.Equal(got, []string{"a.txt"}) {
			t.Errorf("%s holds %v", dir, got)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("%s: %v, %v", dir, info, err)
		}
	}
	if err := FreeFolder(empty); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a folder with a file: %v", err)
	}
	if err := FreeFolder(filepath.Join(empty, "a.txt")); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("a file: %v", err)
	}
	if err := FreeFolder(filepath.Join(root, "b", "c")); err == nil || !strings.Contains(err.Error(), "there is no folder") {
		t.Errorf("without a parent: %v", err)
	}
}

func TestWriteFolderFails(t *testing.T) {
	root := t.TempDir()
	broken := errors.New("broken")
	err := WriteFolder(filepath.Join(root, "new"), func(dir string) error {
		if err := WriteBytes(filepath.Join(dir, "a.txt"), []byte("a")); err != nil {
			t.Fatal(err)
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got := names(t, root); len(got) != 0 {
		t.Errorf("%v is left", got)
	}
}
