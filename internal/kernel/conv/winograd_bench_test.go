package conv

import (
	"fmt"
	"testing"
	"time"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/norm"
	"pare/internal/kernel/parallel"
)

// The shapes of resnet20 and of the cnn config, batch 64.
var winogradLayers = [][3]int{{16, 16, 32}, {32, 32, 16}, {64, 64, 8}, {32, 32, 32}, {32, 64, 16}, {64, 64, 16}, {64, 128, 8}}

// BenchmarkWinograd times the direct kernels and Winograd's in turn and reports
// the least time of each; GFLOP/s count the operations of the direct method for both.
func BenchmarkWinograd(b *testing.B) {
	eachLayer(b, func(b *testing.B, s Shape, name string) {
		r := kerneltest.Rand(51)
		in, out := s.images()
		x, w, dy := kerneltest.Slice(r, in.n*in.h*in.w*in.c), kerneltest.Slice(r, 9*s.C*s.O), kerneltest.Slice(r, (out.n*out.h*out.w*out.c))
		y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
		direct := newDirectPlans(s)
		forward := newWinograd(s, false)
		input := newWinograd(s, true)
		weights := newWinogradWeights(s)
		flop := 2 * float64((out.n * out.h * out.w * out.c)) * float64(9*s.C)
		for i, f := range [][2]func(){
			{func() { direct.y.call(y, x, w, nil, false, Epilogue{}) }, func() { forward.call(y, x, w, nil, false, Epilogue{}) }},
			{func() { direct.dx.call(dx, dy, w, nil, false, Epilogue{}) }, func() { input.call(dx, dy, w, nil, false, Epilogue{}) }},
			{func() { direct.dw.call(dw, x, dy) }, func() { weights.call(dw, x, dy) }},
		} {
			b.Run(name+"/"+[]string{"y", "dx", "dw"}[i], func(b *testing.B) {
				least := inTurn(b, f[:]...)
				for k, what := range []string{"direct", "winograd"} {
					b.ReportMetric(least[k]*1e3, what+"-ms")
					b.ReportMetric(flop/least[k]/1e9, what+"-GFLOP/s")
				}
				b.ReportMetric(least[0]/least[1], "gain")
			})
		}
	})
}

// BenchmarkMoments times the forward direction alone, with moments in its
// epilogue, and the moments alone.
func BenchmarkMoments(b *testing.B) {
	eachLayer(b, func(b *testing.B, s Shape, name string) {
		r := kerneltest.Rand(51)
		in, out := s.images()
		x, w, y := kerneltest.Slice(r, in.n*in.h*in.w*in.c), kerneltest.Slice(r, 9*s.C*s.O), make([]float32, (out.n*out.h*out.w*out.c))
		mean, variance := make([]float32, s.O), make([]float32, s.O)
		forward := newWinograd(s, false)
		b.Run(name, func(b *testing.B) {
			least := inTurn(b,
				func() { forward.call(y, x, w, nil, false, Epilogue{}) },
				func() { forward.call(y, x, w, nil, false, Epilogue{Mean: mean, Variance: variance}) },
				func() { norm.Moments(mean, variance, y, len(y)/s.O, s.O) })
			for k, what := range []string{"plain-ms", "with-ms", "alone-ms"} {
				b.ReportMetric(least[k]*1e3, what)
			}
			b.ReportMetric(100*(least[1]/least[0]-1), "%")
		})
	})
}

func eachLayer(b *testing.B, f func(b *testing.B, s Shape, name string)) {
	defer parallel.SetThreads(0)
	for _, c := range winogradLayers {
		for threads := 1; threads <= 2; threads++ {
			parallel.SetThreads(threads)
			s := plain(64, c[2], c[2], c[0], c[1], 3, 3, 1, 1, 1, 1, 1)
			f(b, s, fmt.Sprintf("%d-%d@%d/threads=%d", c[0], c[1], c[2], threads))
		}
	}
}

// inTurn runs the functions one after the other, again and again, and returns
// the least time of each in seconds.
func inTurn(b *testing.B, f ...func()) []float64 {
	least := make([]float64, len(f))
	for b.Loop() {
		for k := range f {
			start := time.Now()
			f[k]()
			if d := time.Since(start).Seconds(); least[k] == 0 || d < least[k] {
				least[k] = d
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	return least
}

// directPlans is a convolution by the direct kernels only.
type directPlans struct {
	y, dx *direct
	dw    *directWeights
}

func newDirectPlans(s Shape) directPlans {
	return directPlans{newDirect(s, false, false), newDirect(s, true, false), newDirectWeights(s)}
}

// BenchmarkMethod times the direct kernels and Winograd's in turn on one thread, both with frozen
// weights, and reports how many times as fast Winograd's are: the figures behind winogradInference.
func BenchmarkMethod(b *testing.B) {
	parallel.SetThreads(1)
	defer parallel.SetThreads(0)
	for _, batch := range []int{1, 16} {
		for _, h := range []int{3, 4, 5, 6, 7, 8, 14, 32} {
			for _, c := range [][2]int{{4, 8}, {5, 5}, {6, 9}, {6, 20}, {7, 7}, {8, 8}, {9, 9}, {12, 12}, {16, 16}, {17, 17}, {32, 8}, {32, 32}} {
				s := plain(batch, h, h, c[0], c[1], 3, 3, 1, 1, 1, 1, 1)
				direct, winograd := newDirect(s, false, true), newWinograd(s, false)
				r := kerneltest.Rand(7)
				x, w := kerneltest.Aligned(r, batch*h*h*c[0]), kerneltest.Aligned(r, 9*c[0]*c[1])
				y := make([]float32, batch*h*h*c[1])
				direct.useFrozen(direct.freeze(w))
				winograd.useFrozen(winograd.freeze(w))
				calls := max(1, 400_000/(len(y)*c[0])) // long enough for the clock
				b.Run(fmt.Sprintf("batch=%d/%d-%d@%d", batch, c[0], c[1], h), func(b *testing.B) {
					least := inTurn(b, func() {
						for range calls {
							direct.call(y, x, w, nil, false, Epilogue{ReLU: true})
						}
					}, func() {
						for range calls {
							winograd.call(y, x, w, nil, false, Epilogue{ReLU: true})
						}
					})
					b.ReportMetric(least[0]/least[1], "gain")
				})
			}
		}
	}
}
