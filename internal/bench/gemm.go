package bench

import (
	"slices"
	"time"

	"pare/internal/kernel/gemm"
)

// Gemm measures the product of two n×n matrices in GFLOP/s with the threads that
// are set: the median of the calls that fit into the budget, at least five.
func Gemm(n int, budget time.Duration) float64 {
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = float32(i%7)-3, float32(i%5)-2
	}
	g := gemm.New(n, n, n, false, false)
	for range 2 {
		g.Run(c, a, b, nil, false, false)
	}
	var times []time.Duration
	for begin := time.Now(); len(times) < 5 || time.Since(begin) < budget; {
		start := time.Now()
		g.Run(c, a, b, nil, false, false)
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return 2 * float64(n) * float64(n) * float64(n) / float64(max(1, times[len(times)/2].Nanoseconds()))
}
