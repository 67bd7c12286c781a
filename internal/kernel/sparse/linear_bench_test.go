package sparse

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// BenchmarkLinear measures linear layers by the share of inputs that are not 0, in turn with the
// dense product of the same weights.
func BenchmarkLinear(b *testing.B) {
	for _, s := range [][3]int{{1, 1024, 256}, {64, 1024, 256}, {196, 64, 64}, {196, 256, 64}} {
		for _, share := range []float64{0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1} {
			b.Run(fmt.Sprintf("rows=%d,%d-%d/%g", s[0], s[1], s[2], share), func(b *testing.B) {
				r := kerneltest.Rand(1)
				x, w, y := withZeros(r, s[0]*s[1], share), fanned(r, s[1], s[2]), make([]float32, s[0]*s[2])
				dense, skip := NewLinear(w, nil, s[1], s[2], never, nil).Run(), NewLinear(w, nil, s[1], s[2], always, nil).Run()
				least := leastTimes(b, func() { dense.Forward(y, x, s[0], false) }, func() { skip.Forward(y, x, s[0], false) })
				b.ReportMetric(least[0]*1e6, "dense-µs")
				b.ReportMetric(least[1]*1e6, "skip-µs")
				b.ReportMetric(least[0]/least[1], "times")
			})
		}
	}
}

// BenchmarkCompressed measures linear layers by the density of their weights, in turn with the
// dense product.
func BenchmarkCompressed(b *testing.B) {
	for _, s := range [][3]int{{1, 1024, 256}, {1, 4096, 1024}, {64, 1024, 256}, {196, 64, 64}, {196, 256, 256}} {
		for _, density := range []float64{0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1} {
			b.Run(fmt.Sprintf("rows=%d,%d-%d/%g", s[0], s[1], s[2], density), func(b *testing.B) {
				r := kerneltest.Rand(1)
				x, w, y := kerneltest.Aligned(r, s[0]*s[1]), withZeros(r, s[1]*s[2], density), make([]float32, s[0]*s[2])
				dense, skip := NewLinear(w, nil, s[1], s[2], never, nil).Run(), NewCompressed(w, nil, s[1], s[2]).Run()
				least := leastTimes(b, func() { dense.Forward(y, x, s[0], false) }, func() { skip.Forward(y, x, s[0], false) })
				b.ReportMetric(least[0]*1e6, "dense-µs")
				b.ReportMetric(least[1]*1e6, "skip-µs")
				b.ReportMetric(least[0]/least[1], "times")
			})
		}
	}
}
