// Package atomicfile replaces files so that a reader, or a process that starts after a
// crash, sees either the whole old file or the whole new one, never a part.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Write calls write with a writer (buffered) onto a temporary file beside path, flushes the
// file to disk, renames it to path and flushes the folder. The folder must exist.
//
// If anything fails, write's own error included, the temporary file is removed, path is as
// it was before, and the error names path; it wraps its cause. The new file has the
// permission bits of the file it replaces, 0644 where there was none.
func Write(path string, write func(io.Writer) error) (err error) {
	mode := os.FileMode(0o644)
	if old, err := os.Stat(path); err == nil {
		if !old.Mode().IsRegular() {
			return fmt.Errorf("writing %s: %w", path, errNotRegular)
		}
		mode = old.Mode().Perm()
	}
	tmp, err := temporary(path)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	renamed := false
	defer func() { // also runs when write panics
		if !renamed {
			tmp.Close()
			os.Remove(tmp.Name())
		}
		if cause, ok := err.(*fs.PathError); ok && cause.Path == tmp.Name() { // a name that would only confuse
			err = cause.Err
		}
		if err != nil {
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	buf := bufio.NewWriterSize(tmp, 1<<16)
	if err := write(buf); err != nil {
		return err
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	if err := tmp.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	renamed = true
	return syncDir(folder(path))
}

var errNotRegular = errors.New("it exists and is not a regular file")

// folder is the folder of a file.
func folder(path string) string {
	dir, _ := filepath.Split(path)
	if dir == "" {
		return "."
	}
	return dir
}

// temporary makes the temporary file of a path. Its name is in no error, where it would only confuse.
func temporary(path string) (*os.File, error) {
	dir := folder(path)
	tmp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".tmp-*")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noFolder("there is no folder " + filepath.Clean(dir))
	}
	if cause, ok := err.(*fs.PathError); ok {
		err = cause.Err
	}
	return tmp, err
}

// Check reports why Write could not replace the file at path, or make it; nil: it could. The file
// stays as it is. Long work whose result goes to path calls it first.
func Check(path string) error {
	if old, err := os.Stat(path); err == nil && !old.Mode().IsRegular() {
		return errNotRegular
	}
	tmp, err := temporary(path)
	if err != nil {
		return err
	}
	tmp.Close()
	return os.Remove(tmp.Name())
}

// WriteBytes is Write for contents that are already in memory.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// syncDir makes a rename in dir last through a power cut. Windows cannot flush folders.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// noFolder is an fs.ErrNotExist whose text names the folder alone.
type noFolder string

func (e noFolder) Error() string { return string(e) }

func (noFolder) Unwrap() error { return fs.ErrNotExist }
