package run

import (
	"errors"
	"fmt"
	"time"

	"pare/internal/filelock"
)

// lock keeps other processes out of the run folder until release is called or the process
// ends, however it ends.
func (f Folder) lock() (release func(), err error) {
	file, err := filelock.Take(f.path(lockFile))
	for range 5 { // Working holds the lock for a moment
		if !errors.Is(err, filelock.ErrHeld) {
			break
		}
		time.Sleep(10 * time.Millisecond)
		file, err = filelock.Take(f.path(lockFile))
	}
	if errors.Is(err, filelock.ErrHeld) {
		return nil, &InputError{fmt.Errorf("another process is at work in %s; wait for it or stop it", f)}
	}
	if err != nil {
		return nil, &InputError{fmt.Errorf("the run folder cannot be locked: %w", err)}
	}
	return func() { file.Close() }, nil
}

// Working reports whether a process is at work in the folder.
func (f Folder) Working() bool {
	if !exists(f.path(lockFile)) {
		return false
	}
	file, err := filelock.Take(f.path(lockFile))
	if err == nil {
		file.Close()
	}
	return errors.Is(err, filelock.ErrHeld)
}
