package bench

import (
	"slices"
	"time"

	"pare/internal/kernel"
)

// Gemm measures the product of two n×n matrices in GFLOP/s with the threads that
// are set: the median of so many calls, after two that do not count.
func Gemm(n, calls int) float64 {
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = float32(i%7)-3, float32(i%5)-2
	}
	g := kernel.NewGemm(n, n, n, false, false)
	g.Run(c, a, b, nil, false)
	g.Run(c, a, b, nil, false)
	times := make([]time.Duration, calls)
	for i := range times {
		start := time.Now()
		g.Run(c, a, b, nil, false)
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return 2 * float64(n) * float64(n) * float64(n) / float64(max(1, times[calls/2].Nanoseconds()))
}
