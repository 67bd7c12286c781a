package conv

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// BenchmarkWidths times frozen 3×3 convolutions of the widths that pruning leaves, beside the
// widths of whole vectors, on one thread.
func BenchmarkWidths(b *testing.B) {
	for _, batch := range []int{1, 64} {
		for _, c := range [][3]int{{8, 8, 32}, {9, 9, 32}, {16, 9, 32}, {16, 16, 32},
			{17, 17, 16}, {18, 18, 16}, {20, 20, 16}, {23, 23, 16}, {24, 24, 16}, {32, 32, 16},
			{35, 35, 8}, {40, 40, 8}, {47, 47, 8}, {48, 48, 8}} {
			plan, r := NewInference(plain(batch, c[2], c[2], c[0], c[1], 3, 3, 1, 1, 1, 1, 1)), kerneltest.Rand(7)
			x, w, y := kerneltest.Aligned(r, plan.inLen()), kerneltest.Aligned(r, plan.weightLen()), make([]float32, plan.outLen())
			plan.UseFrozen(plan.Freeze(w))
			kerneltest.Least(b, fmt.Sprintf("%d-%d@%d/batch=%d", c[0], c[1], c[2], batch), len(y)*9*c[0],
				func() { plan.Forward(y, x, w, nil, Epilogue{ReLU: true}) })
		}
	}
}

// BenchmarkRate times frozen convolutions of as many inputs as outputs: the rates behind the advice
// on prune.round_to in docs/pruning.md.
func BenchmarkRate(b *testing.B) {
	for _, side := range []int{1, 3} {
		for _, c := range []int{7, 8, 9, 10, 12, 13, 15, 16, 17, 18, 20, 21, 23, 24, 25, 28, 31, 32, 33, 36, 40, 47, 48, 49, 64} {
			plan, r := NewInference(plain(16, 16, 16, c, c, side, side, 1, 1, side/2, side/2, 1)), kerneltest.Rand(7)
			x, w, y := kerneltest.Aligned(r, plan.inLen()), kerneltest.Aligned(r, plan.weightLen()), make([]float32, plan.outLen())
			plan.UseFrozen(plan.Freeze(w))
			kerneltest.Least(b, fmt.Sprintf("%dx%d/%d", side, side, c), len(y)*side*side*c,
				func() { plan.Forward(y, x, w, nil, Epilogue{ReLU: true}) })
		}
	}
}
