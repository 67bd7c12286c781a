package gemm

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
)

// BenchmarkSkipZeros measures the products around 1,024 hidden units behind a ReLU
// on operands that are not in the cache, by the share of units that fire; 1 is the
// dense product.
func BenchmarkSkipZeros(b *testing.B) {
	const rows, width, hidden = 4096, 128, 1024
	const macs = rows * width * hidden
	r := kerneltest.Rand(1)
	w, dw, result := kerneltest.Aligned(r, width*hidden), make([]float32, (width+1)*hidden), make([]float32, rows*hidden)
	var narrow [6][]float32
	for i := range narrow {
		narrow[i] = kerneltest.Aligned(r, rows*width)
	}
	for _, share := range []float64{0.01, 0.04, 0.08, 0.15, 0.25, 1} {
		var wide [4][]float32
		for i := range wide {
			wide[i] = append([]float32(nil), mostly0(r, rows*hidden, min(share, 0.5), true)...)
		}
		i := 0
		next := func() []float32 { i++; return narrow[i%len(narrow)] }
		fired := func() []float32 { i++; return wide[i%len(wide)] }
		parallel.SetThreads(2)
		down, toHidden := New(rows, width, hidden, false, false), New(rows, hidden, width, false, true)
		toInput := New(rows, width, hidden, false, true)
		ofDown, ofUp := NewWeightGrad(rows, hidden, width, true), NewWeightGrad(rows, width, hidden, true)
		parallel.SetThreads(0)
		if share < 1 {
			down.SkipZeros()
			toHidden.SkipZeros()
			toInput.SkipZeros()
			ofDown.SkipZeros(true, false)
			ofUp.SkipZeros(false, true)
		}
		b.Run(fmt.Sprint(share), func(b *testing.B) {
			kerneltest.Least(b, "down", macs, func() { down.Run(next(), fired(), w, nil, false, false) })
			kerneltest.Least(b, "masked", macs, func() { toHidden.RunMasked(result, next(), w, fired()) })
			kerneltest.Least(b, "dx", macs, func() { toInput.Run(next(), fired(), w, nil, false, false) })
			kerneltest.Least(b, "dw-down", macs, func() { ofDown.Run(dw, fired(), next()) })
			kerneltest.Least(b, "dw-up", macs, func() { ofUp.Run(dw, next(), fired()) })
		})
	}
}
