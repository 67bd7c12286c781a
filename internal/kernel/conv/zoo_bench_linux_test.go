package conv

import (
	"testing"

	"pare/internal/kernel/kerneltest"
)

// BenchmarkZoo times the convolutions of ImageNet networks that Winograd's method does not
// serve, at batch 1: stem, depthwise with stride, 5×5 and dilation.
func BenchmarkZoo(b *testing.B) {
	for _, c := range []struct {
		name string
		s    Shape
	}{
		{"stem7x7", plain(1, 224, 224, 3, 64, 7, 7, 2, 2, 3, 3, 1)},
		{"stem3x3", plain(1, 224, 224, 3, 32, 3, 3, 2, 2, 1, 1, 1)},
		{"depthwise96@112s2", plain(1, 112, 112, 96, 96, 3, 3, 2, 2, 1, 1, 96)},
		{"depthwise144@56", plain(1, 56, 56, 144, 144, 3, 3, 1, 1, 1, 1, 144)},
		{"depthwise144@56,5x5s2", plain(1, 56, 56, 144, 144, 5, 5, 2, 2, 2, 2, 144)},
		{"depthwise672@14,5x5", plain(1, 14, 14, 672, 672, 5, 5, 1, 1, 2, 2, 672)},
		{"depthwise960@7,5x5", plain(1, 7, 7, 960, 960, 5, 5, 1, 1, 2, 2, 960)},
		{"depthwise96@56,7x7", plain(1, 56, 56, 96, 96, 7, 7, 1, 1, 3, 3, 96)},
		{"depthwise672@14,dilated", uneven(plain(1, 14, 14, 672, 672, 5, 5, 1, 1, 4, 4, 672), 2, 2, 0, 0)},
		{"dilated256@28", uneven(plain(1, 28, 28, 256, 256, 3, 3, 1, 1, 2, 2, 1), 2, 2, 0, 0)},
	} {
		plan, r := New(c.s), kerneltest.Rand(6)
		x, w, dy := kerneltest.Aligned(r, plan.inLen()), kerneltest.Aligned(r, plan.weightLen()), kerneltest.Aligned(r, plan.outLen())
		y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
		macs := len(y) * c.s.KH * c.s.KW * c.s.C / c.s.Groups
		kerneltest.Least(b, c.name+"/y", macs, func() { plan.Forward(y, x, w, nil, Epilogue{}) })
		kerneltest.Least(b, c.name+"/dx", macs, func() { plan.BackwardInput(dx, dy, w, false) })
		kerneltest.Least(b, c.name+"/dw", macs, func() { plan.BackwardWeights(dw, x, dy) })
	}
}
