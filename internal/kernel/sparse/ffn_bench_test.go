package sparse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/kerneltest"
)

// feedForward draws an FFN in which about the given share of the units is active, others for
// each row of x.
func feedForward(r *rand.Rand, x []float32, in, hidden, out int, share float64, gated bool) FFNWeights {
	w := FFNWeights{In: in, Hidden: hidden, Out: out,
		First: fanned(r, in, hidden), FirstBias: make([]float32, hidden),
		Down: fanned(r, hidden, out), DownBias: kerneltest.Slice(r, out)}
	if gated {
		w.Up, w.UpBias = fanned(r, in, hidden), kerneltest.Slice(r, hidden)
	}
	h := make([]float32, len(x)/in*hidden)
	gemm.New(len(x)/in, hidden, in, false, false).Run(h, x, w.First, nil, false, false)
	slices.Sort(h)
	bias := h[0] - 1
	if active := int(share * float64(len(h))); active < len(h) {
		bias = h[len(h)-1-active]
	}
	for i := range w.FirstBias {
		w.FirstBias[i] = -bias
	}
	return w
}

// fanned draws weights [in, out] from U(±1/√in).
func fanned(r *rand.Rand, in, out int) []float32 {
	w := kerneltest.Slice(r, in*out)
	for i := range w {
		w[i] /= float32(math.Sqrt(float64(in)))
	}
	return w
}

// BenchmarkFFN measures the feed-forward layer of 256 to 1,024 to 256 units by the share of
// units that are active, in turn with the dense product.
func BenchmarkFFN(b *testing.B) {
	for _, gated := range []bool{false, true} {
		for _, rows := range []int{1, 64} {
			for _, share := range []float64{0.01, 0.05, 0.1, 0.2, 1} {
				b.Run(fmt.Sprintf("gated=%v/rows=%d/%g", gated, rows, share), func(b *testing.B) {
					r := kerneltest.Rand(1)
					x, y := kerneltest.Aligned(r, rows*256), make([]float32, rows*256)
					w := feedForward(r, x, 256, 1024, 256, share, gated)
					skip, dense := NewFFN(w, usual).Run(), NewFFN(w, never).Run()
					least := leastTimes(b, func() { dense.Forward(y, x, rows) }, func() { skip.Forward(y, x, rows) })
					bound := 2 / (1 + share)
					if gated {
						bound = 3 / (1 + 2*share)
					}
					b.ReportMetric(least[0]*1e6, "dense-µs")
					b.ReportMetric(least[1]*1e6, "skip-µs")
					b.ReportMetric(least[0]/least[1], "times")
					b.ReportMetric(least[0]/least[1]/bound, "of-bound")
				})
			}
		}
	}
}

// leastTimes runs the functions in turn, again and again, and returns the least time of each in
// seconds.
func leastTimes(b *testing.B, f ...func()) []float64 {
	least := inTurn(f...)
	for b.Loop() {
		for k, t := range inTurn(f...) {
			least[k] = min(least[k], t)
		}
	}
	b.ReportMetric(0, "ns/op")
	return least
}

// withZeros draws n values of which the given share is not 0.
func withZeros(r *rand.Rand, n int, share float64) []float32 {
	s := kerneltest.Aligned(r, n)
	for i := range s {
		if r.Float64() >= share {
			s[i] = 0
		}
	}
	return s
}
