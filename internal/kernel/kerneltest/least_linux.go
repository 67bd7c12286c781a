package kerneltest

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pare/internal/kernel/parallel"
)

// Least runs f b.N times on one thread and reports the least processor time that it took,
// in milliseconds, and the rate of its macs multiply-accumulates. Other work on the machine
// disturbs processor time less than the time of the clock.
func Least(b *testing.B, name string, macs int, f func()) {
	b.Run(name, func(b *testing.B) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		parallel.SetThreads(1)
		defer parallel.SetThreads(0)
		f()
		shortest := time.Hour
		b.ResetTimer()
		for range b.N {
			start := threadTime(b)
			f()
			shortest = min(shortest, threadTime(b)-start)
		}
		b.ReportMetric(shortest.Seconds()*1e3, "ms")
		b.ReportMetric(2*float64(macs)/float64(max(shortest.Nanoseconds(), 1)), "GFLOP/s")
	})
}

// threadTime is the processor time of the thread.
func threadTime(b *testing.B) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}
