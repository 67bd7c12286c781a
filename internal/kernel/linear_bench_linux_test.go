package kernel

import (
	"fmt"
	"testing"
)

// BenchmarkLinear measures the products of a transformer's linear layers, with
// plans for two threads run by one.
func BenchmarkLinear(b *testing.B) {
	const rows = 4096
	for _, s := range [][2]int{{128, 384}, {128, 128}, {128, 512}, {512, 128}} {
		in, out := s[0], s[1]
		macs := rows * in * out
		r := newRand(1)
		x, w, bias, y := benchSlice(r, rows*in), benchSlice(r, in*out), benchSlice(r, out), benchSlice(r, rows*out)
		dw := make([]float32, (in+1)*out)
		SetThreads(2)
		forward, toInput := NewGemm(rows, out, in, false, false), NewGemm(rows, in, out, false, true)
		params := NewWeightGrad(rows, in, out, true)
		SetThreads(0)
		b.Run(fmt.Sprintf("%d-%d", in, out), func(b *testing.B) {
			least(b, "forward", macs, func() { forward.Run(y, x, w, bias, false, Epilogue{}) })
			least(b, "dx", macs, func() { toInput.Run(x, y, w, nil, false, Epilogue{}) })
			least(b, "dw", macs, func() { params.Run(dw, x, y) })
		})
	}
}
