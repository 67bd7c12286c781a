package bench

import (
	"fmt"
	"testing"

	"pare/internal/kernel/norm"
	"pare/internal/kernel/pooling"
	"pare/internal/kernel/vector"
)

// BenchmarkCopy measures memory bandwidth: values copied within caches and beyond.
func BenchmarkCopy(b *testing.B) {
	for _, kib := range []int{128, 4 << 10, 64 << 10} {
		n := kib << 10 / 4 / 2
		x, y := values(n), make([]float32, n)
		move(b, fmt.Sprintf("%dKiB", kib), 2*n, func() { copy(y, x) })
	}
}

func BenchmarkElementwise(b *testing.B) {
	const n = batch * 32 * 32 * 16
	x, y, dy, dx := values(n), make([]float32, n), values(n + 1)[1:], make([]float32, n)
	move(b, "relu/y", 2*n, func() { vector.ReLU(y, x) })
	move(b, "relu/dx", 3*n, func() { vector.ReLUBackward(dx, y, dy) })
	move(b, "add", 3*n, func() { vector.Add(y, x, dy) })
}

// The normalisation of a residual block, with the sum and the ReLU behind it.
func BenchmarkNorm(b *testing.B) {
	for _, s := range []struct{ side, c int }{{32, 16}, {16, 32}, {8, 64}} {
		rows, c := batch*s.side*s.side, s.c
		n := rows * c
		x, skip, y, dy, dx := values(n), values(n), make([]float32, n), values(n + 1)[1:], make([]float32, n)
		dskip := make([]float32, n)
		mean, variance, p, q := make([]float32, c), make([]float32, c), values(c), values(c)
		sum, dot, skipDot := make([]float32, c), make([]float32, c), make([]float32, c)
		relu := norm.Batch{Rows: rows, C: c, X: x, A: p, B: q, ReLU: true}
		block := norm.Batch{Rows: rows, C: c, X: x, A: p, B: q, Skip: skip, H: p, ReLU: true}
		b.Run(fmt.Sprintf("%d_%dx%d", c, s.side, s.side), func(b *testing.B) {
			move(b, "moments", n, func() { norm.Moments(mean, variance, x, rows, c) })
			move(b, "relu/y", 2*n, func() { relu.Forward(y) })
			move(b, "relu/sums", 2*n, func() { relu.GradSums(sum, dot, nil, mean, dy) })
			move(b, "relu/dx", 3*n, func() { relu.GradInput(dx, nil, p, q, p, dy) })
			move(b, "block/y", 3*n, func() { block.Forward(y) })
			move(b, "block/sums", 3*n, func() { block.GradSums(sum, dot, skipDot, mean, dy) })
			move(b, "block/dx", 5*n, func() { block.GradInput(dx, dskip, p, q, p, dy) })
		})
	}
}

func BenchmarkPool(b *testing.B) {
	for _, c := range []struct {
		name  string
		shape pooling.Shape
	}{
		{"max2x2_32_32x32", pool(32, 32, 2, 2, 0)}, // cnn
		{"max2x2_20_24x24", pool(24, 20, 2, 2, 0)}, // lenet5
		{"max3x3s1_32_32x32", pool(32, 32, 3, 1, 1)},
		{"max3x3s1_128_8x8", pool(8, 128, 3, 1, 1)}, // inception, module 3
	} {
		s := c.shape
		in, out := s.N*s.H*s.W*s.C, s.N*s.OutH()*s.OutW()*s.C
		x, y, dy, dx := values(in), make([]float32, out), values(out), make([]float32, in)
		b.Run(c.name, func(b *testing.B) {
			move(b, "y", in+out, func() { pooling.Max(y, x, s) })
			move(b, "dx", 2*in+2*out, func() { pooling.MaxBackward(dx, x, y, dy, s) })
		})
	}
	const side, c = 8, 64 // resnet20
	x, y, dx := values(batch*side*side*c), make([]float32, batch*c), make([]float32, batch*side*side*c)
	move(b, "mean_64_8x8/y", len(x)+len(y), func() { pooling.GlobalMean(y, x, batch, side*side, c) })
	move(b, "mean_64_8x8/dx", len(x)+len(y), func() { pooling.GlobalMeanBackward(dx, y, batch, side*side, c) })
}

func pool(side, c, k, stride, pad int) pooling.Shape {
	return pooling.Shape{N: batch, H: side, W: side, C: c, KH: k, KW: k,
		StrideH: stride, StrideW: stride, PadH: pad, PadW: pad}
}

func BenchmarkCrossEntropy(b *testing.B) {
	for _, s := range []struct{ rows, classes int }{{batch, 10}, {batch * 64, 65}} {
		n := s.rows * s.classes
		x, y, labels := values(n), make([]float32, n), make([]float32, s.rows)
		for i := range labels {
			labels[i] = float32(i % s.classes)
		}
		b.Run(fmt.Sprintf("%dx%d", s.rows, s.classes), func(b *testing.B) {
			move(b, "loss", n, func() { vector.CrossEntropy(x, labels, s.rows, s.classes, 0) })
			move(b, "dx", 2*n, func() { vector.CrossEntropyBackward(y, x, labels, s.rows, s.classes, 0, 1) })
		})
	}
}
