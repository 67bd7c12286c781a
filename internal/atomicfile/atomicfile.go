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
			return fmt.Errorf("writing %s: it exists and is not a regular file", path)
		}
		mode = old.Mode().Perm()
	}
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	tmp, err := os.CreateTemp(dir, "."+base+".tmp-*")
	if errors.Is(err, fs.ErrNotExist) { // the name of the temporary file would only confuse
		return noFolder(fmt.Sprintf("writing %s: there is no folder %s", path, filepath.Clean(dir)))
	}
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
	return syncDir(dir)
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
