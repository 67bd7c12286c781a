//go:build !linux

package app

import (
	"errors"
	"time"
)

// These have no answer on systems without /proc.

func peakMemory() int64 { return 0 }

func resetPeakMemory() error { return errors.ErrUnsupported }

func processAge() time.Duration { return 0 }
