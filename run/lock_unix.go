//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package run

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock keeps other processes out of the run folder until release is called or
// the process ends, however it ends.
func (f Folder) lock() (release func(), err error) {
	file, err := os.OpenFile(f.path(lockFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, &InputError{fmt.Errorf("the run folder cannot be locked: %w", err)}
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		file.Close()
		return nil, &InputError{fmt.Errorf("another process is at work in %s; wait for it or stop it", f)}
	case err != nil && !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, syscall.ENOSYS):
		file.Close()
		return nil, fmt.Errorf("lock the run folder: %w", err)
	}
	return func() { file.Close() }, nil
}
