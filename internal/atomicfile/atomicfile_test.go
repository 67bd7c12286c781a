package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestWriteReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.bin")
	for _, want := range []string{"first, longer", "second", ""} {
		if err := WriteBytes(path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Fatalf("read %q, %v; want %q", got, err, want)
		}
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("folder holds %q, want a.bin alone", got)
	}
}

func TestWriteKeepsMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteBytes(path, []byte("y")); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", st.Mode(), err)
	}
}

func TestFailureLeavesOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.bin")
	if err := WriteBytes(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("no more ink")
	err := Write(path, func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			return err
		}
		return cause
	})
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v: want it to wrap the cause and name %s", err, path)
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("file holds %d bytes, want the old contents", len(got))
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("folder holds %q, want a.bin alone", got)
	}
}

func TestPanicLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	func() {
		defer func() { _ = recover() }()
		_ = Write(filepath.Join(dir, "a"), func(io.Writer) error { panic("in write") })
	}()
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("folder holds %q, want nothing", got)
	}
}

func TestErrorsNamePath(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "missing", "a"), dir} {
		if err := WriteBytes(path, nil); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("WriteBytes(%s) = %v, want an error naming it", path, err)
		}
	}
}

func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := WriteBytes("plain", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, "."); len(got) != 1 || got[0] != "plain" {
		t.Errorf("folder holds %q, want plain", got)
	}
}

// TestNoFolder: the error names the folder that is missing, not a temporary file.
func TestNoFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	err := WriteBytes(filepath.Join(dir, "a.bin"), []byte("x"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasSuffix(err.Error(), "there is no folder "+dir) ||
		strings.Contains(err.Error(), ".tmp-") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

// TestCheck: a check leaves nothing behind, and its error names no temporary file.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	if err := Check(filepath.Join(dir, "a.bin")); err != nil || len(names(t, dir)) > 0 {
		t.Errorf("got %v, the folder holds %q", err, names(t, dir))
	}
	for path, want := range map[string]string{
		dir:                                 "it exists and is not a regular file",
		filepath.Join(dir, "none", "a.bin"): "there is no folder " + filepath.Join(dir, "none"),
	} {
		if err := Check(path); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
	const closed = "/sys/kernel" // no user makes files there
	if _, err := os.Stat(closed); err != nil {
		t.Skip("no " + closed)
	}
	if err := Check(filepath.Join(closed, "a.bin")); err == nil || strings.Contains(err.Error(), ".tmp-") {
		t.Errorf("got %v", err)
	}
	if err := WriteBytes(filepath.Join(closed, "a.bin"), nil); err == nil || strings.Contains(err.Error(), ".tmp-") {
		t.Errorf("got %v", err)
	}
}

// TestFailedWrite: the error of the temporary file itself does not name it.
func TestFailedWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.bin")
	err := Write(path, func(w io.Writer) error {
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			return err
		}
		return &fs.PathError{Op: "write", Path: filepath.Join(filepath.Dir(path), entries[0].Name()), Err: errors.New("no space left on device")}
	})
	if err == nil || err.Error() != "writing "+path+": no space left on device" {
		t.Errorf("got %v", err)
	}
}
