package gemm

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
)

// BenchmarkLinear measures the products of a transformer's linear layers on
// operands that are not in the cache, with plans for two threads run by one.
func BenchmarkLinear(b *testing.B) {
	const rows, widest = 4096, 512
	r := kerneltest.Rand(1)
	var matrices [12][]float32 // far more than the cache holds
	for i := range matrices {
		matrices[i] = kerneltest.Aligned(r, rows*widest)
	}
	i := 0
	next := func() []float32 { i++; return matrices[i%len(matrices)] }
	for _, s := range [][2]int{{128, 384}, {128, 128}, {128, 512}, {512, 128}} {
		in, out := s[0], s[1]
		macs := rows * in * out
		w, bias, dw := kerneltest.Aligned(r, in*out), kerneltest.Aligned(r, out), make([]float32, (in+1)*out)
		parallel.SetThreads(2)
		forward, toInput := New(rows, out, in, false, false), New(rows, in, out, false, true)
		params := NewWeightGrad(rows, in, out, true)
		parallel.SetThreads(0)
		b.Run(fmt.Sprintf("%d-%d", in, out), func(b *testing.B) {
			kerneltest.Least(b, "forward", macs, func() { forward.Run(next(), next(), w, bias, false, false) })
			kerneltest.Least(b, "sum", macs, func() { forward.RunSum(next(), next(), w, bias, next(), false) })
			kerneltest.Least(b, "dx", macs, func() { toInput.Run(next(), next(), w, nil, false, false) })
			kerneltest.Least(b, "masked", macs, func() { toInput.RunMasked(next(), next(), w, next()) })
			kerneltest.Least(b, "dw", macs, func() { params.Run(dw, next(), next()) })
		})
	}
}
