// Package filelock keeps two processes out of the same folder.
package filelock

import "errors"

// ErrHeld is the error of Take while another process holds the lock.
var ErrHeld = errors.New("another process holds the lock")
