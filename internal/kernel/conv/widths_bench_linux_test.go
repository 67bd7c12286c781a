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
		for _, c := range [][3]int{{8, 8, 32}, {9, 9, 32}, {16, 9, 32}, {16, 16, 32}, {17, 17, 16}, {18, 18, 16}, {20, 20, 16}, {23, 23, 16}, {24, 24, 16},
			{32, 32, 16}, {35, 35, 8}, {40, 40, 8}, {47, 47, 8}, {48, 48, 8}} {
			plan, r := NewInference(plain(batch, c[2], c[2], c[0], c[1], 3, 3, 1, 1, 1, 1, 1)), kerneltest.Rand(7)
			x, w, y := kerneltest.Aligned(r, plan.inLen()), kerneltest.Aligned(r, plan.weightLen()), make([]float32, plan.outLen())
			plan.UseFrozen(plan.Freeze(w))
			kerneltest.Least(b, fmt.Sprintf("%d-%d@%d/batch=%d", c[0], c[1], c[2], batch), len(y)*9*c[0],
				func() { plan.Forward(y, x, w, nil, Epilogue{ReLU: true}) })
		}
	}
}
