package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// FreeFolder says, in one line, why WriteFolder could not write to a folder: it has
// something in it, is none, or its parent is missing.
func FreeFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		parent := filepath.Dir(filepath.Clean(dir))
		if info, err := os.Stat(parent); err != nil || !info.IsDir() {
			return fmt.Errorf("%s cannot be made: there is no folder %s", dir, parent)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is a file; choose a folder", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty, it has %s; choose another folder", dir, entries[0].Name())
	}
	return nil
}

// WriteFolder makes a folder, whose name must be free (FreeFolder), with the files that
// write puts into the folder it is given: all of them, or none if it fails.
func WriteFolder(dir string, write func(dir string) error) (err error) {
	if err := FreeFolder(dir); err != nil {
		return err
	}
	clean := filepath.Clean(dir)
	tmp, err := os.MkdirTemp(filepath.Dir(clean), "."+filepath.Base(clean)+".tmp-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", dir, err)
	}
	renamed := false
	defer func() { // also runs when write panics
		if !renamed {
			os.RemoveAll(tmp)
		}
		if err != nil {
			err = fmt.Errorf("writing %s: %w", dir, err)
		}
	}()
	if err := write(tmp); err != nil {
		return err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	// An empty folder is in the way of a rename on some systems.
	if err := os.Remove(clean); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(tmp, clean); err != nil {
		return err
	}
	renamed = true
	return syncDir(filepath.Dir(clean))
}

// AddFiles puts the files that write puts into the folder it is given into dir: all of
// them, or none where write fails. dir is made if there is none; its files of other
// names stay.
func AddFiles(dir string, write func(dir string) error) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(filepath.Dir(filepath.Clean(dir)), 0o755); err != nil {
			return err
		}
		return WriteFolder(dir, write)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is a file; choose a folder", dir)
	}
	tmp, err := os.MkdirTemp(dir, ".tmp-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", dir, err)
	}
	defer os.RemoveAll(tmp)
	if err := write(tmp); err != nil {
		return err
	}
	entries, err := os.ReadDir(tmp)
	if err != nil {
		return fmt.Errorf("writing %s: %w", dir, err)
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(tmp, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("writing %s: %w", dir, err)
		}
	}
	return syncDir(dir)
}
