package conv

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/sparse"
)

// BenchmarkSkip times a 3×3 convolution of 64 to 64 channels on 14×14 pixels by Winograd's
// method, its weights transformed before, in turn with the one that skips zeros.
func BenchmarkSkip(b *testing.B) {
	for _, n := range []int{1, 64} {
		for _, share := range []float64{0.05, 0.1, 0.2} {
			b.Run(fmt.Sprintf("n=%d/%g", n, share), func(b *testing.B) {
				r := kerneltest.Rand(1)
				s := plain(n, 14, 14, 64, 64, 3, 3, 1, 1, 1, 1, 1)
				x, w, y := kerneltest.Aligned(r, n*14*14*64), kerneltest.Slice(r, 9*64*64), make([]float32, n*14*14*64)
				for i := range x {
					if r.Float64() >= share {
						x[i] = 0
					}
				}
				dense := newWinograd(s, false)
				dense.call(y, x, w, nil, false, Epilogue{})
				dense.y, dense.x, dense.floor = y, x, float32(math.Inf(-1))
				shape := sparse.ConvShape{H: 14, W: 14, C: 64, O: 64, KH: 3, KW: 3, PadH: 1, PadW: 1}
				skip := sparse.NewConv(shape, w, nil, &sparse.Calibration{Fixed: &sparse.BreakEven{Row: 1, Rows: 1}}, nil).Run()
				least := inTurn(b,
					func() { parallel.Each(dense.tasks, dense, (*winogradConv).run) },
					func() { skip.Forward(y, x, n, sparse.ConvEpilogue{}) })
				b.ReportMetric(least[0]*1e6/float64(n), "dense-µs/image")
				b.ReportMetric(least[1]*1e6/float64(n), "skip-µs/image")
				b.ReportMetric(least[0]/least[1], "times")
			})
		}
	}
}
