package kernel

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkWinograd times the direct kernels and Winograd's in turn and reports
// the least time of each; GFLOP/s are those of the direct method for both.
func BenchmarkWinograd(b *testing.B) {
	for _, c := range [][3]int{{16, 16, 32}, {32, 32, 16}, {64, 64, 8}, {32, 32, 32}, {32, 64, 16}, {64, 64, 16}, {64, 128, 8}} {
		s := ConvShape{64, c[2], c[2], c[0], c[1], 3, 3, 1, 1, 1, 1, 1}
		for threads := range 2 {
			benchWinograd(b, fmt.Sprintf("%d-%d@%d", c[0], c[1], c[2]), s, threads+1)
		}
	}
}

func benchWinograd(b *testing.B, name string, s ConvShape, threads int) {
	r := newRand(51)
	in, out := s.images()
	x, w, dy := randSlice(r, in.size()), randSlice(r, 9*s.C*s.O), randSlice(r, out.size())
	y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
	direct := newDirect(s)
	forward := newWinogradConv(in, out, s.PadH, s.PadW, false)
	input := newWinogradConv(out, in, 2-s.PadH, 2-s.PadW, true)
	weights := newWinogradWeights(s)
	flop := 2 * float64(out.size()) * float64(9*s.C)
	for i, f := range [][2]func(){
		{func() { direct.y.call(y, x, w, nil) }, func() { forward.call(y, x, w, nil, Epilogue{}, false) }},
		{func() { direct.dx.call(dx, dy, w, nil) }, func() { input.call(dx, dy, w, nil, Epilogue{}, false) }},
		{func() { direct.dw.call(dw, x, dy) }, func() { weights.call(dw, x, dy) }},
	} {
		b.Run(fmt.Sprintf("%s/%s/threads=%d", name, []string{"y", "dx", "dw"}[i], threads), func(b *testing.B) {
			SetThreads(threads)
			defer SetThreads(0)
			least := [2]time.Duration{1 << 60, 1 << 60}
			for b.Loop() {
				for k := range f {
					start := time.Now()
					f[k]()
					least[k] = min(least[k], time.Since(start))
				}
			}
			for k, what := range []string{"direct", "winograd"} {
				b.ReportMetric(least[k].Seconds()*1e3, what+"-ms")
				b.ReportMetric(flop/least[k].Seconds()/1e9, what+"-GFLOP/s")
			}
			b.ReportMetric(least[0].Seconds()/least[1].Seconds(), "gain")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// direct is a convolution by the direct kernels only.
type direct struct {
	y, dx *rowsConv
	dw    *weightsConv
}

func newDirect(s ConvShape) direct {
	in, out := s.images()
	return direct{
		newRowsConv(in, out, forwardSpans(s.H, 3, 1, s.PadH), forwardSpans(s.W, 3, 1, s.PadW), 3, 1, false),
		newRowsConv(out, in, backwardSpans(s.H, 3, 1, s.PadH), backwardSpans(s.W, 3, 1, s.PadW), 3, 1, true),
		newWeightsConv(s),
	}
}
