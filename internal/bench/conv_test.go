package bench

import (
	"testing"

	"pare/internal/kernel/conv"
)

// batch is the number of images in all benchmarks.
const batch = 64

// square describes a convolution of square images and kernels.
func square(side, in, out, k, stride, pad int) conv.Shape {
	return conv.Shape{N: batch, H: side, W: side, C: in, O: out, KH: k, KW: k,
		StrideH: stride, StrideW: stride, PadH: pad, PadW: pad, Groups: 1}
}

func BenchmarkConv(b *testing.B) {
	depthwise := square(16, 64, 64, 3, 1, 1)
	depthwise.Groups = 64
	for _, c := range []struct {
		name  string
		shape conv.Shape
	}{
		{"3x3_16_32x32", square(32, 16, 16, 3, 1, 1)}, // resnet20, stage 1
		{"3x3_32_16x16", square(16, 32, 32, 3, 1, 1)},
		{"3x3_64_8x8", square(8, 64, 64, 3, 1, 1)},
		{"3x3_32_32x32", square(32, 32, 32, 3, 1, 1)}, // cnn, stage 1
		{"3x3_64_16x16", square(16, 64, 64, 3, 1, 1)},
		{"3x3_64-128_8x8", square(8, 64, 128, 3, 1, 1)},
		{"3x3_128_8x8", square(8, 128, 128, 3, 1, 1)},
		{"3x3s2_16-32_32x32", square(32, 16, 32, 3, 2, 1)}, // resnet20, first of stage 2
		{"1x1s2_16-32_32x32", square(32, 16, 32, 1, 2, 0)},
		{"1x1_80-32_16x16", square(16, 80, 32, 1, 1, 0)}, // inception, module 2
		{"1x1_32-8_32x32", square(32, 32, 8, 1, 1, 0)},
		{"5x5_8-16_32x32", square(32, 8, 16, 5, 1, 2)},
		{"5x5_20-50_12x12", square(12, 20, 50, 5, 1, 0)}, // lenet5
		{"5x5_1-20_28x28", square(28, 1, 20, 5, 1, 0)},
		{"3x3_3-16_32x32", square(32, 3, 16, 3, 1, 1)}, // stem of resnet20
		{"depthwise3x3_64_16x16", depthwise},
	} {
		b.Run(c.name, func(b *testing.B) { benchConv(b, c.shape) })
	}
}

// conv runs the convolution and both of its gradients.
func benchConv(b *testing.B, s conv.Shape) {
	outputs := s.N * s.OutH() * s.OutW() * s.O
	weights := s.KH * s.KW * s.C / s.Groups * s.O
	macs := outputs * s.KH * s.KW * s.C / s.Groups
	x, w, dy := values(s.N*s.H*s.W*s.C), values(weights), values(outputs)
	y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
	c := conv.New(s)
	compute(b, "y", macs, func() { c.Forward(y, x, w, nil, conv.Epilogue{}) })
	compute(b, "dx", macs, func() { c.BackwardInput(dx, dy, w, false) })
	compute(b, "dw", macs, func() { c.BackwardWeights(dw, x, dy) })
}
