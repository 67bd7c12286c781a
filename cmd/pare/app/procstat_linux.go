package app

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"pare/internal/procfs"
)

// peakMemory is the largest resident memory of the process, in bytes; 0 if /proc does not
// report it.
func peakMemory() int64 { return procfs.Bytes("/proc/self/status", "VmHWM") }

// resetPeakMemory makes peakMemory start again from the memory that is resident now.
func resetPeakMemory() error { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// clockTicks is the unit of times in /proc, the same on all Linux systems.
const clockTicks = 100

// processAge is the time since the start of the process, to a hundredth of a second; 0 if
// /proc does not report it.
func processAge() time.Duration {
	var now unix.Timespec
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	// The name of the program, in parentheses, may hold spaces; the 20th field
	// after it is the time of the start since boot.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return 0
	}
	ticks, err := strconv.ParseInt(string(fields[19]), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(now.Nano()) - time.Duration(ticks)*time.Second/clockTicks
}
