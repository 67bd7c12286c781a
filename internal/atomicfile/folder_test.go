package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAddFiles: all files or none, in a folder that is there or is made.
func TestAddFiles(t *testing.T) {
	root := t.TempDir()
	old := filepath.Join(root, "old")
	if err := os.Mkdir(old, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"kept": "1", "b": "before"} {
		if err := WriteBytes(filepath.Join(old, name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	cause := errors.New("no more ink")
	write := func(end error) func(string) error {
		return func(dir string) error {
			return errors.Join(WriteBytes(filepath.Join(dir, "a"), []byte("a")), WriteBytes(filepath.Join(dir, "b"), []byte("b")), end)
		}
	}
	fresh := filepath.Join(root, "x", "new")
	for _, dir := range []string{old, fresh} {
		if err := AddFiles(dir, write(cause)); !errors.Is(err, cause) {
			t.Errorf("%s: error %v", dir, err)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(old, "b")); string(text) != "before" || len(names(t, old)) != 2 {
		t.Errorf("after a failure the folder holds %q, b is %q", names(t, old), text)
	}
	if got := names(t, filepath.Dir(fresh)); len(got) != 0 {
		t.Errorf("a failure leaves %q", got)
	}
	for dir, want := range map[string]int{old: 3, fresh: 2} {
		if err := AddFiles(dir, write(nil)); err != nil {
			t.Fatal(err)
		}
		if text, _ := os.ReadFile(filepath.Join(dir, "b")); string(text) != "b" || len(names(t, dir)) != want {
			t.Errorf("%s holds %q, b is %q", dir, names(t, dir), text)
		}
	}
	if err := AddFiles(filepath.Join(old, "kept"), write(nil)); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("a file in the place of the folder: %v", err)
	}
}

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
	if err := FreeFolder(filepath.Join(empty, "a.txt", "c")); err == nil || !strings.Contains(err.Error(), "there is no folder") {
		t.Errorf("a folder in a file: %v", err)
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
