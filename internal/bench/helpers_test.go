package bench

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"pare/internal/kernel/parallel"
)

// values returns n values from a normal distribution.
func values(n int) []float32 {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// median runs f with as many threads as -cpu says and returns the median time.
func median(b *testing.B, f func()) time.Duration {
	parallel.SetThreads(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(0)
	f() // plans and workspaces are made by the first call
	times := make([]time.Duration, b.N)
	b.ResetTimer()
	// Not b.Loop, whose first measurement knows nothing of -cpu.
	for i := range times {
		start := time.Now()
		f()
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return max(times[len(times)/2], 1)
}

// compute benchmarks f, which does that many multiply-accumulates.
func compute(b *testing.B, name string, macs int, f func()) {
	b.Run(name, func(b *testing.B) {
		gflops := 2 * float64(macs) / float64(median(b, f).Nanoseconds())
		b.ReportMetric(gflops, "GFLOP/s")
		if peak := Peak(); peak > 0 {
			b.ReportMetric(100*gflops/(peak*float64(runtime.GOMAXPROCS(0))), "%peak")
		}
	})
}

// move benchmarks f, which reads and writes that many float32 values at least.
func move(b *testing.B, name string, count int, f func()) {
	b.Run(name, func(b *testing.B) {
		b.ReportMetric(4*float64(count)/float64(median(b, f).Nanoseconds()), "GB/s")
	})
}
