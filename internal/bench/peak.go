package bench

import (
	"sync"
	"time"

	"pare/internal/simd"
)

// Peak measures the most that AVX2 code can compute on one core, in GFLOP/s: independent
// fused multiply-adds on registers, the best of several loops of a tenth of a millisecond.
// It measures once in a process; 0: this processor cannot run the loop.
var Peak = sync.OnceValue(func() float64 {
	if !simd.Supported {
		return 0
	}
	best := 0.0
	for range peakLoops {
		start := time.Now()
		multiplyAdd(peakRounds)
		best = max(best, peakRounds*flopsPerRound/float64(time.Since(start).Nanoseconds()))
	}
	return best
})

const (
	peakLoops     = 500
	peakRounds    = 1 << 16
	flopsPerRound = 12 * 8 * 2 // instructions, values, product and sum
)

// multiplyAdd runs rounds of twelve fused multiply-adds that do not wait for one
// another; rounds is positive.
//
//go:noescape
func multiplyAdd(rounds int)
