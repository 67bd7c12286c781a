package sparse

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// BenchmarkConv measures a 3×3 convolution of 64 to 64 channels on 14×14 pixels by the share of
// inputs that are not 0. conv's BenchmarkSkip has the dense one.
func BenchmarkConv(b *testing.B) {
	for _, n := range []int{1, 64} {
		for _, share := range []float64{0.05, 0.1, 0.2} {
			b.Run(fmt.Sprintf("n=%d/%g", n, share), func(b *testing.B) {
				r := kerneltest.Rand(1)
				s := ConvShape{H: 14, W: 14, C: 64, O: 64, KH: 3, PadH: 1, PadW: 1}
				x, w, y := withZeros(r, n*14*14*64, share), kerneltest.Slice(r, 9*64*64), make([]float32, n*14*14*64)
				run := NewConv(s, w, nil, always, nil).Run()
				least := leastTimes(b, func() { run.Forward(y, x, n, false) })
				b.ReportMetric(least[0]*1e6/float64(n), "µs/image")
			})
		}
	}
}
